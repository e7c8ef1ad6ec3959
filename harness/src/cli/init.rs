//! `blackstart init`: a plan and a scenario around somebody's own two programs.

use std::fs;
use std::io::{self, BufRead, IsTerminal, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::output;
use super::problem::{Problem, Result};
use super::select::Scenarios;
use crate::drill::Registry;
use crate::plan;

const PLAN: &str = include_str!("init/plan.toml");
const SCENARIO: &str = include_str!("init/scenario.toml");
/// The name of the scenario that is written.
const NAME: &str = "corruption";

/// Writes a plan and a scenario that drill your own backup and restore programs.
///
/// The programs are copied into the plan's folder. What is not given is asked for, if there is a terminal to ask on.
/// The README's "Your own pipeline" says what the programs find in their environment.
#[derive(Args, Debug)]
pub struct Init {
    /// The plan's name: lower-case letters, digits and hyphens.
    name: String,
    /// The server that is saved.
    #[arg(long, value_enum, default_value_t)]
    engine: Engine,
    /// The program that takes a backup and copies it to the store.
    #[arg(long, value_name = "FILE")]
    backup: Option<PathBuf>,
    /// The program that fetches that backup and restores it.
    #[arg(long, value_name = "FILE")]
    restore: Option<PathBuf>,
    /// The recovery time objective, as `1h`.
    #[arg(long, value_parser = plan::check_duration)]
    rto: Option<String>,
    /// The recovery point objective, as `15m`.
    #[arg(long, value_parser = plan::check_duration)]
    rpo: Option<String>,
    /// When backups are taken: a cron line (`0 2 * * *`) or the time between two (`24h`).
    #[arg(long, value_parser = plan::check_schedule)]
    every: Option<String>,
    /// Restore beside the damaged database on its own server, and not on an empty one.
    #[arg(long)]
    in_place: bool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Engine {
    /// PostgreSQL.
    #[default]
    Postgres,
}

/// All that is to be written, each of it given or asked for.
struct Answers {
    backup: PathBuf,
    restore: PathBuf,
    rto: String,
    rpo: String,
    every: String,
}

/// Runs `blackstart init`.
///
/// # Errors
/// Something was not given and cannot be asked for, a program is not there, or the plan is there already.
pub fn run(args: &Init, scenarios: &Scenarios) -> Result<Exit> {
    plan::check_name(&args.name).map_err(|why| Problem::new(Exit::Usage, why))?;
    let folder = scenarios.scenarios.join(&args.name);
    if folder.exists() {
        let problem = Problem::new(Exit::Usage, format!("{} is there already; nothing was written", folder.display()));
        return Err(problem.help("choose another name, or remove the folder"));
    }
    let answers = answers(args)?;
    let [backup, restore] = [&answers.backup, &answers.restore].map(|program| file_name(program));
    let (backup, restore) = (backup?, restore?);
    if backup == restore {
        let problem = Problem::new(Exit::Usage, format!("both programs are called {backup}"));
        return Err(problem.help("they are copied into one folder: give them different names"));
    }
    let engine = args.engine.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let plan = filled(
        PLAN,
        &[
            ("NAME", &args.name),
            ("ENGINE", &engine),
            ("RTO", &answers.rto),
            ("RPO", &answers.rpo),
            ("BACKUP", &quoted(&backup)),
            ("RESTORE", &quoted(&restore)),
            ("EVERY", &quoted(&answers.every)),
        ],
    );
    let scenario = filled(SCENARIO, &[("TARGET", if args.in_place { "primary" } else { "recovery" })]);
    fs::create_dir_all(&folder)?;
    for (program, name) in [(&answers.backup, &backup), (&answers.restore, &restore)] {
        let copy = folder.join(name);
        fs::copy(program, &copy)?;
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755))?;
    }
    fs::write(folder.join("plan.toml"), plan)?;
    fs::write(folder.join(format!("{NAME}.toml")), scenario)?;
    plan::load::<Registry>(&scenarios.scenarios, &args.name, NAME)?;
    let drill = format!("{}/{NAME}", args.name);
    output::data(&format!("{}\n", folder.display()))?;
    output::note(&format!("wrote the plan, the scenario and copies of both programs; next: blackstart run {drill}"));
    Ok(Exit::Met)
}

fn filled(template: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("@{name}@"), value))
}

fn file_name(program: &Path) -> Result<String> {
    let name = program.file_name().and_then(|name| name.to_str()).filter(|_| program.is_file());
    let problem = || {
        let problem = Problem::new(Exit::Usage, format!("there is no program {}", program.display()));
        problem.help("name a file that can be run, as a shell script")
    };
    name.map(str::to_owned).ok_or_else(problem)
}

/// What was given; the rest is asked for, all of it or nothing.
fn answers(args: &Init) -> Result<Answers> {
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let mut asked: [(&str, &str, Check, Option<String>); 5] = [
        ("--backup", "the program that takes a backup", anything, path(&args.backup)),
        ("--restore", "the program that restores it", anything, path(&args.restore)),
        ("--rto", "the recovery time objective, as 1h", plan::check_duration, args.rto.clone()),
        ("--rpo", "the recovery point objective, as 15m", plan::check_duration, args.rpo.clone()),
        ("--every", "when backups are taken, as 24h or a cron line", plan::check_schedule, args.every.clone()),
    ];
    let missing: Vec<&str> = asked.iter().filter(|(.., value)| value.is_none()).map(|(flag, ..)| *flag).collect();
    if !(missing.is_empty() || io::stdin().is_terminal() && io::stderr().is_terminal()) {
        let problem = Problem::new(Exit::Usage, format!("not given: {}", missing.join(", ")));
        return Err(problem.help("there is no terminal to ask on; `blackstart init --help` says what each of them is"));
    }
    for (_, question, check, value) in &mut asked {
        if value.is_none() {
            *value = Some(ask(question, *check)?);
        }
    }
    let [backup, restore, rto, rpo, every] = asked.map(|(.., value)| value.unwrap_or_default());
    Ok(Answers { backup: backup.into(), restore: restore.into(), rto, rpo, every })
}

type Check = fn(&str) -> std::result::Result<String, String>;

fn anything(text: &str) -> std::result::Result<String, String> {
    if text.is_empty() { Err("an answer is needed".to_owned()) } else { Ok(text.to_owned()) }
}

/// Asks until the answer can be taken.
fn ask(question: &str, check: Check) -> Result<String> {
    loop {
        write!(io::stderr(), "{question}: ")?;
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line)? == 0 {
            return Err(Problem::new(Exit::Usage, "the answers ended; nothing was written"));
        }
        match check(line.trim()) {
            Ok(answer) => return Ok(answer),
            Err(why) => output::note(&why),
        }
    }
}
