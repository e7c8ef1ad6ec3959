//! The promises, one function each: a bucket of its own, and what has to hold in it.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{
    BucketVersioningStatus, ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, DefaultRetention,
    ObjectLockConfiguration, ObjectLockEnabled, ObjectLockMode, ObjectLockRetentionMode, ObjectLockRule,
    VersioningConfiguration,
};
use blackstart::plan::Promise;
use blackstart::secret::Secrets;
use blackstart::store::{Bucket, Key, Object, Provider, Store};
use futures_util::future::{BoxFuture, FutureExt};

/// How a promise is tried: it panics where it is not kept.
type Tried = for<'a> fn(&'a Store, &'a Secrets) -> BoxFuture<'a, ()>;

const PROMISES: [(Promise, Tried); Promise::ALL.len()] = [
    (Promise::Parts, |store, _| in_parts(store).boxed()),
    (Promise::Summed, |store, _| summed(store).boxed()),
    (Promise::GivenUp, |store, _| given_up(store).boxed()),
    (Promise::Pages, |store, _| pages(store).boxed()),
    (Promise::Versions, |store, _| versions(store).boxed()),
    (Promise::Markers, |store, _| markers(store).boxed()),
    (Promise::Rewritten, |store, _| rewritten(store).boxed()),
    (Promise::Gone, |store, _| gone(store).boxed()),
    (Promise::Compliance, |store, _| compliance(store).boxed()),
    (Promise::Governance, |store, _| governance(store).boxed()),
    (Promise::OwnLock, |store, _| own_lock(store).boxed()),
    (Promise::Expiry, |store, _| expiry(store).boxed()),
    (Promise::Rights, |store, secrets| rights(store, secrets).boxed()),
    (Promise::TakenBack, |store, secrets| taken_back(store, secrets).boxed()),
    (Promise::Anew, |store, secrets| anew(store, secrets).boxed()),
    (Promise::Told, |store, secrets| told(store, secrets).boxed()),
    (Promise::Rot, |store, _| rot(store).boxed()),
    (Promise::Closed, |store, _| closed(store).boxed()),
];

/// Tries them all; says which. One that the provider lacks has to be broken, and in the way that it says.
pub async fn all(provider: Provider, store: &Store, secrets: &Secrets) {
    for promise in Promise::ALL {
        let (_, tried) = PROMISES.iter().find(|(tried, _)| *tried == promise).unwrap();
        let Some((_, says)) = provider.lacking().iter().find(|(lacking, _)| *lacking == promise) else {
            println!("  {promise}");
            tried(store, secrets).await;
            continue;
        };
        println!("  lacking: {promise}");
        let broken = AssertUnwindSafe(tried(store, secrets)).catch_unwind().await;
        let why = broken.expect_err(&format!("{provider:?} lacked this, and now it has it: {promise}"));
        let why = words_of(&*why);
        assert!(why.contains(says), "{promise}: it is to be broken by {says:?}, and was by: {why}");
    }
}

/// What a panic said.
fn words_of(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied()).unwrap_or_default()
}

async fn bucket(store: &Store, name: &str, versioning: bool) {
    store.make_bucket(&Bucket::plain(name, versioning)).await.unwrap();
}

