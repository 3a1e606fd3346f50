//! Sending to upstreams and reading what they answer. The only room that names reqwest. It knows
//! targets, not deployments; it never retries and never decides who is asked.

mod address;
mod body;
pub mod capture;
mod content;
pub mod errors;
mod headers;
mod inline;
mod lend;
pub mod media;
#[cfg(test)]
pub mod memory;
mod options;
mod pools;
mod post;
mod reply;
mod request;
mod sent;
mod signing;
mod socket;
pub mod splice;
mod spool;
mod target;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::RequestBuilder;
use tokio::time::Instant;

pub use body::CallBodies;
pub use capture::Captures;
pub use content::{Content, FileContent};
pub use inline::inline;
pub use options::Options;
pub use reply::{Batch, FrameReader, Pieces, UpstreamReply, too_large};
pub use request::{Passed, Request};
pub use sent::SentTokens;
pub use signing::fault as no_credential;
pub use socket::{Broken, Dialled, Farewell, Incoming, Message, Outgoing, Socket};
pub use spool::{Spooled, Spooling, Spools};
pub use target::{AuthScheme, Target, Timeouts};

use pools::{CONNECT_TIMEOUT, Side, Trust};

use crate::config::Verify;
use crate::domain::{ErrorKind, Fault};

/// Files of certificate authorities that have connections of their own.
const MAX_AUTHORITIES: usize = 64;

/// Largest document that is fetched for the gateway itself, in bytes.
const MAX_FETCHED: usize = 1 << 20;

/// Sends requests. Cheap to clone; connections are shared.
#[derive(Debug, Clone)]
pub struct Upstream {
    usual: Side,
    unverified: Side,
    /// By the certificate authorities that they trust instead of the system's.
    by_authorities: Arc<Mutex<ByAuthorities>>,
    /// Answers in the network's place.
    #[cfg(test)]
    memory: Option<memory::Memory>,
}

/// By the authorities' PEM.
type ByAuthorities = HashMap<Arc<[u8]>, Side>;

/// The clients could not be built.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be set up")]
pub struct SetupError(#[source] reqwest::Error);

impl Upstream {
    pub fn new() -> Result<Self, SetupError> {
        // A second installation keeps the first, which is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let side = |trust| Side::new(trust).map_err(SetupError);
        Ok(Self {
            usual: side(Trust::System)?,
            unverified: side(Trust::Everything)?,
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
        self.round(target, request, (options, false)).await
    }

    /// As [`Self::send`]; `upgrades`: the connection is to become something else than HTTP.
    async fn round(
        &self,
        target: &Target,
        request: Request,
        (options, upgrades): (&Options, bool),
    ) -> Result<UpstreamReply, Fault> {
        let Request {
            method,
            destination: address::Destination { mut url, guarded },
            mut headers,
            auth,
            body,
            captures,
        } = request;
        let known = headers::Known(target, &captures);
        headers::authenticate(known, &auth, &mut headers, &mut url)?;
        let side = self.side(&target.verify)?;
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
        let signed = signing::sign(&side.tokens, &signers, &unsigned, &mut headers);
        let added = tokio::time::timeout_at(deadline, signed)
            .await
            .map_err(|_| {
                let message = "the deployment's credential did not come in time";
                Fault::upstream(ErrorKind::Timeout, message)
            })??;
        for token in &added {
            target.sent.note(token);
        }
        let client = if upgrades {
            side.upgrading(guarded).map_err(|cause| {
                let text = "the HTTP client could not be set up";
                Fault::ours(text, describe(&cause))
            })?
        } else {
            side.client(guarded, url.scheme() == "https")
        };
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
                signer.refused(&side.tokens);
            }
            for captured in known.captured(&auth) {
                captured.refused(&side.tokens);
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

    /// What a deployment with this `ssl_verify` sends over, and the tokens that came that way.
    fn side(&self, verify: &Verify) -> Result<Side, Fault> {
        let authorities = match verify {
            Verify::System => return Ok(self.usual.clone()),
            Verify::Nothing => return Ok(self.unverified.clone()),
            Verify::By(authorities) => authorities,
        };
        let mut known = self
            .by_authorities
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(side) = known.get(&authorities.pem) {
            return Ok(side.clone());
        }
        let only = Trust::Only(Arc::clone(&authorities.pem));
        let side = Side::new(only).map_err(|cause| {
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
        known.insert(Arc::clone(&authorities.pem), side.clone());
        Ok(side)
    }
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
