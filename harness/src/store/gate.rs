//! A gate in front of a store: it passes HTTP requests on as they are, numbers them, and disturbs those of its rule.
//! A signature holds, because the `Host` header is the one that the client signed.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as Poll, Poll as Ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use sha2::{Digest, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::failure::{Context, Result};

/// Which requests are disturbed, counted from 1, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// None.
    Pass,
    /// One of each `one_in` is answered with 503 SlowDown and not passed on: the seed draws which. In the first of them it
    /// is one of the first `soon`, so that a short program meets one too.
    SlowDown {
        /// How many requests there are to one that is refused.
        one_in: u64,
        /// What draws it.
        seed: u64,
        /// By which request the first one is refused; at least 1.
        soon: u64,
    },
    /// This one is passed on so much later.
    Delay {
        /// Which.
        request: u64,
        /// How much later.
        by: Duration,
    },
    /// The connection of this one is broken, and it is not passed on.
    Break(u64),
    /// So is every connection from this one on.
    Gone(u64),
}

/// What a gate does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Pass,
    SlowDown,
    Delay(Duration),
    Break,
}

impl Rule {
    fn fate(self, number: u64) -> Fate {
        match self {
            Self::SlowDown { one_in, seed, soon } if number == refused(number, one_in.max(1), seed, soon) => {
                Fate::SlowDown
            }
            Self::Delay { request, by } if request == number => Fate::Delay(by),
            Self::Break(request) if request == number => Fate::Break,
            Self::Gone(from) if number >= from => Fate::Break,
            _ => Fate::Pass,
        }
    }
}

/// The request that is refused among the `one_in` to which `number` belongs.
fn refused(number: u64, one_in: u64, seed: u64, soon: u64) -> u64 {
    let block = number.saturating_sub(1) / one_in;
    let within = if block == 0 { soon.clamp(1, one_in) } else { one_in };
    block * one_in + 1 + drawn(seed, block) % within
}

/// A number that follows from a seed and an index, and from nothing else.
pub fn drawn(seed: u64, index: u64) -> u64 {
    let digest = Sha256::digest([seed.to_le_bytes(), index.to_le_bytes()].concat());
    digest.iter().take(8).fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

/// What has passed a gate since its rule was set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Requests, the disturbed ones among them.
    pub requests: u64,
    /// Those that were disturbed.
    pub disturbed: Vec<u64>,
}

#[derive(Debug)]
struct State {
    rule: Rule,
    passed: Passed,
}

/// An open gate. Dropping it closes it: nobody gets in any more, and what is under way goes on.
#[derive(Debug)]
pub struct Gate {
    address: SocketAddrV4,
    state: Arc<Mutex<State>>,
    accepting: JoinHandle<()>,
}

impl Gate {
    /// Opens a gate to `upstream` on a free port of `address`.
    ///
    /// # Errors
    /// No port could be had.
    pub async fn open(address: Ipv4Addr, upstream: SocketAddrV4, rule: Rule) -> Result<Self> {
        let listener = TcpListener::bind((address, 0)).await.cannot("open a gate to the store")?;
        let address = SocketAddrV4::new(address, listener.local_addr()?.port());
        let state = Arc::new(Mutex::new(State { rule, passed: Passed::default() }));
        let accepting = tokio::spawn(accept(listener, upstream, state.clone()));
        Ok(Self { address, state, accepting })
    }

    /// Where clients get in.
    pub fn address(&self) -> SocketAddrV4 {
        self.address
    }

    /// Sets another rule, and counts from the beginning; what passed under the one before.
    pub fn set(&self, rule: Rule) -> Passed {
        let fresh = State { rule, passed: Passed::default() };
        std::mem::replace(&mut *lock(&self.state), fresh).passed
    }

    /// What has passed.
    pub fn passed(&self) -> Passed {
        lock(&self.state).passed.clone()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, upstream: SocketAddrV4, state: Arc<Mutex<State>>) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // Out of descriptors: there will be some again.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let state = state.clone();
        tokio::spawn(async move {
            let each = hyper::service::service_fn(|request| pass(request, upstream, &state));
            // A broken connection is the client's business, who sees it too.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(client), each).await;
        });
    }
}

/// An error ends the client's connection without an answer.
async fn pass(
    request: Request<Incoming>,
    upstream: SocketAddrV4,
    state: &Mutex<State>,
) -> std::result::Result<Response<Answer>, Box<dyn std::error::Error + Send + Sync>> {
    let fate = {
        let mut state = lock(state);
        state.passed.requests += 1;
        let number = state.passed.requests;
        let fate = state.rule.fate(number);
        if fate != Fate::Pass {
            state.passed.disturbed.push(number);
        }
        fate
    };
    match fate {
        Fate::Pass => {}
        Fate::SlowDown => return Ok(slow_down()?),
        Fate::Delay(by) => tokio::time::sleep(by).await,
        Fate::Break => return Err(io::Error::from(io::ErrorKind::ConnectionReset).into()),
    }
    let stream = TcpStream::connect(upstream).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?.map(Answer::Passed))
}

fn slow_down() -> hyper::http::Result<Response<Answer>> {
    const WORDS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>SlowDown</Code>\
        <Message>Please reduce your request rate.</Message></Error>";
    let answer = Response::builder().status(StatusCode::SERVICE_UNAVAILABLE);
    // The request's body was not read: the connection cannot carry another one.
    let answer = answer.header(header::CONTENT_TYPE, "application/xml").header(header::CONNECTION, "close");
    answer.body(Answer::Own(Some(Bytes::from_static(WORDS.as_bytes()))))
}

/// The body of an answer: the store's as it comes, or the gate's own.
enum Answer {
    Passed(Incoming),
    Own(Option<Bytes>),
}

impl Body for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Poll<'_>,
    ) -> Ready<Option<std::result::Result<Frame<Bytes>, hyper::Error>>> {
        match &mut *self {
            Self::Passed(body) => Pin::new(body).poll_frame(context),
            Self::Own(bytes) => Ready::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Passed(body) => body.is_end_stream(),
            Self::Own(bytes) => bytes.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Passed(body) => body.size_hint(),
            Self::Own(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
        }
    }
}

#[cfg(test)]
mod tests;
