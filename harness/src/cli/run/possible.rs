//! What a drill can be asked for with flags, and what it cannot.

use super::Run;
use crate::cli::exit::Exit;
use crate::cli::problem::{Problem, Result};
use crate::drill::{Hosts, Registry};
use crate::fault::BY_CONTROL_GROUP;
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
    let mut wanting = loaded.faults.iter().filter(|fault| fault.inject.needs().iter().any(in_containers));
    let refused = wanting.find_map(|fault| Some((fault.inject.name(), out_of_reach(fault.inject.name(), hosts)?)));
    let Some((fault, (why, help))) = refused else { return Ok(()) };
    Err(Problem::new(Exit::Usage, format!("the fault `{fault}` of {drill} {why}")).help(help))
}

/// Why a fault of containers can't be injected on such hosts, and what helps.
fn out_of_reach(fault: &str, hosts: &Hosts) -> Option<(String, &'static str)> {
    match hosts {
        Hosts::Native => Some((
            "is one of containers, and the hosts are none".to_owned(),
            "`--hosts docker` makes them containers; `blackstart doctor` says whether they can be had here",
        )),
        Hosts::Docker { engine, .. } if engine.is_rootless() && BY_CONTROL_GROUP.contains(&fault) => Some((
            format!("needs control groups, and those of {} are out of reach", engine.version),
            "an engine that root runs has them, for a Blackstart that root runs",
        )),
        Hosts::Docker { .. } => None,
    }
}

fn restores_in_place(loaded: &Loaded<Registry>) -> bool {
    let pipeline = loaded.plan.pipelines.get(&loaded.pipeline.name);
    pipeline.is_some_and(|pipeline| pipeline.source == loaded.scenario.target)
}

fn promotes(loaded: &Loaded<Registry>) -> bool {
    loaded.pipeline.method.pipeline().restores_onto() == Onto::Replica
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::FAULTS;
    use crate::host::docker::{Engine, Images};

    #[test]
    fn faults_by_control_groups_are_refused_where_a_plain_user_runs_the_engine() {
        let docker = |user| {
            let (socket, version) = ("/run/e.sock".into(), "Podman Engine 4.3.1".into());
            let engine = Engine { socket, version, api: [1, 41], user };
            Hosts::Docker { engine, images: Images::new() }
        };
        let (by_root, by_user) = (docker(0), docker(1000));
        for fault in ["container-paused", "memory-exhausted", "cpu-throttled"] {
            assert!(FAULTS.iter().any(|(name, ..)| *name == fault), "{fault}");
            let (why, _) = out_of_reach(fault, &by_user).unwrap();
            assert!(why.contains("needs control groups") && why.contains("Podman Engine 4.3.1"), "{why}");
            assert_eq!(out_of_reach(fault, &by_root), None);
        }
        for fault in ["container-killed", "network-disconnected"] {
            assert_eq!((out_of_reach(fault, &by_root), out_of_reach(fault, &by_user)), (None, None));
            assert!(out_of_reach(fault, &Hosts::Native).is_some());
        }
    }
}
