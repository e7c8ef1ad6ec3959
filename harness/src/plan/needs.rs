//! What a fault reaches: all of it must be there in a drill of the scenario, which is told at the name that is not.

use std::collections::BTreeMap;
use std::ops::Range;

use super::problems::Problems;
use super::resolve_plan::ResolvedPlan;
use super::scenario_file::{FaultFile, ScenarioFile};
use super::{Asks, EngineKind, Promise, Vocabulary, promise};

/// The link that the application uses.
pub const APPLICATION_LINK: &str = "application";

/// The link by which the replica that takes over follows.
pub const REPLICATION_LINK: &str = "replication";

/// The link by which a replica on `host` follows, which the one that takes over follows through.
pub fn replication_link(host: &str) -> String {
    format!("{REPLICATION_LINK}-to-{host}")
}

/// The link by which monitoring asks the replica that is to take over.
pub const MONITORING_LINK: &str = "monitoring";

/// The link by which a host that failed follows the one that took over, for a failback.
pub const FAILBACK_LINK: &str = "failback";

/// In place of a host, who else has a link to the store: the application, where it keeps objects.
pub const OWNER_OF_OBJECTS: &str = "application";

/// The link from a host to the store.
pub fn store_link(host: &str) -> String {
    format!("store-from-{host}")
}

