//! What every host promises, each promise tried on hosts of its own.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use blackstart::clock::Clock;
use blackstart::host::process::{self, Frozen};
use blackstart::host::{Command, Finished, Ground, Host, Shift, Spec};
use blackstart_record::event::Processes;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use nix::sys::signal::Signal;

/// Two hosts: the one that promises, and its neighbour.
struct Pair {
    host: Host,
    other: Host,
}

type Promise = (&'static str, for<'a> fn(&'a Pair) -> LocalBoxFuture<'a, ()>);

const PROMISES: &[Promise] = &[
    ("a program's exit code, signal and streams are told apart", |pair| streams(pair).boxed_local()),
    ("a program that outlives its bound is ended with all that it started", |pair| bounds(pair).boxed_local()),
    ("programs are nobody's, with a home, and see no file of another host", |pair| stranger(pair).boxed_local()),
    ("a program can be signalled, and a family frozen whole", |pair| signals(pair).boxed_local()),
    ("its processes are told from its neighbour's, and ended to the last", |pair| processes(pair).boxed_local()),
    ("files go in and out with owner and mode", |pair| files(pair).boxed_local()),
    ("a disk of a size of its own fills, and no other with it", |pair| disk(pair).boxed_local()),
    ("a disk that is read-only takes nothing until it is writable again", |pair| read_only(pair).boxed_local()),
    ("its address is where its neighbour reaches it, before and after a restart", |pair| address(pair).boxed_local()),
    ("nothing leads out of its network", |pair| no_way_out(pair).boxed_local()),
    ("its clock can be wrong for what starts from then on", |pair| clock(pair).boxed_local()),
    ("every process of a watched program is told with its end", |pair| watched(pair).boxed_local()),
];

/// Tries each; whether it was kept. Why not has been printed.
pub async fn all(ground: &Ground) -> BTreeMap<&'static str, bool> {
    let mut kept = BTreeMap::new();
    for ((promise, tried), index) in PROMISES.iter().zip((20..).step_by(2)) {
        let make = async |side: &str, index, disk| {
            let name = format!("{side}-{index}");
            Host::create(ground, Spec { name: &name, index, disk, runs: "postgres", image: None }).await.unwrap()
        };
        let pair =
            Pair { host: make("host", index, Some(64 << 20)).await, other: make("other", index + 1, None).await };
        let done = AssertUnwindSafe(tried(&pair)).catch_unwind().await;
        kept.insert(*promise, done.is_ok());
        pair.host.destroy().await;
        pair.other.destroy().await;
    }
    kept
}

fn script(lines: &str) -> Command {
    Command::new("/bin/sh").args(["-c", lines])
}

async fn run(host: &Host, lines: &str) -> Finished {
    host.exec(&script(lines)).await.unwrap()
}

