//! An initialised data directory, made once per version and options, cached, and cloned.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use blackstart_record::words::hex;
use sha2::{Digest, Sha256};

use super::Mysql;
use crate::engine::Installation;
use crate::engine::template::keep;
use crate::failure::{Context, Result};

/// A server's own name for its data, which a clone must not share. It makes itself a new one.
const OWN_NAME: &str = "auto.cnf";

/// The template for this installation, made on the server's host if the cache does not hold it yet.
pub(super) async fn get(server: &Mysql, installation: &Installation, cache: &Path) -> Result<PathBuf> {
    let (host, flavour) = (server.host(), server.flavour());
    let commands = |data: &str| flavour.initialise(|name| server.program(name), data);
    let settings = format!("{}\n{:?}", installation.version, commands("template"));
    let digest = hex(&Sha256::digest(settings)[..8]);
    let template = cache.join("templates").join(format!("{}-{digest}", flavour.name().to_lowercase()));
    if !template.exists() {
        host.make_folder("template")?;
        for command in commands(&host.path("template")) {
            let name = command.name();
            host.exec(&command.bound(Duration::from_secs(120))).await?.success(&name)?;
        }
        let made = host.outside("template");
        nameless(&made)
            .and_then(|()| keep(&made, &template))
            .cannot(format_args!("keep the template {}", template.display()))?;
        host.remove_folder("template")?;
    }
    Ok(template)
}

/// Takes that name from a data directory.
pub(super) fn nameless(data: &Path) -> io::Result<()> {
    match fs::remove_file(data.join(OWN_NAME)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
