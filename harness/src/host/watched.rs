//! A program with every process that it starts: how each of them ended, whoever waited for it.
//!
//! A shell tells how the last stage of a pipe ended, and forgets the others. The kernel tells whoever traces them: each
//! process stops for a moment where it forks, executes another program or ends, and runs undisturbed in between.

#![allow(unsafe_code, reason = "the safe forms of wait and ptrace know no real-time signals")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{ChildStderr, ChildStdin, ChildStdout, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use blackstart_record::event::{Processes, Stage};
use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::unistd::Pid;
use tokio::sync::oneshot;

use super::command::{Command, Finished, Logs, Streams, family};
use super::process;
use super::steps::Steps;
use super::view::View;
use crate::failure::{Error, Result};

type Pipes = (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>);

/// Runs a prepared program, which asks to be traced, to its end within the command's bound.
pub(super) async fn exec(
    mut prepared: std::process::Command,
    (host, view): (&str, Option<Arc<View>>),
    command: &Command,
    logs: &Logs,
    steps: Arc<Steps>,
) -> Result<(Finished, Processes)> {
    let (started, start) = oneshot::channel();
    let (ended, mut end) = oneshot::channel();
    // Whoever starts a process is who traces it, and waits for it: a thread of its own.
    std::thread::Builder::new().name("watch".into()).spawn(move || {
        let child = view.as_ref().map_or(Ok(()), |view| view.adopt_children()).and_then(|()| prepared.spawn());
        let child = child.map(|mut child| {
            let pipes: Pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
            (child.id(), pipes)
        });
        let pid = child.as_ref().ok().map(|(pid, _)| *pid);
        if started.send(child).is_ok()
            && let Some(pid) = pid
        {
            let _ = ended.send(Watch { steps, ..Watch::default() }.follow(pid.cast_signed()));
        }
    })?;
    let lost = |_| Error::new(format!("the watch over {} was lost", command.name()));
    let (pid, (stdin, stdout, stderr)) =
        start.await.map_err(lost)?.map_err(|error| command.not_started(host, &error))?;
    let pipes = (
        stdin.map(tokio::process::ChildStdin::from_std).transpose()?,
        stdout.map(tokio::process::ChildStdout::from_std).transpose()?,
        stderr.map(tokio::process::ChildStderr::from_std).transpose()?,
    );
    let streams = Streams::follow(pipes, host, command, logs)?;
    if let Ok(end) = tokio::time::timeout(command.bound, &mut end).await {
        let (status, processes) = end.map_err(lost)?;
        return Ok((streams.finished(status).await, processes));
    }
    process::kill_all(|| family(pid), Duration::from_secs(2)).await;
    Err(Error::bound(&command.name(), command.bound, streams.lines()))
}

/// What is known of a process while it runs.
#[derive(Debug, Default)]
struct Seen {
    name: String,
    /// The pipe that its standard output is.
    output: Option<u64>,
    executed: bool,
    is_thread: bool,
}

#[derive(Debug, Default)]
struct Watch {
    /// Whether the kernel stops them for us at all.
    traced: bool,
    running: HashMap<i32, Seen>,
    /// Those that were seen to stand still at their beginning.
    begun: HashSet<i32>,
    /// Who reads from which pipe.
    readers: HashMap<u64, String>,
    ended: Vec<(Stage, Option<u64>)>,
    steps: Arc<Steps>,
}

impl Watch {
    /// Follows `root`, which this thread started, and all that it starts, until it ends.
    fn follow(mut self, root: i32) -> (ExitStatus, Processes) {
        let mut ended = None;
        loop {
            let mut raw = 0;
            // Only this thread's own: the drill has other children.
            let flags = libc::__WALL | libc::__WNOTHREAD | if ended.is_some() { libc::WNOHANG } else { 0 };
            // SAFETY: the status is written to a variable that outlives the call.
            let pid = unsafe { libc::waitpid(-1, &raw mut raw, flags) };
            if pid < 0 && Errno::last() == Errno::EINTR {
                continue;
            }
            if pid <= 0 {
                break;
            }
            if libc::WIFSTOPPED(raw) {
                self.stopped(pid, root, raw);
            } else if pid == root {
                ended = Some(ExitStatus::from_raw(raw));
            } else {
                self.over(pid, ExitStatus::from_raw(raw));
            }
        }
        // Whoever still runs was left behind on purpose: the end of this thread sets it free.
        let status = ended.unwrap_or_else(|| ExitStatus::from_raw(libc::SIGKILL));
        (status, self.told())
    }

