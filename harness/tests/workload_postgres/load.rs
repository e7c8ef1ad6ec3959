//! The initial rows, and what the application may do with them.

use blackstart::engine::postgres::connect;
use blackstart::engine::postgres::wire::Raw;
use tokio_postgres::Client;

use crate::scratch::Scratch;
use crate::{assert_invariants, copy_out, domain, load, read_rows, settings};

#[tokio::test(flavor = "multi_thread")]
async fn loaded_rows_are_what_the_generator_says_in_every_table() {
    let server = Scratch::start();
    for rows in [100, 20_000] {
        let settings = settings(rows);
        let (client, loaded) = load(&server, &settings).await;
        assert_eq!(loaded.rows, rows);
        assert!(loaded.bytes > 0);
        let (expected, found) = (read_rows(&server.path("initial.rows")), copy_out(&client).await);
        for ((table, expected), found) in domain().tables().iter().zip(&expected).zip(&found) {
            assert!(!expected.is_empty(), "{}", table.name);
            let differing = expected.iter().zip(found).find(|(expected, found)| expected != found);
            assert_eq!(differing, None, "{}: first difference (expected, found)", table.name);
            assert_eq!(expected.len(), found.len(), "{}", table.name);
        }
        assert_invariants(&client).await;
        let sql = "DROP SCHEMA app, audit, blackstart CASCADE; SELECT lo_unlink(oid) FROM pg_largeobject_metadata";
        client.batch_execute(sql).await.unwrap();
        std::fs::remove_file(server.path("initial.rows")).unwrap();
    }
}

/// The load switches foreign keys off: here they are all checked anew.
#[tokio::test(flavor = "multi_thread")]
async fn loaded_rows_satisfy_every_constraint_and_canaries_are_planted() {
    let server = Scratch::start();
    let (client, _) = load(&server, &settings(5000)).await;
    let constraints = "SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) FROM pg_constraint
                       WHERE contype IN ('f', 'c') AND connamespace IN ('app'::regnamespace, 'audit'::regnamespace)";
    let constraints = client.query(constraints, &[]).await.unwrap();
    assert!(constraints.len() > 15);
    for constraint in &constraints {
        let [table, name, definition] = [0, 1, 2].map(|column| constraint.get::<_, String>(column));
        let again = format!("ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {definition}");
        client.batch_execute(&again).await.unwrap_or_else(|error| panic!("{again}: {error:?}"));
    }
    for canary in domain().canaries() {
        let row = client.query_one(&canary.sql, &[]).await.unwrap();
        assert_eq!(row.get::<_, Raw<'_>>(0).0, canary.planted.as_deref(), "{}", canary.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_application_can_do_every_write_trial_and_sees_one_tenant_only() {
    let server = Scratch::start();
    load(&server, &settings(1000)).await;
    let mut client = connect(&server.login(domain().application_role())).await.unwrap();
    for trial in domain().write_trials() {
        let transaction = client.transaction().await.unwrap();
        for sql in trial.statements {
            let touched = transaction.execute(*sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
            assert!(touched > 0, "{}: {sql}", trial.what);
        }
        transaction.rollback().await.unwrap();
    }
    let seen = "SELECT count(DISTINCT tenant_id) FROM app.customers";
    let count = async |client: &Client| client.query_one(seen, &[]).await.unwrap().get::<_, i64>(0);
    assert_eq!(count(&client).await, 0);
    client.batch_execute("SET app.tenant = '3'").await.unwrap();
    assert_eq!(count(&client).await, 1);
    assert!(client.batch_execute("UPDATE app.shipments SET status = -1").await.is_err());
}
