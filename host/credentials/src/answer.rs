//! What OAuth's token endpoints answer (RFC 6749, section 5).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::Response;
use serde_json::Value;

use crate::cache::Lease;
use crate::clock::after;
use crate::error::{Error, Kind};
use crate::fetch::{Ask, failed};
use crate::secret::Secret;
use crate::tokens::{Bearer, Tokens};

/// How long a token is taken to be good whose server does not say.
const UNSAID_LIFE: Duration = Duration::from_secs(300);

/// Longest life that is believed.
const LONGEST_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);

/// Asks for a token. `secrets` are taken out of what the server says about a failure.
pub(crate) async fn ask(
    ask: Ask,
    tokens: &Tokens,
    cure: &str,
    secrets: &[&Secret],
) -> Result<Lease<Bearer>, Error> {
    let whom = ask.whom;
    let answer = ask.answer(tokens.fetch()).await?;
    let read = token(&answer, whom, cure, tokens.clock().now());
    read.map_err(|error| error.without(secrets))
}

fn token(
    answer: &Response<Bytes>,
    whom: &str,
    cure: &str,
    now: SystemTime,
) -> Result<Lease<Bearer>, Error> {
    if !answer.status().is_success() {
        return Err(failed(answer, whom, &said(answer.body()), cure));
    }
    let body = document(answer, whom)?;
    // Some answer 200 with an error in it.
    if body.get("error").is_some_and(|it| !it.is_null()) {
        let said = crate::error::quote(&said(answer.body()));
        return Err(Error::new(
            Kind::Refused,
            format!("{whom} refuses: {said}; {cure}"),
        ));
    }
    let token = text(&body, "access_token", whom)?;
    if let Some(kind) = body.get("token_type").and_then(Value::as_str)
        && !kind.eq_ignore_ascii_case("bearer")
    {
        return Err(Error::unsupported(format!(
            "{whom} gives a token of the type `{}`, and only `Bearer` is known",
            crate::error::quote(kind)
        )));
    }
    Ok(Lease {
        value: Bearer::new(token),
        expires: Some(expiry(&body, whom, now)?),
    })
}

/// `expires_in` or Microsoft's `expires_on`, each a number or a text of digits.
fn expiry(body: &Value, whom: &str, now: SystemTime) -> Result<SystemTime, Error> {
    if let Some(value) = body.get("expires_in").filter(|it| !it.is_null()) {
        let seconds = seconds(value).ok_or_else(|| {
            Error::malformed(format!("{whom} answers an `expires_in` that is no number"))
        })?;
        return Ok(after(now, Duration::from_secs(seconds).min(LONGEST_LIFE)));
    }
    match body.get("expires_on").and_then(seconds) {
        Some(epoch) => {
            let latest = after(now, LONGEST_LIFE);
            let at = UNIX_EPOCH.checked_add(Duration::from_secs(epoch));
            Ok(at.map_or(latest, |it| it.min(latest)))
        }
        None => Ok(after(now, UNSAID_LIFE)),
    }
}

/// Whole seconds, of whatever JSON they are written in. None: no number, or a negative one.
pub(crate) fn seconds(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| {
            let number = number.as_f64().filter(|it| *it >= 0.0)?;
            Some(Duration::try_from_secs_f64(number).ok()?.as_secs())
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The answer as a JSON object.
pub(crate) fn document(answer: &Response<Bytes>, whom: &str) -> Result<Value, Error> {
    let read: Result<Value, _> = serde_json::from_slice(answer.body());
    read.ok().filter(Value::is_object).ok_or_else(|| {
        Error::malformed(format!(
            "{whom} answers what is no JSON object: check its address"
        ))
    })
}

/// A text of an answer that must be there.
pub(crate) fn text(body: &Value, name: &str, whom: &str) -> Result<Secret, Error> {
    let found = body.get(name).and_then(Value::as_str).map(str::trim);
    let found = found.filter(|it| !it.is_empty());
    found
        .map(Secret::from)
        .ok_or_else(|| Error::malformed(format!("{whom} answers without `{name}`")))
}

/// What a document says of an error: by OAuth's members, Google's or AWS's; nothing of other text,
/// which may be anything.
pub(crate) fn said(body: &[u8]) -> String {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return String::new();
    };
    let error = body.get("error");
    let places = [
        error.filter(|it| it.is_string()),
        error.and_then(|it| it.get("status")),
        error.and_then(|it| it.get("message")),
        body.get("error_description"),
        body.get("code").or_else(|| body.get("Code")),
        body.get("message").or_else(|| body.get("Message")),
        // IBM's.
        body.get("errorMessage"),
    ];
    let texts: Vec<&str> = places
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    texts.join(": ")
}
