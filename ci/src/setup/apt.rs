//! Debian packages: checked before anything is changed, then installed by one command.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use blackstart_tools::Version;

use super::Stop;
use super::plan::Packages;

/// The package manager, and the directory of PostgreSQL's packages' settings.
#[derive(Debug)]
pub struct Apt {
    /// `apt-get`
    pub get: PathBuf,
    /// `apt-cache`
    pub cache: PathBuf,
    /// Debian's settings for clusters to be made, a directory of files to be included.
    pub clusters: PathBuf,
}

impl Apt {
    /// The machine's.
    pub fn of_machine() -> Self {
        Self {
            get: "apt-get".into(),
            cache: "apt-cache".into(),
            clusters: "/etc/postgresql-common/createcluster.d".into(),
        }
    }

    /// Installs all of `packages`, or nothing if one of them is older here than it has to be.
    ///
    /// # Errors
    /// When a version does not suffice, or the package manager fails.
    pub fn install(&self, packages: &[Packages]) -> Result<(), Stop> {
        self.get(&["update"])?;
        for wanted in packages {
            self.check(wanted)?;
        }
        let names = packages.iter().flat_map(|wanted| wanted.names).copied();
        let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
        arguments.extend(names);
        let serves = arguments.contains(&"postgresql");
        let _no_cluster = serves.then(|| NoCluster::from_now(&self.clusters)).transpose()?;
        self.get(&arguments)
    }

    fn check(&self, wanted: &Packages) -> Result<(), Stop> {
        let (Some(min), Some(name)) = (wanted.min, wanted.names.first()) else {
            return Ok(());
        };
        let mut command = Command::new(&self.cache);
        let Output { stdout, .. } = command.args(["policy", name]).env("LC_ALL", "C").output()?;
        let policy = String::from_utf8_lossy(&stdout);
        let candidate = policy.lines().find_map(|line| line.trim().strip_prefix("Candidate: ")).unwrap_or("(none)");
        if Version::of_debian(candidate).is_some_and(|version| version >= min) {
            return Ok(());
        }
        let purpose = wanted.purpose;
        Err(Stop::ByHand(format!(
            "this Debian's {name} is {candidate}, and {purpose} {min} or newer is needed: install \
             {purpose} {min} or newer by hand, so that it is on PATH, and then run `cargo ci \
             setup` again; nothing was installed"
        )))
    }

    fn get(&self, arguments: &[&str]) -> Result<(), Stop> {
        let mut command = Command::new(&self.get);
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        let status = command
            .status()
            .map_err(|error| Stop::Failed(format!("{} can't be started: {error}", self.get.display())))?;
        if status.success() {
            return Ok(());
        }
        Err(Stop::Failed(format!("`apt-get {}` ended with {status}; its own words are above", arguments.join(" "))))
    }
}

/// While it lives, installing a PostgreSQL server does not make and start a cluster.
///
/// Debian's package makes one, which nobody here asked for, and which would hold port 5432. A file
/// of our own among its settings, only for as long as the installation takes, prevents it, and
/// neither an existing cluster nor an administrator's settings are touched.
struct NoCluster<'a> {
    file: PathBuf,
    made: Vec<&'a Path>,
}

const NO_CLUSTER: &str = "\
# Written by Blackstart's `cargo ci setup` and removed by it when PostgreSQL is installed.
# Found later, it was left by an interrupted run, and can be deleted.
create_main_cluster = false
";

impl<'a> NoCluster<'a> {
    fn from_now(directory: &'a Path) -> Result<Self, Stop> {
        let made: Vec<&Path> = (directory.ancestors()).take_while(|dir| !dir.exists()).collect();
        let this = Self { file: directory.join("zz-blackstart-setup.conf"), made };
        let written = std::fs::create_dir_all(directory).and_then(|()| std::fs::write(&this.file, NO_CLUSTER));
        written.map_err(|error| {
            Stop::Failed(format!(
                "{} can't be written, which keeps PostgreSQL's package from starting a server \
                 of its own: {error}",
                this.file.display()
            ))
        })?;
        Ok(this)
    }
}

impl Drop for NoCluster<'_> {
    fn drop(&mut self) {
        // What is left behind says in its first lines what it is.
        std::fs::remove_file(&self.file).ok();
        for directory in &self.made {
            // Not empty if the package has put its settings there meanwhile.
            std::fs::remove_dir(directory).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::test_support::script;

    const PACKAGES: &[Packages] = &[
        Packages {
            names: &["postgresql", "postgresql-contrib"],
            purpose: "PostgreSQL",
            min: Some(Version::new(15, 0, 0)),
        },
        Packages { names: &["barman-cli-cloud"], purpose: "barman-cloud", min: None },
    ];

    /// A package manager that writes down what it was asked, and what it saw in the settings.
    fn apt(dir: &Path, candidate: &str, install: &str) -> Apt {
        let log = dir.join("log");
        let log = log.display();
        let settings = dir.join("etc/clusters");
        let seen = settings.display();
        Apt {
            get: script(
                dir,
                "apt-get",
                &format!(
                    r#"echo "$DEBIAN_FRONTEND $*" >> {log}
                    [ "$1" = update ] || {{ cat {seen}/* >> {log}; {install}; }}"#
                ),
            ),
            cache: script(dir, "apt-cache", &format!("echo \"$2:\"; echo '  Candidate: {candidate}'")),
            clusters: settings,
        }
    }

    #[test]
    fn one_command_installs_all_and_no_cluster_is_made_meanwhile() {
        let dir = tempfile::tempdir().unwrap();
        let apt = apt(dir.path(), "15+248+deb12u1", "true");
        apt.install(PACKAGES).unwrap();
        let log = std::fs::read_to_string(dir.path().join("log")).unwrap();
        let lines: Vec<&str> = log.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            lines,
            [
                "noninteractive update",
                "noninteractive install --yes --no-install-recommends postgresql postgresql-contrib barman-cli-cloud",
                "create_main_cluster = false",
            ]
        );
        assert!(!dir.path().join("etc").exists(), "it left something behind");
    }

    #[test]
    fn what_the_administrator_set_is_left_as_it_was_even_if_the_installation_fails() {
        let dir = tempfile::tempdir().unwrap();
        let apt = apt(dir.path(), "17", "exit 100");
        std::fs::create_dir_all(&apt.clusters).unwrap();
        let own = apt.clusters.join("own.conf");
        std::fs::write(&own, "data_directory = '/elsewhere'\n").unwrap();
        let stop = apt.install(PACKAGES).unwrap_err();
        assert!(matches!(stop, Stop::Failed(_)), "{stop}");
        assert!(stop.to_string().contains("exit status: 100"), "{stop}");
        let left: Vec<_> = apt.clusters.read_dir().unwrap().collect();
        assert_eq!(left.len(), 1);
        assert!(own.exists());
    }

    #[test]
    fn a_candidate_that_is_too_old_stops_before_anything_is_installed() {
        for candidate in ["13+225", "(none)"] {
            let dir = tempfile::tempdir().unwrap();
            let stop = apt(dir.path(), candidate, "true").install(PACKAGES).unwrap_err();
            assert!(matches!(stop, Stop::ByHand(_)), "{stop}");
            assert!(stop.to_string().contains(candidate), "{stop}");
            let log = std::fs::read_to_string(dir.path().join("log")).unwrap();
            assert!(!log.contains("install"), "{log}");
        }
    }
}
