//! Where a tool is made before it is known to be what the table pins.

use std::path::{Path, PathBuf};

use super::Stop;

/// A directory that goes with its owner. On the cache's own disk, so that the last step is a rename.
pub struct Staging(pub PathBuf);

impl Staging {
    /// A new one beside `bin`.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn beside(bin: &Path) -> Result<Self, Stop> {
        let name = format!("building-{}", std::process::id());
        let staging = Self(bin.with_file_name(name));
        std::fs::create_dir_all(&staging.0).map_err(|error| {
            let place = staging.0.display();
            Stop::Failed(format!("{place} can't be made: {error}; BLACKSTART_CACHE may name another place"))
        })?;
        Ok(staging)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // In the way of nothing if it stays.
        std::fs::remove_dir_all(&self.0).ok();
    }
}
