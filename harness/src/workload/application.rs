//! What a domain's application does, told as data: the client runs it, the application only plans and learns.

use crate::engine::fields::ColumnType;

/// The application of one client. It owns some tenants: nobody else writes their rows.
pub trait Application: Send + Sync {
    /// Every statement that it uses, prepared once per connection; steps refer to them by index.
    fn statements(&self) -> &[Statement];

    /// The tenants that it owns.
    fn tenants(&self) -> &[u32];

    /// Reads that show the state of a tenant; nothing that it writes is kept.
    fn look(&self, tenant: u32) -> Operation;

    /// The answers to [`Application::look`], by step: from now on this is the state of the tenant.
    fn saw(&mut self, tenant: u32, answers: &[Rows]);

    /// Plans operation `op`.
    fn next(&mut self, op: u64) -> Operation;

    /// The operation planned last was acknowledged; its answers, by step.
    fn acknowledged(&mut self, answers: &[Rows]);
}

/// The rows that a statement answered, each as its [`crate::engine::fields`].
pub type Rows = Vec<Vec<u8>>;

/// A statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its SQL.
    pub sql: String,
    /// What its answer says about rows.
    pub effect: Effects,
    /// The types of its parameters, where the server does not infer them from the SQL.
    pub parameters: &'static [ColumnType],
}

/// What the rows that a statement answers mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effects {
    /// Nothing is written.
    None,
    /// Each is a whole row of the table (by index), as it was written.
    Written(usize),
    /// Each is the key of a row of the table (by index) that was deleted.
    Deleted(usize),
}

/// A statement with its parameters.
#[derive(Clone, Debug)]
pub struct Step {
    /// Which statement.
    pub statement: usize,
    /// Its parameters as [`crate::engine::fields`].
    pub parameters: Vec<u8>,
    /// How many rows it must answer; another number is a surprise, and the operation is rolled back.
    pub rows: Option<usize>,
}

/// A transaction.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The tenant whose rows it reads or writes.
    pub tenant: u32,
    /// SQL that begins it.
    pub begin: String,
    /// Its statements; none depends on another's answer, so they are sent without waiting.
    pub steps: Vec<Step>,
    /// How it ends.
    pub ending: Ending,
    /// In place of all that: what it does to an object. A store knows no transaction, so each is an operation of its own.
    pub object: Option<ObjectStep>,
}

/// What an operation does to an object of the application's bucket.
#[derive(Clone, Debug)]
pub enum ObjectStep {
    /// Writes the object of this number.
    Put(u64),
    /// Removes it.
    Remove(u64),
}

/// How an operation is meant to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By COMMIT.
    Commit,
    /// By ROLLBACK, on purpose.
    Rollback,
    /// By the server's refusal of a statement, on purpose.
    Refusal,
}
