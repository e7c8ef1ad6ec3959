//! `--hosts`: what the hosts of a run's drills are made of.

use clap::ValueEnum;

use crate::cli::exit::Exit;
use crate::cli::output;
use crate::cli::problem::{Problem, Result};
use crate::drill;
use crate::host::docker;

/// What hosts are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Hosts {
    /// Containers where an engine answers within 2 s and has the images, else native.
    #[default]
    Auto,
    /// Processes in namespaces of their own on this machine.
    Native,
    /// Containers on a network of their own.
    Docker,
}

impl Hosts {
    /// As it is written on the command line.
    pub fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// What hosts will be made of here.
    pub(super) fn resolved(self) -> Result<drill::Hosts> {
        let containers = || {
            let (engine, images) = docker::at_once(docker::available())?;
            Ok::<_, crate::failure::Error>(drill::Hosts::Docker { engine, images })
        };
        match self {
            Self::Native => Ok(drill::Hosts::Native),
            Self::Auto => Ok(containers().unwrap_or_else(|why| {
                let why = why.to_string();
                let first = why.lines().next().unwrap_or_default().trim_end_matches(':');
                output::note(&format!("native hosts: {first} (`blackstart doctor` says more)"));
                drill::Hosts::Native
            })),
            Self::Docker => containers().map_err(|error| {
                Problem::new(Exit::Inconclusive, error.to_string()).help(
                    "`--hosts native` needs no container engine; `blackstart doctor` says what this machine can do",
                )
            }),
        }
    }
}
