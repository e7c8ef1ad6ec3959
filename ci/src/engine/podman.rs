//! Podman: no daemon, but a service that speaks Docker's language, and containers that outlive it.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Needed, address};
use crate::setup::plan::Packages;

/// What has to be there before it is.
pub(super) const NEEDED: &Needed = &[(
    "podman",
    // The same program starts its containers as Docker's.
    Packages { names: &["podman", "runc", "netavark", "catatonit"], purpose: "the other container engine", min: None },
)];

/// A container only sleeps, and needs no more than it gets where root may not raise limits. `crun` knows no machine with both
/// versions of control groups.
const SETTINGS: &str = r#"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
"#;

/// Its service, in namespaces of its own: what it mounts ends with its last container.
pub(super) fn service(folder: &Path, cache: &Path) -> io::Result<Command> {
    let own = cache.join("podman");
    // It remembers where these are, and takes what it finds there for running; as after a boot, nothing is.
    for state in ["run", "tmp", "networks"] {
        match std::fs::remove_dir_all(own.join(state)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let settings = folder.join("containers.conf");
    std::fs::write(&settings, SETTINGS)?;
    let mut command = Command::new("unshare");
    command.env("CONTAINERS_CONF", settings);
    command.args(["--net", "--mount", "podman", "--log-level", "warn", "--cgroup-manager", "cgroupfs"]);
    command
        .arg("--root")
        .arg(own.join("root"))
        .arg("--runroot")
        .arg(own.join("run"))
        .arg("--tmpdir")
        .arg(own.join("tmp"));
    command.arg("--network-config-dir").arg(own.join("networks"));
    command.args(["system", "service", "--time", "0"]).arg(address(folder));
    Ok(command)
}

/// Removes every container, as far as can be.
pub(super) fn end_containers(docker: impl Fn() -> Command) {
    let Ok(listed) = docker().args(["ps", "--all", "--quiet"]).output() else { return };
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    if !listed.trim().is_empty() {
        let _ = docker().args(["rm", "--force"]).args(listed.split_whitespace()).stdout(Stdio::null()).status();
    }
}
