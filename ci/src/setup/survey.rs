//! What is on the machine, and what the machine lets us do.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use blackstart_tools::{Install, Located, Missing, Search, Version};

use super::wheel;

/// The facts that [`super::plan::of`] decides by.
#[derive(Debug)]
pub struct Survey {
    /// The tools that are here.
    pub found: Vec<Located>,
    /// The tools that are not.
    pub missing: Vec<Missing>,
    /// The installed Go; looked up only if a tool that Go builds is missing.
    pub go: Option<Version>,
    /// Whether Python has pip; looked up only if a tool that comes in a wheel is missing.
    pub pip: bool,
    /// What set-up may do here.
    pub platform: Platform,
}

/// How far set-up may go by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Install packages, and build into the cache.
    DebianAsRoot,
    /// Build into the cache.
    Linux,
    /// Neither: native hosts don't run here.
    Other,
}

impl Survey {
    /// Looks at this machine.
    pub fn of_machine(search: &Search) -> Self {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for tool in blackstart_tools::all() {
            match search.locate(tool) {
                Ok(located) => found.push(located),
                Err(lacking) => missing.push(lacking),
            }
        }
        let needs = |kind: fn(&Install) -> bool| missing.iter().any(|lacking: &Missing| kind(&lacking.tool.install));
        let go = needs(|install| matches!(install, Install::Go(_))).then(go_version).flatten();
        let pip = needs(|install| matches!(install, Install::Wheel(_))) && wheel::has_pip(&wheel::python());
        Self { found, missing, go, pip, platform: Platform::of_machine() }
    }
}

impl Platform {
    fn of_machine() -> Self {
        // The owner of a process's own entry is the user that it runs as.
        let is_root = Path::new("/proc/self").metadata().is_ok_and(|me| me.uid() == 0);
        if !cfg!(target_os = "linux") {
            Self::Other
        } else if is_root && Path::new("/etc/debian_version").exists() {
            Self::DebianAsRoot
        } else {
            Self::Linux
        }
    }
}

fn go_version() -> Option<Version> {
    let output = Command::new(super::go::compiler()).args(["env", "GOVERSION"]).output().ok()?;
    Version::in_text(&String::from_utf8_lossy(&output.stdout))
}
