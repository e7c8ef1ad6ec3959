//! Whether the restored server lets in whoever should be out: each is tried, on the server itself.

use std::time::Duration;

use blackstart_record::observation::Credential;

use crate::engine::{Client, Door, Login, Server};
use crate::failure::{Error, Result};

/// The longest that a server may take to say whether it lets somebody in.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tries each login, of whom it is, at `server`.
pub async fn observe(server: &Server, held: &[(String, Login)]) -> Vec<Credential> {
    let mut tried = Vec::new();
    for (of, login) in held {
        let login = login.at(Door::Address(server.address()));
        let (lets_in, says) = match tokio::time::timeout(PATIENCE, Client::open(&login)).await {
            Ok(Ok(_)) => (Some(true), format!("{} was let in", login.user)),
            Ok(Err(error)) if error.denies_login() => (Some(false), Error::from(error).to_string()),
            Ok(Err(error)) => not_denied(server, &login, &Error::from(error).to_string()).await,
            Err(_) => not_denied(server, &login, &format!("no answer within {} s", PATIENCE.as_secs())).await,
        };
        tried.push(Credential { of: of.clone(), lets_in, says });
    }
    tried
}

/// Any other failure refuses nobody, unless the server has no account for the user: MySQL asks whom it does not know for a
/// proof that it makes up, and that the driver may not be able to give.
async fn not_denied(server: &Server, login: &Login, says: &str) -> (Option<bool>, String) {
    match accounts(server, &login.user).await {
        Ok(0) => (Some(false), format!("there is no account {}: {says}", login.user)),
        Ok(_) => (None, format!("there is an account for {}, and the server did not refuse it: {says}", login.user)),
        Err(error) => (None, format!("{says}, and its administrator was told: {}", error.failure().message)),
    }
}

async fn accounts(server: &Server, user: &str) -> Result<u64> {
    let dialect = server.kind().dialect();
    let answer = server.connect(dialect.own_database()).await?.value(&dialect.accounts(user)).await?;
    let count = answer.and_then(|count| count.parse().ok());
    count.ok_or_else(|| Error::new("the server did not say how many accounts there are"))
}
