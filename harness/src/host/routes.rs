//! The routes of a network namespace.

#![allow(unsafe_code, reason = "routes are changed by an ioctl, which has no safe form")]

use std::io;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

/// Takes the way out from the network of the calling thread: its default routes. What is on the same network stays in reach.
pub(super) fn no_way_out() -> io::Result<()> {
    let any = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
    loop {
        // SAFETY: a zeroed structure is a valid one, and names the default route once its addresses are of a family.
        let mut route: libc::rtentry = unsafe { std::mem::zeroed() };
        route.rt_dst.sa_family = libc::AF_INET as libc::sa_family_t;
        route.rt_genmask.sa_family = libc::AF_INET as libc::sa_family_t;
        // SAFETY: the call reads the structure, which outlives it.
        match Errno::result(unsafe { libc::ioctl(any.as_raw_fd(), libc::SIOCDELRT, &raw const route) }) {
            Ok(_) => {}
            // There is none any more.
            Err(Errno::ESRCH) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        }
    }
}
