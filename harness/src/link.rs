//! The network path between two parties, through Toxiproxy: a client keeps its address while the other end moves.

use std::net::SocketAddrV4;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::failure::{Context, Error, Result};
use crate::host::{Command, Host, Process};

const CONTROL_PORT: u16 = 8474;
const FIRST_LINK_PORT: u16 = 9100;
const BOUND: Duration = Duration::from_secs(10);

/// The Toxiproxy server of a drill, on a host of its own.
#[derive(Debug)]
pub struct Links {
    host: Host,
    server: Process,
    http: reqwest::Client,
    next_port: u16,
}

/// A link: where its client connects, and its name in Toxiproxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it is for (`application`).
    pub name: String,
    /// Where its client connects, for the whole drill.
    pub listen: SocketAddrV4,
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
        let server = host.spawn(&command)?;
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
        let mut links = Self { host, server, http, next_port: FIRST_LINK_PORT };
        links.answering().await.cannot("start Toxiproxy")?;
        Ok(links)
    }

    async fn answering(&mut self) -> Result<()> {
        let deadline = tokio::time::Instant::now() + BOUND;
        while self.http.get(self.url("version")).send().await.is_err() {
            if self.server.ended()? {
                return Err(Error::with_lines("it ended", self.server.lines()));
            }
            if tokio::time::Instant::now() > deadline {
                return Err(Error::bound("the start", BOUND, self.server.lines()));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// Makes a link to `upstream`.
    ///
    /// # Errors
    /// Toxiproxy's answer.
    pub async fn open(&mut self, name: &str, upstream: SocketAddrV4) -> Result<Link> {
        let listen = SocketAddrV4::new(self.host.address(), self.next_port);
        self.next_port += 1;
        let body =
            json!({"name": name, "listen": listen.to_string(), "upstream": upstream.to_string(), "enabled": true});
        self.post("proxies", &body).await.cannot(format_args!("open link {name}"))?;
        Ok(Link { name: name.to_owned(), listen })
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

    async fn post(&self, path: &str, body: &Value) -> Result<()> {
        let response = self.http.post(self.url(path)).json(body).send().await?;
        if response.status().is_success() {
            return Ok(());
        }
        let status = response.status();
        let words = response.text().await.unwrap_or_default();
        Err(Error::new(format!("Toxiproxy answered {status}: {}", words.trim())))
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}:{CONTROL_PORT}/{path}", self.host.address())
    }
}
