//! What MariaDB and MySQL promise beyond that.

use std::time::Duration;

use blackstart::engine::fields::{ColumnType, Fields, Malformed, Value};
use blackstart::engine::mysql::{self, Client, Mysql, breaks, values};
use blackstart::engine::{Client as Session, Door, Login, Stop};
use blackstart::failure::Error;
use blackstart::host::Command;
use futures_util::FutureExt;

use crate::engine::{BOUND, VISITOR, create_database, session, visitor};
use crate::promises::{Promise, World};
use crate::types;

pub const ALL: &[Promise] = &[
    ("a server is as strict and as durable as it was told", |world| settings(world).boxed_local()),
    ("only the superuser is there, and only on the host", |world| accounts(world).boxed_local()),
    ("its programs find it, and come in by the socket", |world| programs(world).boxed_local()),
    ("a copied data directory is another data set", |world| copied(world).boxed_local()),
    ("a role that may read nothing still gets an answer to which life it is", |world| anybody(world).boxed_local()),
    ("parameters arrive as the very bytes that they were made from", |world| parameters(world).boxed_local()),
    ("a row that is found counts as touched", |world| touched(world).boxed_local()),
    ("a statement that is refused leaves the session good, and says why", |world| refused(world).boxed_local()),
    ("whom it does not know it refuses, and is there all the same", |world| unknown(world).boxed_local()),
    ("a session that is of no more use says so", |world| broken(world).boxed_local()),
    ("rows come one by one, and reading can be ended", |world| streamed(world).boxed_local()),
];

fn server(world: &World) -> &Mysql {
    crate::engine::mysql(&world.first)
}

async fn client(world: &World, database: &str) -> Client {
    server(world).connect(database).await.unwrap()
}

async fn settings(world: &mut World) {
    let client = client(world, mysql::SYSTEM).await;
    for (name, expected) in [
        ("bind_address", server(world).host().address().to_string()),
        ("binlog_format", "ROW".to_owned()),
        ("character_set_server", "utf8mb4".to_owned()),
        ("event_scheduler", "ON".to_owned()),
        ("innodb_flush_log_at_trx_commit", "1".to_owned()),
        ("log_bin", "1".to_owned()),
        ("port", mysql::PORT.to_string()),
        ("skip_name_resolve", "1".to_owned()),
        ("sync_binlog", "1".to_owned()),
        ("time_zone", "+00:00".to_owned()),
        // The drill's own.
        ("general_log", "1".to_owned()),
    ] {
        let answer = client.rows(&format!("SELECT @@global.{name}")).await.unwrap();
        assert_eq!(answer, [[Some(expected)]], "{name}");
    }
    let mode = client.rows("SELECT @@sql_mode").await.unwrap()[0][0].clone().unwrap();
    assert!(["STRICT_ALL_TABLES", "NO_ZERO_DATE", "NO_ZERO_IN_DATE"].iter().all(|word| mode.contains(word)), "{mode}");
    let status = client.rows(server(world).flavour().binlog_status()).await.unwrap();
    assert!(status[0][0].as_ref().unwrap().starts_with("binlog."), "{status:?}");
}

async fn accounts(world: &mut World) {
    // Those with a dot own views of the server's own, and are locked.
    let asked = "SELECT user, host FROM mysql.user WHERE user <> 'visitor' AND user NOT LIKE '%.%'";
    let accounts = client(world, mysql::SYSTEM).await.rows(asked).await.unwrap();
    assert_eq!(accounts, [["root", "localhost"].map(|name| Some(name.to_owned()))]);
    let secret = world.database("alone").await;
    let mut login = visitor(&world.first, "alone", &secret);
    for (user, password) in [(mysql::SUPERUSER, None), ("", None), (VISITOR, None)] {
        (login.user, login.password) = (user.to_owned(), password);
        // MySQL hides which accounts there are: it asks for proof by one method or another that nobody has.
        assert!(session(&login).await.is_err(), "{user:?}");
    }
    let client = Client::open(&visitor(&world.first, "alone", &secret)).await.unwrap();
    assert!(!format!("{client:?}").contains(secret.reveal()));
}

