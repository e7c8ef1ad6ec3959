//! From `plan.toml` as written to the plan as resolved: names lead somewhere, defaults are filled in.

use std::collections::BTreeMap;
use std::path::Path;

use blackstart_record::plan::{Document, DocumentFinding, Objective, Origin, Pace, Pipeline, Plan, Schedule, Sourced};
use blackstart_record::time::Nanos;

use super::alerts;
use super::diagnostic::{Diagnostics, Source};
use super::discover;
use super::name::Name;
use super::plan_file::{
    BucketFile, CredentialFile, HostFile, ObjectsFile, PipelineFile, PlanFile, Right, ScheduleFile, StoreFile,
};
use super::problems::Problems;
use super::programs;
use super::promise;
use super::sourced::Said;
use super::through;
use super::units::Lapse;
use super::upkeep::{self, Upkeep};
use super::values;
use super::{
    Asks, BucketSpec, CredentialSpec, Environment, HostSpec, ObjectsSpec, PipelineSpec, Promise, Provides, StoreSpec,
    Vocabulary,
};

const DAY: u64 = 86_400_000_000_000;
const SHA256_DIGITS: usize = 64;

/// A plan, resolved, with what its scenarios need of it.
pub(super) struct ResolvedPlan<V: Vocabulary> {
    pub(super) plan: Plan,
    pub(super) environment: Environment<V::Provider>,
    pub(super) pipelines: BTreeMap<String, PipelineSpec<V>>,
    pub(super) expendable: Vec<String>,
    pub(super) erasures: Vec<String>,
    pub(super) upkeep: Upkeep,
}

pub(super) fn resolve<V: Vocabulary>(
    name: &str,
    folder: &Path,
    source: &Source,
    file: PlanFile<V::Method, V::Provider>,
) -> Result<ResolvedPlan<V>, Diagnostics> {
    let mut problems = Problems::of(source);
    check_document(&file, source, &mut problems);
    check_objectives(&file, &mut problems);
    let environment = environment(&file, &mut problems);
    let mut pipelines = BTreeMap::new();
    let mut specs = BTreeMap::new();
    for (name, pipeline) in &file.pipelines {
        check_pipeline(pipeline, &environment, &mut problems);
        check_programs(pipeline, folder, &mut problems);
        check_schedule(pipeline, &mut problems);
        through::check(pipeline, &environment, &mut problems);
        if let Some(wrong) = pipeline.method.get_ref().wrong() {
            let message = format!("this `{}` cannot save anything", pipeline.method.get_ref().name());
            problems.add(pipeline.method.span(), message, wrong);
        }
        let immutable = pipeline.immutable.as_ref().and_then(|claim| whole_days(claim, "a promise", &mut problems));
        pipelines.insert(name.to_string(), recorded(pipeline, immutable, &environment));
        let spec = PipelineSpec {
            name: name.to_string(),
            bucket: pipeline.bucket.value.clone(),
            credential: pipeline.credential.value.clone(),
            method: pipeline.method.get_ref().clone(),
        };
        specs.insert(name.to_string(), spec);
    }
    let scenarios = discover::scenarios(folder)?;
    let upkeep = upkeep::resolve(&file.profiles, &file.health, scenarios.keys().map(String::as_str), &mut problems);
    let alerts = alerts::resolve(&file.alerts, &mut problems);
    problems.none()?;
    let plan = Plan {
        name: name.to_owned(),
        title: file.title.value.clone(),
        document: file
            .document
            .as_ref()
            .map(|document| Document { title: document.title.clone(), sha256: document.sha256.value.to_lowercase() }),
        production_bytes: file.production_size.as_ref().map(|size| size.sourced(|size| size.0)),
        objectives: objectives(&file),
        pipelines,
        alerts,
        findings: findings(&file),
        values: values::list(source.text()),
    };
    let tables = |said: Option<Said<Vec<String>>>| said.map(|tables| tables.value).unwrap_or_default();
    let (expendable, erasures) = (tables(file.application.expendable), tables(file.application.erasures));
    Ok(ResolvedPlan { plan, environment, pipelines: specs, expendable, erasures, upkeep })
}

fn check_document<M, P>(file: &PlanFile<M, P>, source: &Source, problems: &mut Problems<'_>) {
    let Some(document) = &file.document else {
        let quoted =
            values::list(source.text()).into_iter().find(|(_, said)| matches!(said.origin, Origin::From { .. }));
        if let Some((path, _)) = quoted {
            let message = format!("`{path}` is from a document, but the plan names none");
            problems.add(0..0, message, "add `document = { title = \"..\", sha256 = \"..\" }`");
        }
        return;
    };
    let sha256 = &document.sha256;
    if sha256.value.len() != SHA256_DIGITS || !sha256.value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let help = "it has 64 hexadecimal digits; `sha256sum FILE` prints it";
        problems.add(sha256.span.clone(), "this is no SHA-256", help);
    }
}

