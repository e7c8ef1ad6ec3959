//! `blackstart man`: manual pages.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_mangen::Man as Page;

use super::exit::{self, Exit};
use super::problem::{Problem, Result};
use super::{Cli, output};

/// Prints the manual page, or writes one for each subcommand into a folder.
///
/// To read it now: `blackstart man | man -l -`.
#[derive(Args, Debug)]
pub struct Man {
    /// Write `blackstart.1` and a page for each subcommand into this folder, which must exist.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Runs `blackstart man`.
///
/// # Errors
/// The pages could not be written.
pub fn run(args: &Man) -> Result<Exit> {
    let command = Cli::command();
    if let Some(folder) = &args.out {
        let written = clap_mangen::generate_to(command, folder);
        written.map_err(|error| {
            Problem::new(Exit::Internal, format!("cannot write manual pages into {}: {error}", folder.display()))
        })?;
        return Ok(Exit::Met);
    }
    let (man, mut page) = (Page::new(command), Vec::new());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    man.render_subcommands_section(&mut page)?;
    // As it stands: lines must not be joined.
    page.extend(format!(".SH \"EXIT STATUS\"\n.nf\n{}\n.fi\n", exit::HELP).into_bytes());
    man.render_version_section(&mut page)?;
    output::data(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Met)
}
