//! Packets that vanish on their way to or from a host, without a word to anybody, and who waits for them.

use std::fmt;
use std::io;
use std::process::{Command, Stdio};

use blackstart_tools::NFTABLES;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Host;
use crate::failure::{Context, Error, Result};

/// Which packets of a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Those to it.
    In,
    /// Those from it.
    Out,
    /// All.
    #[default]
    Both,
}

impl Direction {
    /// The kernel's hooks and what names the host there, for each way.
    fn hooks(self) -> &'static [(&'static str, &'static str)] {
        const HOOKS: [(&str, &str); 2] = [("input", "daddr"), ("output", "saddr")];
        match self {
            Self::In => &HOOKS[..1],
            Self::Out => &HOOKS[1..],
            Self::Both => &HOOKS,
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::In => "to",
            Self::Out => "from",
            Self::Both => "to and from",
        })
    }
}

/// How often the kernel calls again where nobody answers: once is enough where no packet is ever lost, and makes 3 s at most
/// of the two minutes that it takes otherwise.
const CALLS_AGAIN: (&str, &str) = ("/proc/sys/net/ipv4/tcp_syn_retries", "1");

impl Host {
    /// Lets whoever calls from its network give up soon where nobody answers. This machine's own network is left alone.
    ///
    /// # Errors
    /// The kernel refused.
    pub fn give_calls_up_soon(&self) -> Result<()> {
        if !self.knows_its_processes() {
            return Ok(());
        }
        let (file, times) = CALLS_AGAIN;
        self.in_network(|| std::fs::write(file, times)).cannot(format_args!("set {file}"))
    }

    /// Lets its packets vanish.
    ///
    /// # Errors
    /// The hosts share this machine's network, `nft` is missing here, or the kernel refused.
    pub fn drop_packets(&self, direction: Direction) -> Result<()> {
        let (table, address) = (self.packet_table(), self.address());
        let chain = |(hook, names): &(&str, &str)| {
            format!(
                "add chain ip {table} {hook} {{ type filter hook {hook} priority 0; }}; \
                 add rule ip {table} {hook} ip {names} {address} drop"
            )
        };
        let chains: Vec<String> = direction.hooks().iter().map(chain).collect();
        self.nft(&format!("add table ip {table}; {}", chains.join("; ")))
    }

    /// Lets them pass again.
    ///
    /// # Errors
    /// None were dropped, or the kernel refused.
    pub fn pass_packets(&self) -> Result<()> {
        self.nft(&format!("delete table ip {}", self.packet_table()))
    }

    /// Of its own, for native hosts share a network.
    fn packet_table(&self) -> String {
        format!("blackstart_{}", self.address().to_string().replace('.', "_"))
    }

    fn nft(&self, rules: &str) -> Result<()> {
        if !self.knows_its_processes() {
            return Err(Error::new("these hosts share this machine's network"));
        }
        let nft = blackstart_tools::locate(&NFTABLES).map_err(|missing| Error::new(missing.to_string()))?.path;
        let run = || {
            let done = Command::new(&nft).arg(rules).stdin(Stdio::null()).output()?;
            let said = || io::Error::other(String::from_utf8_lossy(&done.stderr).trim().to_owned());
            if done.status.success() { Ok(()) } else { Err(said()) }
        };
        self.in_network(run).cannot("change what the kernel drops")
    }
}
