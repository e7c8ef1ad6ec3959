//! The promises, one function each: a bucket of its own, and what has to hold in it.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::ObjectLockRetentionMode;
use blackstart::secret::Secrets;
use blackstart::store::{Bucket, Key, Object, Store};
use futures_util::future::{BoxFuture, FutureExt};

/// A promise, and how it is tried.
type Promise = (&'static str, for<'a> fn(&'a Store, &'a Secrets) -> BoxFuture<'a, ()>);

const PROMISES: &[Promise] = &[
    ("what is sent in parts comes back to the byte", |store, _| in_parts(store).boxed()),
    ("an upload that is given up leaves nothing", |store, _| given_up(store).boxed()),
    ("a list goes on over its pages", |store, _| pages(store).boxed()),
    ("old versions are kept", |store, _| versions(store).boxed()),
    ("what is deleted is hidden under a marker, and is back without it", |store, _| markers(store).boxed()),
    ("where no versions are kept what is deleted is gone", |store, _| gone(store).boxed()),
    ("under compliance nobody removes a version", |store, _| compliance(store).boxed()),
    ("under governance only who may bypass it removes a version", |store, _| governance(store).boxed()),
    ("a key may what it was given, and nothing else", |store, secrets| rights(store, secrets).boxed()),
    ("a key that is taken back opens nothing", |store, secrets| taken_back(store, secrets).boxed()),
    ("what protects a bucket is told", |store, _| protection(store).boxed()),
];

/// Tries them all; says which.
pub async fn all(store: &Store, secrets: &Secrets) {
    for (promise, tried) in PROMISES {
        println!("  {promise}");
        tried(store, secrets).await;
    }
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

async fn gone(store: &Store) {
    bucket(store, "plain", false).await;
    store.write("plain", "note", "once".into()).await.unwrap();
    assert_eq!(store.delete("plain", "note", None).await.unwrap(), None);
    assert!(store.get("plain", "note").await.unwrap_err().is_missing());
    assert_eq!(store.versions("plain", "").await.unwrap(), []);
}

async fn locked(store: &Store, name: &str) {
    let lock = Bucket { lock_days: Some(1), ..Bucket::plain(name, true) };
    store.make_bucket(&lock).await.unwrap();
}

/// Whether a version can be removed, with or without the word to bypass its lock.
async fn removable(store: &Store, bucket: &str, bypass: bool) -> bool {
    let version = store.versions(bucket, "note").await.unwrap().remove(0).id;
    let delete = store.as_owner().delete_object().bucket(bucket).key("note").version_id(version);
    delete.set_bypass_governance_retention(bypass.then_some(true)).send().await.is_ok()
}

async fn compliance(store: &Store) {
    locked(store, "compliance").await;
    store.write("compliance", "note", "kept".into()).await.unwrap();
    assert!(!removable(store, "compliance", false).await && !removable(store, "compliance", true).await);
    // Hiding it is no removal.
    store.delete("compliance", "note", None).await.unwrap().unwrap();
    assert_eq!(store.versions("compliance", "note").await.unwrap().len(), 2);
}

async fn governance(store: &Store) {
    locked(store, "governance").await;
    let until = DateTime::from(SystemTime::now() + Duration::from_secs(86_400));
    let put = store.as_owner().put_object().bucket("governance").key("note").body(ByteStream::from_static(b"kept"));
    let put = put.object_lock_mode(aws_sdk_s3::types::ObjectLockMode::Governance);
    put.object_lock_retain_until_date(until).send().await.unwrap();
    let kept = store.as_owner().get_object_retention().bucket("governance").key("note").send().await.unwrap();
    assert_eq!(kept.retention.unwrap().mode, Some(ObjectLockRetentionMode::Governance));
    assert!(!removable(store, "governance", false).await);
    assert!(removable(store, "governance", true).await);
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
    store.write("mine", "there", "before".into()).await.unwrap();
    let object = || Object { bytes: b"new".to_vec(), content_type: "text/plain".into(), op: None };
    for may in [&["put"][..], &["get"], &["list"], &["delete"], &["put", "get", "list", "delete"]] {
        let key = key(secrets, &may.join("-"));
        store.admit(&key, &words(may), &["mine"]).await.unwrap();
        let (mine, others) = (store.bucket_of("mine", &key), store.bucket_of("others", &key));
        let could = [
            ("put", mine.put(&format!("by-{}", may.join("-")), object()).await.is_ok()),
            ("get", mine.get("there").await.is_ok()),
            ("list", mine.keys().await.is_ok()),
            ("delete", mine.delete("there").await.is_ok()),
        ];
        for (right, could) in could {
            assert_eq!(could, may.contains(&right), "{right} by who may {may:?}");
        }
        assert!(others.put("note", object()).await.is_err_and(|trouble| trouble.refused), "another's, by {may:?}");
        // Who may delete hides; old versions are the owner's.
        let version = store.versions("mine", "there").await.unwrap().into_iter().find(|one| !one.is_marker).unwrap().id;
        let removed =
            store.as_holder(&key).delete_object().bucket("mine").key("there").version_id(version).send().await;
        assert!(removed.is_err(), "a version, by who may {may:?}");
        store.write("mine", "there", "before".into()).await.unwrap();
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

async fn protection(store: &Store) {
    let guarded = Bucket { lock_days: Some(30), old_versions_days: Some(90), ..Bucket::plain("guarded", true) };
    store.make_bucket(&guarded).await.unwrap();
    bucket(store, "bare", false).await;
    let told = |bucket: &'static str| async move {
        let all = store.protection(bucket).await.unwrap();
        ["versioning", "lock", "lifecycle", "policy"].map(|name| all.get(name).cloned().unwrap_or_default())
    };
    let lifecycle = "Enabled: *: old versions expire after 90 days";
    assert_eq!(told("guarded").await, ["on", "COMPLIANCE for 30 days", lifecycle, "none"]);
    assert_eq!(told("bare").await, ["off", "none", "none", "none"]);
    assert!(store.protection("not-there").await.unwrap().is_empty());
}
