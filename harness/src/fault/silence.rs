//! A server that cannot be reached: nobody takes the call, and nobody refuses it.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::net::TcpStream;

use super::Scene;
use crate::failure::{Context, Error, Result};

/// What the kernel says of an address at which nobody answers, and of one at which it finds nobody.
const GIVEN_UP: [ErrorKind; 2] = [ErrorKind::TimedOut, ErrorKind::HostUnreachable];

/// Looks that a call to the server is neither taken nor refused within `patience`.
pub(super) async fn look(scene: &Scene<'_>, patience: Duration) -> Result<String> {
    let name = scene.server.host().name();
    match tokio::time::timeout(patience, TcpStream::connect(scene.server.address())).await {
        Err(_) => Ok(format!("a call was neither taken nor refused within {patience:?}")),
        Ok(Ok(_)) => Err(Error::new(format!("the server on host {name} still takes calls"))),
        Ok(Err(error)) if GIVEN_UP.contains(&error.kind()) => Ok(format!("a call was given up: {error}")),
        Ok(Err(error)) => Err(error).cannot(format_args!("call the server on host {name}")),
    }
}

/// Waits until calls are taken again.
pub(super) async fn ends(scene: &mut Scene<'_>) -> Result<()> {
    let address = scene.server.address();
    let taken = async {
        while TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(scene.bound, taken).await;
    waited.map_err(|_| Error::bound("the first call that is taken again", scene.bound, Vec::new()))?;
    scene.server.answering(scene.bound).await
}
