//! Cargo's own tools that only nights need: at their versions, in Blackstart's cache, built there if they are missing.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::output;

/// The program `name` at `version`.
///
/// # Errors
/// There is no cache, or the program could not be built.
pub fn program(root: &Path, name: &str, version: &str, out: &mut dyn Write) -> io::Result<PathBuf> {
    let cache = blackstart_tools::cache_dir().ok_or_else(|| io::Error::other("there is no cache folder: set HOME"))?;
    let place = cache.join("tools").join(format!("{name}-{version}"));
    let program = place.join("bin").join(name);
    if !program.exists() {
        let mut install = output::cargo(root);
        install.args(["install", "--locked", name, "--version", version, "--root"]).arg(&place);
        if !output::follow(&mut install, out, |_| ())? {
            return Err(io::Error::other(format!("{name} could not be installed; cargo's own words are above")));
        }
    }
    Ok(program)
}
