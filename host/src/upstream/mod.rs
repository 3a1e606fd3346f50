//! Sending to upstreams and reading what they answer. The only room that names reqwest. It knows
//! targets, not deployments; it never retries and never decides who is asked.

mod address;
mod body;
mod content;
pub mod errors;
mod headers;
mod inline;
mod lend;
pub mod media;
#[cfg(test)]
pub mod memory;
mod options;
mod post;
mod reply;
mod request;
mod signing;
pub mod splice;
mod spool;
mod target;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::{Certificate, Client, ClientBuilder, RequestBuilder};
use sluice_credentials::{SystemClock, Tokens};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

pub use body::CallBodies;
pub use content::{Content, FileContent};
pub use inline::inline;
pub use options::Options;
pub use reply::{Batch, FrameReader, Pieces, UpstreamReply, too_large};
pub use request::{Passed, Request};
pub use spool::{Spooled, Spooling, Spools};
pub use target::{AuthScheme, Target, Timeouts};

use crate::config::Verify;
use crate::domain::{ErrorKind, Fault};

/// Connections of one HTTP/2 host: one alone stalls near 100 streams.
const H2_CONNECTIONS: usize = 4;

/// Files of certificate authorities that have connections of their own.
const MAX_AUTHORITIES: usize = 64;

/// Largest document that is fetched for the gateway itself, in bytes.
const MAX_FETCHED: usize = 1 << 20;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Sends requests. Cheap to clone; connections are shared.
#[derive(Debug, Clone)]
pub struct Upstream {
    usual: Arc<Pools>,
    unverified: Arc<Pools>,
    /// By the certificate authorities that they trust instead of the system's.
    by_authorities: Arc<Mutex<ByAuthorities>>,
    /// Those of all deployments.
    tokens: Tokens,
    /// Answers in the network's place.
    #[cfg(test)]
    memory: Option<memory::Memory>,
}

/// By the authorities' PEM.
type ByAuthorities = HashMap<Arc<[u8]>, Arc<Pools>>;

/// Connections that trust the same certificates.
#[derive(Debug)]
struct Pools {
    /// To addresses that the operator wrote.
    open: Pool,
    /// To those that a plugin chose: public ones only.
    guarded: Pool,
}

#[derive(Debug)]
struct Pool {
    clients: [Client; H2_CONNECTIONS],
    next: AtomicUsize,
}

