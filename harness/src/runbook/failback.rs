//! The steps that only a failback has: the source is the host that took over, the target the one that failed.

use super::Parts;
use crate::failure::{Context, Error, Result};
use crate::pipeline::{Done, Tools};

/// Removes all that is on the target, whose old data nobody may ever read as if it were new, and has it follow the source until
/// it has caught up.
///
/// # Errors
/// What the host or its server refused.
pub(super) async fn rebuild(parts: &mut Parts<'_>, tools: Tools<'_>) -> Result<Done> {
    let following =
        parts.following.ok_or_else(|| Error::new("there is no link by which a rebuilt host could follow"))?;
    parts.target.kill(tools.bound).await.cannot("stop what is left of the server")?;
    let host = parts.target.host().clone();
    host.destroy().await;
    host.wipe()?;
    host.furnish()?;
    parts.pipeline.follow(tools, parts.target, following, parts.cache).await?;
    // The application is not to wait for all that was ever written.
    let position = parts.target.caught_up(&*parts.source, tools.bound).await?;
    let from = parts.source.host().name();
    let says = format!("host {} follows host {from}, with nothing of its old data, up to {position}", host.name());
    Ok(Done { bytes: None, says })
}

/// Waits until the target has all that was written at the source.
///
/// # Errors
/// Either does not answer, or it did not come so far within the bound.
pub(super) async fn catch_up(parts: &Parts<'_>, tools: Tools<'_>) -> Result<Done> {
    let position = parts.target.caught_up(&*parts.source, tools.bound).await?;
    let says =
        format!("host {} has all of host {}: {position}", parts.target.host().name(), parts.source.host().name());
    Ok(Done { bytes: None, says })
}
