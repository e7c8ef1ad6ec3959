//! A recipe: which packages and tools an image is built from, and what its programs have to say before it gets its name.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use blackstart_tools::Search;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::docker;
use crate::engine::Engine;

/// Where the recipes are.
pub(super) const RECIPES: &str = "fixtures/images";
/// The label by which an image says what it was built from.
const LABEL: &str = "blackstart.recipe";
/// Part of what an image is built from: a change to how counts as a change to all.
const METHOD: &str = "2";
/// What nobody reads on a host of a drill.
const LEFT_OUT: [&str; 3] = ["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*"];
/// How many seconds a program has to say what it is.
const SAYS_BOUND: u32 = 60;

/// An image to be built.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recipe {
    /// Its name and tag.
    pub(super) name: String,
    /// Debian's release.
    pub(super) suite: String,
    /// What apt needs to be told for that release.
    #[serde(default)]
    apt: Vec<String>,
    /// Debian's packages.
    pub(super) packages: Vec<String>,
    /// Programs of the table of tools that Debian does not have.
    tools: Vec<String>,
    /// A part of what commands have to say in it, by the command.
    says: BTreeMap<String, String>,
}

/// Every recipe, by the names of their files.
pub(super) fn all(root: &Path) -> io::Result<Vec<Recipe>> {
    let entries = std::fs::read_dir(root.join(RECIPES))?.collect::<io::Result<Vec<_>>>()?;
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let read = |file: &PathBuf| {
        let wrong = |error| io::Error::other(format!("{}: {error}", file.display()));
        toml::from_str(&std::fs::read_to_string(file)?).map_err(wrong)
    };
    files.iter().map(read).collect()
}

impl Recipe {
    /// Of everything that an image of it is built from.
    pub(super) fn digest(&self) -> io::Result<String> {
        let mut hash = Sha256::new();
        let Self { name, suite, apt, packages, says, .. } = self;
        hash.update(format!("{METHOD}\n{name}\n{suite}\n{apt:?}\n{}\n{says:?}\n", packages.join(" ")));
        for tool in self.programs()? {
            hash.update(std::fs::read(tool)?);
        }
        Ok(blackstart_record::words::hex(&hash.finalize()))
    }

    /// Its tools, where they are on this machine.
    fn programs(&self) -> io::Result<Vec<PathBuf>> {
        let search = Search::from_env();
        let path = |name: &String| {
            let tool = blackstart_tools::all().iter().find(|tool| tool.programs[0] == name);
            let tool = tool.filter(|tool| tool.install.is_cached());
            let tool = tool.ok_or_else(|| io::Error::other(format!("{}: no table has a tool {name}", self.name)))?;
            let located = search.locate(tool).map_err(|missing| {
                io::Error::other(format!("{missing}; install it: {}, or `cargo ci setup`", missing.install_command))
            })?;
            Ok(located.path)
        };
        self.tools.iter().map(path).collect()
    }

    /// Whether the engine has the image of this digest by its name.
    pub(super) fn is_built(&self, engine: Option<&Engine>, digest: &str) -> io::Result<bool> {
        let format = format!("{{{{index .Config.Labels \"{LABEL}\"}}}}");
        let asked = docker(engine).args(["image", "inspect", "--format", &format, &self.name]).output()?;
        Ok(asked.status.success() && String::from_utf8_lossy(&asked.stdout).trim() == digest)
    }

    /// Packages into a file system, that into an image, and its name to an image that holds what it should.
    pub(super) fn build(&self, engine: Option<&Engine>, digest: &str) -> io::Result<()> {
        let mut packages = self.debian()?.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let archive = packages.stdout.take().map_or_else(Stdio::null, Stdio::from);
        // Programs are started as somebody who may do nothing; a drill says as whom it starts its own.
        let changes = ["--change", &format!("LABEL {LABEL}={digest}"), "--change", "USER nobody"];
        let mut import = docker(engine);
        import.arg("import").args(changes).arg("-").stdin(archive).stderr(Stdio::inherit());
        let imported = import.output()?;
        let complete = packages.wait()?.success();
        let failed = || io::Error::other(format!("{} could not be built: why is said above", self.name));
        if !imported.status.success() {
            return Err(failed());
        }
        let image = String::from_utf8_lossy(&imported.stdout).trim().to_owned();
        let proven = if complete { self.prove(engine, &image) } else { Err(failed()) };
        if let Err(error) = proven {
            docker(engine).args(["image", "rm", &image]).output()?;
            return Err(error);
        }
        let named = docker(engine).args(["tag", &image, &self.name]).status()?;
        if named.success() { Ok(()) } else { Err(failed()) }
    }

