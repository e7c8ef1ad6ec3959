//! What is right is resolved as it is written, and files that are none are refused.

use std::path::Path;

use blackstart_record::alert::Alert;
use blackstart_record::plan::{Origin, Pace, Step};
use blackstart_record::time::Nanos;

use super::vocabulary::TestProvider;
use super::*;

#[test]
fn a_provider_that_lacks_what_nothing_relies_on_is_taken() {
    let (plan, scenario) = on_a_poor_store();
    assert_eq!(loaded(&plan, &scenario).unwrap().store().provider, TestProvider::Poor);
}

#[test]
fn a_replicas_exposure_is_its_alarm_or_what_lies_between_its_shipments() {
    let (plan, scenario) = with_a_replica();
    let whole = loaded(&plan, &scenario).unwrap_or_else(|error| panic!("{}", told(&error)));
    let pipeline = &whole.plan.pipelines["archive"];
    assert_eq!(pipeline.schedule.interval.as_ref().unwrap().value, Nanos::from_secs(5));
    assert_eq!(pipeline.immutable_days, None, "it keeps nothing under the bucket's lock");
    assert!(whole.leaves_source);
    let silent = loaded(&plan.replace("lag-alarm = \"5s\"", ""), &scenario).unwrap();
    assert_eq!(silent.plan.pipelines["archive"].schedule.interval, None);
    let shipped = plan.replace("replica = {}", "replica = { every = \"1h\" }").replace("lag-alarm = \"5s\"", "");
    let pipeline = &loaded(&shipped, &scenario).unwrap().plan.pipelines["archive"];
    let hour = Nanos::from_secs(3600);
    assert_eq!(pipeline.schedule.interval.as_ref().map(|interval| interval.value), Some(hour));
    assert_eq!(pipeline.pace, Pace::Every(hour));
}

#[test]
fn whoever_a_replica_follows_through_is_a_replica_with_a_link_of_its_own() {
    let (plan, scenario) = with_a_replica();
    let plan = plan.replace("[hosts.store]", "[hosts.between]\nsite = \"main\"\nengine = \"postgres\"\n[hosts.store]");
    let through = |hosts: &str| plan.replace("replica = {}", &format!("replica = {{ through = [{hosts}] }}"));
    for (link, paused) in [("replication", "recovery"), ("replication-to-between", "between")] {
        let scenario = scenario.replace("\"replication\"", &format!("\"{link}\""));
        let scenario = scenario.replace("host = \"recovery\"", &format!("host = \"{paused}\""));
        loaded(&through("\"between\""), &scenario).unwrap_or_else(|error| panic!("{}", told(&error)));
        assert_eq!(loaded(&plan, &scenario).is_ok(), paused == "recovery", "without it there is neither");
    }
    let error = loaded(&through("\"between\", \"between\""), &scenario).map(|_| ()).unwrap_err();
    assert!(told(&error).contains("through `between` goes in a circle"), "{}", told(&error));
}

#[test]
fn only_hosts_that_a_drill_is_about_are_used() {
    let idle = "[sites.far]\n[hosts.idle]\nsite = \"far\"\ndisk = \"2GiB\"\n[hosts.store]";
    let plan = PLAN.replace("[hosts.store]", idle);
    let corruption = "page-corruption = { host = \"primary\", blocks = 16 }";
    for (fault, idle) in [
        (corruption, false),
        ("disk-full = { host = \"idle\" }", true),
        ("site-lost = { site = \"far\" }", true),
        ("link-cut = { link = \"application\" }", false),
    ] {
        let loaded = loaded(&plan, &SCENARIO.replace(corruption, fault));
        let mut used = loaded.as_ref().unwrap_or_else(|error| panic!("{}", told(error))).used_hosts();
        assert_eq!(used.remove("idle"), idle, "{fault}");
        assert_eq!(used.into_iter().collect::<Vec<_>>(), ["primary", "recovery", "store"], "{fault}");
    }
    let (plan, scenario) = with_a_replica();
    let plan = plan.replace("[hosts.store]", "[hosts.between]\nsite = \"main\"\nengine = \"postgres\"\n[hosts.store]");
    let plan = plan.replace("replica = {}", "replica = { through = [\"between\"] }");
    let loaded = loaded(&plan, &scenario).unwrap_or_else(|error| panic!("{}", told(&error)));
    assert!(loaded.used_hosts().contains("between"));
}