async fn said(host: &Host, lines: &str) -> String {
    run(host, lines).await.success(lines).unwrap().stdout.trim().to_owned()
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn streams(Pair { host, .. }: &Pair) {
    let ended = run(host, "echo out; echo err >&2; exit 7").await;
    assert_eq!((ended.status.code(), &*ended.stdout, &*ended.stderr), (Some(7), "out\n", "err\n"));
    assert_eq!(run(host, "kill -KILL $$").await.status.signal(), Some(9));
    let read = host.exec(&Command::new("/bin/cat").input(b"told".to_vec())).await.unwrap();
    assert_eq!(read.stdout, "told");
    let missing = host.exec(&Command::new("/no/such/program")).await.unwrap_err();
    assert!(missing.to_string().contains("has no program /no/such/program"), "{missing}");
}

async fn bounds(Pair { host, .. }: &Pair) {
    let began = Instant::now();
    let endless = script("sleep 77 & sleep 78 | sleep 79").bound(Duration::from_millis(300));
    assert!(host.exec(&endless).await.is_err());
    assert!(began.elapsed() < Duration::from_secs(30));
    until("something of it still runs", || host.processes().is_empty()).await;
}

async fn stranger(Pair { host, other }: &Pair) {
    assert_eq!(said(host, "id -u; id -g").await, "65534\n65534");
    assert_eq!(said(host, "pwd").await, host.path("home"));
    for place in [host.path("tmp"), "/tmp".to_owned(), "/var/tmp".to_owned(), "/dev/shm".to_owned()] {
        said(host, &format!("echo mine > {place}/left-there")).await;
        assert_eq!(said(other, &format!("test ! -e {place}/left-there && echo none")).await, "none", "{place}");
    }
}

async fn signals(Pair { host, .. }: &Pair) {
    let mut idle = host.spawn(&Command::new("/bin/sleep").args(["77"])).unwrap();
    assert!(!idle.ended().unwrap());
    idle.signal(Signal::SIGTERM);
    assert_eq!(idle.wait(Duration::from_secs(30)).await.unwrap().status.signal(), Some(15));

    let busy = host.spawn(&script("(while :; do sh -c 'echo . >> count'; done) & wait")).unwrap();
    let done = || std::fs::metadata(host.outside("home/count")).map_or(0, |meta| meta.len());
    until("it never began", || done() > 0).await;
    let frozen = Frozen::family(busy.id().unwrap(), Duration::from_secs(30)).await.unwrap();
    let before = done();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(done(), before, "something of it still ran");
    frozen.thaw(Clock::start());
    until("it never went on", || done() > before).await;
    busy.kill().await;
}

async fn processes(Pair { host, other }: &Pair) {
    let sleep = |host: &Host| host.spawn(&script("sleep 77 & sleep 78")).unwrap();
    let (mine, theirs) = (sleep(host), sleep(other));
    until("they never began", || host.processes().len() == 3 && other.processes().len() == 3).await;
    assert!(host.processes().contains(&mine.id().unwrap()) && !host.processes().contains(&theirs.id().unwrap()));
    host.destroy().await;
    assert_eq!((host.processes().len(), other.processes().len()), (0, 3));
    drop((mine, theirs));
}

async fn files(Pair { host, .. }: &Pair) {
    host.write("home/deep/secret", b"known", 0o600).unwrap();
    assert_eq!(said(host, "stat -c '%a %u' deep/secret; cat deep/secret").await, "600 65534\nknown");
    host.make_folder("data").unwrap();
    assert_eq!(said(host, &format!("stat -c '%a %u' {}", host.path("data"))).await, "700 65534");
    said(host, &format!("echo from inside > {}/note", host.path("data"))).await;
    assert_eq!(std::fs::read_to_string(host.outside("data/note")).unwrap(), "from inside\n");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("brought"), b"in").unwrap();
    host.copy_in(folder.path(), "data/more").unwrap();
    assert_eq!(
        said(host, &format!("cd {}; cat brought; stat -c ' %u' brought", host.path("data/more"))).await,
        "in 65534"
    );
    host.remove_folder("data").unwrap();
    host.remove_folder("data").unwrap();
    assert!(!host.outside("data").exists());
    host.wipe().unwrap();
    assert_eq!(std::fs::read_dir(host.outside("")).unwrap().count(), 0);
}

async fn disk(Pair { host, other }: &Pair) {
    assert!(host.has_own_disk() && !other.has_own_disk());
    let fill = format!("dd if=/dev/zero of={} bs=1M count=100", host.path("home/filler"));
    let filled = run(host, &fill).await;
    assert!(!filled.status.success() && filled.stderr.contains("No space left"), "{}", filled.stderr);
    said(other, &format!("dd if=/dev/zero of={} bs=1M count=100", other.path("home/filler"))).await;
    said(host, &format!("rm {0}/filler; echo room > {0}/again", host.path("home"))).await;
}

