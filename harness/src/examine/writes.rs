//! Writes that the application must be able to do, tried by its role, through its link, and rolled back; and again after
//! the server was killed, because what was restored has to come up by itself the next time too.

use std::time::Duration;

use blackstart_record::observation::WriteTrial;

use crate::engine::{Client, Login, Server, connect};
use crate::failure::{Error, Result};
use crate::workload::{self, Domain};

/// Tries every write, each in a transaction of its own. A refusal is noted.
pub async fn observe(application: &Login, domain: &dyn Domain) -> Vec<WriteTrial> {
    let mut observed = Vec::new();
    for trial in domain.write_trials() {
        let error = attempt(application, trial).await.err().map(|error| error.to_string());
        observed.push(WriteTrial { what: trial.what.to_owned(), restarted: false, error });
    }
    observed
}

/// Kills the server, as a loss of power does, starts it, and tries every write again. That it does not start is noted.
///
/// # Errors
/// It could not be killed, or was still starting at the end of `bound`.
pub async fn observe_restarted(
    server: &mut Server,
    bound: Duration,
    application: &Login,
    domain: &dyn Domain,
) -> Result<Vec<WriteTrial>> {
    server.kill(bound).await?;
    let trial = |what: String, error| WriteTrial { what, restarted: true, error };
    match server.start(bound).await {
        Ok(()) => {
            let observed = observe(application, domain).await.into_iter();
            Ok(observed.map(|WriteTrial { what, error, .. }| trial(what, error)).collect())
        }
        Err(error @ Error::Bound(_)) => Err(error),
        Err(error) => Ok(vec![trial("the next start".to_owned(), Some(error.to_string()))]),
    }
}

async fn attempt(application: &Login, trial: &workload::WriteTrial) -> Result<()> {
    let client = connect(application).await?;
    client.batch("BEGIN").await?;
    let tried = statements(&client, trial).await;
    let ended = client.batch("ROLLBACK").await;
    tried.and(ended.map_err(Error::from))
}

async fn statements(client: &Client, trial: &workload::WriteTrial) -> Result<()> {
    for statement in trial.statements {
        let touched = client.touched(statement).await? > 0;
        let reads = statement.trim_start().get(..6).is_some_and(|verb| verb.eq_ignore_ascii_case("select"));
        if !touched && !reads {
            return Err(Error::new(format!("it was accepted and touched no row: {statement}")));
        }
    }
    Ok(())
}