async fn in_parts(store: &Store) {
    bucket(store, "parts", false).await;
    let bytes: Vec<u8> = (0..12_345_678_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let object = Object { bytes, content_type: "application/pdf".into(), op: Some(7) };
    store.bucket("parts").put("scan.pdf", object.clone()).await.unwrap();
    assert_eq!(store.bucket("parts").get("scan.pdf").await.unwrap(), object);
}

async fn summed(store: &Store) {
    // Of the one part, and over that.
    let (sum, all) = ("10P8Lg==", "d48poQ==");
    bucket(store, "summed", false).await;
    let owner = store.as_owner();
    let begin = owner.create_multipart_upload().bucket("summed").key("note");
    let upload = begin.checksum_algorithm(ChecksumAlgorithm::Crc32C).send().await.unwrap().upload_id;
    let part = owner.upload_part().bucket("summed").key("note").set_upload_id(upload.clone()).part_number(1);
    let sent = part.checksum_crc32_c(sum).body(ByteStream::from_static(b"new")).send().await.unwrap();
    let part = CompletedPart::builder().part_number(1).set_e_tag(sent.e_tag).checksum_crc32_c(sum).build();
    let end = owner.complete_multipart_upload().bucket("summed").key("note").set_upload_id(upload);
    let end = end.multipart_upload(CompletedMultipartUpload::builder().parts(part).build());
    end.checksum_crc32_c(all).send().await.unwrap();
    assert_eq!(store.read("summed", "note").await.unwrap(), b"new");
}

async fn given_up(store: &Store) {
    bucket(store, "given-up", false).await;
    store.try_to_write("given-up").await.unwrap();
    let left = store.as_owner().list_multipart_uploads().bucket("given-up").send().await.unwrap();
    assert!(left.uploads().is_empty(), "{left:?}");
    assert!(store.list("given-up", "").await.unwrap().is_empty());
}

async fn pages(store: &Store) {
    bucket(store, "pages", true).await;
    for number in 0..1_003 {
        store.write("pages", &format!("{number:04}"), Vec::new()).await.unwrap();
    }
    assert_eq!(store.list("pages", "").await.unwrap().len(), 1_003);
    assert_eq!(store.versions("pages", "").await.unwrap().len(), 1_003);
    assert_eq!(store.bucket("pages").keys().await.unwrap().len(), 1_003);
    assert_eq!(store.list("pages", "10").await.unwrap().len(), 3);
}

async fn versions(store: &Store) {
    bucket(store, "versions", true).await;
    for text in ["first", "second"] {
        store.write("versions", "note", text.into()).await.unwrap();
    }
    let kept = store.versions("versions", "note").await.unwrap();
    let newest: Vec<bool> = kept.iter().map(|version| version.is_newest).collect();
    assert_eq!(newest, [true, false], "{kept:?}");
    assert_eq!(store.read("versions", "note").await.unwrap(), b"second");
    let old =
        store.as_owner().get_object().bucket("versions").key("note").version_id(&kept[1].id).send().await.unwrap();
    assert_eq!(old.body.collect().await.unwrap().to_vec(), b"first");
}

async fn markers(store: &Store) {
    bucket(store, "markers", true).await;
    store.write("markers", "note", "kept".into()).await.unwrap();
    let marker = store.delete("markers", "note", None).await.unwrap().unwrap();
    assert!(store.get("markers", "note").await.unwrap_err().is_missing());
    assert!(store.list("markers", "").await.unwrap().is_empty());
    let kept = store.versions("markers", "note").await.unwrap();
    assert_eq!(kept.iter().filter(|version| version.is_marker).count(), 1, "{kept:?}");
    assert_eq!(kept.len(), 2, "{kept:?}");
    store.delete("markers", "note", Some(&marker)).await.unwrap();
    assert_eq!(store.read("markers", "note").await.unwrap(), b"kept");
}

async fn rewritten(store: &Store) {
    bucket(store, "rewritten", true).await;
    store.write("rewritten", "note", "before".into()).await.unwrap();
    store.delete("rewritten", "note", None).await.unwrap();
    store.write("rewritten", "note", "after".into()).await.unwrap();
    assert_eq!(store.read("rewritten", "note").await.unwrap(), b"after");
}

async fn gone(store: &Store) {
    bucket(store, "plain", false).await;
    store.write("plain", "note", "once".into()).await.unwrap();
    assert_eq!(store.delete("plain", "note", None).await.unwrap(), None);
    assert!(store.get("plain", "note").await.unwrap_err().is_missing());
    assert_eq!(store.versions("plain", "").await.unwrap(), []);
}

/// A bucket with a lock of its own for whatever is written there, or without.
async fn locked(store: &Store, name: &str, mode: Option<ObjectLockRetentionMode>) {
    store.as_owner().create_bucket().bucket(name).object_lock_enabled_for_bucket(true).send().await.unwrap();
    if let Some(mode) = mode {
        lock(store, name, mode).await;
    }
}

/// Sets a bucket's lock for whatever is written from now on.
async fn lock(store: &Store, name: &str, mode: ObjectLockRetentionMode) {
    let rule = ObjectLockRule::builder().default_retention(DefaultRetention::builder().mode(mode).days(1).build());
    let lock = ObjectLockConfiguration::builder().object_lock_enabled(ObjectLockEnabled::Enabled).rule(rule.build());
    let put = store.as_owner().put_object_lock_configuration().bucket(name);
    put.object_lock_configuration(lock.build()).send().await.unwrap();
}

/// Removes the newest version of an object, with or without the word to bypass its lock; or what the store says.
async fn removed(store: &Store, bucket: &str, bypass: bool) -> Result<(), String> {
    let version = store.versions(bucket, "note").await.unwrap().remove(0).id;
    let delete = store.as_owner().delete_object().bucket(bucket).key("note").version_id(version);
    let removed = delete.set_bypass_governance_retention(bypass.then_some(true)).send().await;
    removed.map(drop).map_err(|error| format!("{error:?}"))
}

async fn compliance(store: &Store) {
    let lock = Bucket { lock_days: Some(1), ..Bucket::plain("compliance", true) };
    store.make_bucket(&lock).await.unwrap();
    store.write("compliance", "note", "kept".into()).await.unwrap();
    removed(store, "compliance", false).await.unwrap_err();
    removed(store, "compliance", true).await.unwrap_err();
    // Hiding it is no removal.
    store.delete("compliance", "note", None).await.unwrap().unwrap();
    assert_eq!(store.versions("compliance", "note").await.unwrap().len(), 2);
}

/// Writes an object under a lock of its own that may be bypassed.
async fn write_governed(store: &Store, bucket: &str) {
    let until = DateTime::from(SystemTime::now() + Duration::from_secs(86_400));
    let put = store.as_owner().put_object().bucket(bucket).key("note").body(ByteStream::from_static(b"kept"));
    put.object_lock_mode(ObjectLockMode::Governance).object_lock_retain_until_date(until).send().await.unwrap();
}

async fn governance(store: &Store) {
    locked(store, "governance", None).await;
    write_governed(store, "governance").await;
    let kept = store.as_owner().head_object().bucket("governance").key("note").send().await.unwrap();
    assert_eq!(kept.object_lock_mode, Some(ObjectLockMode::Governance));
    removed(store, "governance", false).await.unwrap_err();
    removed(store, "governance", true).await.unwrap();
}

async fn own_lock(store: &Store) {
    locked(store, "shortened", Some(ObjectLockRetentionMode::Compliance)).await;
    store.write("shortened", "note", "kept".into()).await.unwrap();
    lock(store, "shortened", ObjectLockRetentionMode::Governance).await;
    let removable = removed(store, "shortened", true).await.is_ok();
    assert!(!removable, "the lock of the bucket was shortened, and that of what it held with it");
    locked(store, "exempt", Some(ObjectLockRetentionMode::Compliance)).await;
    write_governed(store, "exempt").await;
    removed(store, "exempt", false).await.unwrap_err();
    removed(store, "exempt", true).await.unwrap();
}

fn note() -> Object {
    Object { bytes: b"new".to_vec(), content_type: "text/plain".into(), op: None }
}

fn key(secrets: &Secrets, access: &str) -> Key {
    Key { access: access.into(), secret: secrets.make().unwrap() }
}

fn words(rights: &[&str]) -> Vec<String> {
    rights.iter().map(|right| (*right).to_owned()).collect()
}

async fn rights(store: &Store, secrets: &Secrets) {
    bucket(store, "mine", true).await;
    bucket(store, "others", true).await;
    for may in [&["put"][..], &["get"], &["list"], &["delete"], &["put", "get", "list", "delete"]] {
        let key = key(secrets, &may.join("-"));
        store.admit(&key, &words(may), &["mine"]).await.unwrap();
        let (mine, others) = (store.bucket_of("mine", &key), store.bucket_of("others", &key));
        let there = format!("there-for-{}", key.access);
        store.write("mine", &there, "before".into()).await.unwrap();
        let could = [
            ("put", mine.put(&format!("by-{}", may.join("-")), note()).await.is_ok()),
            ("get", mine.get(&there).await.is_ok()),
            ("list", mine.keys().await.is_ok()),
            ("delete", mine.delete(&there).await.is_ok()),
        ];
        for (right, could) in could {
            assert_eq!(could, may.contains(&right), "{right} by who may {may:?}");
        }
        assert!(others.put("note", note()).await.is_err_and(|trouble| trouble.refused), "another's, by {may:?}");
        // Who may delete hides; old versions are the owner's.
        let version = store.versions("mine", &there).await.unwrap().into_iter().find(|one| !one.is_marker).unwrap().id;
        let holder = store.as_holder(&key);
        let got = holder.get_object().bucket("mine").key(&there).version_id(&version).send().await;
        assert_eq!(got.is_ok(), may.contains(&"get"), "get a version by who may {may:?}");
        let removed = holder.delete_object().bucket("mine").key(&there).version_id(version).send().await;
        assert!(removed.is_err(), "a version, by who may {may:?}");
    }
}

async fn taken_back(store: &Store, secrets: &Secrets) {
    bucket(store, "taken-back", false).await;
    let key = key(secrets, "pipeline");
    assert!(store.refuses(&key).await.unwrap().is_some(), "nobody has made it yet");
    store.admit(&key, &words(&["get", "list"]), &["taken-back"]).await.unwrap();
    assert_eq!(store.refuses(&key).await.unwrap(), None);
    store.set_user("pipeline", false).await.unwrap();
    assert!(store.refuses(&key).await.unwrap().is_some());
    assert!(store.bucket_of("taken-back", &key).keys().await.is_err());
    store.set_user("pipeline", true).await.unwrap();
    assert_eq!(store.refuses(&key).await.unwrap(), None);
}

async fn anew(store: &Store, secrets: &Secrets) {
    bucket(store, "anew", true).await;
    let (restoring, other) = (key(secrets, "restoring"), key(secrets, "other"));
    store.admit(&restoring, &words(&["put", "get", "list", "delete", "configure"]), &["anew"]).await.unwrap();
    store.admit(&other, &words(&["put"]), &["anew"]).await.unwrap();
    let holder = store.as_holder(&restoring);
    holder.delete_bucket().bucket("anew").send().await.unwrap();
    holder.create_bucket().bucket("anew").send().await.unwrap();
    let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    holder.put_bucket_versioning().bucket("anew").versioning_configuration(on).send().await.unwrap();
    assert_eq!(store.protection("anew").await.unwrap()["versioning"], "on");
    for key in [&restoring, &other] {
        store.bucket_of("anew", key).put("note", note()).await.unwrap();
    }
}

/// Versioning, lock, lifecycle and policy of a bucket, as they are told.
async fn protection(store: &Store, bucket: &str) -> [String; 4] {
    let all = store.protection(bucket).await.unwrap();
    ["versioning", "lock", "lifecycle", "policy"].map(|name| all.get(name).cloned().unwrap_or_default())
}

async fn told(store: &Store, secrets: &Secrets) {
    let guarded = Bucket { lock_days: Some(30), ..Bucket::plain("guarded", true) };
    store.make_bucket(&guarded).await.unwrap();
    bucket(store, "bare", false).await;
    // What keys may do is nothing that protects a bucket.
    store.admit(&key(secrets, "reader"), &words(&["get"]), &["guarded"]).await.unwrap();
    assert_eq!(protection(store, "guarded").await, ["on", "COMPLIANCE for 30 days", "none", "none"]);
    assert_eq!(protection(store, "bare").await, ["off", "none", "none", "none"]);
    assert!(store.protection("not-there").await.unwrap().is_empty());
}

async fn expiry(store: &Store) {
    let expiring = Bucket { old_versions_days: Some(90), ..Bucket::plain("expiring", true) };
    store.make_bucket(&expiring).await.unwrap();
    let lifecycle = "Enabled: *: old versions expire after 90 days";
    assert_eq!(protection(store, "expiring").await, ["on", "none", lifecycle, "none"]);
}

async fn rot(store: &Store) {
    bucket(store, "rot", true).await;
    // One is small, one is a file of its own, and has an older version.
    let objects = [("folder/small", 300), ("folder/large", 400_000)];
    store.write("rot", "folder/large", b"older".repeat(100_000)).await.unwrap();
    for (key, length) in objects {
        store.write("rot", key, b"x".repeat(length)).await.unwrap();
    }
    let old = store.versions("rot", "folder/large").await.unwrap().into_iter().find(|one| !one.is_newest).unwrap();
    assert_eq!(store.rot("rot", "folder/small").await.unwrap(), 1);
    assert_eq!(store.rot("rot", "folder/large").await.unwrap(), 2, "the object and its older version");
    for (key, length) in objects {
        assert_ne!(store.get("rot", key).await.ok(), Some(b"x".repeat(length)), "{key}");
    }
    let older = store.as_owner().get_object().bucket("rot").key(old.key).version_id(old.id).send().await;
    let older = match older {
        Ok(older) => older.body.collect().await.ok().map(|bytes| bytes.to_vec()),
        Err(_) => None,
    };
    assert_ne!(older, Some(b"older".repeat(100_000)));
    assert!(store.rot("rot", "not-there").await.is_err());
}

async fn closed(store: &Store) {
    bucket(store, "closed", true).await;
    store.write("closed", "folder/note", "before".into()).await.unwrap();
    store.set_writable(false).await.unwrap();
    let put = async |key: &str| store.bucket("closed").put(key, note()).await.is_ok();
    assert!(!store.try_to_write("closed").await.unwrap_err().is_silent());
    assert!(!put("new").await && !put("folder/new").await && !put("folder/note").await);
    assert_eq!(store.read("closed", "folder/note").await.unwrap(), b"before");
    store.set_writable(true).await.unwrap();
    store.try_to_write("closed").await.unwrap();
    assert!(put("new").await && put("folder/new").await && put("folder/note").await);
}
