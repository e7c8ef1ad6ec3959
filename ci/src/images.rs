//! `cargo ci images`: what hosts in containers are made of, built from Debian's packages and the pinned tools.
//!
//! For machines that reach no image registry, and for the backup tools that the makers' own images lack. A recipe is a file in
//! `fixtures/images/`; an image that was built from the same recipe and the same tools is not built again.

mod recipe;

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::engine::Engine;
use recipe::{RECIPES, Recipe};

/// What hosts of drills are made of, as `harness/src/host/docker/images.rs` has it. The others wait for an engine of the
/// harness that runs on them, and whoever only drills does not wait for those.
const DRILLED: [&str; 3] = ["blackstart/postgres:17", "blackstart/s3", "blackstart/toxiproxy"];
/// Likewise, of plans that choose it.
const CHOSEN: [&str; 2] = ["blackstart/mariadb", "blackstart/mysql:9.7"];

/// Builds every image whose name contains one of `names`, or all; the exit code.
///
/// # Errors
/// A recipe can't be read, or a program not be started.
pub fn run(root: &Path, names: &[&str], out: &mut dyn Write) -> io::Result<u8> {
    let mut recipes = recipe::all(root)?;
    recipes.retain(|recipe| names.is_empty() || names.iter().any(|part| recipe.name.contains(part)));
    if recipes.is_empty() {
        writeln!(out, "no recipe in {RECIPES} makes an image of that name")?;
        return Ok(2);
    }
    build(&recipes, None, out)
}

/// A container engine of our own, with the images that hosts of drills are made of.
///
/// # Errors
/// It can't be had, or an image not be built; in words.
pub fn stocked(root: &Path, out: &mut dyn Write) -> io::Result<Engine> {
    with(root, &DRILLED, out)
}

/// Likewise, with those of every plan.
///
/// # Errors
/// Likewise.
pub fn stocked_for_all(root: &Path, out: &mut dyn Write) -> io::Result<Engine> {
    with(root, &[&DRILLED[..], &CHOSEN].concat(), out)
}

fn with(root: &Path, names: &[&str], out: &mut dyn Write) -> io::Result<Engine> {
    let engine = Engine::start(out)?;
    let mut recipes = recipe::all(root)?;
    recipes.retain(|recipe| names.contains(&recipe.name.as_str()));
    match build(&recipes, Some(&engine), out)? {
        0 => Ok(engine),
        _ => Err(io::Error::other("an image could not be built: why is said above")),
    }
}

/// Podman of our own, with the same images.
///
/// # Errors
/// It can't be had, or takes no image; in words.
pub fn copied(from: &Engine, out: &mut dyn Write) -> io::Result<Engine> {
    let podman = Engine::podman(out)?;
    for name in DRILLED {
        let id = |engine: &Engine| -> io::Result<String> {
            let asked = engine.docker().args(["image", "inspect", "--format", "{{.Id}}", name]).output()?;
            Ok(String::from_utf8_lossy(&asked.stdout).trim().to_owned())
        };
        if id(from)? == id(&podman)? {
            continue;
        }
        writeln!(out, "copy     {name} to podman")?;
        let mut saved = from.docker().args(["save", name]).stdout(Stdio::piped()).spawn()?;
        let archive = saved.stdout.take().map_or_else(Stdio::null, Stdio::from);
        let loaded = podman.docker().arg("load").stdin(archive).stdout(Stdio::null()).status()?;
        if !(saved.wait()?.success() && loaded.success()) {
            return Err(io::Error::other(format!("podman did not take {name}: why is said above")));
        }
    }
    Ok(podman)
}

/// Builds what this engine, or the machine's, does not have yet; the exit code.
fn build(recipes: &[Recipe], engine: Option<&Engine>, out: &mut dyn Write) -> io::Result<u8> {
    for program in ["docker", "mmdebstrap"] {
        let asked = if program == "docker" { docker(engine) } else { Command::new(program) };
        if !answers(asked) {
            let install = "sudo apt-get install --no-install-recommends docker.io iptables mmdebstrap";
            writeln!(out, "{program} does not answer. On Debian: {install}; then start dockerd")?;
            return Ok(2);
        }
    }
    let mut code = 0;
    for recipe in recipes {
        // A release of Debian that moved on keeps nobody from the images of the others.
        if let Err(error) = have(recipe, engine, out) {
            writeln!(out, "failed   {error}")?;
            code = 1;
        }
    }
    Ok(code)
}

fn have(recipe: &Recipe, engine: Option<&Engine>, out: &mut dyn Write) -> io::Result<()> {
    let digest = recipe.digest()?;
    if recipe.is_built(engine, &digest)? {
        return writeln!(out, "found    {}", recipe.name);
    }
    writeln!(out, "build    {} from {} packages of {}", recipe.name, recipe.packages.len(), recipe.suite)?;
    out.flush()?;
    recipe.build(engine, &digest)
}

fn answers(mut program: Command) -> bool {
    let asked = if program.get_program() == "docker" { "info" } else { "--version" };
    let quiet = program.arg(asked).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}

/// The client of this engine, or of the machine's.
fn docker(engine: Option<&Engine>) -> Command {
    engine.map_or_else(|| Command::new("docker"), Engine::docker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stocked_is_what_hosts_of_drills_are_made_of() {
        let root = crate::workspace_root(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let table = std::fs::read_to_string(root.join("harness/src/host/docker/images.rs")).unwrap();
        let (recipes, all) = (recipe::all(&root).unwrap(), [&DRILLED[..], &CHOSEN].concat());
        for Recipe { name, .. } in &recipes {
            let is_stocked = all.contains(&name.as_str());
            assert_eq!(is_stocked, table.contains(&format!("\"{name}\"")), "{name}");
        }
        assert!(all.iter().all(|name| recipes.iter().any(|recipe| recipe.name == *name)), "one has no recipe");
    }
}