fn check_objectives<M, P>(file: &PlanFile<M, P>, problems: &mut Problems<'_>) {
    for (name, objective) in &file.objectives {
        if objective.rto.is_none() && objective.rpo.is_none() && objective.note.is_none() {
            let message = format!("the objective `{name}` says nothing");
            problems.add(
                objective.covers.span.clone(),
                message,
                "add an `rto`, an `rpo`, or a `note` of what is said instead",
            );
        }
    }
}

fn environment<M, P: Provides>(file: &PlanFile<M, P>, problems: &mut Problems<'_>) -> Environment<P> {
    let hosts = file.hosts.iter().map(|(name, host)| (name.to_string(), host_spec(host, file, problems))).collect();
    let stores: BTreeMap<_, _> =
        file.stores.iter().map(|(name, store)| (name.to_string(), store_spec(store, file, problems))).collect();
    let credentials: BTreeMap<_, _> =
        file.credentials.iter().map(|(name, one)| (name.to_string(), credential_spec(one, file, problems))).collect();
    if file.application.database.value.trim().is_empty() {
        problems.add(
            file.application.database.span.clone(),
            "the database has no name",
            "name the application's database",
        );
    }
    let objects =
        file.application.objects.as_ref().map(|objects| objects_spec(objects, &stores, &credentials, problems));
    Environment { hosts, stores, credentials, database: file.application.database.value.clone(), objects }
}

fn objects_spec<P>(
    objects: &ObjectsFile,
    stores: &BTreeMap<String, StoreSpec<P>>,
    credentials: &BTreeMap<String, CredentialSpec>,
    problems: &mut Problems<'_>,
) -> ObjectsSpec {
    problems.refer_to("store", &objects.store, stores.keys().map(String::as_str));
    problems.refer_to("credential", &objects.credential, credentials.keys().map(String::as_str));
    if let Some(store) = stores.get(&objects.store.value) {
        problems.refer_to("bucket", &objects.bucket, store.buckets.keys().map(String::as_str));
    }
    if let Some(other) = credentials.get(&objects.credential.value).filter(|one| one.store != objects.store.value) {
        let message = format!("the credential `{}` opens `{}`", objects.credential.value, other.store);
        let help = format!("the application's objects are in `{}`", objects.store.value);
        problems.add(objects.credential.span.clone(), message, help);
    }
    ObjectsSpec {
        store: objects.store.value.clone(),
        bucket: objects.bucket.value.clone(),
        credential: objects.credential.value.clone(),
    }
}

fn host_spec<M, P>(host: &HostFile, file: &PlanFile<M, P>, problems: &mut Problems<'_>) -> HostSpec {
    problems.refer_to("site", &host.site, file.sites.keys().map(Name::as_str));
    HostSpec {
        site: host.site.value.clone(),
        engine: host.engine.as_ref().map(|engine| engine.value),
        disk: host.disk.as_ref().map(|disk| disk.value.0),
        image: host.image.as_ref().map(|image| image.value.clone()),
    }
}

fn store_spec<M, P: Provides>(
    store: &StoreFile<P>,
    file: &PlanFile<M, P>,
    problems: &mut Problems<'_>,
) -> StoreSpec<P> {
    problems.refer_to("host", &store.host, file.hosts.keys().map(Name::as_str));
    let provider = provider(store);
    let chosen = store.provider.as_ref().map_or(&store.host.span, |said| &said.span);
    promise::check(provider, promise::EVERY_DRILL, chosen.clone(), problems);
    let buckets = store.buckets.iter();
    let buckets = buckets.map(|(name, bucket)| (name.to_string(), bucket_spec(bucket, provider, problems))).collect();
    StoreSpec { host: store.host.value.clone(), provider, buckets }
}

fn provider<P: Provides>(store: &StoreFile<P>) -> P {
    store.provider.as_ref().map(|said| said.value).unwrap_or_default()
}

fn bucket_spec<P: Provides>(bucket: &BucketFile, provider: P, problems: &mut Problems<'_>) -> BucketSpec {
    let versioning = bucket.versioning.as_ref().filter(|versioning| versioning.value);
    if let Some(versioning) = versioning {
        promise::check(provider, promise::VERSIONING, versioning.span.clone(), problems);
    }
    let versioning = versioning.is_some();
    let lock_days = bucket.lock.as_ref().and_then(|lock| {
        if !versioning {
            problems.add(lock.span.clone(), "a bucket without versioning cannot be locked", "add `versioning = true`");
        }
        promise::check(provider, promise::LOCK, lock.span.clone(), problems);
        whole_days(lock, "a lock", problems)
    });
    let old_versions_days = bucket.old_versions.as_ref().and_then(|kept| {
        if !versioning {
            let message = "a bucket without versioning has no old versions";
            problems.add(kept.span.clone(), message, "add `versioning = true`");
        }
        promise::check(provider, &[Promise::Expiry], kept.span.clone(), problems);
        whole_days(kept, "the time for which old versions are kept", problems)
    });
    BucketSpec { versioning, lock_days, old_versions_days }
}

