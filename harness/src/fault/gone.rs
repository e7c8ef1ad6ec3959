//! A host with all that is on it is gone.

use super::Scene;
use crate::failure::{Error, Result};

/// Ends every process of a host, and removes all that is on its disk.
pub(super) async fn destroy(scene: &mut Scene<'_>, name: &str) -> Result<()> {
    let host = scene.host(name)?;
    if scene.server.host().name() == name {
        scene.server.kill(scene.bound).await?;
    } else if !host.knows_its_processes() {
        return Err(Error::new(format!("it cannot be told which processes are those of host {name}")));
    }
    host.destroy().await;
    host.wipe()
}

/// Looks that neither a process nor a file of a host is left.
pub(super) fn look(scene: &Scene<'_>, name: &str) -> Result<()> {
    let host = scene.host(name)?;
    let (processes, left) = (host.processes().len(), std::fs::read_dir(host.outside(""))?.count());
    if processes + left > 0 {
        return Err(Error::new(format!("host {name} still has {processes} processes and {left} files")));
    }
    Ok(())
}
