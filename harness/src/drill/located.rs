//! The outside programs of a drill, found on the hosts that they run on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use blackstart_record::record::Tool;
use blackstart_record::words::hex;
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;

use super::Registry;
use crate::engine::Installation;
use crate::failure::{Context, Error, Result};
use crate::host::Host;
use crate::plan::Loaded;

/// The outside programs of a drill, by the name of their first program, each with the host that it was found on.
#[derive(Clone)]
pub(super) struct Located(BTreeMap<&'static str, (Host, blackstart_tools::Located)>);

/// The servers of a drill: what is drilled, the store, and the links.
fn servers(loaded: &Loaded<Registry>) -> [&'static str; 3] {
    [server(loaded), loaded.store().provider.program(), "toxiproxy-server"]
}

/// The program of the server that is drilled.
fn server(loaded: &Loaded<Registry>) -> &'static str {
    loaded.engine().dialect().server()
}

impl Located {
    /// Finds the servers, each on the host where it is to run.
    pub(super) fn servers(loaded: &Loaded<Registry>, hosts: [&Host; 3]) -> Result<Self> {
        let [database, others @ ..] = hosts;
        let [server, names @ ..] = servers(loaded);
        let found = Self(BTreeMap::from([(server, (database.clone(), drilled(loaded, database)?))]));
        let others = names.into_iter().zip(others).map(|(name, host)| Self::find(host, &[name]));
        others.collect::<Result<Vec<_>>>().map(|all| all.into_iter().fold(found, Self::and))
    }

    fn find(host: &Host, wanted: &[&str]) -> Result<Self> {
        let search = host.search();
        let mut found = BTreeMap::new();
        for tool in needed(wanted) {
            let located = host.among_programs(|| search.locate(tool))?;
            let located = located.map_err(|missing| Error::new(missing.to_string()));
            let located = located.cannot(format_args!("find what host {} needs", host.name()))?;
            found.insert(tool.programs[0], (host.clone(), located));
        }
        Ok(Self(found))
    }

    fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// Where a program is.
    pub(super) fn path(&self, program: &str) -> Result<PathBuf> {
        let located = self.0.get(program);
        Ok(located.ok_or_else(|| Error::new(format!("{program} is in no table of tools")))?.1.path.clone())
    }

    fn folders(&self) -> BTreeSet<PathBuf> {
        folders(self.0.values().map(|(_, located)| &*located.path))
    }

    /// The server that is drilled.
    pub(super) fn server(&self, loaded: &Loaded<Registry>) -> Result<Installation> {
        let program = server(loaded);
        Ok(Installation { server: self.path(program)?, version: self.0[program].1.version.clone() })
    }

    /// What the record says of these and `others`. Reads every binary: about half a second, which nobody waits for.
    pub(super) fn described(self, others: Others) -> JoinHandle<Result<BTreeMap<String, Tool>>> {
        tokio::spawn(async move {
            let all = self.and(others.found().await?);
            tokio::task::spawn_blocking(move || all.describe()).await.map_err(ended)?
        })
    }

    fn describe(&self) -> Result<BTreeMap<String, Tool>> {
        let digest = |path: &Path| -> Result<String> {
            let (mut hash, mut file) = (Sha256::new(), std::fs::File::open(path)?);
            let mut chunk = vec![0; 1 << 20];
            while let length @ 1.. = std::io::Read::read(&mut file, &mut chunk)? {
                hash.update(&chunk[..length]);
            }
            Ok(hex(&hash.finalize()))
        };
        let tool = |(host, located): &(Host, blackstart_tools::Located)| {
            let sha256 = host
                .among_programs(|| digest(&located.path))?
                .cannot(format_args!("read {}", located.path.display()))?;
            Ok((located.tool.name.to_owned(), Tool { version: located.version.clone(), sha256 }))
        };
        self.0.values().map(tool).collect()
    }
}

