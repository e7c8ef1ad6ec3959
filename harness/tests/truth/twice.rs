//! A dump that is restored twice is the same rows twice, and those that were dumped.

use blackstart::engine::Server;
use blackstart::engine::postgres::SUPERUSER;
use blackstart::host::Command;

use crate::defects::planted;
use crate::engine::{Engine, of_each_engine};
use crate::ground::{AT_CUT, Ground};

of_each_engine!(restoring_twice_gives_the_same_logical_digest);

/// Writes a dump of `database` into `file`, by the server's own program.
fn dump(server: &Server, database: &str, file: &str) -> Command {
    match server {
        Server::Postgres(server) => Command::new(server.program("pg_dump")).env("PGHOST", server.socket()).args([
            "-U",
            SUPERUSER,
            "--format=custom",
            "--file",
            file,
            database,
        ]),
        Server::Mysql(server) => Command::new(server.program("mariadb-dump")).args([
            "--single-transaction",
            "--hex-blob",
            &format!("--result-file={file}"),
            database,
        ]),
    }
}

/// Brings it back into `database`, which is empty.
fn restore(server: &Server, database: &str, file: &str) -> Command {
    match server {
        Server::Postgres(server) => Command::new(server.program("pg_restore")).env("PGHOST", server.socket()).args([
            "-U",
            SUPERUSER,
            "--exit-on-error",
            "--enable-row-security",
            "--dbname",
            database,
            file,
        ]),
        Server::Mysql(server) => Command::new("sh").args(["-c", "exec \"$1\" \"$2\" < \"$3\"", "sh"]).args([
            &*server.program("mariadb").to_string_lossy(),
            database,
            file,
        ]),
    }
}

/// Every row of every table, in key order.
async fn digest(ground: &Ground, database: &str) -> Vec<u8> {
    ground.examine(database).await;
    std::fs::read(ground.folder.restored_rows()).unwrap()
}

async fn restoring_twice_gives_the_same_logical_digest(engine: &'static Engine) {
    let ground = Ground::prepare(engine, 31, &planted(engine).kept, 1).await;
    let server = &ground.world.server;
    let run = async |command: Command| {
        server.host().exec(&command).await.unwrap().success(&command.name()).unwrap();
    };
    let file = server.host().path("tmp/dump");
    run(dump(server, AT_CUT, &file)).await;
    let mut digests = vec![digest(&ground, AT_CUT).await];
    for restored in ["restored_1", "restored_2"] {
        server.create_database(restored).await.unwrap();
        run(restore(server, restored, &file)).await;
        digests.push(digest(&ground, restored).await);
    }
    assert!(digests[0].len() > 100_000, "there is something to digest");
    assert!(digests[1] == digests[2], "two restorations differ");
    assert!(digests[0] == digests[1], "the restoration differs from what was dumped");
}
