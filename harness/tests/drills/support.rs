//! Small drills of the real plan, run by the real command.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use blackstart::host::process;
use blackstart_record::event::{Event, Phase};
use blackstart_record::history::{self, History};
use blackstart_record::record::Folder;
use blackstart_record::verdict::{DrillVerdict, Verdict};

/// A folder of scenarios, a place for runs, and a scratch folder of its own.
pub struct Place {
    root: tempfile::TempDir,
    plan: &'static str,
    scenario: &'static str,
}

/// A folder for drills: where drills have their disks, as `cargo ci test` says it.
pub fn folder(prefix: &str) -> tempfile::TempDir {
    let all = std::env::var("BLACKSTART_SCRATCH").unwrap_or_else(|_| "/var/tmp".to_owned());
    fs::create_dir_all(&all).unwrap();
    tempfile::Builder::new().prefix(prefix).tempdir_in(all).unwrap()
}

/// Whether `BLACKSTART_FULL=1` asks for all that there is.
pub fn asks_for_all() -> bool {
    std::env::var("BLACKSTART_FULL").is_ok_and(|full| full == "1")
}

/// A change to the plan or the scenario: this text becomes that.
pub type Change = (&'static str, &'static str);

/// A folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for path in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, to).unwrap();
        }
    }
}

/// A plan without its profiles, which name scenarios that are not here.
fn without_profiles(plan: &str) -> String {
    let Some((before, profiles)) = plan.split_once("[profiles.") else { return plan.to_owned() };
    let after = profiles.find("# ---").map_or("", |at| &profiles[at..]);
    format!("{before}[profiles.all]\ndrills = [\"*\"]\n\n{after}")
}

/// What makes the shipped scenario small enough for a test.
const SMALL: &[Change] = &[
    ("rows    = 200_000", "rows    = 2_000\nafter-recovery = \"2s\""),
    ("rate    = 200 # operations a second over all clients", "rate    = 100"),
    ("after  = \"3s\"", "after  = \"1s\""),
    ("after  = \"6s\"", "after  = \"2s\""),
];

impl Place {
    /// The shipped plan and scenario, made small, with `changes` on top.
    pub fn new(changes: &[Change]) -> Self {
        Self::of("database-corruption", changes)
    }

    /// [`Place::new`] for another scenario of the plan.
    pub fn of(scenario: &'static str, changes: &[Change]) -> Self {
        Self::in_plan("fulexo", scenario, SMALL.iter().chain(changes))
    }

    /// A scenario of a shipped plan, changed.
    pub fn in_plan<'a>(
        plan: &'static str,
        scenario: &'static str,
        changes: impl IntoIterator<Item = &'a Change>,
    ) -> Self {
        let root = folder("drill");
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios").join(plan);
        let own = root.path().join("scenarios").join(plan);
        fs::create_dir_all(&own).unwrap();
        let scenario_file = format!("{scenario}.toml");
        let mut texts =
            ["plan.toml", &scenario_file].map(|name| (name, fs::read_to_string(shipped.join(name)).unwrap()));
        for (from, to) in changes {
            assert!(texts.iter().any(|(_, text)| text.contains(from)), "nothing reads: {from}");
            texts.iter_mut().for_each(|(_, text)| *text = text.replace(from, to));
        }
        for (name, text) in texts {
            fs::write(own.join(name), without_profiles(&text)).unwrap();
        }
        // The plan names its programs, whichever scenario is run.
        for beside in fs::read_dir(&shipped).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
            copy(&beside, &own.join(beside.file_name().unwrap()));
        }
        Self { root, plan, scenario }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.root.path()
    }

    /// `blackstart` with arguments, at home in this place.
    pub fn blackstart(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blackstart"));
        command.args(args).env("BLACKSTART_SCRATCH", self.path().join("scratch"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The command that runs the drill.
    pub fn run(&self) -> Command {
        self.run_on("native")
    }

    /// Likewise, on other hosts.
    pub fn run_on(&self, hosts: &str) -> Command {
        let (scenarios, out) = (self.path().join("scenarios"), self.path().join("out"));
        self.blackstart(&["run", "--scenarios", text(&scenarios), "--out", text(&out), "--hosts", hosts, "--seed", "7"])
    }

    /// The drill's record.
    pub fn folder(&self) -> Folder {
        Folder::new(self.path().join(format!("out/{}-{}", self.plan, self.scenario)))
    }

    /// The verdict that was stored.
    pub fn verdict(&self) -> DrillVerdict {
        self.folder().load_verdict().unwrap()
    }

    /// The history so far.
    pub fn history(&self) -> History {
        history::read(&self.folder().history()).unwrap_or_default()
    }

    /// Waits until the history holds an event that `is` names.
    pub fn wait_for(&self, child: &mut Child, what: &str, is: impl Fn(&Event) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(120);
        while !self.history().entries.iter().any(|entry| is(&entry.event)) {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "the drill ended before {what}: {ended:?} {}", said(child));
            assert!(Instant::now() < deadline, "no {what} within two minutes");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the drill is in `phase`.
    pub fn wait_for_phase(&self, child: &mut Child, phase: Phase) {
        self.wait_for(child, &format!("{phase:?}"), |event| *event == Event::Phase(phase));
    }

    /// Replaces one of the plan's programs.
    pub fn rewrite(&self, program: &str, text: &str) {
        fs::write(self.path().join("scenarios").join(self.plan).join(program), text).unwrap();
    }

    /// Replaces all of the scenario's faults.
    pub fn replace_faults(&self, faults: &str) {
        let path = self.path().join(format!("scenarios/{}/{}.toml", self.plan, self.scenario));
        let text = fs::read_to_string(&path).unwrap();
        let (before, rest) = text.split_once("[[faults]]").unwrap();
        let (_, after) = rest.split_once("[[runbook]]").unwrap();
        fs::write(path, format!("{before}{faults}[[runbook]]{after}")).unwrap();
    }

    /// What is left in the scratch folder.
    pub fn scratch(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path().join("scratch"));
        entries.map(|entries| entries.flatten().map(|entry| entry.path()).collect()).unwrap_or_default()
    }
}

/// Processes of a drill by their program's name, as seen from outside.
pub fn servers(harness: u32, program: &str) -> Vec<u32> {
    let named = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let first = line.split(|byte| *byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(first).rsplit('/').next() == Some(program)
    };
    process::descendants(harness).into_iter().filter(named).collect()
}

/// The quickest of the shipped scenarios. Its dump is too old for its objective, and everything else of it is met.
pub const DUMP: &str = "database-corruption-nightly-dump";

/// Asserts that a drill of [`DUMP`] missed nothing but what its schedule misses.
pub fn assert_intact(place: &Place, output: &Output, what: &str) {
    assert_eq!(output.status.code(), Some(99), "{what}: {}", told(output));
    for finding in place.verdict().findings {
        assert!(finding.compared > 0 && finding.verdict == Verdict::Met, "{what}: {finding:?}");
    }
}

/// What a command that has ended had to say.
fn said(child: &mut Child) -> String {
    let mut said = String::new();
    let _ = child.stderr.as_mut().map(|stream| stream.read_to_string(&mut said));
    said
}

/// Both streams and the exit code, for messages.
pub fn told(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("exit {:?}\n--- stdout\n{out}\n--- stderr\n{err}", output.status.code())
}

/// A path as text.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}
