//! The command, in a folder of its own with the shipped plan in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a command said and how it ended.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// A folder with the shipped scenarios in it, and nothing else.
pub struct Place(tempfile::TempDir);

impl Place {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/fulexo");
        let own = root.path().join("scenarios/fulexo");
        fs::create_dir_all(&own).unwrap();
        for name in ["plan.toml", "database-corruption.toml"] {
            fs::copy(shipped.join(name), own.join(name)).unwrap();
        }
        fs::create_dir(own.join("nightly-dump")).unwrap();
        for name in ["nightly-dump/backup.sh", "nightly-dump/restore.sh"] {
            fs::copy(shipped.join(name), own.join(name)).unwrap();
        }
        Self(root)
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    /// Changes a file of the plan; `from` must be there.
    pub fn change(&self, file: &str, from: &str, to: &str) {
        let path = self.path("scenarios/fulexo").join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} does not read {from:?}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    /// The command, started in this folder.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blackstart"));
        // Whether an engine is here or not.
        command.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
        command.args(args).current_dir(self.0.path()).env("BLACKSTART_SCRATCH", self.path("scratch"));
        command.env_remove("BLACKSTART_SCENARIOS").env_remove("NO_COLOR").env("LANG", "C.UTF-8").stdin(Stdio::null());
        command
    }

    pub fn blackstart(&self, args: &[&str]) -> Said {
        let output = self.command(args).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Said {
    /// The JSON document on standard output.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in\n{}", self.out))
    }

    /// Both streams, for messages.
    pub fn all(&self) -> String {
        format!("exit {}\n--- stdout\n{}\n--- stderr\n{}", self.code, self.out, self.err)
    }
}
