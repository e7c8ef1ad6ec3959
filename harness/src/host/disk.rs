//! A host's disk: its files as the harness writes, copies and removes them, and what may be written there at all.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use super::isolate::{MOUNTS, NOBODY, ServerUser};
use super::{Host, mounts, tree};
use crate::failure::{Context, Error, Result};

impl Host {
    /// A path on its disk as the harness sees it: only faults and file transfer look at a host from outside.
    pub fn outside(&self, relative: &str) -> PathBuf {
        self.inner.made.disk.join(relative)
    }

    /// The same, by a path that is short however deep the disk lies: that of a socket has room for a hundred bytes.
    pub fn door(&self, relative: &str) -> PathBuf {
        self.inner.made.door.path().join(relative)
    }

    /// Writes a file on its disk, owned by the server user.
    ///
    /// # Errors
    /// Any error of writing.
    pub fn write(&self, relative: &str, bytes: &[u8], mode: u32) -> Result<()> {
        let path = self.outside(relative);
        let write = || {
            if let Some(parent) = path.parent() {
                self.own_parents(parent)?;
            }
            // The mode is set on the empty file: a secret is never readable, not even for a moment.
            let file = fs::File::create(&path)?;
            file.set_permissions(fs::Permissions::from_mode(mode))?;
            io::Write::write_all(&mut &file, bytes)?;
            self.own(&path)
        };
        write().cannot(format_args!("write {relative} on host {}", self.inner.name))
    }

    /// Makes a folder on its disk, with its parents, owned by the server user, mode 0700.
    ///
    /// # Errors
    /// Any error of making it.
    pub fn make_folder(&self, relative: &str) -> Result<()> {
        let make = || {
            self.own_parents(&self.outside(relative))?;
            fs::set_permissions(self.outside(relative), fs::Permissions::from_mode(0o700))
        };
        make().cannot(format_args!("make {relative} on host {}", self.inner.name))
    }

    /// Removes a folder of its disk with all that it holds; one that is not there is fine.
    ///
    /// # Errors
    /// Any error of removing it.
    pub fn remove_folder(&self, relative: &str) -> Result<()> {
        match fs::remove_dir_all(self.outside(relative)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::from(error)),
            _ => Ok(()),
        }
        .cannot(format_args!("remove {relative} on host {}", self.inner.name))
    }

    /// Copies a folder from outside onto its disk, owned by the server user.
    ///
    /// # Errors
    /// Any error of copying.
    pub fn copy_in(&self, from: &Path, relative: &str) -> Result<()> {
        tree::copy(from, &self.outside(relative), &|path| self.own(path)).cannot(format_args!(
            "copy {} to host {}",
            from.display(),
            self.inner.name
        ))
    }

    /// Removes all that is on its disk.
    ///
    /// # Errors
    /// Any error of removing it.
    pub fn wipe(&self) -> Result<()> {
        tree::empty(&self.inner.made.disk).cannot(format_args!("wipe the disk of host {}", self.inner.name))
    }

    /// Whether its disk is a file system of its own, which it can fill without filling the machine's.
    pub fn has_own_disk(&self) -> bool {
        self.inner.made.own_disk
    }

    /// Makes its disk read-only for its own processes, or writable again.
    ///
    /// # Errors
    /// The host has no mounts of its own, or a process has a file open for writing.
    pub fn set_read_only(&self, read_only: bool) -> Result<()> {
        let view =
            self.inner.made.view.as_ref().ok_or_else(|| Error::new("a plain process has no mounts of its own"))?;
        let points = [Path::new(MOUNTS).join("disk"), PathBuf::from("/tmp")];
        mounts::set_read_only(view.mounts(), &points, read_only)
            .cannot(format_args!("remount the disk of host {}", self.inner.name))
    }

    fn own(&self, path: &Path) -> io::Result<()> {
        match self.inner.user {
            ServerUser::Drop => chown(path, Some(NOBODY), Some(NOBODY)),
            ServerUser::Nested | ServerUser::Same => Ok(()),
        }
    }

    fn own_parents(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let inside = |path: &&Path| path.starts_with(&self.inner.made.disk);
        folder.ancestors().take_while(inside).try_for_each(|path| self.own(path))
    }
}
