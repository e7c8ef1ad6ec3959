//! The application's configuration: files of the plan's on the source's host, and one that is this drill's alone.

use std::path::Path;

use crate::failure::{Context, Result};
use crate::host::Host;

/// Where it lies on a host.
pub const FOLDER: &str = "configuration";
/// What no archive of another drill holds, and nobody but its owner may read.
const OWN: &str = "drill.key";

/// Puts `files` and the drill's own on the source's host.
///
/// # Errors
/// Any error of copying or writing.
pub fn plant(host: &Host, files: &Path, drill: &str) -> Result<()> {
    host.copy_in(files, FOLDER).cannot("put the configuration on the source's host")?;
    host.write(&format!("{FOLDER}/{OWN}"), format!("{drill}\n").as_bytes(), 0o600)
}
