//! Tools that Go builds: into a place of their own, checked against the pin, then into the cache.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use blackstart_tools::buildinfo::{self, BuildInfo};
use blackstart_tools::{GoModule, Tool};

use super::Stop;
use super::staging::Staging;

/// Go, where PATH has it.
pub fn compiler() -> OsString {
    "go".into()
}

/// Builds `tool` and puts it into `bin` under the name that it is looked for. A binary that is not
/// what the table pins never gets there.
///
/// # Errors
/// When Go fails, or what it built has another checksum than the pinned one.
pub fn install(go: &OsString, tool: &Tool, module: &GoModule, bin: &Path) -> Result<(), Stop> {
    let staging = Staging::beside(bin)?;
    let wanted = format!("{}@{}", module.package, module.version);
    // The rest of the environment is the person's: GOFLAGS, GOPROXY, GOTOOLCHAIN.
    let status = Command::new(go)
        .args(["install", &wanted])
        .env("GOBIN", &staging.0)
        .status()
        .map_err(|error| Stop::Failed(format!("go can't be started: {error}")))?;
    if !status.success() {
        return Err(Stop::Failed(format!("`go install {wanted}` ended with {status}; its own words are above")));
    }
    let built = staging.0.join(module.built_as);
    let info = buildinfo::read(&built).map_err(|error| {
        Stop::Failed(format!(
            "`go install {wanted}` made a {} that can't be checked ({error}); it was removed",
            module.built_as
        ))
    })?;
    verify(&info, module)?;
    std::fs::create_dir_all(bin)?;
    std::fs::rename(built, bin.join(tool.programs[0]))?;
    Ok(())
}

/// The checksum of the module's content decides; the version only tells which it should be.
fn verify(info: &BuildInfo, pin: &GoModule) -> Result<(), Stop> {
    let BuildInfo { module, version, sum } = info;
    if (&**module, &**version, &**sum) == (pin.module, pin.version, pin.sum) {
        return Ok(());
    }
    Err(Stop::Failed(format!(
        "what was built is {module} {version} {sum}, and {} {} {} is pinned: the source is not what \
         it was when it was pinned, or GOFLAGS or GOPROXY lead elsewhere; the binary was removed",
        pin.module, pin.version, pin.sum
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::test_support::script;
    use blackstart_tools::{Install, TOXIPROXY};

    fn pin() -> &'static GoModule {
        match &TOXIPROXY.install {
            Install::Go(module) => module,
            Install::Wheel(_) | Install::Packages { .. } => panic!("Toxiproxy is built by Go"),
        }
    }

    fn install_with(go: &str) -> (Result<(), Stop>, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let go = script(dir.path(), "go", go).into_os_string();
        let tools = dir.path().join("cache/tools");
        let result = install(&go, &TOXIPROXY, pin(), &tools.join("bin"));
        let left: Vec<_> = tools.read_dir().into_iter().flatten().flatten().collect();
        assert!(result.is_ok() || left.is_empty(), "a failed build left {left:?}");
        (result, dir)
    }

    #[test]
    fn a_build_that_fails_or_can_not_be_checked_leaves_nothing() {
        for (go, expected) in [
            ("exit 1", "ended with exit status: 1"),
            ("true", "can't be checked"),
            (r#"echo text > "$GOBIN/server""#, "it was removed"),
        ] {
            let stop = install_with(go).0.unwrap_err().to_string();
            assert!(stop.contains("cmd/server@v2.12.0"), "{stop}");
            assert!(stop.contains(expected), "{stop}");
        }
    }

    #[test]
    fn only_the_pinned_module_version_and_sum_will_do() {
        let info = |module: &str, version: &str, sum: &str| BuildInfo {
            module: module.to_owned(),
            version: version.to_owned(),
            sum: sum.to_owned(),
        };
        let pin = pin();
        verify(&info(pin.module, pin.version, pin.sum), pin).unwrap();
        for other in [
            info("example.org/other", pin.version, pin.sum),
            info(pin.module, "v2.12.1", pin.sum),
            info(pin.module, pin.version, "h1:other="),
            info(pin.module, "(devel)", ""),
        ] {
            let stop = verify(&other, pin).unwrap_err().to_string();
            assert!(stop.contains(pin.sum), "{stop}");
        }
    }

    #[test]
    fn a_real_build_of_the_pin_gets_its_own_name() {
        let Ok(real) = blackstart_tools::locate(&TOXIPROXY) else {
            eprintln!("not checked: no Toxiproxy here; `cargo ci setup` installs it");
            return;
        };
        if real.origin != blackstart_tools::Origin::Cache {
            eprintln!("not checked: the Toxiproxy on PATH is not the pinned build");
            return;
        }
        let (result, dir) = install_with(&format!(r#"cp '{}' "$GOBIN/server""#, real.path.display()));
        result.unwrap();
        let tools = dir.path().join("cache/tools");
        assert!(tools.join("bin/toxiproxy-server").exists());
        assert_eq!(tools.read_dir().unwrap().count(), 1);
    }
}