/// What is needed beside the servers: the store's client, and what the pipeline and the faults add.
///
/// Barman loads all of itself to tell its version, half a second. Where each of them can be in one folder only, nobody waits:
/// one that will not do fails the drill before anything is done with it.
pub(super) struct Others {
    folders: Option<BTreeSet<PathBuf>>,
    finding: JoinHandle<Result<Located>>,
    found: Option<Located>,
}

impl Others {
    /// Begins to look for what `loaded` needs on `host`, beside its servers.
    pub(super) fn of(host: &Host, loaded: &Loaded<Registry>, located: &Located) -> Result<Self> {
        let mut wanted = vec![blackstart_tools::MC.programs[0]];
        wanted.extend(loaded.pipeline.method.pipeline().programs());
        wanted.extend(loaded.faults.iter().flat_map(|fault| fault.inject.fault().programs()));
        let servers = servers(loaded);
        let drilled = located.0.get(server(loaded)).map(|(_, located)| located.tool);
        // What serves in a server's place needs none of that server's tools.
        let is_served = |tool: &blackstart_tools::Tool| {
            drilled.is_some_and(|drilled| blackstart_tools::instead_of(tool).contains(drilled))
        };
        wanted.retain(|program| !servers.contains(program) && !needed(&[*program]).any(is_served));
        let search = host.search();
        let only = || needed(&wanted).map(|tool| search.only(tool)).collect::<Option<Vec<_>>>();
        let folders = host.among_programs(only)?.map(|paths| folders(paths.iter().map(PathBuf::as_path)));
        let host = host.clone();
        let finding = tokio::task::spawn_blocking(move || Located::find(&host, &wanted));
        Ok(Self { folders, finding, found: None })
    }

    /// The folders that they and `servers` are in, for `PATH` on the hosts.
    pub(super) async fn folders(&mut self, servers: &Located) -> Result<Vec<PathBuf>> {
        let own = match &self.folders {
            Some(folders) => folders.clone(),
            None => self.found.insert((&mut self.finding).await.map_err(ended)??).folders(),
        };
        Ok(own.union(&servers.folders()).cloned().collect())
    }

    async fn found(self) -> Result<Located> {
        match self.found {
            Some(found) => Ok(found),
            None => self.finding.await.map_err(ended)?,
        }
    }
}

/// The server that is drilled: the one that the plan's document names, where it is there, else what serves in its place.
fn drilled(loaded: &Loaded<Registry>, host: &Host) -> Result<blackstart_tools::Located> {
    let named = named(loaded, host.name());
    let is_named = |tool: &&blackstart_tools::Tool| named.is_some_and(|named| named.starts_with(tool.name));
    let wanted = [server(loaded)];
    let usual = needed(&wanted).flat_map(|tool| [tool].into_iter().chain(blackstart_tools::instead_of(tool)));
    let (named, others): (Vec<_>, Vec<_>) = usual.partition(is_named);
    let search = host.search();
    let mut missing = None;
    for tool in named.into_iter().chain(others) {
        match host.among_programs(|| search.locate(tool))? {
            Ok(located) => return Ok(located),
            Err(lacking) => drop(missing.get_or_insert(lacking)),
        }
    }
    let missing = missing.map_or("no tool is the server that is drilled".to_owned(), |lacking| lacking.to_string());
    Err(Error::new(missing)).cannot(format_args!("find what host {} needs", host.name()))
}

/// The version of a host's server, as the plan names it.
pub(super) fn named<'a>(loaded: &'a Loaded<Registry>, host: &str) -> Option<&'a str> {
    loaded.plan.values.get(&format!("hosts.{host}.version")).map(|named| &*named.value)
}

fn needed<'a>(wanted: &'a [&str]) -> impl Iterator<Item = &'static blackstart_tools::Tool> + use<'a> {
    let all = blackstart_tools::all().iter();
    all.filter(|tool| tool.programs.iter().any(|program| wanted.contains(program)))
}

fn folders<'a>(programs: impl Iterator<Item = &'a Path>) -> BTreeSet<PathBuf> {
    programs.filter_map(Path::parent).map(Path::to_owned).collect()
}

fn ended(error: tokio::task::JoinError) -> Error {
    Error::new(error.to_string())
}
