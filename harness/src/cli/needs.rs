//! What a scenario needs of this machine, and what is lacking.

use std::collections::BTreeMap;

use blackstart_tools::{Located, Missing, Tool};

use crate::drill::Registry;
use crate::plan::{Loaded, Provides};
use crate::store::Provider;

/// Programs that every drill needs: the store's client, and the links.
const ALWAYS: [&str; 2] = ["mc", "toxiproxy-server"];

/// Programs of a server that is there for plans which choose it: the first of each tool.
const OTHER_SERVERS: [&str; 2] = ["mariadbd", "mariadb-backup"];

/// Looks for each tool once.
#[derive(Debug, Default)]
pub struct Machine {
    looked: BTreeMap<&'static str, Result<Located, Missing>>,
}

impl Machine {
    /// Where `tool` is, or why nothing that was found will do.
    pub fn look(&mut self, tool: &'static Tool) -> &Result<Located, Missing> {
        self.looked.entry(tool.name).or_insert_with(|| blackstart_tools::locate(tool))
    }

    /// The tools that `loaded` needs and this machine lacks.
    pub fn lacks(&mut self, loaded: &Loaded<Registry>) -> Vec<Missing> {
        let lacks = |tool: &'static Tool| {
            let missing = self.look(tool).as_ref().err().cloned()?;
            blackstart_tools::instead_of(tool).iter().all(|other| self.look(other).is_err()).then_some(missing)
        };
        tools(loaded).into_iter().filter_map(lacks).collect()
    }
}

/// Whether `tool` is needed by plans alone that choose it: as another database than the usual one, or as the server of another
/// provider of stores.
pub fn is_chosen(tool: &Tool) -> bool {
    let stores = Provider::all().iter().filter(|provider| **provider != Provider::default());
    let mut others = stores.map(|provider| provider.program()).chain(OTHER_SERVERS);
    others.any(|program| tool.programs.contains(&program))
}

/// The tools that `loaded` needs.
pub fn tools(loaded: &Loaded<Registry>) -> Vec<&'static Tool> {
    let mut wanted = ALWAYS.to_vec();
    wanted.push(loaded.engine().dialect().server());
    wanted.push(loaded.store().provider.program());
    wanted.extend(loaded.pipeline.method.pipeline().programs());
    wanted.extend(loaded.faults.iter().flat_map(|fault| fault.inject.fault().programs()));
    let needed = |tool: &&Tool| tool.programs.iter().any(|program| wanted.contains(program));
    blackstart_tools::all().iter().filter(needed).collect()
}
