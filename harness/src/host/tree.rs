//! Folders with all that they hold.

use std::fs;
use std::io;
use std::path::Path;

/// Copies a tree with modes and links; `own` is told of every path made.
pub(crate) fn copy(from: &Path, to: &Path, own: &impl Fn(&Path) -> io::Result<()>) -> io::Result<()> {
    let meta = fs::symlink_metadata(from)?;
    if meta.is_dir() {
        fs::create_dir_all(to)?;
        fs::set_permissions(to, meta.permissions())?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()), own)?;
        }
    } else if meta.is_symlink() {
        std::os::unix::fs::symlink(fs::read_link(from)?, to)?;
        return Ok(());
    } else {
        fs::copy(from, to)?;
    }
    own(to)
}

/// Removes all that a folder holds, and leaves the folder.
pub(super) fn empty(folder: &Path) -> io::Result<()> {
    fs::read_dir(folder)?.try_for_each(|entry| {
        let entry = entry?;
        if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) }
    })
}