#[test]
fn a_plan_is_resolved_as_written() {
    let loaded = loaded(PLAN, SCENARIO).unwrap_or_else(|error| panic!("{}", told(&error)));
    let Loaded { plan, scenario, environment, faults, pipeline, bounds, .. } = &loaded;
    let critical = plan.objectives["critical"].rto.as_ref().unwrap();
    assert_eq!(critical.value, Nanos::from_secs(3600));
    assert_eq!(critical.origin, Origin::From { section: "1. Goals".into(), line: 6 });
    assert_eq!(plan.objectives["database"].tolerance, Nanos::from_secs(10));
    let archive = &plan.pipelines["archive"];
    assert_eq!(archive.method.origin, Origin::Substitutes("WAL-G".into()));
    let interval = archive.schedule.interval.as_ref().unwrap();
    assert_eq!((interval.value, &interval.origin), (Nanos::from_secs(60), &Origin::Assumed("silent".into())));
    let entries: Vec<_> =
        archive.schedule.entries.iter().map(|(name, said)| (name.as_str(), said.value.as_str())).collect();
    assert_eq!(entries, [("archive-timeout", "1 min"), ("base", "0 2 * * *"), ("retention", "30 d")]);
    let alerts: Vec<_> = plan.alerts.iter().map(|(alert, said)| (*alert, said.value)).collect();
    assert_eq!(alerts, [(Alert::BackupFailed, Nanos::ZERO), (Alert::ReplicationLag, Nanos::from_secs(300))]);
    assert_eq!(plan.values["facts.alerts.age"].value, "25");
    assert_eq!(plan.findings[0].places[0].origin, Origin::From { section: "1".into(), line: 1 });
    assert_eq!(
        environment.stores["backups"].buckets["saved"],
        BucketSpec { versioning: true, lock_days: Some(30), old_versions_days: None }
    );
    assert_eq!(environment.hosts["recovery"].disk, Some(2 << 30));
    assert_eq!((pipeline.bucket.as_str(), pipeline.credential.as_str()), ("saved", "pipeline"));
    let names: Vec<_> = scenario.faults.iter().map(|fault| (fault.after, fault.name.as_str())).collect();
    assert_eq!(names, [(Nanos::from_secs(8), "bad-deploy"), (Nanos::from_secs(11), "page-corruption")]);
    assert_eq!(faults.iter().map(|fault| fault.inject.name()).collect::<Vec<_>>(), ["bad-deploy", "page-corruption"]);
    assert_eq!(scenario.faults[0].params, serde_json::json!({ "host": "primary", "blocks": 1 }));
    assert_eq!(scenario.runbook[0].step, Step::Detect);
    assert_eq!(scenario.runbook[0].manual.as_ref().unwrap().value, Nanos::from_secs(600));
    assert_eq!(scenario.runbook[1].bound, Nanos::from_secs(900));
    assert_eq!((scenario.compression, scenario.expendable.as_slice()), (1, ["app.sessions".to_owned()].as_slice()));
    assert_eq!(scenario.erasures, ["app.visitors"]);
    assert_eq!((bounds.server, scenario.probes.beat), (Nanos::from_secs(60), Nanos::from_millis(20)));
    let copy: Loaded<Test> = serde_json::from_str(&serde_json::to_string(&loaded).unwrap()).unwrap();
    assert_eq!((&copy.plan, &copy.scenario), (plan, scenario));
}

#[test]
fn a_profile_is_its_scenarios_and_its_cadence() {
    let root = written(PLAN.as_bytes(), SCENARIO.as_bytes());
    for name in ["flood", "ghost"] {
        fs::write(root.path().join("shop").join(name).with_extension("toml"), SCENARIO).unwrap();
    }
    let asked = upkeep::<Test>(root.path(), "shop").unwrap_or_else(|error| panic!("{}", told(&error)));
    let drills = |name: &str| asked.profiles[name].drills.clone();
    assert_eq!((drills("monthly"), drills("release")), (vec!["fire".to_owned()], vec!["fire".into(), "flood".into()]));
    let cadence = asked.profiles["monthly"].cadence.as_ref().unwrap();
    assert_eq!(cadence.value.to_string(), "0 2 * * Mon#1");
    assert_eq!(cadence.origin, Origin::From { section: "6. Tests".into(), line: 11 });
    assert!(asked.profiles["release"].cadence.is_none());
    assert_eq!(asked.health.backup_success.unwrap().value.of_one, 0.999);
    assert_eq!(asked.health.mean_recovery.unwrap().value, Nanos::from_secs(1_500));
    assert!(asked.health.data_loss.is_none() && asked.health.drill_success.is_none());
}

