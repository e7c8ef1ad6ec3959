//! The command line: one file per subcommand; the only place that knows reports.

pub mod inside;

/// Tells a person what went wrong.
pub fn complain(why: &str) {
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("blackstart: {why}\n").as_bytes());
}
