//! `http.fetch`: judged like what a provider's plugin wants to send, and sent by the same client.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sluice_engine::contract::{
    Body, Error, FetchRequest, FetchResponse, Outbound, Payload, ReplyMode,
};
use sluice_engine::{Fetch, Pending};

use super::Whose;
use crate::domain::Fault;
use crate::upstream::{CallBodies, Captures, Options, Request, Target, Upstream};

/// Requests of one call of a plugin.
const MOST: u32 = 16;
/// Largest body that it may send, in bytes.
const LONGEST: usize = 8 << 20;

/// Sends for one call of one plugin.
pub struct Fetcher {
    upstream: Upstream,
    target: Arc<Target>,
    plugin: String,
    call_id: String,
    made: AtomicU32,
}

impl Fetcher {
    pub fn new(upstream: Upstream, target: Arc<Target>, whose: &Whose<'_>) -> Self {
        Self {
            upstream,
            target,
            plugin: whose.plugin.to_owned(),
            call_id: whose.call_id.to_owned(),
            made: AtomicU32::new(0),
        }
    }

    async fn send(&self, request: FetchRequest) -> Result<FetchResponse, Fault> {
        if self.made.fetch_add(1, Ordering::Relaxed) >= MOST {
            let text = format!("the plugin made more than {MOST} requests in one call");
            return Err(Fault::plugin(text));
        }
        let timeout = timeout(&request.options)?;
        judge_body(&request.body)?;
        let outbound = Outbound {
            method: request.method,
            url: request.url,
            headers: request.headers,
            body: request.body,
            auth: request.auth,
            reply: ReplyMode::Whole,
            options: Vec::new(),
            state: String::new(),
        };
        let captures = Captures::default();
        let bodies = (&mut CallBodies::default(), &captures);
        let built = Request::build(&self.target, outbound, bodies)?;
        if built.body().is_some_and(|it| it.len() > LONGEST) {
            let text = format!("the plugin sends more than {LONGEST} bytes");
            return Err(Fault::plugin(text));
        }
        let options = Options {
            timeout: timeout.map(|it| it.min(self.target.timeouts.total)),
            ..Options::default()
        };
        let reply = self.upstream.send(&self.target, built, &options).await?;
        let (status, headers) = (reply.status, pairs(&reply.headers));
        let kind = reply.content_type().to_owned();
        let body = reply.read_whole(self.target.max_reply_bytes).await?;
        Ok(FetchResponse {
            status,
            headers,
            body: self.payload(&kind, body.into()),
        })
    }

    /// What was answered, without the credential, which some repeat.
    fn payload(&self, kind: &str, body: Vec<u8>) -> Payload {
        match String::from_utf8(body) {
            Ok(mut text) if is_textual(kind) => {
                self.target.redact_text(&mut text);
                Payload::Text(text)
            }
            Ok(text) => Payload::Bytes(text.into_bytes()),
            Err(bytes) => Payload::Bytes(bytes.into_bytes()),
        }
    }
}

impl Fetch for Fetcher {
    fn fetch(&self, request: FetchRequest) -> Pending<'_, Result<FetchResponse, Error>> {
        Box::pin(async move {
            let sent = self.send(request).await;
            sent.map_err(|mut fault| {
                self.target.redact(&mut fault);
                // What it may not do is for the operator to know, whatever the plugin makes of it.
                tracing::warn!(
                    plugin.name = %self.plugin, call.id = %self.call_id, fault = %fault,
                    "a plugin's request was not answered"
                );
                error(fault)
            })
        })
    }
}

fn error(fault: Fault) -> Error {
    Error {
        kind: fault.kind.as_str().to_owned(),
        message: fault.message,
        status: fault.status,
        retry: None,
        retry_after_ms: fault.retry_after.map(|it| it.as_millis() as u64),
        detail: None,
    }
}

/// The only option there is.
fn timeout(options: &[(String, String)]) -> Result<Option<Duration>, Fault> {
    let mut timeout = None;
    for (name, raw) in options {
        let millis = serde_json::from_str::<u64>(raw).ok();
        match (name.as_str(), millis) {
            ("timeout_ms", Some(millis)) => timeout = Some(Duration::from_millis(millis)),
            ("timeout_ms", None) => {
                return Err(Fault::plugin("the plugin's `timeout_ms` is no number"));
            }
            _ => {
                let text = format!("this gateway does not know the plugin's option `{name}`");
                return Err(Fault::plugin(text));
            }
        }
    }
    Ok(timeout)
}

/// There is no body of a client's to patch, and no file.
fn judge_body(body: &Body) -> Result<(), Fault> {
    match body {
        Body::Patch(_) | Body::Amend(_) | Body::File(_) => Err(Fault::plugin(
            "the plugin sends a body that only providers have: `patch`, `amend` or `file`",
        )),
        _ => Ok(()),
    }
}

fn pairs(headers: &http::HeaderMap) -> Vec<(String, String)> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let pairs = headers.iter();
    pairs
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect()
}

/// Whether a content type is that of text.
fn is_textual(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let named = ["json", "xml", "javascript", "x-www-form-urlencoded"];
    kind.is_empty() || kind.starts_with("text/") || named.iter().any(|it| kind.ends_with(it))
}
