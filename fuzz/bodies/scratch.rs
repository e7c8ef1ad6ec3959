//! Folders for a moment, in memory where the machine has such a place.

use std::path::Path;

/// A folder that ends with its value.
pub fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}
