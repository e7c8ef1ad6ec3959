//! The routes of a network namespace.

#![allow(unsafe_code, reason = "routes are changed by an ioctl, which has no safe form")]

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, socket};

/// Takes the ways out from the network of the calling thread: its default routes, and that to `machine`, the address on it of
/// the machine that made it. What else is on the same network stays in reach.
pub(super) fn no_way_out(machine: Ipv4Addr) -> io::Result<()> {
    while change(libc::SIOCDELRT, &to(Ipv4Addr::UNSPECIFIED, 0), Errno::ESRCH)? {}
    change(libc::SIOCADDRT, &to(machine, NOWHERE), Errno::EEXIST).map(drop)
}

/// Lets `machine` have its way back: where there is another to one of its addresses, Docker joins no network.
pub(super) fn as_made(machine: Ipv4Addr) -> io::Result<()> {
    change(libc::SIOCDELRT, &to(machine, NOWHERE), Errno::ESRCH).map(drop)
}

/// A route by which nothing is sent; whoever tries is told so.
const NOWHERE: libc::c_ushort = libc::RTF_UP | libc::RTF_HOST | libc::RTF_REJECT;

/// A route to an address; with no flag that says another, its network is everything.
fn to(address: Ipv4Addr, flags: libc::c_ushort) -> libc::rtentry {
    // SAFETY: a zeroed structure is a valid one.
    let mut route: libc::rtentry = unsafe { std::mem::zeroed() };
    let address = SockaddrIn::from(std::net::SocketAddrV4::new(address, 0));
    // SAFETY: addresses of this family and of any have the same size.
    route.rt_dst = unsafe { std::mem::transmute::<libc::sockaddr_in, libc::sockaddr>(*address.as_ref()) };
    route.rt_genmask.sa_family = libc::AF_INET as libc::sa_family_t;
    route.rt_flags = flags;
    route
}

/// Changes the routes of the calling thread's network; false: as `done` says, there was nothing to change.
fn change(how: libc::c_ulong, route: &libc::rtentry, done: Errno) -> io::Result<bool> {
    let any = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
    // SAFETY: the call reads the structure, which outlives it.
    match Errno::result(unsafe { libc::ioctl(any.as_raw_fd(), how as _, std::ptr::from_ref(route)) }) {
        Ok(_) => Ok(true),
        Err(errno) if errno == done => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}
