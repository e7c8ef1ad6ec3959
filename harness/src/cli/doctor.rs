//! `blackstart doctor`: what this machine can run, and the command that installs what it can't.

use std::collections::BTreeMap;

use blackstart_record::record::Isolation;
use blackstart_tools::Missing;
use clap::Args;
use serde::Serialize;

use super::exit::Exit;
use super::layout::columns;
use super::needs::{self, Machine};
use super::output::{self, Format, Paint};
use super::problem;
use crate::fault::BY_CONTROL_GROUP;
use crate::host::{docker, isolate, scratch};
use crate::plan::{Promise, Provides};
use crate::store::Provider;

/// Says what this machine can run, and what installs the rest.
///
/// Looks for every outside program that a drill uses, and whether this machine can isolate hosts; prints the exact
/// command for whatever is missing. Changes nothing. Ends with exit code 105 if something is missing.
#[derive(Args, Debug)]
pub struct Doctor {}

#[derive(Serialize)]
struct Diagnosis {
    /// Whether every tool is there that a plan need not choose.
    ready: bool,
    tools: Vec<Part>,
    isolation: Isolation,
    /// The container engine and the images that hosts would be made of; or why there are none.
    docker: Result<Containers, String>,
    /// What stores of each provider lack of what plans may rely on.
    stores: BTreeMap<&'static str, Vec<Promise>>,
    /// Where the disks of a drill's hosts will be.
    scratch: String,
}

#[derive(Serialize)]
struct Containers {
    engine: String,
    images: docker::Images,
    /// Faults of containers that are refused on this engine.
    out_of_reach: Vec<&'static str>,
}

#[derive(Serialize)]
struct Part {
    tool: &'static str,
    why: &'static str,
    version: Option<String>,
    path: Option<String>,
    /// Found by its name, but of no use: where, and why.
    rejected: Vec<String>,
    /// Whether plans alone need it that choose it.
    chosen: bool,
    /// The command that installs it here; only where it is missing.
    install: Option<String>,
}

/// Runs `blackstart doctor`. Must be called before any thread is started: it looks by making a child process.
///
/// # Errors
/// Standard output failed.
pub fn run(_: &Doctor, format: Format) -> problem::Result<Exit> {
    let diagnosis = diagnose();
    match format {
        Format::Text => output::data(&text(&diagnosis, Paint::stdout()))?,
        Format::Json => output::json(&diagnosis)?,
        Format::Jsonl => output::json_line(&diagnosis)?,
    }
    Ok(if diagnosis.ready { Exit::Met } else { Exit::Inconclusive })
}

fn diagnose() -> Diagnosis {
    let isolation = isolate::available().describe();
    let mut machine = Machine::default();
    let tools: Vec<Part> = blackstart_tools::all()
        .iter()
        .map(|tool| match machine.look(tool) {
            Ok(found) => Part {
                tool: tool.name,
                why: tool.why,
                version: Some(found.version.clone()),
                path: Some(found.path.display().to_string()),
                rejected: Vec::new(),
                chosen: needs::is_chosen(tool),
                install: None,
            },
            Err(missing) => lacking(missing),
        })
        .collect();
    let ready = tools.iter().all(|part| part.chosen || part.install.is_none());
    let docker = docker::at_once(docker::available());
    let docker = docker.map(|(engine, images)| {
        let out_of_reach = if engine.is_rootless() { BY_CONTROL_GROUP.to_vec() } else { Vec::new() };
        Containers { engine: engine.version, images, out_of_reach }
    });
    let docker = docker.map_err(|error| error.to_string());
    let lacks = |provider: &Provider| provider.lacking().iter().map(|(promise, _)| *promise).collect();
    let stores = Provider::all().iter().map(|provider| (provider.name(), lacks(provider))).collect();
    Diagnosis { ready, tools, isolation, docker, stores, scratch: scratch::root().display().to_string() }
}

fn lacking(missing: &Missing) -> Part {
    let rejected = missing.rejected.iter().map(|one| format!("{}: {}", one.path.display(), one.reason));
    Part {
        tool: missing.tool.name,
        why: missing.tool.why,
        version: None,
        path: None,
        rejected: rejected.collect(),
        chosen: needs::is_chosen(missing.tool),
        install: Some(missing.install_command.clone()),
    }
}

fn text(diagnosis: &Diagnosis, paint: Paint) -> String {
    let row = |part: &Part| {
        let state = match &part.install {
            None => paint.good("found"),
            Some(_) if part.chosen => paint.doubt("absent"),
            Some(_) => paint.bad("missing"),
        };
        let version = part.version.clone().unwrap_or_else(|| part.why.to_owned());
        vec![state.into_owned(), part.tool.to_owned(), version, part.path.clone().unwrap_or_default()]
    };
    let mut out = columns(&diagnosis.tools.iter().map(row).collect::<Vec<_>>(), 0);
    for part in &diagnosis.tools {
        for rejected in &part.rejected {
            out += &format!("  {}: {rejected}\n", part.tool);
        }
    }
    let isolated = diagnosis.isolation.cannot_prove.is_empty();
    let state = if isolated { paint.good("found") } else { paint.doubt("partly") };
    out += &format!("{state}  isolation: {}\n", diagnosis.isolation.says);
    if !isolated {
        out += &format!("  checks that will be inconclusive: {}\n", diagnosis.isolation.cannot_prove.join(", "));
    }
    out += &match &diagnosis.docker {
        Ok(Containers { engine, images, out_of_reach }) => {
            let images: Vec<&str> = images.values().map(String::as_str).collect();
            let lacks = match out_of_reach.join(", ") {
                none if none.is_empty() => none,
                faults => format!("  its control groups are out of reach, and so are the faults {faults}\n"),
            };
            format!("{}  containers: {engine}, with {}\n{lacks}", paint.good("found"), images.join(", "))
        }
        Err(why) => format!("{}  containers: {}\n", paint.doubt("not here"), why.replace('\n', "\n  ")),
    };
    for (provider, lacks) in diagnosis.stores.iter().filter(|(_, lacks)| !lacks.is_empty()) {
        out += &format!("\nStores of {provider} do not promise that\n");
        out += &lacks.iter().map(|promise| format!("  {promise}\n")).collect::<String>();
    }
    out += &format!("\nDisks of drills will be below {} (BLACKSTART_SCRATCH).\n", diagnosis.scratch);
    let commands: Vec<&str> = diagnosis.tools.iter().filter_map(|part| part.install.as_deref()).collect();
    if commands.is_empty() {
        let containers = if diagnosis.docker.is_ok() { ", and in containers, which it takes by itself" } else { "" };
        out += &format!("This machine can run every scenario on native hosts{containers}.\n");
    } else {
        out += "\nTo install what is missing, run these, or `make setup`, which does the same:\n\n";
        out += &commands.iter().map(|command| format!("    {command}\n")).collect::<String>();
    }
    out
}
