//! What a drill can be asked for with flags, and what it cannot.

use super::Run;
use crate::cli::exit::Exit;
use crate::cli::problem::{Problem, Result};
use crate::drill::{Hosts, Registry};
use crate::pipeline::Onto;
use crate::plan::{Asks, Loaded, Need};

/// Whether a drill can be done with the flags that were given, on such hosts.
pub(super) fn check(drill: &str, loaded: &Loaded<Registry>, args: &Run, hosts: &Hosts) -> Result<()> {
    check_hosts(drill, loaded, hosts)?;
    let flag = match (args.sabotage, args.crash_points) {
        (true, _) => "--sabotage",
        (_, true) => "--crash-points",
        _ => return Ok(()),
    };
    let refused = |why: String, help: String| Err(Problem::new(Exit::Usage, format!("{flag} {why}")).help(help));
    let leave_out = format!("leave {drill} out");
    if restores_in_place(loaded) {
        let help = format!("{leave_out}, or give the scenario another `target` than \"{}\"", loaded.scenario.target);
        return refused(format!("restores on servers of its own, and {drill} restores on its source"), help);
    }
    if promotes(loaded) {
        return refused(format!("works on a backup, and {drill} promotes a replica"), leave_out);
    }
    if args.crash_points && loaded.environment.objects.is_some() {
        let why = format!("compares rows alone, and the application of {drill} keeps objects too");
        return Err(Problem::new(Exit::Usage, format!("--crash-points {why}")).help(leave_out));
    }
    Ok(())
}

fn check_hosts(drill: &str, loaded: &Loaded<Registry>, hosts: &Hosts) -> Result<()> {
    let in_containers = |need: &Need<'_>| matches!(need, Need::Container(_));
    let wants = loaded.faults.iter().find(|fault| fault.inject.needs().iter().any(in_containers));
    let (Hosts::Native, Some(fault)) = (hosts, wants) else { return Ok(()) };
    let what = format!("the fault `{}` of {drill} is one of containers, and the hosts are none", fault.inject.name());
    let help = "`--hosts docker` makes them containers; `blackstart doctor` says whether they can be had here";
    Err(Problem::new(Exit::Usage, what).help(help))
}

fn restores_in_place(loaded: &Loaded<Registry>) -> bool {
    let pipeline = loaded.plan.pipelines.get(&loaded.pipeline.name);
    pipeline.is_some_and(|pipeline| pipeline.source == loaded.scenario.target)
}

fn promotes(loaded: &Loaded<Registry>) -> bool {
    loaded.pipeline.method.pipeline().restores_onto() == Onto::Replica
}
