//! An intruder who has an administrator's access makes an account of their own, and works with that: rows are tampered with,
//! and something is left behind in the database. The application's password counts as known to them from then on.

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Injected, Kept, Scene};
use crate::engine::{Door, Login, Transaction, connect};
use crate::failure::{Context, Error, Result};
use crate::plan::Need;

/// What the intruder does.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The host.
    pub host: String,
    /// The account that they make, which may do everything.
    pub account: String,
    /// What they run by that account, in the engine's SQL, each by itself.
    pub statements: Vec<String>,
    /// A query that counts what is wrong: more once they were run than before.
    pub seen_by: String,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("make the account {} on host {} and run by it: {}", self.account, self.host, self.statements.join("; "))
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Server(&self.host)]
    }

    fn wrong(&self) -> Option<String> {
        let plain = self.account.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !self.account.is_empty();
        if !plain {
            return Some("give it an `account` of letters, digits and `_`".to_owned());
        }
        self.statements.is_empty().then(|| "give it `statements` that change data".to_owned())
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.intrude(scene).boxed()
    }

    /// The account is let in, and what it did is seen by others.
    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        async move {
            let login = injected.intruder.as_ref().ok_or_else(|| Error::new("nobody intruded"))?;
            connect(login).await.cannot(format_args!("log in as {}", self.account))?;
            let seen = scene.counts_more(&self.seen_by, "traces", injected).await?;
            Ok(format!("{} is let in; {seen}", self.account))
        }
        .boxed()
    }
}

impl Params {
    async fn intrude(&self, scene: &Scene<'_>) -> Result<Injected> {
        let counted = scene.count(&self.seen_by).await?;
        let kind = scene.server.kind();
        let admin = scene.server.connect(scene.database).await?;
        let before = scene.clock.now();
        let mut first = None;
        for statement in kind.dialect().make_almighty(&self.account) {
            admin.batch(&format!("BEGIN; {statement}")).await.cannot("make the account")?;
            let committed = admin.commit(scene.clock).await.cannot("make the account")?;
            // The first trace is what a recovery goes back before. An engine may commit it at once.
            first.get_or_insert(Transaction { before, ..committed });
        }
        let password = scene.secrets.make()?;
        scene.server.set_password(&self.account, &password).await?;
        let login = Login {
            engine: kind,
            door: Door::Address(scene.server.address()),
            user: self.account.clone(),
            password: Some(password),
            database: scene.database.to_owned(),
        };
        let intruder = connect(&login).await.cannot(format_args!("log in as {}", self.account))?;
        for statement in &self.statements {
            intruder.touched(statement).await.cannot(format_args!("run \"{statement}\""))?;
        }
        let since = first.as_ref().map_or("none", |transaction| transaction.id.as_str());
        let says = format!("{}, since transaction {since}", self.intends());
        let kept = Injected::keeping(says, Kept::Number(counted));
        Ok(Injected { transaction: first, intruder: Some(login), ..kept })
    }
}
