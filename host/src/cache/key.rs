//! The name of an answer: a digest of everything that determines it, and of whose it is.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::canonical;

/// Stands before keys where no namespace is configured.
pub const PREFIX: &str = "sluice:cache";

/// What keys mean; another number makes other keys of the same requests.
const VERSION: &str = "2";

/// Requests with more text than this are not looked up: naming them would take longer than is good
/// for the calls beside them.
pub const MOST_TEXT: usize = 1 << 20;

/// Members of a request that do not determine what is answered. `model` is named apart, by the
/// group that it is routed to and by the name that the answer carries. How an answer is delivered
/// (`stream`) is named apart too.
const SILENT: [&str; 25] = [
    // Who asks, and what the caller calls it.
    "litellm_metadata",
    "litellm_session_id",
    "litellm_trace_id",
    "metadata",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    // Named apart where they choose deployments.
    "tags",
    "user",
    // How the gateway goes about it. An answer that came by a fallback is not kept.
    "cache",
    "caching",
    "context_window_fallback_dict",
    "disable_fallbacks",
    "fallbacks",
    "keepalive_seconds",
    "no-log",
    "num_retries",
    "priority",
    "stream_timeout",
    "success_callback",
    "timeout",
    "turn_off_message_logging",
    // Named apart.
    "model",
    "stream",
    "stream_options",
];

/// Members with which an answer depends on more than the request, or is only begun.
const LIVING: [&str; 3] = ["background", "conversation", "thread"];

/// The key of one answer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key(Arc<str>);

impl Key {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A key that somebody wrote down, if it may be one of this namespace.
    pub fn parse(text: &str, namespace: Option<&str>) -> Option<Self> {
        let digest = text
            .strip_prefix(namespace.unwrap_or(PREFIX))?
            .strip_prefix(':')?;
        let lower = |it: u8| it.is_ascii_digit() || (b'a'..=b'f').contains(&it);
        (digest.len() == 64 && digest.bytes().all(lower)).then(|| Self(text.into()))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// What a call asks for, and whose the answer is.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The operation's name in the plugin contract.
    pub operation: &'a str,
    /// As a stream.
    pub streams: bool,
    /// The model group that it is routed to, and the name that the client has for it.
    pub group: &'a str,
    pub asked: &'a str,
    /// Who shares the answer.
    pub tenant: &'a str,
    /// By which deployments are chosen, in any order.
    pub tags: &'a [String],
    /// The client's own namespace.
    pub namespace: Option<&'a str>,
    /// Headers of the client that reach the provider.
    pub headers: &'a [(String, String)],
}

/// Everything of a request but the part that is named for itself, digested.
#[derive(Clone)]
pub struct Namer {
    digest: Sha256,
    prefix: Arc<str>,
}

impl Namer {
    /// Digests a request: its members, but for `apart`.
    ///
    /// None: answers to it depend on more than the request, it is too long, or it cannot be read.
    pub fn of<'m>(
        asked: Asked<'_>,
        members: impl Iterator<Item = (&'m str, &'m str)>,
        apart: Option<&str>,
        namespace: Option<&str>,
    ) -> Option<Self> {
        let mut named: Vec<(&str, &str)> = Vec::new();
        let mut length = 0;
        for (name, raw) in members {
            let living = LIVING.contains(&name) && !matches!(raw, "null" | "false");
            if living || name.starts_with("mock_") {
                return None;
            }
            length += raw.len();
            // A member that is null is as good as none.
            if raw != "null" && !SILENT.contains(&name) && Some(name) != apart {
                named.push((name, raw));
            }
        }
        if length > MOST_TEXT {
            return None;
        }
        named.sort_unstable();
        let mut digest = Sha256::new();
        let form = if asked.streams { "stream" } else { "whole" };
        for part in [
            VERSION,
            asked.operation,
            form,
            asked.tenant,
            asked.namespace.unwrap_or_default(),
            asked.group,
            asked.asked,
        ] {
            add(&mut digest, part.as_bytes());
        }
        let mut tags: Vec<&String> = asked.tags.iter().collect();
        tags.sort_unstable();
        add(&mut digest, &tags.len().to_be_bytes());
        for tag in tags {
            add(&mut digest, tag.as_bytes());
        }
        let mut headers: Vec<&(String, String)> = asked.headers.iter().collect();
        headers.sort_unstable();
        add(&mut digest, &headers.len().to_be_bytes());
        for (name, value) in headers {
            add(&mut digest, name.as_bytes());
            add(&mut digest, value.as_bytes());
        }
        let mut value = Vec::new();
        for (name, raw) in named {
            value.clear();
            canonical::write(raw, &mut value).ok()?;
            add(&mut digest, name.as_bytes());
            add(&mut digest, &value);
        }
        Some(Self {
            digest,
            prefix: namespace.unwrap_or(PREFIX).into(),
        })
    }

    /// The key of the whole request.
    pub fn whole(&self) -> Key {
        self.end(self.digest.clone())
    }

    /// The key of one part of it, as the request writes it. None: it cannot be read.
    pub fn part(&self, raw: &str) -> Option<Key> {
        let mut value = Vec::new();
        canonical::write(raw, &mut value).ok()?;
        let mut digest = self.digest.clone();
        add(&mut digest, b"part");
        add(&mut digest, &value);
        Some(self.end(digest))
    }

    fn end(&self, digest: Sha256) -> Key {
        let digest = digest.finalize();
        let mut text = String::with_capacity(self.prefix.len() + 65);
        text.push_str(&self.prefix);
        text.push(':');
        for byte in digest {
            for half in [byte >> 4, byte & 15] {
                text.extend(char::from_digit(u32::from(half), 16));
            }
        }
        Key(text.into())
    }
}

/// With its length before it, so that no two lists of parts are one text.
fn add(digest: &mut Sha256, part: &[u8]) {
    digest.update(part.len().to_be_bytes());
    digest.update(part);
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
