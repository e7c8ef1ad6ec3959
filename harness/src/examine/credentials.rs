//! Whether the restored server lets in whoever should be out: each is tried, on the server itself.

use blackstart_record::observation::Credential;

use crate::engine::{Door, Login, Server, connect};

/// Tries each login, of whom it is, at `server`.
pub async fn observe(server: &Server, held: &[(String, Login)]) -> Vec<Credential> {
    let mut tried = Vec::new();
    for (of, login) in held {
        let login = login.at(Door::Address(server.address()));
        let (lets_in, says) = match connect(&login).await {
            Ok(_) => (Some(true), format!("{} was let in", login.user)),
            Err(error) => refused(&server.answers().await, &error.failure().message),
        };
        tried.push(Credential { of: of.clone(), lets_in, says });
    }
    tried
}

/// A server that answers nobody refuses nobody.
fn refused(answers: &crate::failure::Result<()>, says: &str) -> (Option<bool>, String) {
    match answers {
        Ok(()) => (Some(false), says.to_owned()),
        Err(error) => {
            (None, format!("the server does not answer its administrator either: {}", error.failure().message))
        }
    }
}
