//! Which of the plan's hosts a drill of a scenario is about: the others would run nothing in it.

use std::collections::BTreeSet;

use super::{Asks, Loaded, Need, Vocabulary};

impl<V: Vocabulary> Loaded<V> {
    /// The hosts of which something runs, is recovered, or is reached by a fault, by name.
    pub fn used_hosts(&self) -> BTreeSet<&str> {
        let source = &self.plan.pipelines[&self.pipeline.name].source;
        let mut used = BTreeSet::from([source.as_str(), &self.scenario.target, &self.store().host]);
        used.extend(self.pipeline.method.method().iter().flat_map(|method| method.through).map(String::as_str));
        for need in self.faults.iter().flat_map(|fault| fault.inject.needs()) {
            match need {
                Need::Host(name)
                | Need::Container(name)
                | Need::LimitedDisk(name)
                | Need::Server(name)
                | Need::Postgres(name)
                | Need::Replica(name) => drop(used.insert(name)),
                Need::Site(name) => {
                    let on_it = self.environment.hosts.iter().filter(|(_, host)| host.site == name);
                    used.extend(on_it.map(|(host, _)| host.as_str()));
                }
                // Links go from and to hosts that are used, and only the pipeline's store is there.
                Need::Link(_) | Need::Bucket { .. } | Need::Store(_) | Need::Credential(_) => {}
            }
        }
        used
    }
}