    /// What puts its packages and tools into a file system, in which nothing is started.
    fn debian(&self) -> io::Result<Command> {
        let mut debian = Command::new("mmdebstrap");
        debian.args(["--quiet", "--variant=minbase", &format!("--include={}", self.packages.join(","))]);
        debian.args(LEFT_OUT.map(|path| format!("--dpkgopt=path-exclude={path}")));
        debian.args(self.apt.iter().map(|option| format!("--aptopt={option}")));
        for program in self.programs()? {
            debian.arg(format!("--customize-hook=copy-in {} /usr/local/bin", program.display()));
        }
        debian.args([self.suite.as_str(), "-"]).args(archive());
        Ok(debian)
    }

    /// Asks each program in the image, as the image's user and without a network, what it is.
    fn prove(&self, engine: Option<&Engine>, image: &str) -> io::Result<()> {
        for (command, wanted) in &self.says {
            // By a shell: `timeout` can't be the first process of a container.
            let bounded = format!("timeout {SAYS_BOUND} {command}; exit $?");
            let mut run = docker(engine);
            run.args(["run", "--rm", "--network=none", image, "sh", "-c", &bounded]).stdin(Stdio::null());
            if let Some(problem) = differs(wanted, &run.output()?) {
                return Err(io::Error::other(format!("{}: `{command}` {problem}", self.name)));
            }
        }
        Ok(())
    }
}

/// In what way a program did not say `wanted`; nothing, if it did.
fn differs(wanted: &str, Output { status, stdout, stderr }: &Output) -> Option<String> {
    // Some tell their version where others report errors.
    let said = [stdout, stderr].map(|part| String::from_utf8_lossy(part)).concat();
    if status.success() && said.contains(wanted) {
        return None;
    }
    Some(format!("ended with {status} and should say `{wanted}`; it said:\n{}", said.trim()))
}

/// Where this machine has its own packages from; nothing: mmdebstrap knows where Debian is.
fn archive() -> Option<String> {
    let asked = Command::new("apt-get").args(["indextargets", "--format", "$(REPO_URI)"]).output().ok()?;
    let told = String::from_utf8_lossy(&asked.stdout);
    told.lines().map(str::trim).find(|uri| uri.trim_end_matches('/').ends_with("/debian")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Vec<Recipe> {
        all(&crate::workspace_root(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()).unwrap()
    }

    #[test]
    fn every_recipe_is_legible_and_names_tools_of_the_table() {
        let recipes = ours();
        assert!(recipes.len() >= 6);
        for Recipe { name, tools, packages, .. } in recipes {
            assert!(name.starts_with("blackstart/"), "{name}");
            assert!(packages.is_sorted(), "{name}: packages in the order of the alphabet");
            for wanted in tools {
                assert!(blackstart_tools::all().iter().any(|tool| tool.programs[0] == wanted), "{name}: {wanted}");
            }
        }
    }

    #[test]
    fn every_image_proves_its_tag_and_its_tools() {
        for Recipe { name, tools, says, .. } in ours() {
            let tag = name.split_once(':').map_or("", |(_, tag)| tag);
            assert!(says.values().any(|text| text.contains(tag)), "{name}: nothing says {tag}");
            for tool in tools {
                assert!(says.keys().any(|command| command.split(' ').next() == Some(&tool)), "{name}: {tool}");
            }
        }
    }

    #[test]
    fn another_version_a_failure_and_silence_are_told_from_what_is_wanted() {
        let said = |script: &str| differs("Ver 9.7.", &Command::new("sh").args(["-c", script]).output().unwrap());
        assert_eq!(said("echo mysqld Ver 9.7.4"), None);
        assert_eq!(said("echo mysqld Ver 9.7.4 >&2"), None);
        let other = said("echo mysqld Ver 9.8.0").unwrap();
        assert!(other.contains("should say `Ver 9.7.`; it said:\nmysqld Ver 9.8.0"), "{other}");
        assert!(said("echo mysqld Ver 9.7.4; exit 3").unwrap().contains("exit status: 3"));
        assert!(said("true").is_some());
    }

    #[test]
    fn what_apt_is_told_and_what_is_proven_are_part_of_what_an_image_is_built_from() {
        let text = "name = 'a'\nsuite = 'sid'\npackages = ['b']\ntools = []\n";
        let digest = |rest: &str| toml::from_str::<Recipe>(&format!("{text}{rest}")).unwrap().digest().unwrap();
        let plain = digest("[says]\n'b --version' = '1.'\n");
        assert_eq!(plain, digest("[says]\n'b --version' = '1.'\n"));
        assert_ne!(plain, digest("[says]\n'b --version' = '2.'\n"));
        assert_ne!(plain, digest("apt = ['Acquire::Check-Valid-Until \"false\"']\n[says]\n'b --version' = '1.'\n"));
        assert!(toml::from_str::<Recipe>(text).unwrap_err().to_string().contains("says"));
    }
}
