//! Whether the restored copy leaves its source alone: the source's archive is as it was, and nothing writes there twice.

use std::collections::BTreeMap;

use blackstart_record::observation::Fence;

use crate::engine::{Login, Server};

/// Compares the source's archive (key to ETag) with what it was, and knocks at the source as the application would;
/// `None`: the copy was restored on the source's own server.
pub async fn observe(
    (before, after): (&BTreeMap<String, String>, &BTreeMap<String, String>),
    attempts: u64,
    source: Option<(&Server, &Login)>,
) -> Fence {
    let keys = |of: &BTreeMap<String, String>, wanted: &dyn Fn(&str, &str) -> bool| {
        of.iter().filter(|(key, etag)| wanted(key, etag)).map(|(key, _)| key.clone()).collect()
    };
    let second_writer = match source {
        Some((source, application)) => writes(source, application).await,
        None => None,
    };
    Fence {
        archived: before.len() as u64,
        added: keys(after, &|key, _| !before.contains_key(key)),
        changed: keys(after, &|key, etag| before.get(key).is_some_and(|was| was != etag)),
        removed: keys(before, &|key, _| !after.contains_key(key)),
        attempts,
        second_writer,
    }
}

/// How the source takes the application's writes, past every link.
async fn writes(source: &Server, application: &Login) -> Option<String> {
    let writable = source.past_the_link(application).takes_writes().await;
    matches!(writable, Ok(true))
        .then(|| format!("host {} lets the application in, and takes writes", source.host().name()))
}
