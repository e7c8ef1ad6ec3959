//! A host for tests: a folder, and plain processes.

use std::path::Path;
use std::sync::Arc;

use super::isolate::Isolation;
use super::{Ground, Host, Logs, Spec};
use crate::secret::Secrets;

pub(super) async fn plain_host(folder: &Path) -> Host {
    let logs = folder.join("logs");
    std::fs::create_dir_all(&logs).unwrap();
    let ground = Ground {
        isolation: Isolation::Plain { why: "a test".into() },
        scratch: folder.to_owned(),
        tools: folder.join("none"),
        programs: Arc::default(),
        logs: Logs::new(&logs, Secrets::default()),
    };
    Host::create(&ground, Spec { name: "primary", index: 0, disk: None, runs: "postgres", image: None }).await.unwrap()
}
