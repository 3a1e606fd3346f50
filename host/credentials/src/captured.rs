//! Tokens taken out of a JSON answer, so that the plugin that asked for it never sees them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::Response;
use http::header::{CONTENT_LENGTH, SET_COOKIE};
use serde_json::Value;

use crate::answer::{said, seconds};
use crate::cache::Lease;
use crate::clock::{after, moment};
use crate::error::Error;
use crate::fetch::failed;
use crate::key::Key;
use crate::secret::Secret;
use crate::tokens::Tokens;

/// What stands in the answer in the token's place.
const BLANK: &str = "***";

/// Shorter tokens are words that stand in answers for other reasons.
const SECRET_LENGTH: usize = 8;

/// How long a token is kept whose answer does not say.
const UNSAID_LIFE: Duration = Duration::from_secs(300);

const LONGEST_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);

/// From here on a number is a time since 1970, in seconds or in milliseconds.
const EPOCH_FROM: u64 = 1_000_000_000;
const MILLIS_FROM: u64 = 100_000_000_000;

/// Where a token stands: the option `capture` of an outbound request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// The name under which later requests of the call use it.
    pub secret: String,
    /// Its JSON pointer.
    pub pointer: String,
    /// None: five minutes.
    pub expires: Option<Expires>,
    /// Calls with the same word share the token.
    pub once: Option<String>,
}

/// When a token ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expires {
    After(Duration),
    /// A JSON pointer to seconds from now, to a time since 1970 in seconds or milliseconds, or to a
    /// time of day as in RFC 3339.
    At(String),
}

/// A token, and the answer that it came in.
#[derive(Debug, Clone)]
pub struct Captured {
    pub secret: Secret,
    /// The answer with the token blanked, for the plugin.
    pub answer: Response<Bytes>,
    /// Under which it is kept; none: it is the call's own.
    key: Option<Key>,
}

impl Captured {
    /// The upstream answered that the token is not good: the next call gets another one, unless this
    /// one is fresh.
    pub fn refused(&self, tokens: &Tokens) {
        if let Some(key) = self.key {
            tokens.refuse(key);
        }
    }
}