/// A part of the environment that a fault reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need<'a> {
    /// A host.
    Host(&'a str),
    /// A host that is a container.
    Container(&'a str),
    /// A host with a disk of a size of its own.
    LimitedDisk(&'a str),
    /// The server that the pipeline saves, by its host.
    Server(&'a str),
    /// The same, where it is PostgreSQL.
    Postgres(&'a str),
    /// A replica, by its host.
    Replica(&'a str),
    /// A site with hosts on it, and not the one that takes over.
    Site(&'a str),
    /// A link.
    Link(&'a str),
    /// A bucket of the pipeline's store.
    Bucket {
        /// The store.
        store: &'a str,
        /// The bucket.
        bucket: &'a str,
        /// What the store must promise; markers: in a bucket that keeps old versions.
        relies: Option<Promise>,
    },
    /// The store that the pipeline saves to.
    Store(&'a str),
    /// The credential that the pipeline uses, in a store that can take it back.
    Credential(&'a str),
}

/// What is there in a drill of a scenario.
struct There<'a, V: Vocabulary> {
    plan: &'a ResolvedPlan<V>,
    source: &'a str,
    target: &'a str,
    /// Hosts of replicas, in the order in which one follows the other.
    replicas: Vec<&'a str>,
    store: &'a str,
    credential: &'a str,
    links: Vec<String>,
}

pub(super) fn check<V: Vocabulary>(file: &ScenarioFile<V::Fault>, plan: &ResolvedPlan<V>, problems: &mut Problems<'_>) {
    for fault in &file.faults {
        if let Some(wrong) = fault.inject.get_ref().wrong() {
            let name = fault.inject.get_ref().name();
            problems.add(fault.inject.span(), format!("this `{name}` cannot be seen to work"), wrong);
        }
        check_lasting(fault, problems);
    }
    // An unknown pipeline has been told; what its drill starts is not known.
    let name = &file.pipeline.value;
    let (Some(pipeline), Some(spec)) = (plan.plan.pipelines.get(name), plan.pipelines.get(name)) else { return };
    let (source, target) = (pipeline.source.as_str(), file.target.value.as_str());
    let mut links = vec![APPLICATION_LINK.to_owned()];
    let mut replicas = Vec::new();
    if let Some(method) = spec.method.method().filter(|method| method.follows) {
        links.extend(method.through.iter().map(|host| replication_link(host)));
        links.extend([REPLICATION_LINK, MONITORING_LINK].map(str::to_owned));
        replicas.extend(method.through.iter().map(String::as_str).chain([target]));
    } else {
        links.push(store_link(source));
        links.extend((source != target).then(|| store_link(target)));
    }
    links.extend(plan.environment.objects.as_ref().map(|_| store_link(OWNER_OF_OBJECTS)));
    let there = There { plan, source, target, replicas, store: &pipeline.store, credential: &spec.credential, links };
    for fault in &file.faults {
        for need in fault.inject.get_ref().needs() {
            there.check(need, fault.inject.span(), problems);
        }
    }
}

fn check_lasting<F: Asks>(fault: &FaultFile<F>, problems: &mut Problems<'_>) {
    let Some(lasts) = &fault.lasts else { return };
    let spec = fault.inject.get_ref();
    if lasts.value.0.0 == 0 {
        problems.add(lasts.span.clone(), "this time cannot be zero", "leave it out: the fault then stays");
    } else if !spec.heals() {
        let message = format!("`{}` does not end by itself: only the recovery undoes it", spec.name());
        problems.add(lasts.span.clone(), message, "leave `for` out");
    }
}

impl<V: Vocabulary> There<'_, V> {
    fn check(&self, need: Need<'_>, within: Range<usize>, problems: &mut Problems<'_>) {
        let hosts = &self.plan.environment.hosts;
        let known = |problems: &mut Problems<'_>, kind: &str, word: &str, names: Vec<&str>| {
            let place = problems.quoted_within(word, within.clone());
            problems.refer(kind, word, place, names.iter().copied());
            names.contains(&word)
        };
        let host = |problems: &mut Problems<'_>, word: &str| known(problems, "host", word, names(hosts));
        match need {
            // What hosts are made of is said when they are made.
            Need::Host(name) | Need::Container(name) => drop(host(problems, name)),
            Need::LimitedDisk(name) => {
                if host(problems, name) && hosts[name].disk.is_none() {
                    let message = format!("the disk of `{name}` has no size of its own, and would fill this machine's");
                    let place = problems.quoted_within(name, within);
                    problems.add(place, message, format!("give [hosts.{name}] a `disk`, such as `disk = \"2GiB\"`"));
                }
            }
            Need::Server(name) | Need::Postgres(name) => {
                if host(problems, name) {
                    self.server(need, name, within, problems);
                }
            }
            Need::Replica(name) => {
                if host(problems, name) && !self.replicas.contains(&name) {
                    let message = format!("`{name}` runs no replica in this drill");
                    let help = match &self.replicas[..] {
                        [] => "only a pipeline whose method is `replica` has one".to_owned(),
                        [only] => format!("the replica is on `{only}`"),
                        all => format!("replicas are on `{}`", all.join("`, `")),
                    };
                    problems.add(problems.quoted_within(name, within), message, help);
                }
            }
            Need::Site(name) => self.site(name, within, problems),
            Need::Link(name) => {
                known(problems, "link", name, self.links.iter().map(String::as_str).collect());
            }
            Need::Store(name) => drop(self.store(name, within, problems)),
            Need::Bucket { store, bucket, relies } => {
                if !self.store(store, within.clone(), problems) {
                    return;
                }
                let spec = &self.plan.environment.stores[store];
                let place = problems.quoted_within(store, within.clone());
                promise::check(spec.provider, relies.as_slice(), place, problems);
                let buckets = &spec.buckets;
                let is_known = known(problems, "bucket", bucket, names(buckets));
                if relies == Some(Promise::Markers) && is_known && !buckets[bucket].versioning {
                    let place = problems.quoted_within(bucket, within);
                    let message = format!("`{bucket}` keeps no old versions, so nothing can hide there");
                    problems.add(place, message, "give the bucket `versioning = true`");
                }
            }
            Need::Credential(name) => {
                let place = problems.quoted_within(name, within.clone());
                let store = &self.plan.environment.stores[self.store];
                promise::check(store.provider, &[Promise::TakenBack], place, problems);
                if known(problems, "credential", name, names(&self.plan.environment.credentials))
                    && name != self.credential
                {
                    let message = format!("the pipeline does not use the credential `{name}`");
                    let place = problems.quoted_within(name, within);
                    problems.add(place, message, format!("it uses `{}`", self.credential));
                }
            }
        }
    }

    /// The server that the pipeline saves, of the engine that is needed.
    fn server(&self, need: Need<'_>, name: &str, within: Range<usize>, problems: &mut Problems<'_>) {
        let place = problems.quoted_within(name, within);
        let engine = self.plan.environment.hosts.get(name).and_then(|host| host.engine);
        if name != self.source {
            let message = format!("`{name}` is not the host that the pipeline saves");
            problems.add(place, message, format!("that is `{}`", self.source));
        } else if let (Need::Postgres(_), Some(engine @ EngineKind::Mysql)) = (need, engine) {
            let message = format!("this fault is one of {}, and `{name}` runs {engine}", EngineKind::Postgres);
            problems.add(place, message, "use a fault of the host or of its links, such as `server-killed`");
        }
    }

    /// A site that can be lost: the host that takes over is on another.
    fn site(&self, name: &str, within: Range<usize>, problems: &mut Problems<'_>) {
        let hosts = &self.plan.environment.hosts;
        let mut sites: Vec<&str> = hosts.values().map(|host| host.site.as_str()).collect();
        sites.sort_unstable();
        sites.dedup();
        let place = problems.quoted_within(name, within);
        problems.refer("site", name, place.clone(), sites.iter().copied());
        if hosts.get(self.target).is_some_and(|host| host.site == name) {
            let message = format!("`{}`, which takes over, is on `{name}` too, and would be lost with it", self.target);
            problems.add(place, message, "give that host a `site` of its own");
        }
    }

    /// Whether it is the store that the drill starts.
    fn store(&self, name: &str, within: Range<usize>, problems: &mut Problems<'_>) -> bool {
        let place = problems.quoted_within(name, within);
        problems.refer("store", name, place.clone(), names(&self.plan.environment.stores));
        let known = self.plan.environment.stores.contains_key(name);
        if known && name != self.store {
            let message = format!("the pipeline does not save to `{name}`, which this drill does not start");
            problems.add(place, message, format!("it saves to `{}`", self.store));
        }
        known && name == self.store
    }
}

fn names<T>(map: &BTreeMap<String, T>) -> Vec<&str> {
    map.keys().map(String::as_str).collect()
}
