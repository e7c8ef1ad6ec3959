//! What a host reaches for: every connection that is begun, answered or not. Native hosts of a drill share a loopback, so it is
//! listened to while nobody but the one of interest has anything to say; a container has a network interface of its own.

#![allow(unsafe_code, reason = "a packet filter and its statistics have no safe form")]

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use nix::errno::Errno;
use nix::libc::{self, sock_filter};
use nix::sys::socket::{
    AddressFamily, LinkAddr, SockFlag, SockProtocol, SockType, recvfrom, setsockopt, socket, sockopt::ReceiveTimeout,
};
use nix::sys::time::{TimeVal, TimeValLike};

use super::Host;
use crate::failure::{Context, Error, Result};

/// The number of the loopback interface in every network namespace.
const LOOPBACK: usize = 1;

/// Somebody's wish for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Begun {
    /// The address.
    pub to: IpAddr,
    /// The port.
    pub port: u16,
    /// `tcp` or `udp`.
    pub by: &'static str,
}

/// Listens, on a thread of its own, until it is asked.
#[derive(Debug)]
pub struct Listener {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<BTreeMap<Begun, u64>>>,
}

impl Listener {
    /// Starts to listen.
    ///
    /// # Errors
    /// The drill has no network of its own, or the kernel lets nobody listen.
    pub fn start(host: &Host) -> Result<Self> {
        if !host.knows_its_processes() {
            return Err(Error::new("these hosts share this machine's network"));
        }
        Self::on(host.in_network(packets).cannot("listen to packets")?)
    }

    fn on(socket: OwnedFd) -> Result<Self> {
        beginnings_only(&socket).cannot("listen to packets")?;
        // The thread looks so often whether it is to stop.
        setsockopt(&socket, ReceiveTimeout, &TimeVal::milliseconds(50))?;
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let listen = move || listen(&socket, &asked);
        Ok(Self { stop, thread: std::thread::Builder::new().name("overhear".into()).spawn(listen)? })
    }

    /// Everything that was begun since, and how often.
    ///
    /// # Errors
    /// The kernel had more to say than was listened to.
    pub fn stop(self) -> Result<BTreeMap<Begun, u64>> {
        self.stop.store(true, Ordering::Relaxed);
        let heard = self.thread.join().map_err(|_| Error::new("the thread that listens panicked"))?;
        heard.cannot("listen to packets")
    }
}

/// Where every packet of this thread's network passes by.
fn packets() -> io::Result<OwnedFd> {
    Ok(socket(AddressFamily::Packet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, SockProtocol::EthAll)?)
}

