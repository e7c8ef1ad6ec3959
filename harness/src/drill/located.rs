//! The outside programs of a drill, found on the hosts that they run on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use blackstart_record::record::Tool;
use blackstart_record::words::hex;
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;

use super::Registry;
use crate::engine::postgres::Installation;
use crate::failure::{Context, Error, Result};
use crate::host::Host;
use crate::plan::Loaded;

/// The outside programs of a drill, by the name of their first program, each with the host that it was found on.
#[derive(Clone)]
pub(super) struct Located(BTreeMap<&'static str, (Host, blackstart_tools::Located)>);

/// The servers of a drill: what is drilled, the store, and the links.
fn servers(loaded: &Loaded<Registry>) -> [&'static str; 3] {
    ["postgres", loaded.store().provider.program(), "toxiproxy-server"]
}

impl Located {
    /// Finds the servers, each on the host where it is to run.
    pub(super) fn servers(loaded: &Loaded<Registry>, hosts: [&Host; 3]) -> Result<Self> {
        let all = servers(loaded).into_iter().zip(hosts).map(|(name, host)| Self::find(host, &[name]));
        all.collect::<Result<Vec<_>>>().map(|all| all.into_iter().fold(Self(BTreeMap::new()), Self::and))
    }

    /// Finds what is needed besides: the store's client, and what the pipeline and the faults add. Half a second where
    /// barman is among it, which loads all of itself to tell its version: the servers start meanwhile.
    pub(super) fn others(host: &Host, loaded: &Loaded<Registry>) -> JoinHandle<Result<Self>> {
        let mut wanted = vec!["mc"];
        wanted.extend(loaded.pipeline.method.pipeline().programs());
        wanted.extend(loaded.faults.iter().flat_map(|fault| fault.inject.fault().programs()));
        wanted.retain(|program| !servers(loaded).contains(program));
        let host = host.clone();
        tokio::task::spawn_blocking(move || Self::find(&host, &wanted))
    }

    fn find(host: &Host, wanted: &[&str]) -> Result<Self> {
        let search = host.search();
        let needed = |tool: &&blackstart_tools::Tool| tool.programs.iter().any(|program| wanted.contains(program));
        let mut found = BTreeMap::new();
        for tool in blackstart_tools::all().iter().filter(needed) {
            let located = host.among_programs(|| search.locate(tool))?;
            let located = located.map_err(|missing| Error::new(missing.to_string()));
            let located = located.cannot(format_args!("find what host {} needs", host.name()))?;
            found.insert(tool.programs[0], (host.clone(), located));
        }
        Ok(Self(found))
    }

    /// These and `others`.
    pub(super) fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// Where a program is.
    pub(super) fn path(&self, program: &str) -> Result<PathBuf> {
        let located = self.0.get(program);
        Ok(located.ok_or_else(|| Error::new(format!("{program} is in no table of tools")))?.1.path.clone())
    }

    /// The folders that they are in, for `PATH` on the hosts.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let mut folders: Vec<_> =
            self.0.values().filter_map(|(_, located)| located.path.parent().map(Path::to_owned)).collect();
        folders.sort();
        folders.dedup();
        folders
    }

    /// The server that is drilled.
    pub(super) fn postgres(&self) -> Result<Installation> {
        let path = self.path("postgres")?;
        let bindir = path.parent().unwrap_or(Path::new("/")).to_owned();
        Ok(Installation { bindir, version: self.0["postgres"].1.version.clone() })
    }

    /// What the record says of them. Reads every binary: about half a second.
    pub(super) fn describe(&self) -> Result<BTreeMap<String, Tool>> {
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
