//! A server on its host, from its launch to its end, whatever it serves.

use std::time::Duration;

use nix::sys::signal::Signal;

use super::process::Frozen;
use super::{Command, Host, Process};
use crate::failure::{Context, Error, Result};

/// How soon a server that does not answer yet is asked again.
const AGAIN: Duration = Duration::from_millis(10);
/// How long processes that were killed take to be gone, at most.
const DYING: Duration = Duration::from_secs(2);

/// A server. Its process runs between [`Daemon::launch`] and [`Daemon::end`].
#[derive(Debug)]
pub struct Daemon {
    /// What people call the server.
    name: &'static str,
    host: Host,
    process: Option<Process>,
}

impl Daemon {
    /// A server called `name` on `host`, which does not run yet.
    pub fn new(name: &'static str, host: Host) -> Self {
        Self { name, host, process: None }
    }

    /// The host that it is on.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Starts it and returns at once.
    ///
    /// # Errors
    /// It could not be started.
    pub fn launch(&mut self, command: &Command) -> Result<()> {
        self.process = Some(self.host.spawn(command)?);
        Ok(())
    }

    /// The process of its life, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.process.as_ref().and_then(Process::id)
    }

    /// Its last lines.
    pub fn lines(&self) -> Vec<String> {
        self.process.as_ref().map(Process::lines).unwrap_or_default()
    }

    /// Fails if its process has ended.
    ///
    /// # Errors
    /// It has; its last lines say why.
    pub fn alive(&mut self) -> Result<()> {
        let runs = match &mut self.process {
            Some(process) => !process.ended()?,
            None => false,
        };
        if runs {
            return Ok(());
        }
        let message = format!("{} on host {} has ended", self.name, self.host.name());
        Err(Error::with_lines(message, self.lines()))
    }

    /// Asks it by `ask` until there is an answer.
    ///
    /// # Errors
    /// It ended, or did not answer within `bound`: its last lines, and why the last question was in vain.
    pub async fn answering<A>(&mut self, ask: impl Fn() -> A, bound: Duration) -> Result<()>
    where
        A: Future<Output = Result<()>>,
    {
        let deadline = tokio::time::Instant::now() + bound;
        while let Err(unanswered) = ask().await {
            if let (Err(_), Some(process)) = (self.alive(), &self.process) {
                // Why it ended may not have been read yet.
                process.read_out().await;
            }
            self.alive()?;
            if tokio::time::Instant::now() > deadline {
                let lines = self.lines().into_iter().chain([unanswered.to_string()]).collect();
                return Err(Error::bound(
                    &format!("the start of {} on host {}", self.name, self.host.name()),
                    bound,
                    lines,
                ));
            }
            tokio::time::sleep(AGAIN).await;
        }
        Ok(())
    }

    /// Asks it to end by `signal`; one that does not run is fine.
    ///
    /// # Errors
    /// It did not end within `bound` (it was killed then).
    pub async fn end(&mut self, signal: Signal, bound: Duration) -> Result<()> {
        let Some(process) = self.process.take() else { return Ok(()) };
        process.signal(signal);
        process.wait(bound).await.map(|_| ()).cannot(self.to("stop"))
    }

    /// Kills every process of it at once, as a loss of power does; one that does not run is fine.
    ///
    /// # Errors
    /// One of them still lived after `bound`.
    pub async fn kill(&mut self, bound: Duration) -> Result<()> {
        let what = self.to("kill");
        let Some(mut process) = self.process.take() else { return Ok(()) };
        if self.host.kill_paused().await? {
            return process.wait(bound).await.map(|_| ()).cannot(&what);
        }
        if let (false, Some(pid)) = (process.ended()?, process.id()) {
            // Standing still first: a child that outlives its parent for a moment would be nobody's child.
            match Frozen::family(pid, bound).await {
                Ok(frozen) => frozen.kill(bound).await.cannot(&what)?,
                // Somebody else was faster, who ends all that runs here.
                Err(error) if !self.host_falls_empty().await => return Err(error).cannot(&what),
                Err(_) => {}
            }
        }
        process.wait(bound).await.map(|_| ()).cannot(&what)
    }

    /// Whether nothing runs on its host any more, or soon: a container that is killed loses its processes one after the other.
    async fn host_falls_empty(&self) -> bool {
        let empty = async {
            while !self.host.processes().is_empty() {
                tokio::time::sleep(AGAIN).await;
            }
        };
        self.host.knows_its_processes() && tokio::time::timeout(DYING, empty).await.is_ok()
    }

    /// Freezes it whole, at most within `bound`.
    ///
    /// # Errors
    /// It does not run, or a process of it did not stand still within `bound`.
    pub async fn freeze(&self, bound: Duration) -> Result<Frozen> {
        let pid = self.id();
        let pid = pid.ok_or_else(|| Error::new(format!("no {} runs on host {}", self.name, self.host.name())))?;
        Frozen::family(pid, bound).await.cannot(self.to("freeze"))
    }

    fn to(&self, verb: &str) -> String {
        format!("{verb} {} on host {}", self.name, self.host.name())
    }
}