async fn programs(world: &mut World) {
    create_database(&world.first, world.kind, "dumped").await;
    let (server, names) = (server(world), server(world).flavour().programs());
    let by_socket = [format!("--defaults-file={}", server.config()), format!("--socket={}", server.socket())];
    let log = format!("{}/binlog.000001", server.host().path(server.data()));
    for (program, arguments, said) in [
        (names.client, vec!["--execute=SELECT CURRENT_USER()"], "root@localhost"),
        (names.dump, vec!["dumped"], "CREATE TABLE `words`"),
        (names.binlog, vec![log.as_str()], "CREATE DATABASE"),
    ] {
        let options = if program == names.binlog { &by_socket[..1] } else { &by_socket };
        let user = (program != names.binlog).then(|| format!("--user={}", mysql::SUPERUSER));
        let command = Command::new(server.program(program)).args(options).args(user).args(arguments);
        let ended = server.host().exec(&command).await.unwrap().success(program).unwrap();
        assert!(ended.stdout.contains(said), "{program}: {}", ended.stdout);
    }
}

async fn copied(world: &mut World) {
    let before = world.first.incarnation(mysql::SYSTEM).await.unwrap();
    world.first.stop(Stop::Fast, BOUND).await.unwrap();
    let script = "set -e; cd \"$1\"; cp -a data copy; rm -r data; mv copy data";
    let copy = Command::new("/bin/sh").args(["-c", script, "sh", &world.first.host().path("")]);
    world.first.host().exec(&copy).await.unwrap().success("the copy").unwrap();
    world.first.start(BOUND).await.unwrap();
    assert_ne!(world.first.incarnation(mysql::SYSTEM).await.unwrap().identity, before.identity);
}

async fn anybody(world: &mut World) {
    let password = world.database("secluded").await;
    server(world)
        .run(mysql::SYSTEM, "CREATE DATABASE elsewhere; GRANT SELECT ON elsewhere.* TO visitor@'%'")
        .await
        .unwrap();
    let elsewhere = visitor(&world.first, "elsewhere", &password);
    let [one, other] = [elsewhere.incarnation().await.unwrap(), world.first.incarnation("elsewhere").await.unwrap()];
    assert_eq!(one, other);
    assert!(one.identity.ends_with("/elsewhere"), "{one:?}");
}

async fn parameters(world: &mut World) {
    create_database(&world.first, world.kind, "prepared").await;
    let client = client(world, "prepared").await;
    client.batch(&types::table(&world.first)).await.unwrap();
    let names = types::names(&world.first);
    let marks = types::COLUMNS.map(|_| "?").join(", ");
    let latest = Value::Timestamp(252_455_615_999_999_999);
    let mut rows = types::rows();
    rows[0][6] = latest;
    for (id, row) in rows.iter().enumerate() {
        let fields = types::fields(row);
        let sent = types::kinds().into_iter().zip(Fields::new(&fields));
        let sent = sent.map(|(kind, field)| values::parameter(kind, field).unwrap()).collect();
        let sql = format!("INSERT INTO things (id, {names}) VALUES ({id}, {marks})");
        client.read_with(&sql, sent, Some(&[]), |_| Ok::<_, Malformed>(())).await.unwrap();
    }
    let mut read = Vec::new();
    let sql = format!("SELECT {names} FROM things WHERE id < ? ORDER BY id");
    let all = vec![values::parameter(ColumnType::Integer, Some(&1000_i32.to_be_bytes())).unwrap()];
    let count = client
        .read_with(&sql, all, Some(&types::kinds()), |fields| {
            read.push(fields.to_vec());
            Ok::<_, Malformed>(())
        })
        .await
        .unwrap();
    assert_eq!(count, rows.len() as u64);
    for (read, row) in read.iter().zip(&rows) {
        assert_eq!(*read, types::fields(row), "{row:?}");
    }
}

async fn touched(world: &mut World) {
    create_database(&world.first, world.kind, "touched").await;
    let client = client(world, "touched").await;
    for (sql, rows) in [
        ("INSERT INTO words VALUES (1, 'a'), (2, 'b')", 2),
        ("UPDATE words SET word = 'a' WHERE id = 1", 1),
        ("UPDATE words SET word = 'c'", 2),
        ("UPDATE words SET word = 'c' WHERE id = 3", 0),
        ("DELETE FROM words", 2),
    ] {
        assert_eq!(client.execute(sql).await.unwrap(), rows, "{sql}");
    }
}

