//! Sending to upstreams and reading what they answer. The only room that names reqwest. It knows
//! targets, not deployments; it never retries and never decides who is asked.

mod address;
mod body;
pub mod errors;
mod headers;
mod inline;
pub mod media;
mod options;
mod reply;
mod request;
pub mod splice;
mod target;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::{Client, ClientBuilder};
use tokio::time::Instant;

pub use body::CallBodies;
pub use inline::inline;
pub use options::Options;
pub use reply::{Batch, FrameReader, UpstreamReply, too_large};
pub use request::Request;
pub use target::{AuthScheme, Target, Timeouts};

use crate::domain::{ErrorKind, Fault};

/// Connections of one HTTP/2 host: one alone stalls near 100 streams.
const H2_CONNECTIONS: usize = 4;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Sends requests. Cheap to clone; connections are shared.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// By trust in names, then by TLS verification.
    pools: Arc<[Pool; 4]>,
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
        let pool = |guarded, insecure| Pool::new(guarded, insecure).map_err(SetupError);
        let pools = [
            pool(false, false)?,
            pool(true, false)?,
            pool(false, true)?,
            pool(true, true)?,
        ];
        Ok(Self {
            pools: Arc::new(pools),
        })
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
        // An attempt knows its own time, which for a stream may be longer than the target's.
        let total = options.timeout.unwrap_or(target.timeouts.total);
        let deadline = started + total;
        let client = self.client(guarded, target.insecure_tls, url.scheme() == "https");
        let mut request = client.request(method, url).headers(headers);
        if !body.is_empty() {
            request = request.body(body);
        }
        let until = (started + target.timeouts.first_byte).min(deadline);
        let sent = tokio::time::timeout_at(until, request.send()).await;
        let response = sent
            .map_err(|_| {
                Fault::upstream(ErrorKind::Timeout, "the upstream did not answer in time")
            })?
            .map_err(|cause| unsent(&cause))?;
        Ok(UpstreamReply {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response,
            idle: target.timeouts.idle,
            deadline,
        })
    }

    fn client(&self, guarded: bool, insecure: bool, tls: bool) -> &Client {
        let [open, closed, open_insecure, closed_insecure] = &*self.pools;
        let pool = match (guarded, insecure) {
            (false, false) => open,
            (true, false) => closed,
            (false, true) => open_insecure,
            (true, true) => closed_insecure,
        };
        pool.client(tls)
    }
}

impl Pool {
    fn new(guarded: bool, insecure: bool) -> Result<Self, reqwest::Error> {
        let client = || client(guarded, insecure);
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
fn client(guarded: bool, insecure: bool) -> Result<Client, reqwest::Error> {
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
    if insecure {
        builder = builder.tls_danger_accept_invalid_certs(true);
    }
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