impl Capture {
    /// Reads the option: `{secret, pointer, expires, once}`.
    ///
    /// # Errors
    /// A member is missing, has a wrong type or is not known.
    pub fn read(option: &Value) -> Result<Self, Error> {
        let wrong = |what: &str| {
            Error::unsupported(format!(
                "the plugin's option `capture` {what}: report it to its author"
            ))
        };
        let members = option.as_object().ok_or_else(|| wrong("is no object"))?;
        let text = |name: &str| match members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
            Some(_) => Err(wrong(&format!("has a wrong `{name}`"))),
        };
        let known = ["secret", "pointer", "expires", "once"];
        if let Some(name) = members.keys().find(|it| !known.contains(&it.as_str())) {
            return Err(wrong(&format!("has an unknown member `{name}`")));
        }
        let expires = match members.get("expires") {
            None | Some(Value::Null) => None,
            Some(Value::String(pointer)) if pointer.starts_with('/') => {
                Some(Expires::At(pointer.clone()))
            }
            Some(value @ Value::Number(_)) => {
                let seconds = seconds(value).ok_or_else(|| wrong("has a wrong `expires`"))?;
                Some(Expires::After(Duration::from_secs(seconds)))
            }
            Some(_) => return Err(wrong("has a wrong `expires`")),
        };
        let pointer = text("pointer")?.filter(|it| it.starts_with('/'));
        Ok(Self {
            secret: text("secret")?.ok_or_else(|| wrong("names no `secret`"))?,
            pointer: pointer.ok_or_else(|| wrong("has no JSON pointer `pointer`"))?,
            expires,
            once: text("once")?,
        })
    }

    /// The token, kept under `key` or got by `send`. The key has to name everything that the answer
    /// depends on: the plugin, the deployment with its secrets, where it is asked, and [`Self::once`].
    ///
    /// # Errors
    /// Sending failed, or the answer has no token.
    pub async fn get<F>(
        &self,
        tokens: &Tokens,
        key: Key,
        send: impl FnOnce() -> F + Send,
    ) -> Result<Captured, Error>
    where
        F: Future<Output = Result<Response<Bytes>, Error>> + Send + 'static,
    {
        let capture = self.clone();
        let shared = tokens.clone();
        let key = Key::of("captured")
            .key(key)
            .text(&self.pointer)
            .text(&format!("{:?}", self.expires))
            .done();
        let make = || {
            let sent = send();
            async move {
                let mut lease = capture.take(sent.await?, shared.clock().now())?;
                lease.value.key = Some(key);
                Ok(lease)
            }
        };
        tokens.captured().get(key, make).await
    }

    /// The token of this answer, for one call alone.
    ///
    /// # Errors
    /// The answer has no token, or one that has ended.
    pub fn of(&self, tokens: &Tokens, answer: Response<Bytes>) -> Result<Captured, Error> {
        let lease = self.take(answer, tokens.clock().now())?;
        Ok(lease.value)
    }

    fn take(&self, answer: Response<Bytes>, now: SystemTime) -> Result<Lease<Captured>, Error> {
        let whom = "the answer that a token is taken from";
        if !answer.status().is_success() {
            let cure = "check the deployment's credentials";
            let server = "the server that a token is asked of";
            return Err(failed(&answer, server, &said(answer.body()), cure));
        }
        let (head, body) = answer.into_parts();
        let mut body: Value = serde_json::from_slice(&body)
            .map_err(|_| Error::malformed(format!("{whom} is no JSON")))?;
        let expires = self.expiry(&body, now)?;
        let place = body.pointer_mut(&self.pointer);
        let token = place.and_then(|it| match it {
            Value::String(text) if !text.is_empty() => {
                Some(std::mem::replace(text, BLANK.to_owned()))
            }
            _ => None,
        });
        let token = token
            .ok_or_else(|| Error::malformed(format!("{whom} has no text at `{}`", self.pointer)))?;
        let mut answer = Response::new(Bytes::new());
        *answer.status_mut() = head.status;
        // It may stand in other places too.
        if token.len() >= SECRET_LENGTH {
            blank(&mut body, &token);
        }
        for (name, value) in &head.headers {
            let shows = value.to_str().is_ok_and(|it| it.contains(&token));
            if !shows && *name != CONTENT_LENGTH && *name != SET_COOKIE {
                answer.headers_mut().append(name.clone(), value.clone());
            }
        }
        *answer.body_mut() = body.to_string().into();
        Ok(Lease {
            value: Captured {
                secret: Secret::new(token),
                answer,
                key: None,
            },
            expires: Some(expires),
        })
    }

    fn expiry(&self, body: &Value, now: SystemTime) -> Result<SystemTime, Error> {
        let latest = after(now, LONGEST_LIFE);
        let at = match &self.expires {
            None => after(now, UNSAID_LIFE),
            Some(Expires::After(life)) => now.checked_add(*life).unwrap_or(latest),
            Some(Expires::At(pointer)) => {
                let wrong = || {
                    Error::malformed(format!(
                        "the answer that a token is taken from has no expiry at `{pointer}`"
                    ))
                };
                let value = body.pointer(pointer).ok_or_else(wrong)?;
                match (seconds(value), value.as_str()) {
                    (Some(number), _) => time(number, now).unwrap_or(latest),
                    (None, Some(text)) => moment(text, "the answer that a token is taken from")?,
                    (None, None) => return Err(wrong()),
                }
            }
        };
        Ok(at.min(latest))
    }
}

fn blank(value: &mut Value, token: &str) {
    match value {
        Value::String(text) if text.contains(token) => *text = text.replace(token, BLANK),
        Value::Array(items) => items.iter_mut().for_each(|it| blank(it, token)),
        Value::Object(members) => members.values_mut().for_each(|it| blank(it, token)),
        _ => {}
    }
}

fn time(number: u64, now: SystemTime) -> Option<SystemTime> {
    if number < EPOCH_FROM {
        now.checked_add(Duration::from_secs(number))
    } else if number < MILLIS_FROM {
        UNIX_EPOCH.checked_add(Duration::from_secs(number))
    } else {
        UNIX_EPOCH.checked_add(Duration::from_millis(number))
    }
}
