//! Behind a gate is a tiny server that writes down what reaches it.

use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

type Log = Arc<Mutex<Vec<String>>>;

/// Answers every request with its own body; keeps the first line, the host and the body of each.
async fn store(log: Log) -> SocketAddrV4 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let log = log.clone();
            tokio::spawn(async move {
                let mut bytes = Vec::new();
                while client.read_buf(&mut bytes).await.unwrap() > 0 {
                    let text = String::from_utf8_lossy(&bytes).to_lowercase();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let length = head
                        .split("content-length: ")
                        .nth(1)
                        .map_or(0, |rest| rest.split("\r\n").next().unwrap().parse::<usize>().unwrap());
                    if body.len() < length {
                        continue;
                    }
                    let host = head.split("host: ").nth(1).unwrap().split("\r\n").next().unwrap();
                    log.lock().unwrap().push(format!("{} for {host}: {}", head.lines().next().unwrap(), body.len()));
                    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
                    client.write_all(answer.as_bytes()).await.unwrap();
                    bytes.clear();
                }
            });
        }
    });
    address
}

/// Sends ten requests through a gate of this rule; what each of them got, and what reached the store.
async fn ten(rule: Rule) -> (Vec<(String, Duration)>, Vec<String>, Passed) {
    let log = Log::default();
    let gate = Gate::open(Ipv4Addr::LOCALHOST, store(log.clone()).await, rule).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut got = Vec::new();
    for number in 1..=10 {
        let began = Instant::now();
        let put = client.put(format!("http://{}/a%20key?n={number}", gate.address())).header("host", "signed:9");
        let answer = match put.body("x".repeat(100_000)).send().await {
            Ok(answer) => format!("{} {}", answer.status().as_u16(), answer.text().await.unwrap().len()),
            Err(_) => "broken".to_owned(),
        };
        got.push((answer, began.elapsed()));
    }
    let reached = log.lock().unwrap().clone();
    (got, reached, gate.passed())
}

#[tokio::test]
async fn exactly_the_requests_that_the_rule_names_are_disturbed() {
    let by = Duration::from_millis(400);
    let slow = Rule::SlowDown { one_in: 5, seed: 3, soon: 2 };
    let named: Vec<u64> = [refused(1, 5, 3, 2), refused(6, 5, 3, 2)].to_vec();
    assert!(named[0] <= 2 && (6..=10).contains(&named[1]), "{named:?}");
    let cases = [
        (Rule::Pass, Vec::new(), "-", false),
        (slow, named, "503", false),
        (Rule::Delay { request: 4, by }, vec![4], "200 100000", true),
        (Rule::Break(3), vec![3], "broken", false),
        (Rule::Gone(8), vec![8, 9, 10], "broken", false),
    ];
    for (rule, named, how, reaches) in cases {
        let (got, reached, passed) = ten(rule).await;
        assert_eq!(passed, Passed { requests: 10, disturbed: named.clone() }, "{rule:?}");
        for (number, (answer, took)) in (1..).zip(&got) {
            let is_named = named.contains(&number);
            let expected = if is_named { how } else { "200 100000" };
            assert!(answer.starts_with(expected), "{rule:?}, request {number}: {answer}");
            let is_late = matches!(rule, Rule::Delay { .. }) && is_named;
            assert!(!is_late || *took >= by, "{rule:?}, request {number} took {took:?}");
        }
        // As they were sent, in their order, under the name that the client gave the store.
        let passed_on = (1..=10).filter(|number| reaches || !named.contains(number));
        let passed_on: Vec<String> =
            passed_on.map(|number| format!("put /a%20key?n={number} http/1.1 for signed:9: 100000")).collect();
        assert_eq!(reached, passed_on, "{rule:?}");
    }
}

#[tokio::test]
async fn another_rule_counts_from_the_beginning() {
    let gate = Gate::open(Ipv4Addr::LOCALHOST, store(Log::default()).await, Rule::Break(1)).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = || client.get(format!("http://{}/", gate.address())).send();
    assert!(get().await.is_err());
    assert_eq!(gate.set(Rule::Break(2)), Passed { requests: 1, disturbed: vec![1] });
    assert!(get().await.is_ok() && get().await.is_err());
    assert_eq!(gate.passed(), Passed { requests: 2, disturbed: vec![2] });
}

#[test]
fn one_of_each_twenty_is_refused_whatever_the_seed() {
    for seed in 0..50 {
        let rule = Rule::SlowDown { one_in: 20, seed, soon: 4 };
        let refused: Vec<u64> = (1..=100).filter(|number| rule.fate(*number) == Fate::SlowDown).collect();
        assert_eq!(refused.len(), 5, "{refused:?}");
        assert!(refused[0] <= 4 && (1..5).all(|block| (refused[block] - 1) / 20 == block as u64), "{refused:?}");
    }
    let draws: std::collections::BTreeSet<u64> = (0..50).map(|seed| refused(21, 20, seed, 4)).collect();
    assert!(draws.len() > 10, "{draws:?}");
}
