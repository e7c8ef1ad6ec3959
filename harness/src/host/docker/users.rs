//! The user namespace of containers. The engine of a plain user keeps them in one that he owns, and whoever owns one may
//! become root in it.

#![allow(unsafe_code, reason = "whose a namespace is, is asked by an ioctl, which has no safe form")]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;

use nix::errno::Errno;
use nix::libc;
use nix::sched::{CloneFlags, setns};
use nix::unistd::Uid;

use crate::failure::{Context, Error, Result};
use crate::host::isolate::NOBODY;

/// Makes the calling process root where this process is, whose user namespace a plain user has to own; root is root already.
/// Must be called while there is no other thread.
///
/// # Errors
/// It is somebody else's, or lacks the user that servers run as.
pub(super) fn join(pid: u32) -> Result<()> {
    let us = Uid::effective();
    if us.is_root() {
        return Ok(());
    }
    let process = Path::new("/proc").join(pid.to_string());
    let namespace = File::open(process.join("ns/user"))
        .cannot(format_args!("look into process {pid}, which is another user's: run Blackstart as that user"))?;
    let owner = owner(&namespace).cannot("ask whose they are")?;
    if owner != us {
        let whose = format!("they are those of user {owner}, and this is user {us}: run Blackstart as that user");
        return Err(Error::new(whose));
    }
    for map in ["uid_map", "gid_map"] {
        let known = std::fs::read_to_string(process.join(map))?;
        if !knows(&known, NOBODY) {
            return Err(Error::with_lines(
                format!("servers run as nobody ({NOBODY}), which is not in their {map}"),
                vec![format!("give user {us} 65536 ids in /etc/subuid and /etc/subgid, and start the engine anew")],
            ));
        }
    }
    setns(namespace, CloneFlags::CLONE_NEWUSER).cannot("become root in their user namespace")
}

/// Who made a user namespace.
fn owner(namespace: &File) -> io::Result<Uid> {
    let mut owner: libc::uid_t = 0;
    // SAFETY: the kernel writes a number to a variable that outlives the call.
    Errno::result(unsafe { libc::ioctl(namespace.as_raw_fd(), libc::NS_GET_OWNER_UID as _, &raw mut owner) })?;
    Ok(Uid::from_raw(owner))
}

/// Whether a user namespace has such an id, by its map: lines of the first id, the first outside, and how many.
fn knows(map: &str, id: u32) -> bool {
    map.lines().any(|line| {
        let mut numbers = line.split_whitespace().filter_map(|number| number.parse::<u32>().ok());
        let (first, _, count) = (numbers.next(), numbers.next(), numbers.next());
        matches!((first, count), (Some(first), Some(count)) if id >= first && id - first < count)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_known_where_the_ids_of_a_user_reach_as_far() {
        let whole = "         0       1000          1\n         1     100000      65536\n";
        assert!(knows(whole, 0) && knows(whole, NOBODY) && !knows(whole, 65_537));
        assert!(!knows("0 1000 1\n", NOBODY), "a user without a range of his own");
        assert!(!knows("0 1000 1\n1 100000 65533\n", NOBODY) && !knows("", NOBODY));
        assert!(knows("0 0 4294967295\n", NOBODY));
    }

    #[test]
    fn whose_a_user_namespace_is_can_be_asked() {
        // Where nothing is nested it is the machine's own, and root's.
        let ours = File::open("/proc/self/ns/user").unwrap();
        assert!(owner(&ours).is_ok());
    }
}
