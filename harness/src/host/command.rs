//! Programs that run on a host: how they are asked for, awaited, bounded, and what is kept of their output.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::task::JoinHandle;

use super::process;
use crate::failure::{Error, Result};
use crate::secret::Secrets;

/// Lines of output that an error shows.
const TAIL_LINES: usize = 20;
/// Bytes of standard output that are kept for the caller.
const KEPT_BYTES: usize = 1 << 20;
/// A grandchild may hold the streams of a program that has ended open: longer nobody waits for more of them.
const GRACE: Duration = Duration::from_secs(2);

/// A program to run on a host.
#[derive(Clone, Debug)]
pub struct Command {
    pub(super) program: PathBuf,
    pub(super) args: Vec<String>,
    pub(super) env: Vec<(String, String)>,
    pub(super) bound: Duration,
    pub(super) log: String,
    pub(super) input: Option<Vec<u8>>,
    apart: bool,
}

impl Command {
    /// Runs `program` (a path on the host). Its output goes to `logs/<host>-<name>.log`.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let program = program.into();
        let log = program.file_name().map_or_else(|| "program".into(), |name| name.to_string_lossy().into_owned());
        Self {
            program,
            args: Vec::new(),
            env: Vec::new(),
            bound: Duration::from_secs(60),
            log,
            input: None,
            apart: false,
        }
    }

    /// Appends one argument. Never a secret: argument lists are public.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Appends arguments. Never a secret: argument lists are public.
    #[must_use]
    pub fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable. Never a secret: pass the path of a file.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// The longest that [`super::Host::exec`] waits (default 60 s).
    #[must_use]
    pub fn bound(mut self, bound: Duration) -> Self {
        self.bound = bound;
        self
    }

    /// Calls it otherwise than its program: where that only starts another.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.log);
        self
    }

    /// What it reads on standard input: the way for a secret to reach a program that asks for one.
    #[must_use]
    pub fn input(mut self, bytes: Vec<u8>) -> Self {
        self.input = Some(bytes);
        self
    }

    /// Keeps standard output and standard error in a log each, `<host>-<name>.out.log` and `<host>-<name>.err.log`.
    #[must_use]
    pub fn streams_apart(mut self) -> Self {
        self.apart = true;
        self
    }

    /// The names of its logs when it runs on `host`: of standard output and of standard error.
    pub fn logs_on(&self, host: &str) -> [String; 2] {
        let name = |stream: &str| format!("{host}-{}{stream}.log", self.log);
        if self.apart { [name(".out"), name(".err")] } else { [name(""), name("")] }
    }

    /// Why it could not be started on `host`.
    pub(super) fn not_started(&self, host: &str, error: &io::Error) -> Error {
        let name = self.program.display();
        match error.kind() {
            io::ErrorKind::NotFound => Error::new(format!("host {host} has no program {name}")),
            _ => Error::new(format!("cannot start {name} on host {host}: {error}")),
        }
    }

    /// The program's name, for messages.
    pub fn name(&self) -> String {
        self.program.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }
}

/// How a program ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Its exit status.
    pub status: ExitStatus,
    /// Its standard output, up to 1 MiB.
    pub stdout: String,
    /// Its standard error, up to 1 MiB, secrets hidden.
    pub stderr: String,
    /// Its last lines on both streams, secrets hidden.
    pub lines: Vec<String>,
}

impl Finished {
    /// Itself if it exited with 0.
    ///
    /// # Errors
    /// `what` it was meant to do, how it ended, and its last lines.
    pub fn success(self, what: &str) -> Result<Self> {
        use std::os::unix::process::ExitStatusExt;
        let ended = match (self.status.code(), self.status.signal()) {
            (Some(0), _) => return Ok(self),
            (Some(code), _) => format!("exited with {code}"),
            (None, signal) => {
                let signal = signal.and_then(|number| Signal::try_from(number).ok());
                format!("was ended by {}", signal.map_or("a signal", Signal::as_str))
            }
        };
        Err(Error::with_lines(format!("{what} {ended}"), self.lines))
    }
}

/// Where output goes: a folder of log files, secrets hidden.
#[derive(Clone, Debug)]
pub struct Logs {
    folder: PathBuf,
    secrets: Secrets,
}

impl Logs {
    /// Logs in `folder`, which must exist.
    pub fn new(folder: &Path, secrets: Secrets) -> Self {
        Self { folder: folder.to_owned(), secrets }
    }

    /// Hides secrets in any text that will be kept.
    pub fn redact(&self, text: &str) -> String {
        self.secrets.redact(text)
    }

    fn open(&self, name: &str) -> io::Result<File> {
        OpenOptions::new().create(true).append(true).open(self.folder.join(name))
    }
}

