//! `blackstart completions`: tab completion for a shell.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::exit::Exit;
use super::problem::Result;
use super::{Cli, output};

/// Prints a completion script for a shell.
///
/// For bash, for example: `blackstart completions bash > ~/.local/share/bash-completion/completions/blackstart`.
#[derive(Args, Debug)]
pub struct Completions {
    /// The shell.
    shell: Shell,
}

/// Runs `blackstart completions`.
///
/// # Errors
/// Standard output failed.
pub fn run(args: &Completions) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "blackstart", &mut script);
    output::data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Met)
}
