//! How the other end of a link answers, whatever it speaks.

use std::io::ErrorKind;
use std::time::Duration;

use blackstart_record::time::Nanos;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Scene;
use crate::failure::{Error, Result};
use crate::link::{Link, Toxic};

/// How long an answer is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// PostgreSQL takes it for the question whether it speaks TLS, a web server for a bad request; both answer at once.
const HELLO: &[u8] = b"\0\0\0\x08\x04\xd2\x16\x2f\r\n\r\n";

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Something was said, so long after the call.
    Came(Nanos),
    /// The call or the connection was ended by this.
    Ended(ErrorKind),
    /// Nothing was said within [`PATIENCE`].
    Silence,
}

/// Calls over a link, afresh.
pub(super) async fn dial(scene: &Scene<'_>, link: &Link) -> Answer {
    let begun = scene.clock.now();
    let call = async {
        let mut stream = TcpStream::connect(link.listen).await?;
        stream.write_all(HELLO).await?;
        stream.read_u8().await
    };
    match tokio::time::timeout(PATIENCE, call).await {
        Ok(Ok(_)) => Answer::Came(scene.clock.now().since(begun)),
        Ok(Err(error)) => Answer::Ended(error.kind()),
        Err(_) => Answer::Silence,
    }
}

/// Takes toxics off a link, and waits until it answers.
pub(super) async fn cleaned(scene: &Scene<'_>, link: &str, toxics: &[Toxic]) -> Result<()> {
    let link = scene.links.named(link)?;
    scene.links.clean(link, toxics).await?;
    answered(scene, link).await
}

/// Waits until a call over a link is answered.
pub(super) async fn answered(scene: &Scene<'_>, link: &Link) -> Result<()> {
    let deadline = tokio::time::Instant::now() + scene.bound;
    loop {
        let answer = dial(scene, link).await;
        if matches!(answer, Answer::Came(_)) {
            return Ok(());
        }
        if tokio::time::Instant::now() > deadline {
            return Err(Error::bound(
                &format!("an answer over link {} ({answer:?})", link.name),
                scene.bound,
                Vec::new(),
            ));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