async fn unknown(world: &mut World) {
    let password = world.secrets.make().unwrap();
    let login =
        |number: u32| Login { user: format!("nobody{number}"), ..visitor(&world.first, mysql::SYSTEM, &password) };
    // MySQL asks each for another proof.
    for number in 0..20 {
        let error = Session::open(&login(number)).await.err().unwrap();
        assert!(error.is_refusal(), "nobody{number}: {error}");
    }
    let nowhere = Login { door: Door::Address("127.0.0.1:1".parse().unwrap()), ..login(0) };
    let error = Session::open(&nowhere).await.err().unwrap();
    assert!(!error.is_refusal(), "{error}");
}

async fn refused(world: &mut World) {
    create_database(&world.first, world.kind, "refusing").await;
    let client = client(world, "refusing").await;
    let error =
        client.batch("INSERT INTO words VALUES (1, 'a'); INSERT INTO words VALUES (1, 'b'); DROP TABLE words").await;
    let error = error.unwrap_err();
    assert!(!breaks(&error) && !client.is_closed());
    let said = Error::from(error).to_string();
    assert!(
        said.starts_with("error 1062: Duplicate entry '1' for key '") && said.ends_with("(SQLSTATE 23000)"),
        "{said}"
    );
    assert_eq!(client.rows("SELECT word, NULL FROM words").await.unwrap(), [[Some("a".to_owned()), None]]);
    for (sql, columns) in [
        ("SELECT nothing", &[ColumnType::Text][..]),
        ("SELECT 1, 2", &[ColumnType::Integer]),
        ("SELECT 1.5", &[ColumnType::Numeric]),
        ("SELECT id FROM words", &[ColumnType::Text]),
    ] {
        assert!(client.read(sql, columns, |_| Ok::<_, Malformed>(())).await.is_err(), "{sql}");
    }
    let strict = client.batch("CREATE TABLE times (at DATETIME(6)); INSERT INTO times VALUES ('0000-00-00')").await;
    assert!(Error::from(strict.unwrap_err()).to_string().contains("SQLSTATE 22007"));
    client.batch("SET sql_mode = ''; INSERT INTO times VALUES ('0000-00-00')").await.unwrap();
    let read = client.read("SELECT at FROM times", &[ColumnType::Timestamp], |_| Ok::<_, Malformed>(())).await;
    assert!(read.unwrap_err().to_string().contains("a date that is none"));
    assert!(!client.is_closed());
}

async fn broken(world: &mut World) {
    let killer = client(world, mysql::SYSTEM).await;
    let victim = client(world, mysql::SYSTEM).await;
    let id = victim.rows("SELECT connection_id()").await.unwrap()[0][0].clone().unwrap();
    killer.batch(&format!("KILL {id}")).await.unwrap();
    assert!(breaks(&victim.batch("SELECT 1").await.unwrap_err()) && victim.is_closed());
    assert!(victim.rows("SELECT 1").await.is_err(), "closed for good");

    let given_up = client(world, mysql::SYSTEM).await;
    assert!(tokio::time::timeout(Duration::from_millis(100), given_up.batch("DO SLEEP(1)")).await.is_err());
    assert!(given_up.is_closed() && given_up.rows("SELECT 1").await.is_err());

    let left = client(world, mysql::SYSTEM).await;
    world.restart_first().await;
    assert!(!left.is_closed(), "it has not noticed yet");
    assert!(left.rows("SELECT 1").await.is_err() && left.is_closed());
}

async fn streamed(world: &mut World) {
    create_database(&world.first, world.kind, "streamed").await;
    let client = client(world, "streamed").await;
    let ten = "CREATE TABLE ten (id BIGINT); INSERT INTO ten VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)";
    client.batch(ten).await.unwrap();
    let many =
        "SELECT a.id * 10000 + b.id * 1000 + c.id * 100 + d.id * 10 + e.id FROM ten a, ten b, ten c, ten d, ten e";
    let mut sum = 0;
    let each = |fields: &[u8]| {
        sum += blackstart::engine::fields::integer_at(fields, 0)?;
        Ok::<_, Malformed>(())
    };
    assert_eq!(client.read(many, &[ColumnType::Integer], each).await.unwrap(), 100_000);
    assert_eq!(sum, 4_999_950_000);
    let mut seen = 0;
    let ended = client.read(many, &[ColumnType::Integer], |_| {
        seen += 1;
        if seen == 10 { Err(Malformed("enough")) } else { Ok(()) }
    });
    assert!(ended.await.unwrap_err().to_string().contains("enough"));
    assert_eq!(client.rows("SELECT 'the next statement'").await.unwrap(), [[Some("the next statement".to_owned())]]);
}
