//! The programs of hosts.

use std::path::PathBuf;

use blackstart::host::Host;

/// A program and its version, as they are located on a host.
pub fn located(host: &Host, name: &str) -> (PathBuf, String) {
    let tool = blackstart_tools::all().iter().find(|tool| tool.programs.contains(&name)).unwrap();
    let found = host.among_programs(|| host.search().locate(tool)).unwrap().unwrap();
    let folder = found.path.parent().unwrap().to_owned();
    (folder.join(name), found.version)
}
