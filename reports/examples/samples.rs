//! Writes the sample records and their reports into a folder, to be looked at: `cargo run --example samples -- DIR`.

use std::path::PathBuf;

#[path = "../tests/support/mod.rs"]
mod support;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let target = std::env::args_os().nth(1).map(PathBuf::from).ok_or("which folder?")?;
    for (sample, name) in support::ALL {
        let folder = support::write(sample, &target.join(name))?;
        blackstart_reports::write_all(&folder)?;
    }
    Ok(())
}
