//! Native hosts: a directory as disk, an address of 127.0.0.0/8, and a mount view without the other hosts' disks.

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use super::handle::{Ground, Made, Spec};
use super::isolate::Isolation;
use super::mounts::{self, Held};
use super::view::{View, apart};
use crate::failure::{Context, Result};

/// Makes a host. A limit makes its disk a memory file system of that size.
///
/// # Errors
/// What the system refused.
pub(super) fn make(ground: &Ground, Spec { name, index, disk: limit, .. }: Spec<'_>) -> Result<Made> {
    let disk = ground.scratch.join("hosts").join(name);
    fs::create_dir_all(&disk).cannot(format_args!("make the disk of host {name}"))?;
    if let Some(limit) = limit {
        mounts::limited(&disk, limit).cannot(format_args!("limit the disk of host {name} to {limit} bytes"))?;
    }
    let isolated = matches!(ground.isolation, Isolation::Namespaces { .. });
    let address = if isolated {
        Ipv4Addr::new(127, 0, 0, 10 + index)
    } else {
        // Plain processes share the machine's loopback: take a corner of it that follows from the process id.
        let [.., high, low] = std::process::id().to_be_bytes();
        Ipv4Addr::new(127, 1 + high % 250, low, 10 + index)
    };
    let door = Held::new(&disk).cannot(format_args!("open the disk of host {name}"))?;
    let view = if isolated {
        // It binds the disk's own folder for temporary files.
        fs::create_dir_all(disk.join("tmp"))?;
        Some(Arc::new(view(ground, &disk).cannot(format_args!("give host {name} its own view"))?))
    } else {
        None
    };
    Ok(Made { address, disk, door, own_disk: limit.is_some(), image: None, view })
}

/// Makes the mount namespace: a thread of its own detaches, arranges the mounts and hands over the namespace.
fn view(ground: &Ground, disk: &Path) -> io::Result<View> {
    apart(|| {
        mounts::arrange(disk, &ground.tools, ground.scratch.parent())?;
        View::of_this_thread()
    })
}
