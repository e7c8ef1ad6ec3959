//! `cargo ci images`: what hosts in containers are made of, built from Debian's packages and the pinned tools.
//!
//! For machines that reach no image registry, and for the backup tools that the makers' own images lack. A recipe is a file in
//! `fixtures/images/`; an image that was built from the same recipe and the same tools is not built again.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use blackstart_tools::{Install, Search};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::engine::Engine;

/// Where the recipes are.
const RECIPES: &str = "fixtures/images";
/// The label by which an image says what it was built from.
const LABEL: &str = "blackstart.recipe";
/// Part of what an image is built from: a change to how counts as a change to all.
const METHOD: &str = "1";
/// What nobody reads on a host of a drill.
const LEFT_OUT: [&str; 3] = ["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*"];

/// An image to be built.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recipe {
    /// Its name and tag.
    name: String,
    /// Debian's release.
    suite: String,
    /// Debian's packages.
    packages: Vec<String>,
    /// Programs of the table of tools that Debian does not have.
    tools: Vec<String>,
}

/// Builds every image whose name contains one of `names`, or all; the exit code.
///
/// # Errors
/// A recipe can't be read, or a program not be started.
pub fn run(root: &Path, names: &[&str], out: &mut dyn Write) -> io::Result<u8> {
    build(root, names, None, out)
}

/// A container engine of our own, with every image.
///
/// # Errors
/// It can't be had, or an image not be built; in words.
pub fn stocked(root: &Path, out: &mut dyn Write) -> io::Result<Engine> {
    let engine = Engine::start(out)?;
    match build(root, &[], Some(&engine), out)? {
        0 => Ok(engine),
        _ => Err(io::Error::other("an image could not be built: why is said above")),
    }
}

/// As [`run`], on this engine or on the machine's.
fn build(root: &Path, names: &[&str], engine: Option<&Engine>, out: &mut dyn Write) -> io::Result<u8> {
    let docker = || docker(engine);
    for program in ["docker", "mmdebstrap"] {
        let asked = if program == "docker" { docker() } else { Command::new(program) };
        if !answers(asked) {
            let install = "sudo apt-get install --no-install-recommends docker.io iptables mmdebstrap";
            writeln!(out, "{program} does not answer. On Debian: {install}; then start dockerd")?;
            return Ok(2);
        }
    }
    let mut built = 0;
    for recipe in recipes(root)? {
        if names.is_empty() || names.iter().any(|part| recipe.name.contains(part)) {
            built += 1;
            let digest = recipe.digest()?;
            if recipe.is_built(docker(), &digest)? {
                writeln!(out, "found    {}", recipe.name)?;
            } else {
                writeln!(out, "build    {} from {} packages of {}", recipe.name, recipe.packages.len(), recipe.suite)?;
                out.flush()?;
                recipe.build(docker(), &digest)?;
            }
        }
    }
    if built == 0 {
        writeln!(out, "no recipe in {RECIPES} makes an image of that name")?;
    }
    Ok(if built == 0 { 2 } else { 0 })
}

fn answers(mut program: Command) -> bool {
    let asked = if program.get_program() == "docker" { "info" } else { "--version" };
    let quiet = program.arg(asked).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}

fn docker(engine: Option<&Engine>) -> Command {
    let mut docker = Command::new("docker");
    docker.envs(engine.into_iter().flat_map(Engine::environment));
    docker
}

/// Every recipe, by the names of their files.
fn recipes(root: &Path) -> io::Result<Vec<Recipe>> {
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
    fn digest(&self) -> io::Result<String> {
        let mut hash = Sha256::new();
        hash.update(format!("{METHOD}\n{}\n{}\n{}\n", self.name, self.suite, self.packages.join(" ")));
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
            let tool = tool.filter(|tool| matches!(tool.install, Install::Go(_)));
            let tool = tool.ok_or_else(|| io::Error::other(format!("{}: no table has a tool {name}", self.name)))?;
            let located = search.locate(tool).map_err(|missing| {
                io::Error::other(format!("{missing}; install it: {}, or `cargo ci setup`", missing.install_command))
            })?;
            Ok(located.path)
        };
        self.tools.iter().map(path).collect()
    }

    fn is_built(&self, mut docker: Command, digest: &str) -> io::Result<bool> {
        let format = format!("{{{{index .Config.Labels \"{LABEL}\"}}}}");
        let asked = docker.args(["image", "inspect", "--format", &format, &self.name]).output()?;
        Ok(asked.status.success() && String::from_utf8_lossy(&asked.stdout).trim() == digest)
    }

    /// Packages into a file system, and that into an image.
    fn build(&self, mut docker: Command, digest: &str) -> io::Result<()> {
        let mut packages = Command::new("mmdebstrap");
        packages.args(["--quiet", "--variant=minbase", &format!("--include={}", self.packages.join(","))]);
        packages.args(LEFT_OUT.map(|path| format!("--dpkgopt=path-exclude={path}")));
        for program in self.programs()? {
            packages.arg(format!("--customize-hook=copy-in {} /usr/local/bin", program.display()));
        }
        packages.args([self.suite.as_str(), "-"]).args(archive()).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut packages = packages.spawn()?;
        let archive = packages.stdout.take().map_or_else(Stdio::null, Stdio::from);
        // Programs are started as somebody who may do nothing; a drill says as whom it starts its own.
        let changes = ["--change", &format!("LABEL {LABEL}={digest}"), "--change", "USER nobody"];
        let imported = docker.arg("import").args(changes).args(["-", &self.name]).stdin(archive).status()?;
        let done = packages.wait()?.success() && imported.success();
        let said =
            || io::Error::other(format!("{} could not be built; the words of the programs are above", self.name));
        if done { Ok(()) } else { Err(said()) }
    }
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

    #[test]
    fn every_recipe_is_legible_and_names_tools_of_the_table() {
        let root = crate::workspace_root(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let recipes = recipes(&root).unwrap();
        assert!(recipes.len() >= 3);
        for Recipe { name, tools, packages, .. } in recipes {
            assert!(name.starts_with("blackstart/"), "{name}");
            assert!(packages.is_sorted(), "{name}: packages in the order of the alphabet");
            for wanted in tools {
                assert!(blackstart_tools::all().iter().any(|tool| tool.programs[0] == wanted), "{name}: {wanted}");
            }
        }
    }
}