    fn stopped(&mut self, pid: i32, root: i32, raw: i32) {
        let mut signal = libc::WSTOPSIG(raw);
        match raw >> 16 {
            0 if !self.traced && pid == root => {
                let options = Options::PTRACE_O_TRACEFORK
                    | Options::PTRACE_O_TRACEVFORK
                    | Options::PTRACE_O_TRACECLONE
                    | Options::PTRACE_O_TRACEEXEC
                    | Options::PTRACE_O_TRACEEXIT;
                self.traced = ptrace::setoptions(Pid::from_raw(pid), options).is_ok();
                self.begun.insert(pid);
                signal = 0;
            }
            0 if signal == libc::SIGSTOP && self.begun.insert(pid) => {
                self.appeared(pid);
                signal = 0;
            }
            // A signal that is its own: it gets it.
            0 => {}
            event => {
                if event == libc::PTRACE_EVENT_EXEC {
                    self.executed(pid);
                } else if event == libc::PTRACE_EVENT_EXIT {
                    self.ends(pid);
                }
                signal = 0;
            }
        }
        // SAFETY: it stands still for this thread; a process that was killed meanwhile is an error that says so.
        unsafe { libc::ptrace(libc::PTRACE_CONT, pid, 0, i64::from(signal)) };
    }

    fn appeared(&mut self, pid: i32) {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let group = status.lines().find_map(|line| line.strip_prefix("Tgid:")?.trim().parse::<i32>().ok());
        let is_thread = group.is_some_and(|group| group != pid);
        self.running.insert(pid, Seen { name: name_of(pid), is_thread, ..Seen::default() });
    }

    fn executed(&mut self, pid: i32) {
        let name = name_of(pid);
        self.reads(pid, &name);
        if self.steps.next(&name) {
            // It stands still at its first instruction: it does none.
            let _ = nix::sys::signal::kill(Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL);
        }
        self.running.insert(pid, Seen { name, output: pipe_of(pid, 1), executed: true, is_thread: false });
    }

    /// A part of a shell that does its work itself is known by its pipes at its end only.
    fn ends(&mut self, pid: i32) {
        let Some(seen) = self.running.get_mut(&pid).filter(|seen| !seen.executed && !seen.is_thread) else { return };
        seen.output = pipe_of(pid, 1);
        let name = seen.name.clone();
        self.reads(pid, &name);
    }

    fn reads(&mut self, pid: i32, name: &str) {
        if let Some(pipe) = pipe_of(pid, 0) {
            self.readers.insert(pipe, name.to_owned());
        }
    }

    fn over(&mut self, pid: i32, status: ExitStatus) {
        let Some(Seen { name, output, is_thread: false, .. }) = self.running.remove(&pid) else { return };
        self.ended.push((Stage { name, code: status.code(), signal: status.signal(), piped_into: None }, output));
    }

    fn told(self) -> Processes {
        if !self.traced {
            return Processes::Unseen { why: "the kernel lets this process trace nobody".into() };
        }
        let mut stages: BTreeMap<Stage, u64> = BTreeMap::new();
        for (mut stage, output) in self.ended {
            stage.piped_into = output.and_then(|pipe| self.readers.get(&pipe).cloned());
            *stages.entry(stage).or_default() += 1;
        }
        Processes::Watched(stages.into_iter().collect())
    }
}

/// What a process executes: of a script its own name, not its interpreter's. Never its arguments: they may hold anything.
fn name_of(pid: i32) -> String {
    const INTERPRETERS: [&str; 7] = ["sh", "bash", "dash", "perl", "python3", "env", "ruby"];
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut words = line.split(|byte| *byte == 0).map(|word| {
        let word = String::from_utf8_lossy(word).into_owned();
        word.rsplit('/').next().unwrap_or_default().to_owned()
    });
    let program = words.next().unwrap_or_default();
    let script = words.next().filter(|word| !word.is_empty() && !word.starts_with('-'));
    script.filter(|_| INTERPRETERS.contains(&program.as_str())).unwrap_or(program)
}