fn whole_days(said: &Said<Lapse>, what: &str, problems: &mut Problems<'_>) -> Option<u32> {
    let nanos = said.value.0.0;
    let days = u32::try_from(nanos / DAY).ok().filter(|days| nanos.is_multiple_of(DAY) && *days > 0);
    if days.is_none() {
        problems.add(said.span.clone(), format!("{what} lasts whole days, at least one"), "write it as `30d`");
    }
    days
}

fn credential_spec<M, P: Provides>(
    credential: &CredentialFile,
    file: &PlanFile<M, P>,
    problems: &mut Problems<'_>,
) -> CredentialSpec {
    problems.refer_to("store", &credential.store, file.stores.keys().map(Name::as_str));
    let store = file.stores.iter().find(|(name, _)| name.as_str() == credential.store.value).map(|(_, store)| store);
    let words = |rights: &Said<Vec<Right>>, problems: &mut Problems<'_>| {
        if let Some(store) = store.filter(|_| rights.value.contains(&Right::Configure)) {
            promise::check(provider(store), &[Promise::Anew], rights.span.clone(), problems);
        }
        rights.value.iter().map(|right| right.as_str().to_owned()).collect::<Vec<_>>()
    };
    let may = words(&credential.may, problems);
    let may_in = credential.may_in.iter().map(|(bucket, rights)| {
        if let Some(store) = store {
            problems.refer("bucket", bucket.as_str(), rights.span.clone(), store.buckets.keys().map(Name::as_str));
        }
        (bucket.to_string(), words(rights, problems))
    });
    let may_in = may_in.collect();
    CredentialSpec { store: credential.store.value.clone(), may, may_in }
}

fn check_pipeline<M: Asks, P>(pipeline: &PipelineFile<M>, environment: &Environment<P>, problems: &mut Problems<'_>) {
    problems.refer_to("host", &pipeline.source, environment.hosts.keys().map(String::as_str));
    problems.refer_to("store", &pipeline.store, environment.stores.keys().map(String::as_str));
    problems.refer_to("credential", &pipeline.credential, environment.credentials.keys().map(String::as_str));
    if environment.hosts.get(&pipeline.source.value).is_some_and(|host| host.engine.is_none()) {
        let message = format!("the host `{}` runs no server whose data could be saved", pipeline.source.value);
        problems.add(pipeline.source.span.clone(), message, "give the host an `engine`");
    }
    if let Some(store) = environment.stores.get(&pipeline.store.value) {
        problems.refer_to("bucket", &pipeline.bucket, store.buckets.keys().map(String::as_str));
        let credential = environment.credentials.get(&pipeline.credential.value);
        if let Some(other) = credential.filter(|credential| credential.store != pipeline.store.value) {
            let message = format!("the credential `{}` opens `{}`", pipeline.credential.value, other.store);
            let help = format!("this pipeline saves to `{}`", pipeline.store.value);
            problems.add(pipeline.credential.span.clone(), message, help);
        }
    }
}

fn check_programs<M: Asks>(pipeline: &PipelineFile<M>, folder: &Path, problems: &mut Problems<'_>) {
    let Some(method) = pipeline.method.get_ref().method() else { return };
    let programs = method.files.iter().map(|file| (*file, programs::wrong_with(file, folder)));
    let folders = method.configuration.iter().map(|name| (*name, programs::wrong_with_folder(name, folder)));
    for (path, wrong) in programs.chain(folders) {
        if let Some((message, help)) = wrong {
            problems.add(problems.quoted_within(path, pipeline.method.span()), message, help);
        }
    }
}

/// A replica is saved at no time, and nothing but a replica lags: one that receives now and then has that for its schedule.
fn check_schedule<M: Asks>(pipeline: &PipelineFile<M>, problems: &mut Problems<'_>) {
    let method = pipeline.method.get_ref();
    let (follows, pace) = method.method().map(|method| (method.follows, method.pace)).unwrap_or_default();
    let schedule = &pipeline.schedule;
    let runs = [&schedule.base, &schedule.full, &schedule.incremental].into_iter().flatten().map(|runs| &runs.span);
    let runs = runs.chain(schedule.archive_timeout.as_ref().map(|timeout| &timeout.span));
    if let Pace::Every(interval) = pace {
        for span in runs.chain(schedule.lag_alarm.as_ref().map(|alarm| &alarm.span)) {
            let message = format!("`{}` receives once in {interval}, which is its schedule", method.name());
            problems.add(span.clone(), message, "leave this out, or the `every` of its method");
        }
    } else if follows {
        for span in runs {
            let message = format!("`{}` follows its source all the time, and has no schedule", method.name());
            problems.add(span.clone(), message, "how far it may fall behind is its `lag-alarm`");
        }
    } else if let Some(alarm) = &schedule.lag_alarm {
        let message = format!("`{}` follows no source, so nothing of it lags", method.name());
        problems.add(alarm.span.clone(), message, "leave `lag-alarm` out");
    }
}