/// The clients could not be built.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be set up")]
pub struct SetupError(#[source] reqwest::Error);

impl Upstream {
    pub fn new() -> Result<Self, SetupError> {
        // A second installation keeps the first, which is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let pools = |trust| Pools::new(trust).map(Arc::new).map_err(SetupError);
        let usual = pools(Trust::System)?;
        let lender = Arc::new(lend::Lender(Arc::clone(&usual)));
        Ok(Self {
            // Nothing waits for a renewal: its requests end by their own timeouts.
            tokens: Tokens::new(lender, Arc::new(SystemClock), &TaskTracker::new()),
            usual,
            unverified: pools(Trust::Everything)?,
            by_authorities: Arc::default(),
            #[cfg(test)]
            memory: None,
        })
    }

    /// One that is answered from memory.
    #[cfg(test)]
    pub fn of_memory(memory: memory::Memory) -> Self {
        let mut upstream = Self::new().unwrap();
        upstream.memory = Some(memory);
        upstream
    }

    /// Sends one request and waits for the head of its answer.
    pub async fn send(
        &self,
        target: &Target,
        request: Request,
        options: &Options,
    ) -> Result<UpstreamReply, Fault> {
        let Request {
            method,
            destination: address::Destination { mut url, guarded },
            mut headers,
            auth,
            body,
        } = request;
        headers::authenticate(target, &auth, &mut headers, &mut url)?;
        if let Some(delay) = options.delay {
            tokio::time::sleep(delay).await;
        }
        let started = Instant::now();
        let signers = signing::signers(target, &auth)?;
        // An attempt knows its own time, which for a stream may be longer than the target's.
        let total = options.timeout.unwrap_or(target.timeouts.total);
        let deadline = started + total;
        let unsigned = signing::Parts {
            method: &method,
            url: &url,
            body: &body,
        };
        let signed = signing::sign(&self.tokens, &signers, &unsigned, &mut headers);
        tokio::time::timeout_at(deadline, signed)
            .await
            .map_err(|_| {
                let message = "the deployment's credential did not come in time";
                Fault::upstream(ErrorKind::Timeout, message)
            })??;
        let pools = self.pools(&target.verify)?;
        let client = pools.client(guarded, url.scheme() == "https");
        let mut request = client.request(method, url).headers(headers);
        if !body.is_empty() {
            request = request.body(body.into_body());
        }
        let Timeouts {
            first_byte, idle, ..
        } = target.timeouts;
        let silence = options.idle.unwrap_or(Duration::MAX);
        let until = (started + first_byte.min(silence)).min(deadline);
        let sent = tokio::time::timeout_at(until, self.put(request)).await;
        let response = sent
            .map_err(|_| {
                Fault::upstream(ErrorKind::Timeout, "the upstream did not answer in time")
            })?
            .map_err(|cause| unsent(&cause))?;
        // AWS answers 403 to a session that has ended.
        if matches!(response.status().as_u16(), 401 | 403) {
            for signer in &signers {
                signer.refused(&self.tokens);
            }
        }
        Ok(UpstreamReply {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response,
            idle: idle.min(silence),
            deadline,
        })
    }

    /// Puts a request on the wire. How long that may take is the caller's matter.
    async fn put(&self, request: RequestBuilder) -> reqwest::Result<reqwest::Response> {
        #[cfg(test)]
        if let Some(memory) = &self.memory {
            return memory.answer(request.build()?).await;
        }
        request.send().await
    }

    /// A small document from an address that the operator wrote.
    ///
    /// # Errors
    /// Why there is none, without the address's query.
    pub async fn fetch(&self, url: &str) -> Result<Bytes, String> {
        self.fetch_within(url, MAX_FETCHED, CONNECT_TIMEOUT).await
    }

    /// A document of at most so many bytes, which comes whole within this time.
    ///
    /// # Errors
    /// As [`Self::fetch`].
    pub async fn fetch_within(
        &self,
        url: &str,
        most: usize,
        time: Duration,
    ) -> Result<Bytes, String> {
        let url = url::Url::parse(url).map_err(|cause| format!("it is no URL: {cause}"))?;
        let client = self.usual.client(false, url.scheme() == "https");
        let read = async {
            let mut response = client.get(url).send().await.map_err(|it| describe(&it))?;
            let status = response.status();
            if !status.is_success() {
                return Err(format!("it answers {}", status.as_u16()));
            }
            let mut bytes = BytesMut::new();
            while let Some(chunk) = response.chunk().await.map_err(|it| describe(&it))? {
                bytes.extend_from_slice(&chunk);
                if bytes.len() > most {
                    return Err(format!("it has more than {most} bytes"));
                }
            }
            Ok(bytes.freeze())
        };
        let read = tokio::time::timeout(time, read).await;
        read.unwrap_or_else(|_| Err("it does not answer in time".to_owned()))
    }

    fn pools(&self, verify: &Verify) -> Result<Arc<Pools>, Fault> {
        let authorities = match verify {
            Verify::System => return Ok(Arc::clone(&self.usual)),
            Verify::Nothing => return Ok(Arc::clone(&self.unverified)),
            Verify::By(authorities) => authorities,
        };
        let mut known = self
            .by_authorities
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(pools) = known.get(&authorities.pem) {
            return Ok(Arc::clone(pools));
        }
        let pools = Pools::new(Trust::Only(&authorities.pem)).map_err(|cause| {
            let message = format!(
                "the certificate authorities of {} cannot be used",
                authorities.path.display()
            );
            Fault::operator(ErrorKind::InvalidRequest, message).with_log(cause.to_string())
        })?;
        if known.len() >= MAX_AUTHORITIES {
            // Renewed files leave their old ones behind; calls on those keep their connections.
            known.clear();
        }
        let pools = Arc::new(pools);
        known.insert(Arc::clone(&authorities.pem), Arc::clone(&pools));
        Ok(pools)
    }
}

/// Whose certificates are trusted.
#[derive(Debug, Clone, Copy)]
enum Trust<'p> {
    System,
    /// Those of these authorities (PEM).
    Only(&'p [u8]),
    Everything,
}

impl Pools {
    fn new(trust: Trust<'_>) -> Result<Self, reqwest::Error> {
        Ok(Self {
            open: Pool::new(false, trust)?,
            guarded: Pool::new(true, trust)?,
        })
    }

    fn client(&self, guarded: bool, tls: bool) -> &Client {
        let pool = if guarded { &self.guarded } else { &self.open };
        pool.client(tls)
    }
}

impl Pool {
    fn new(guarded: bool, trust: Trust<'_>) -> Result<Self, reqwest::Error> {
        let client = || client(guarded, trust);
        Ok(Self {
            clients: [client()?, client()?, client()?, client()?],
            next: AtomicUsize::new(0),
        })
    }

    /// Only TLS connections may turn out to be HTTP/2; plain ones share one pool.
    fn client(&self, tls: bool) -> &Client {
        let turn = if tls {
            self.next.fetch_add(1, Ordering::Relaxed)
        } else {
            0
        };
        let [first, second, third, fourth] = &self.clients;
        match turn % H2_CONNECTIONS {
            0 => first,
            1 => second,
            2 => third,
            _ => fourth,
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that makes clients"
)]
fn client(guarded: bool, trust: Trust<'_>) -> Result<Client, reqwest::Error> {
    let mut builder: ClientBuilder = Client::builder()
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(Duration::from_secs(90))
        .redirect(reqwest::redirect::Policy::none())
        .http2_adaptive_window(true)
        .user_agent(concat!("sluice/", env!("CARGO_PKG_VERSION")));
    if guarded {
        builder = builder.dns_resolver(address::public_only());
    }
    builder = match trust {
        Trust::System => builder,
        Trust::Only(pem) => builder.tls_certs_only(Certificate::from_pem_bundle(pem)?),
        Trust::Everything => builder.tls_danger_accept_invalid_certs(true),
    };
    builder.build()
}

fn unsent(cause: &reqwest::Error) -> Fault {
    if let Some(fault) = address::refused(cause) {
        return fault;
    }
    let kind = if cause.is_timeout() {
        ErrorKind::Timeout
    } else {
        ErrorKind::Upstream
    };
    Fault::upstream(kind, "Connection error.").with_log(describe(cause))
}

/// An error with its causes, without the URL, whose query may hold a credential.
pub(crate) fn describe(cause: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut next: Option<&dyn std::error::Error> = std::error::Error::source(cause);
    while let Some(error) = next {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&error.to_string());
        next = error.source();
    }
    if text.is_empty() {
        "no cause was given".to_owned()
    } else {
        text
    }
}