/// The pipe that a process's descriptor is, by the number that its other end has too.
fn pipe_of(pid: i32, descriptor: u32) -> Option<u64> {
    let link = fs::read_link(format!("/proc/{pid}/fd/{descriptor}")).ok()?;
    link.to_str()?.strip_prefix("pipe:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::testing::plain_host;

    fn script(lines: &str) -> Command {
        Command::new("/bin/sh").args(["-c", lines]).streams_apart()
    }

    async fn watch(lines: &str) -> (Finished, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let (finished, processes) = plain_host(folder.path()).await.exec_watched(&script(lines)).await.unwrap();
        let Processes::Watched(stages) = processes else { panic!("{processes:?}") };
        let told = |(stage, times): &(Stage, u64)| {
            let into = stage.piped_into.as_deref().map_or_else(String::new, |into| format!(" into {into}"));
            format!("{times} x {stage}{into}")
        };
        (finished, stages.iter().map(told).collect())
    }

    #[tokio::test]
    async fn every_process_is_told_with_its_end_and_its_reader() {
        let cases: [(&str, i32, &[&str]); 9] = [
            ("true", 0, &[]),
            ("exit 7", 7, &[]),
            ("/bin/false | cat", 0, &["1 x cat exited with 0", "1 x false exited with 1 into cat"]),
            ("(exit 3) | cat; exit 0", 0, &["1 x cat exited with 0", "1 x sh exited with 3 into cat"]),
            (
                "sh -c 'kill -9 $$' | cat; exit 0",
                0,
                &["1 x cat exited with 0", "1 x sh was ended by signal 9 into cat"],
            ),
            (
                "/bin/true | /bin/false | cat; exit 0",
                0,
                &["1 x cat exited with 0", "1 x false exited with 1 into cat", "1 x true exited with 0 into false"],
            ),
            ("x=$(/bin/false); exit 0", 0, &["1 x false exited with 1"]),
            ("for i in 1 2 3; do /bin/true; done; exit 0", 0, &["3 x true exited with 0"]),
            (
                "sleep 5 & sleep 0.2; kill -USR1 $!; wait; exit 0",
                0,
                &["1 x sleep was ended by signal 10", "1 x sleep exited with 0"],
            ),
        ];
        for (lines, code, expected) in cases {
            let (finished, told) = watch(lines).await;
            assert_eq!(finished.status.code(), Some(code), "{lines}");
            assert_eq!(told, expected, "{lines}");
        }
    }

    #[tokio::test]
    async fn exactly_the_program_that_is_asked_for_is_killed_at_its_start() {
        let folder = tempfile::tempdir().unwrap();
        let host = plain_host(folder.path()).await;
        let lines = "for i in 1 2 3; do /bin/true; /bin/echo $i; done; exit 0";
        for (kill, printed) in [(None, "1\n2\n3\n"), (Some(1), "2\n3\n"), (Some(2), "1\n3\n"), (Some(4), "1\n2\n3\n")] {
            host.steps().begin(kill.map(|number| ("echo".to_owned(), number)));
            let (finished, _) = host.exec_watched(&script(lines)).await.unwrap();
            assert_eq!((finished.status.code(), &*finished.stdout), (Some(0), printed), "{kill:?}");
            assert_eq!(host.steps().begin(None), ["true", "echo", "true", "echo", "true", "echo"], "{kill:?}");
        }
    }

    #[tokio::test]
    async fn streams_are_kept_and_signals_arrive() {
        let (finished, _) = watch("trap 'echo caught; exit 5' TERM; echo said >&2; kill -TERM $$; sleep 5").await;
        assert_eq!((finished.status.code(), finished.stdout.as_str()), (Some(5), "caught\n"));
        assert_eq!(finished.stderr, "said\n");
        let (finished, _) = watch("kill -KILL $$").await;
        assert_eq!(finished.status.signal(), Some(libc::SIGKILL));
    }

    #[tokio::test]
    async fn a_bound_ends_the_program_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let host = plain_host(folder.path()).await;
        let left = format!("echo $$ > {0}; sleep 77 | sleep 78", host.path("pid"));
        let error = host.exec_watched(&script(&left).bound(Duration::from_millis(300))).await.unwrap_err();
        assert!(error.to_string().contains("sh"), "{error}");
        let pid: u32 = fs::read_to_string(host.outside("pid")).unwrap().trim().parse().unwrap();
        assert!(process::start_time(pid).is_none() && process::descendants(pid).is_empty());
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = plain_host(folder.path()).await.exec_watched(&Command::new("/no/such/program")).await.unwrap_err();
        assert!(error.to_string().contains("no program /no/such/program"), "{error}");
    }
}