fn listen(socket: &OwnedFd, stop: &AtomicBool) -> io::Result<BTreeMap<Begun, u64>> {
    let mut heard = BTreeMap::new();
    // The headers, and room for options; nobody reads what is said.
    let mut packet = [0; 256];
    loop {
        match recvfrom::<LinkAddr>(socket.as_raw_fd(), &mut packet) {
            // On loopback each packet goes out, and comes in again; elsewhere what comes in was begun by another.
            Ok((_, Some(from))) if (from.pkttype() == libc::PACKET_OUTGOING) == (from.ifindex() == LOOPBACK) => {}
            Ok((length, _)) => {
                if let Some(begun) = begun(&packet[..length.min(packet.len())]) {
                    *heard.entry(begun).or_insert(0) += 1;
                }
            }
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) if stop.load(Ordering::Relaxed) => break,
            Err(Errno::EAGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
    match missed(socket)? {
        0 => Ok(heard),
        missed => Err(io::Error::other(format!("{missed} packets came too fast"))),
    }
}

/// Whom a packet asks for a connection; `None`: it does not.
fn begun(packet: &[u8]) -> Option<Begun> {
    let sliced = SlicedPacket::from_ip(packet).ok()?;
    let to = match sliced.net? {
        NetSlice::Ipv4(ip) => IpAddr::from(ip.header().destination_addr()),
        NetSlice::Ipv6(ip) => IpAddr::from(ip.header().destination_addr()),
        NetSlice::Arp(_) => return None,
    };
    match sliced.transport? {
        TransportSlice::Tcp(tcp) if tcp.syn() && !tcp.ack() => {
            Some(Begun { to, port: tcp.destination_port(), by: "tcp" })
        }
        TransportSlice::Udp(udp) => Some(Begun { to, port: udp.destination_port(), by: "udp" }),
        _ => None,
    }
}

/// A backup that is fetched is millions of packets: only those that begin a connection are to come this far. In words:
/// of IPv4, TCP with SYN and without ACK, and UDP; and everything else that is not IPv4.
fn beginnings_only(socket: &OwnedFd) -> io::Result<()> {
    use libc::{BPF_ABS, BPF_ALU, BPF_AND, BPF_B, BPF_IND, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_LDX, BPF_MSH, BPF_RET};
    let op = |code: u32, k: u32, jt: u8, jf: u8| sock_filter { code: code as u16, jt, jf, k };
    let load = |at| op(BPF_LD | BPF_B | BPF_ABS, at, 0, 0);
    let mask = |bits| op(BPF_ALU | BPF_AND | BPF_K, bits, 0, 0);
    let is = |value, then, otherwise| op(BPF_JMP | BPF_JEQ | BPF_K, value, then, otherwise);
    let mut filter = [
        load(0),
        mask(0xf0),
        is(0x40, 0, 8),
        load(9),
        is(6, 0, 5),
        op(BPF_LDX | BPF_B | BPF_MSH, 0, 0, 0),
        op(BPF_LD | BPF_B | BPF_IND, 13, 0, 0),
        mask(0x12),
        is(0x02, 2, 0),
        op(BPF_RET | BPF_K, 0, 0, 0),
        is(17, 0, 1),
        op(BPF_RET | BPF_K, u32::MAX, 0, 0),
        op(BPF_RET | BPF_K, 0, 0, 0),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: the program and what it points to live through the call, which copies both.
    let done = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            (&raw const program).cast(),
            size_of_val(&program) as libc::socklen_t,
        )
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Packets that the kernel dropped because they were not fetched in time.
fn missed(socket: &OwnedFd) -> io::Result<u32> {
    #[repr(C)]
    struct Statistics {
        packets: libc::c_uint,
        drops: libc::c_uint,
    }
    let mut statistics = Statistics { packets: 0, drops: 0 };
    let mut length = size_of_val(&statistics) as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes, which the structure has.
    let done = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_STATISTICS,
            (&raw mut statistics).cast(),
            &raw mut length,
        )
    };
    if done == 0 { Ok(statistics.drops) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream, UdpSocket};

    use super::*;
    use crate::host::testing::plain_host;

    #[test]
    fn every_connection_is_heard_answered_or_not_and_nothing_that_is_said_on_it() {
        // Whoever may not listen has nothing to show here; in a drill that is said by name.
        let Ok(socket) = packets() else { return };
        let listener = Listener::on(socket).unwrap();
        let server = TcpListener::bind("127.0.0.77:0").unwrap();
        let port = server.local_addr().unwrap().port();
        let mut client = TcpStream::connect(("127.0.0.77", port)).unwrap();
        io::Write::write_all(&mut client, &vec![7; 1 << 20]).ok();
        drop((server, client));
        assert!(TcpStream::connect(("127.0.0.77", port)).is_err(), "nobody is there any more");
        UdpSocket::bind("127.0.0.77:0").unwrap().send_to(b"who?", ("127.0.0.78", 53)).unwrap();
        let heard = listener.stop().unwrap();
        let times = |to: &str, port, by| heard.get(&Begun { to: to.parse().unwrap(), port, by }).copied();
        assert_eq!(times("127.0.0.77", port, "tcp"), Some(2));
        assert_eq!(times("127.0.0.78", 53, "udp"), Some(1));
    }

    #[tokio::test]
    async fn hosts_without_a_network_of_their_own_are_not_listened_to() {
        let folder = tempfile::tempdir().unwrap();
        let refused = Listener::start(&plain_host(folder.path()).await).unwrap_err();
        assert!(refused.to_string().contains("share this machine's network"), "{refused}");
    }
}