#[test]
fn objects_need_a_domain_that_keeps_some_and_the_store_that_the_drill_starts() {
    let objects =
        "database = \"shop\"\nobjects = { store = \"backups\", bucket = \"saved\", credential = \"pipeline\" }";
    let plan = PLAN.replace("database = \"shop\"", objects);
    let documents = SCENARIO.replace("\"fulfilment\"", "\"documents\"");
    let loaded_plan = loaded(&plan, &documents).unwrap_or_else(|error| panic!("{}", told(&error)));
    let kept = loaded_plan.environment.objects.unwrap();
    assert_eq!((kept.store.as_str(), kept.bucket.as_str(), kept.credential.as_str()), ("backups", "saved", "pipeline"));
    let of_rows_alone = loaded(&plan, SCENARIO).unwrap_or_else(|error| panic!("{}", told(&error)));
    assert!(of_rows_alone.environment.objects.is_none(), "they are of the plan's other scenarios");
    let elsewhere = plan.replace("objects = { store = \"backups\"", "objects = { store = \"other\"").replace(
        "[credentials.pipeline]",
        "[stores.other]\nhost = \"store\"\nbuckets = { saved = {} }\n[credentials.shop]\nstore = \"other\"\nmay = []\n[credentials.pipeline]",
    );
    let elsewhere = elsewhere
        .replace("bucket = \"saved\", credential = \"pipeline\" }", "bucket = \"saved\", credential = \"shop\" }");
    let said = told(&loaded(&elsewhere, &documents).unwrap_err());
    assert!(said.contains("are in `other`, which this drill does not start"), "{said}");
}

#[test]
fn what_is_promised_of_artifacts_is_the_pipelines_word_and_else_the_buckets_lock() {
    let (locked, word) = ("versioning = true, lock = \"30d\"", "substitutes = \"WAL-G\"");
    let claims = "immutable = \"7d\"";
    for (lock, claim, promised) in [
        (locked, word, Some(30)),
        ("versioning = true", word, None),
        ("versioning = true", claims, Some(7)),
        (locked, claims, Some(7)),
    ] {
        let plan = PLAN.replace(locked, lock).replace(word, claim);
        let loaded = loaded(&plan, SCENARIO).unwrap_or_else(|error| panic!("{}", told(&error)));
        assert_eq!(loaded.plan.pipelines["archive"].immutable_days, promised, "{lock}, {claim}");
    }
}

#[test]
fn without_continuous_archiving_the_interval_is_that_of_the_most_frequent_backup() {
    for (schedule, interval) in [
        ("{ full = \"0 2 * * *\" }", Some(86_400)),
        ("{ full = \"0 2 * * *\", incremental = \"6h\" }", Some(21_600)),
        ("{ base = \"0 2 * * *\", archive-timeout = \"60s\" }", Some(60)),
        ("{ retention = \"30d\" }", None),
        ("{}", None),
    ] {
        let start = PLAN.find("schedule = ").unwrap();
        let end = start + PLAN[start..].find('\n').unwrap();
        let plan = format!("{}schedule = {schedule}{}", &PLAN[..start], &PLAN[end..]);
        let loaded = loaded(&plan, SCENARIO).unwrap();
        let found = loaded.plan.pipelines["archive"].schedule.interval.as_ref().map(|interval| interval.value);
        assert_eq!(found, interval.map(Nanos::from_secs), "{schedule}");
    }
}

#[test]
fn a_file_that_is_no_plan_is_refused_with_its_name() {
    type Spoil = fn(&Path);
    let sparse: Spoil = |path| fs::File::create(path).unwrap().set_len(100 << 20).unwrap();
    let folder: Spoil = |path| fs::remove_file(path).and_then(|()| fs::create_dir(path)).unwrap();
    let cases: &[(&str, Spoil, &str)] = &[
        ("empty", |path| fs::write(path, "").unwrap(), "toml:1:1: the file is empty"),
        ("only a comment", |path| fs::write(path, "# soon\n").unwrap(), "toml:1:1: the key `"),
        ("not UTF-8", |path| fs::write(path, b"title = \"\xff\"\n").unwrap(), "toml:1:10: this is not UTF-8 text"),
        ("a folder", folder, "toml: is a folder"),
        ("100 MiB", sparse, "toml: has 104857600 bytes and was not read"),
        ("gone", |path| fs::remove_file(path).unwrap(), "there is no"),
        ("no TOML", |path| fs::write(path, "a = \"\u{1b}[31m\"").unwrap(), "toml:1:6: this is not TOML"),
        ("deep", |path| fs::write(path, "a = ".to_owned() + &"[".repeat(100_000)).unwrap(), "toml:1:"),
        ("one long line", |path| fs::write(path, "a = \"".to_owned() + &"x".repeat(500_000)).unwrap(), "toml:1:"),
    ];
    for (name, spoil, expected) in cases {
        for file in ["plan.toml", "fire.toml"] {
            let root = written(PLAN.as_bytes(), SCENARIO.as_bytes());
            spoil(&root.path().join("shop").join(file));
            let error = load::<Test>(root.path(), "shop", "fire").map(|_| ()).expect_err(name);
            let said = told(&error);
            assert!(said.contains(expected), "{name}: {said}");
            assert!(!said.contains('\u{1b}') && said.len() < 2000, "{name}: {said}");
        }
    }
}

