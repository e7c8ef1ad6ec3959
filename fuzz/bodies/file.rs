//! Bytes as a file.

use std::path::Path;

use super::scratch;

/// Hands over a file that holds `data`; the same file for every call of a thread.
pub fn with<T>(data: &[u8], use_it: impl FnOnce(&Path) -> T) -> T {
    thread_local!(static FOLDER: tempfile::TempDir = scratch::folder());
    FOLDER.with(|folder| {
        let path = folder.path().join("file");
        std::fs::write(&path, data).unwrap();
        use_it(&path)
    })
}