/// The last lines of a program.
#[derive(Clone, Debug, Default)]
struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Tail {
    fn push(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == TAIL_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// What a running program says, followed into its logs.
#[derive(Debug)]
pub(super) struct Streams {
    tail: Tail,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
    logs: Logs,
}

impl Streams {
    /// Feeds a program its input and follows what it says.
    pub(super) fn follow(
        (stdin, stdout, stderr): (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>),
        host: &str,
        command: &Command,
        logs: &Logs,
    ) -> Result<Self> {
        if let (Some(mut stdin), Some(input)) = (stdin, command.input.clone()) {
            // A program that ends without reading makes this fail, and says why on its own streams.
            tokio::spawn(async move { tokio::io::AsyncWriteExt::write_all(&mut stdin, &input).await });
        }
        let tail = Tail::default();
        let [out, err] = command.logs_on(host);
        let follow = |stream: Option<Box<dyn AsyncRead + Send + Unpin>>, log: &str| {
            io::Result::Ok(tokio::spawn(follow(stream, logs.open(log)?, tail.clone(), logs.clone())))
        };
        let stdout = follow(stdout.map(|stream| Box::new(stream) as _), &out)?;
        let stderr = follow(stderr.map(|stream| Box::new(stream) as _), &err)?;
        Ok(Self { tail, stdout, stderr, logs: logs.clone() })
    }

    /// The last lines so far.
    pub(super) fn lines(&self) -> Vec<String> {
        self.tail.lines()
    }

    /// Waits until all has been read that a program said which has ended.
    async fn read_out(&self) {
        let read = async {
            while !(self.stdout.is_finished() && self.stderr.is_finished()) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let _ = tokio::time::timeout(GRACE, read).await;
    }

    pub(super) async fn finished(self, status: ExitStatus) -> Finished {
        let stdout = tokio::time::timeout(GRACE, self.stdout).await.ok().and_then(std::result::Result::ok);
        let stderr = tokio::time::timeout(GRACE, self.stderr).await.ok().and_then(std::result::Result::ok);
        let [stdout, stderr] = [stdout, stderr].map(Option::unwrap_or_default);
        Finished { status, stdout, stderr: self.logs.redact(&stderr), lines: self.tail.lines() }
    }
}

/// A running program on a host.
#[derive(Debug)]
pub struct Process {
    child: tokio::process::Child,
    name: String,
    streams: Streams,
}

impl Process {
    pub(super) fn attach(mut child: tokio::process::Child, host: &str, command: &Command, logs: &Logs) -> Result<Self> {
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        Ok(Self { child, name: command.name(), streams: Streams::follow(pipes, host, command, logs)? })
    }

    /// Its process id in the drill's PID namespace; `None` once it was awaited.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Its last lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.streams.lines()
    }

    /// Whether it has ended, without waiting.
    ///
    /// # Errors
    /// The system cannot say.
    pub fn ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Waits until all has been read that it said, once it has ended.
    pub async fn read_out(&self) {
        self.streams.read_out().await;
    }

    /// Sends a signal to the process itself.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = self.id() {
            let _ = nix::sys::signal::kill(Pid::from_raw(pid as i32), signal);
        }
    }

    /// Waits for its end, at most `bound`; then kills it with its descendants.
    ///
    /// # Errors
    /// The bound passed.
    pub async fn wait(mut self, bound: Duration) -> Result<Finished> {
        let pid = self.id();
        if let Ok(status) = tokio::time::timeout(bound, self.child.wait()).await {
            return Ok(self.streams.finished(status?).await);
        }
        if let Some(pid) = pid {
            process::kill_all(|| family(pid), Duration::from_secs(2)).await;
        }
        let _ = self.child.wait().await;
        Err(Error::bound(&self.name, bound, self.streams.lines()))
    }

    /// Kills it with its descendants, and waits.
    pub async fn kill(mut self) {
        if let Some(pid) = self.id() {
            process::kill_all(|| family(pid), Duration::from_secs(2)).await;
        }
        let _ = self.child.wait().await;
    }
}

/// A process and its descendants, as far as they are alive.
pub(super) fn family(pid: u32) -> Vec<u32> {
    let mut family = process::descendants(pid);
    // The child itself stays a zombie until it is awaited, which the caller does.
    let alive = |pid: u32| {
        std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .is_ok_and(|stat| !stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z')))
    };
    if alive(pid) {
        family.push(pid);
    }
    family
}

async fn follow(stream: Option<Box<dyn AsyncRead + Send + Unpin>>, mut log: File, tail: Tail, logs: Logs) -> String {
    let mut kept = String::new();
    let Some(stream) = stream else { return kept };
    let mut lines = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        if !matches!(lines.read_until(b'\n', &mut line).await, Ok(length) if length > 0) {
            return kept;
        }
        let text = String::from_utf8_lossy(&line);
        if kept.len() + text.len() <= KEPT_BYTES {
            kept.push_str(&text);
        }
        let redacted = logs.redact(text.trim_end());
        // A full disk must not end the program that is being watched: its tail is still kept.
        let _ = log.write_all(format!("{redacted}\n").as_bytes());
        tail.push(redacted);
    }
}