#[test]
fn an_unknown_plan_or_scenario_names_the_nearest() {
    let root = written(PLAN.as_bytes(), SCENARIO.as_bytes());
    for (plan, scenario, says) in [
        ("shpo", "fire", "there is no plan `shpo` in this folder\n  = did you mean `shop`?"),
        ("shop", "fir", "there is no scenario `fir` in this folder\n  = did you mean `fire`?"),
        ("shop", "plan", "there is no scenario `plan`"),
        ("../shop", "fire", "there is no plan `../shop`"),
    ] {
        let error = load::<Test>(root.path(), plan, scenario).map(|_| ()).unwrap_err();
        assert!(told(&error).contains(says), "{}", told(&error));
    }
    assert!(discover(&root.path().join("nowhere")).is_err());
}

#[test]
fn scenarios_are_found_in_the_order_of_their_names() {
    let root = written(PLAN.as_bytes(), SCENARIO.as_bytes());
    for file in ["shop/b.toml", "shop/notes.md", "shop/.hidden.toml", "README.md"] {
        fs::write(root.path().join(file), "").unwrap();
    }
    fs::create_dir(root.path().join("shop/d.toml")).unwrap();
    let found: Vec<String> = discover(root.path()).unwrap().iter().map(Found::drill).collect();
    assert_eq!(found, ["shop/b", "shop/d", "shop/fire"]);
}

#[test]
fn a_file_that_may_not_be_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let root = written(PLAN.as_bytes(), SCENARIO.as_bytes());
    let path = root.path().join("shop/fire.toml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o0)).unwrap();
    // Root may read everything; then there is nothing to see here.
    if fs::read(&path).is_err() {
        let error = load::<Test>(root.path(), "shop", "fire").map(|_| ()).unwrap_err();
        assert!(told(&error).contains("fire.toml: cannot be read"), "{}", told(&error));
    }
}

#[test]
fn the_schemas_know_every_key() {
    let plan = serde_json::to_string(&plan_schema::<Test>()).unwrap();
    let scenario = serde_json::to_string(&scenario_schema::<Test>()).unwrap();
    for key in [
        "production-size",
        "profiles",
        "cadence",
        "data-loss",
        "objectives",
        "assumed",
        "archive-timeout",
        "barman-cloud",
        "findings",
    ] {
        assert!(plan.contains(&format!("\"{key}\"")), "{key}");
    }
    for key in ["hypothesis", "bad-deploy", "after-recovery", "stop-application", "manual", "fresh"] {
        assert!(scenario.contains(&format!("\"{key}\"")), "{key}");
    }
}

#[test]
fn a_pipeline_that_repairs_does_so_where_the_data_is() {
    let plan =
        PLAN.replace("barman-cloud = { prefix = \"pg\" }", "command = { restore = \"mend.sh\", repairs = true }");
    let steps = ["fetch", "replay", "promote"];
    let scenario = steps
        .iter()
        .fold(SCENARIO.to_owned(), |text, step| text.replace(&format!("[[runbook]]\nstep = \"{step}\"\n"), ""));
    let loaded_with = |scenario: &str| {
        let root = written(plan.as_bytes(), scenario.as_bytes());
        let program = root.path().join("shop/mend.sh");
        fs::write(&program, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        load::<Test>(root.path(), "shop", "fire")
    };
    let in_place = loaded_with(&scenario.replace("\"recovery\"", "\"primary\"")).unwrap();
    assert!(in_place.plan.pipelines["archive"].repairs);
    let error = loaded_with(&scenario).map(|_| ()).unwrap_err();
    assert!(told(&error).contains("`recovery` has nothing to repair"), "{}", told(&error));
    assert!(told(&error).contains("the data is on `primary`"), "{}", told(&error));
}