fn recorded<M: Asks, P>(pipeline: &PipelineFile<M>, immutable: Option<u32>, environment: &Environment<P>) -> Pipeline {
    let origin = pipeline.substitutes.as_ref().map_or(Origin::Stated, |named| Origin::Substitutes(named.value.clone()));
    let method = pipeline.method.get_ref();
    let (follows, pace) = method.method().map(|method| (method.follows, method.pace)).unwrap_or_default();
    let bucket = environment.stores.get(&pipeline.store.value);
    let bucket = bucket.and_then(|store| store.buckets.get(&pipeline.bucket.value));
    Pipeline {
        method: Sourced { value: method.name().to_owned(), origin },
        source: pipeline.source.value.clone(),
        store: pipeline.store.value.clone(),
        schedule: schedule(&pipeline.schedule, pace),
        ships_remainder: method.method().is_some_and(|method| method.ships_remainder),
        repairs: method.method().is_some_and(|method| method.repairs),
        pace,
        // A replica keeps nothing in the store.
        immutable_days: immutable.or_else(|| bucket.and_then(|bucket| bucket.lock_days)).filter(|_| !follows),
    }
}

/// The interval is that of what ships continuously, or a replica's documented lag alarm, or what lies between two shipments to
/// it; without any, that of the most frequent backup.
fn schedule(file: &ScheduleFile, pace: Pace) -> Schedule {
    let backups = [("base", &file.base), ("full", &file.full), ("incremental", &file.incremental)];
    let lapses = [
        ("archive-timeout", &file.archive_timeout),
        ("lag-alarm", &file.lag_alarm),
        ("retention", &file.retention),
        ("incremental-retention", &file.incremental_retention),
        ("window", &file.window),
    ];
    let continuous = file.archive_timeout.as_ref().or(file.lag_alarm.as_ref());
    let continuous = continuous.map(|lapse| lapse.sourced(|lapse| lapse.0)).or(match pace {
        Pace::Every(interval) => Some(Sourced { value: interval, origin: Origin::Stated }),
        Pace::AtOnce | Pace::Late(_) => None,
    });
    let runs = backups.iter().filter_map(|(_, runs)| runs.as_ref());
    let most_frequent = runs.min_by_key(|runs| runs.value.longest_gap);
    let interval = continuous.or_else(|| most_frequent.map(|runs| runs.sourced(|runs| runs.longest_gap)));
    let backups = backups.iter().filter_map(|(name, runs)| entry(name, runs, |runs| runs.text.clone()));
    let lapses = lapses.iter().filter_map(|(name, lapse)| entry(name, lapse, |lapse| lapse.0.to_string()));
    Schedule { interval, entries: backups.chain(lapses).collect() }
}

fn entry<T>(name: &str, said: &Option<Said<T>>, show: impl Fn(&T) -> String) -> Option<(String, Sourced<String>)> {
    said.as_ref().map(|said| (name.to_owned(), said.sourced(show)))
}

fn objectives<M, P>(file: &PlanFile<M, P>) -> BTreeMap<String, Objective> {
    let resolved = file.objectives.iter().map(|(name, objective)| {
        let resolved = Objective {
            covers: objective.covers.value.clone(),
            rto: objective.rto.as_ref().map(|rto| rto.sourced(|rto| rto.0)),
            rpo: objective.rpo.as_ref().map(|rpo| rpo.sourced(|rpo| rpo.0)),
            tolerance: objective.tolerance.as_ref().map_or(Nanos::ZERO, |tolerance| tolerance.value.0),
        };
        (name.to_string(), resolved)
    });
    resolved.collect()
}

fn findings<M, P>(file: &PlanFile<M, P>) -> Vec<DocumentFinding> {
    let resolved = file.findings.iter().map(|finding| DocumentFinding {
        id: finding.id.to_string(),
        says: finding.says.clone(),
        places: finding
            .places
            .iter()
            .map(|place| Sourced { value: place.says.clone(), origin: place.from.clone().into() })
            .collect(),
        consequence: finding.consequence.clone(),
    });
    resolved.collect()
}
