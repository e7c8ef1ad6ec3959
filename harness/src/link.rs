//! The network path between two parties, through Toxiproxy: a client keeps its address while the other end moves.

use std::net::SocketAddrV4;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::failure::{Context, Error, Result};
use crate::host::{Command, Daemon, Host};

const CONTROL_PORT: u16 = 8474;
const FIRST_LINK_PORT: u16 = 9100;
const BOUND: Duration = Duration::from_secs(10);

/// The Toxiproxy server of a drill, on a host of its own.
#[derive(Debug)]
pub struct Links {
    server: Daemon,
    http: reqwest::Client,
    opened: Vec<Link>,
}

/// A link: where its client connects, and its name in Toxiproxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it is for (`application`).
    pub name: String,
    /// Where its client connects, for the whole drill.
    pub listen: SocketAddrV4,
}

/// What Toxiproxy does to the bytes of one direction of a link.
#[derive(Clone, Debug, PartialEq)]
pub struct Toxic {
    /// Its type, as Toxiproxy calls it (`latency`).
    pub kind: &'static str,
    /// `upstream`, towards the server, or `downstream`, away from it.
    pub stream: &'static str,
    /// Its attributes, as Toxiproxy calls them.
    pub attributes: Value,
}

impl Links {
    /// Starts Toxiproxy on `host` and waits until it answers.
    ///
    /// # Errors
    /// It could not be started, ended, or did not answer.
    pub async fn start(host: Host, toxiproxy: &Path) -> Result<Self> {
        let address = host.address().to_string();
        let program = host.tool(toxiproxy);
        // At its default level it logs every connection, which is every probe.
        let command = Command::new(program)
            .args(["-host", &address, "-port", &CONTROL_PORT.to_string()])
            .env("LOG_LEVEL", "error");
        // It answers nothing about a link while it calls the link's other end, and that end may have gone silent.
        host.give_calls_up_soon()?;
        let mut server = Daemon::new("Toxiproxy", host);
        server.launch(&command)?;
        let http = reqwest::Client::builder().no_proxy().timeout(BOUND).build()?;
        let version = url(server.host(), "version");
        let ask = || async { Ok(http.get(&version).send().await.map(|_| ())?) };
        server.answering(ask, BOUND).await?;
        Ok(Self { server, http, opened: Vec::new() })
    }

    /// Makes a link to `upstream`.
    ///
    /// # Errors
    /// Toxiproxy's answer.
    pub async fn open(&mut self, name: &str, upstream: SocketAddrV4) -> Result<Link> {
        let port = u16::try_from(self.opened.len()).ok().and_then(|opened| FIRST_LINK_PORT.checked_add(opened));
        let port = port.ok_or_else(|| Error::new(format!("cannot open link {name}: no port is left")))?;
        let listen = SocketAddrV4::new(self.server.host().address(), port);
        let body =
            json!({"name": name, "listen": listen.to_string(), "upstream": upstream.to_string(), "enabled": true});
        self.post("proxies", &body).await.cannot(format_args!("open link {name}"))?;
        let link = Link { name: name.to_owned(), listen };
        self.opened.push(link.clone());
        Ok(link)
    }

    /// The link of this name.
    ///
    /// # Errors
    /// There is none.
    pub fn named(&self, name: &str) -> Result<&Link> {
        let link = self.opened.iter().find(|link| link.name == name);
        link.ok_or_else(|| Error::new(format!("this drill has no link {name}")))
    }

    /// Points a link at another upstream; its open connections end.
    ///
    /// # Errors
    /// Toxiproxy's answer.
    pub async fn switch(&self, link: &Link, upstream: SocketAddrV4) -> Result<()> {
        let body = json!({"upstream": upstream.to_string(), "enabled": true});
        self.post(&format!("proxies/{}", link.name), &body).await.cannot(format_args!("switch link {}", link.name))
    }

    /// Cuts a link, or restores it: while it is cut, connections are refused and open ones end.
    ///
    /// # Errors
    /// Toxiproxy's answer.
    pub async fn set_enabled(&self, link: &Link, enabled: bool) -> Result<()> {
        let body = json!({"enabled": enabled});
        let what = if enabled { "restore" } else { "cut" };
        self.post(&format!("proxies/{}", link.name), &body).await.cannot(format_args!("{what} link {}", link.name))
    }

    /// Puts toxics on a link, of the names that they have for Toxiproxy.
    ///
    /// # Errors
    /// Toxiproxy's answer.
    pub async fn spoil(&self, link: &Link, toxics: &[Toxic]) -> Result<()> {
        for Toxic { kind, stream, attributes } in toxics {
            let body =
                json!({"name": format!("{kind}-{stream}"), "type": kind, "stream": stream, "attributes": attributes});
            let path = format!("proxies/{}/toxics", link.name);
            self.post(&path, &body).await.cannot(format_args!("put {kind} on link {}", link.name))?;
        }
        Ok(())
    }

    /// Takes toxics off a link.
    ///
    /// # Errors
    /// Toxiproxy's answer.
    pub async fn clean(&self, link: &Link, toxics: &[Toxic]) -> Result<()> {
        for Toxic { kind, stream, .. } in toxics {
            let path = format!("proxies/{}/toxics/{kind}-{stream}", link.name);
            let taken = answer(self.http.delete(self.url(&path)).send().await?).await;
            taken.cannot(format_args!("take {kind} off link {}", link.name))?;
        }
        Ok(())
    }

    async fn post(&self, path: &str, body: &Value) -> Result<()> {
        answer(self.http.post(self.url(path)).json(body).send().await?).await
    }

    fn url(&self, path: &str) -> String {
        url(self.server.host(), path)
    }
}

fn url(host: &Host, path: &str) -> String {
    format!("http://{}:{CONTROL_PORT}/{path}", host.address())
}

async fn answer(response: reqwest::Response) -> Result<()> {
    if response.status().is_success() {
        return Ok(());
    }
    let status = response.status();
    let words = response.text().await.unwrap_or_default();
    Err(Error::new(format!("Toxiproxy answered {status}: {}", words.trim())))
}