async fn read_only(Pair { host, .. }: &Pair) {
    host.set_read_only(true).unwrap();
    for place in [host.path("home"), "/tmp".to_owned()] {
        let refused = run(host, &format!("echo no > {place}/file")).await;
        assert!(!refused.status.success() && refused.stderr.contains("Read-only"), "{place}: {}", refused.stderr);
    }
    host.set_read_only(false).unwrap();
    said(host, &format!("echo yes > {}/file", host.path("home"))).await;
}

async fn address(Pair { host, other }: &Pair) {
    let serve = format!("cd /tmp; echo reached > page; exec python3 -m http.server --bind {} 8000", host.address());
    let fetch = format!(
        "import time, urllib.request as r\nfor _ in range(300):\n  try: print(r.urlopen('http://{}:8000/page').read()); break\n  except OSError: time.sleep(0.1)",
        host.address()
    );
    for _ in 0..2 {
        let server = host.spawn(&script(&serve)).unwrap();
        let fetched = other.exec(&Command::new("python3").args(["-c", &fetch])).await.unwrap();
        assert!(fetched.stdout.contains("reached"), "{}", fetched.stderr);
        server.kill().await;
        host.destroy().await;
    }
}

async fn no_way_out(Pair { host, other }: &Pair) {
    // Of IPv4 and IPv6: a default route's destination is 0, and one through a gateway has flag 2.
    let routes = "cat /proc/net/route | tail -n +2; cat /proc/net/ipv6_route 2>/dev/null | grep -v ' lo$' || true";
    for route in said(host, routes).await.lines() {
        let fields: Vec<&str> = route.split_whitespace().collect();
        let leads_out = match fields.as_slice() {
            [_, to, gateway, ..] if fields.len() == 11 => *to == "00000000" || *gateway != "00000000",
            [to, length, ..] => *length == "00" && to.bytes().all(|digit| digit == b'0'),
            _ => true,
        };
        assert!(!leads_out, "{route}");
    }
    // A container's network is a machine's bridge, which could have an address there. A native host's is loopback.
    let [a, b, c, _] = other.address().octets();
    if a != 127 {
        let knock = format!(
            "import socket\ntry: socket.create_connection(('{a}.{b}.{c}.1', 22), 20)\nexcept OSError as e: print(e)"
        );
        let knocked = host.exec(&Command::new("python3").args(["-c", &knock])).await.unwrap();
        assert!(knocked.stdout.contains("No route to host"), "{}{}", knocked.stdout, knocked.stderr);
    }
    let ask = "import socket\ntry: print(socket.getaddrinfo('blackstart.invalid', 80))\nexcept OSError as e: print('nobody', e)";
    let asked = host.exec(&Command::new("python3").args(["-c", ask])).await.unwrap();
    assert!(asked.stdout.starts_with("nobody"), "{}{}", asked.stdout, asked.stderr);
}

async fn clock(Pair { host, .. }: &Pair) {
    let library = said(host, "faketime -f +0s printenv LD_PRELOAD").await;
    let library = library.split([':', '\n']).find(|path| path.contains("faketime")).unwrap().to_owned();
    let now = async || said(host, "date +%s").await.parse::<i64>().unwrap();
    let before = now().await;
    host.set_clock(Some(Shift { library, seconds: 3600 }));
    assert!((3590..3700).contains(&(now().await - before)));
    host.set_clock(None);
    assert!((0..100).contains(&(now().await - before)));
}

async fn watched(Pair { host, .. }: &Pair) {
    let (finished, processes) = host.exec_watched(&script("/bin/false | cat; exit 3")).await.unwrap();
    assert_eq!(finished.status.code(), Some(3));
    let Processes::Watched(stages) = processes else { panic!("{processes:?}") };
    let told: Vec<String> = stages.iter().map(|(stage, times)| format!("{times} x {stage}")).collect();
    assert_eq!(told, ["1 x cat exited with 0", "1 x false exited with 1"]);
    let pid = process::descendants(std::process::id());
    assert!(pid.iter().all(|pid| process::start_time(*pid).is_some()));
}
