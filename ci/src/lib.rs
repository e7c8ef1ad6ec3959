//! The project's own chores, run as `cargo ci`: what a workflow file would otherwise hide in YAML.
//!
//! - [`setup`]: installs the outside programs that a drill needs, and says why
//! - [`tidy`]: the house rules that neither rustc nor clippy knows
//! - [`checks`]: every check and test, the cheap ones first
//! - [`nightly`]: what takes too long for that, resumable, a share a machine
//! - [`compare`]: what we cost against the bare tools
//! - [`defects`]: drills with something wrong in them, which a named check has to catch
//! - [`containers`]: that hosts in containers are as native ones
//! - [`engine`]: a container engine of our own, for as long as a check needs it
//! - [`images`]: what hosts in containers are made of
//! - [`figures`]: the table of what the two measured
//!
//! The library writes to whatever it is given and returns exit codes; only `main.rs` knows the
//! terminal.

pub mod checks;
pub mod compare;
pub mod containers;
pub mod defects;
pub mod engine;
pub mod figures;
pub mod images;
pub mod nightly;
pub mod output;
pub mod setup;
pub mod shard;
pub mod tidy;

use std::io;
use std::path::{Path, PathBuf};

/// The workspace that `from` lies in. Looked up at run time: worktrees may share a build.
///
/// # Errors
/// When neither `from` nor a directory above it holds a workspace.
pub fn workspace_root(from: &Path) -> io::Result<PathBuf> {
    let is_root = |dir: &&Path| {
        std::fs::read_to_string(dir.join("Cargo.toml"))
            .is_ok_and(|manifest| manifest.lines().any(|line| line.trim() == "[workspace]"))
    };
    let root = from.ancestors().find(is_root).ok_or_else(|| {
        let from = from.display();
        io::Error::other(format!("{from} is not in a cargo workspace: run this inside the repository"))
    })?;
    Ok(root.to_owned())
}
