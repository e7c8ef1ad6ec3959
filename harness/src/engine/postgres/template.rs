//! An initialised data directory, made once per version and settings, cached, and cloned.

use std::path::{Path, PathBuf};
use std::time::Duration;

use blackstart_record::words::hex;
use sha2::{Digest, Sha256};

use super::{Installation, Role, SUPERUSER};
use crate::engine::template;
use crate::failure::{Context, Result};
use crate::host::{Command, Host};

/// Data checksums, because a page that rots must be noticed; C.UTF-8, because it needs no locale of the machine.
const OPTIONS: [&str; 6] =
    ["--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-instructions", "--no-sync"];

/// The template for this installation and role, made on `host` if the cache does not hold it yet.
pub(super) async fn get(host: &Host, installation: &Installation, role: Role, cache: &Path) -> Result<PathBuf> {
    let settings = format!("{}\n{}\n{role:?}", installation.version, OPTIONS.join(" "));
    let digest = hex(&Sha256::digest(settings)[..8]);
    let template = cache.join("templates").join(format!("postgres-{digest}"));
    if !template.join("PG_VERSION").exists() {
        let command = Command::new(installation.bindir().join("initdb"))
            .args(["-U", SUPERUSER, "-D", &host.path("template")])
            .args(OPTIONS)
            .bound(Duration::from_secs(120));
        host.exec(&command).await?.success("initdb")?;
        template::keep(&host.outside("template"), &template)
            .cannot(format_args!("keep the template {}", template.display()))?;
        host.remove_folder("template")?;
    }
    Ok(template)
}
