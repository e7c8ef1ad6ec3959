//! The user's own programs: put on a host with what their environment names, and run there.

use std::path::Path;

use super::{Goal, Repository, Tools, programs};
use crate::engine::Server;
use crate::failure::Result;
use crate::host::{Command, Host};

/// Where the plan's programs lie on a host, a folder for each of theirs.
const PROGRAMS: &str = "programs";
/// The form of a backup's id: the wall clock in UTC, so that ids sort by time.
const ID: &str = "%Y%m%d_%H%M%S";

/// The id of a backup that begins now.
pub(super) fn backup_id() -> String {
    jiff::Timestamp::now().strftime(ID).to_string()
}

/// Where a method that keeps its artifacts in the folder `prefix` has those of its source, as `mc` calls it.
pub(super) fn place(repository: &Repository, prefix: &str) -> String {
    format!("store/{}/{prefix}/{}", repository.bucket, repository.server)
}

/// Copies `files` and all that lies beside them out of the folder `plan`.
pub(super) fn put(host: &Host, plan: &Path, files: &[&str]) -> Result<()> {
    for file in files {
        let folder = folder_of(file);
        host.copy_in(&plan.join(folder), &format!("{PROGRAMS}/{}", folder.display()))?;
    }
    Ok(())
}

/// The same, and puts the key where clients look for it.
pub(super) fn install(host: &Host, repository: &Repository, plan: &Path, files: &[&str]) -> Result<()> {
    put(host, plan, files)?;
    repository.install_credentials(host)?;
    let config = repository.key.mc_config(&repository.url_from(host)?);
    host.write("home/.mc/config.json", config.as_bytes(), 0o600)
}

fn folder_of(file: &str) -> &Path {
    Path::new(file).parent().unwrap_or(Path::new(""))
}

/// A program's path, as its host sees it.
pub(super) fn path_on(host: &Host, file: &str) -> String {
    host.path(&format!("{PROGRAMS}/{file}"))
}

/// What every program finds in its environment about the store.
pub(super) fn store(host: &Host, repository: &Repository) -> Result<Vec<(&'static str, String)>> {
    let home = host.path("home");
    let objects = repository.objects.clone().map(|bucket| ("BLACKSTART_OBJECTS", bucket));
    let known = [
        ("AWS_ENDPOINT_URL", repository.url_from(host)?),
        ("AWS_SHARED_CREDENTIALS_FILE", format!("{home}/.aws/credentials")),
        ("AWS_CONFIG_FILE", format!("{home}/.aws/config")),
        ("MC_CONFIG_DIR", format!("{home}/.mc")),
        ("BLACKSTART_BUCKET", repository.bucket.clone()),
    ];
    Ok(known.into_iter().chain(objects).collect())
}

/// Puts the register of erasures on a host; its path there.
pub(super) fn register(host: &Host, goal: &Goal) -> Result<String> {
    const REGISTER: &str = "erasures.tsv";
    host.write(REGISTER, goal.erased.as_bytes(), 0o600)?;
    Ok(host.path(REGISTER))
}

/// Runs one of the programs to its end beside `server`; the history is told how it ended.
pub(super) async fn run(file: &str, more: &[(&str, &str)], tools: Tools<'_>, server: &Server) -> Result<String> {
    let store = store(server.host(), tools.repository)?;
    let all = store.iter().map(|(name, value)| (*name, value.as_str())).chain(more.iter().copied());
    run_with(file, &all.collect::<Vec<_>>(), tools, server).await
}

/// The same, of a program whose host has no way to the store.
pub(super) async fn run_without_store(file: &str, tools: Tools<'_>, server: &Server) -> Result<String> {
    run_with(file, &[], tools, server).await
}

async fn run_with(file: &str, more: &[(&str, &str)], tools: Tools<'_>, server: &Server) -> Result<String> {
    let host = server.host();
    let mut command = Command::new(path_on(host, file)).bound(tools.bound).streams_apart();
    for (name, value) in server.environment(tools.database) {
        command = command.env(name, value);
    }
    for (name, value) in more {
        command = command.env(name, *value);
    }
    programs::run(file, &command, host, tools).await.map(|(_, says)| says)
}

/// The bytes of all files below a folder.
pub(super) fn folder_bytes(folder: &Path) -> std::io::Result<u64> {
    std::fs::read_dir(folder)?.try_fold(0, |sum, entry| {
        let entry = entry?;
        let meta = entry.metadata()?;
        Ok(sum + if meta.is_dir() { folder_bytes(&entry.path())? } else { meta.len() })
    })
}
