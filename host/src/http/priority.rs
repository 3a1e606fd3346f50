//! Whose turn is sooner: the priority that a call asks for, in a header or in its body. Lower goes
//! first, as in LiteLLM.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use tokio::time::timeout;

use super::Doors;
use crate::domain::{ErrorKind, Fault};

const HEADER: &str = "x-litellm-priority";

/// A longer body is not read before the call has its turn: those who wait would fill the memory.
const SHORT: u64 = 64 << 10;

/// How long it may take to come: nobody waits for a body before it waits for its turn.
const AT_ONCE: Duration = Duration::from_millis(100);

/// By the header, else as the operator has it.
///
/// # Errors
/// The header has no whole number.
pub fn of_headers(doors: &Doors, headers: &HeaderMap) -> Result<u8, Fault> {
    let said = headers.get(HEADER).map(read).transpose()?;
    Ok(said.unwrap_or_else(|| usual(doors)))
}

/// By the header, else by the `priority` of the body, where the call would have to wait and its body is
/// short, no form, and there already; else as the operator has it.
///
/// # Errors
/// The header has no whole number.
pub async fn of_call(doors: &Doors, parts: &Parts, incoming: Body) -> Result<(u8, Body), Fault> {
    if let Some(said) = parts.headers.get(HEADER) {
        return Ok((read(said)?, incoming));
    }
    let usual = usual(doors);
    if !doors.turnstile.is_busy(&doors.admission()) || !is_short(&parts.headers) {
        return Ok((usual, incoming));
    }
    let (said, body) = peek(incoming).await;
    Ok((said.map_or(usual, within), body))
}

/// The priority that a body asks for, if all of it is there or comes at once; and the body again.
async fn peek(body: Body) -> (Option<i64>, Body) {
    let mut rest = body.into_data_stream();
    let mut pieces: Vec<Result<Bytes, axum::Error>> = Vec::new();
    let all = async {
        while let Some(piece) = rest.next().await {
            pieces.push(piece);
        }
    };
    let is_whole = timeout(AT_ONCE, all).await.is_ok();
    let bytes: Vec<u8> = pieces.iter().flatten().flatten().copied().collect();
    // What is wrong with it is said when it is read for what it asks.
    let said = serde_json::from_slice(&bytes).ok().filter(|_| is_whole);
    let said = said.and_then(|it: Said| it.priority);
    (said, Body::from_stream(stream::iter(pieces).chain(rest)))
}

#[derive(Deserialize)]
struct Said {
    priority: Option<i64>,
}

fn usual(doors: &Doors) -> u8 {
    doors.pipeline.fleet().config.router.default_priority
}

fn read(said: &HeaderValue) -> Result<u8, Fault> {
    let number = said.to_str().ok().and_then(|it| it.trim().parse().ok());
    number.map(within).ok_or_else(|| {
        let message =
            format!("the header `{HEADER}` has a wrong value: expected a whole number, 0 to 255");
        Fault::caller(ErrorKind::InvalidRequest, message).with_param(HEADER)
    })
}

fn within(said: i64) -> u8 {
    u8::try_from(said.clamp(0, 255)).unwrap_or_default()
}

fn is_short(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|it| it.to_str().ok());
    let length = text(CONTENT_LENGTH).and_then(|it| it.trim().parse::<u64>().ok());
    length.is_some_and(|it| it <= SHORT)
        && text(CONTENT_TYPE).is_none_or(|it| !it.starts_with("multipart/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_priority_is_a_whole_number_within_its_bounds() {
        let of = |text: &str| read(&HeaderValue::from_str(text).unwrap());
        assert_eq!(of(" 7 ").unwrap(), 7);
        assert_eq!((of("-3").unwrap(), of("1000").unwrap()), (0, 255));
        for text in ["", "high", "1.5"] {
            let fault = of(text).unwrap_err();
            assert_eq!(fault.param.as_deref(), Some(HEADER), "{text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_read_if_it_is_there_and_comes_whole_in_any_case() {
        let whole = Body::from(r#"{"priority": 7}"#);
        let (said, body) = peek(whole).await;
        assert_eq!(said, Some(7));
        let read = |it: Body| axum::body::to_bytes(it, 1000);
        assert_eq!(read(body).await.unwrap(), r#"{"priority": 7}"#);
        let late = async {
            tokio::time::sleep(AT_ONCE * 2).await;
            Ok::<_, axum::Error>(Bytes::from_static(b" 7}"))
        };
        let first = stream::iter([Ok(Bytes::from_static(b"{\"priority\":"))]);
        let slow = Body::from_stream(first.chain(stream::once(late)));
        let (said, body) = peek(slow).await;
        assert_eq!(said, None);
        assert_eq!(read(body).await.unwrap(), "{\"priority\": 7}");
    }

    #[test]
    fn only_a_short_body_is_read_before_its_turn() {
        let of = |length: &str, kind: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_LENGTH, length.parse().unwrap());
            headers.insert(CONTENT_TYPE, kind.parse().unwrap());
            is_short(&headers)
        };
        assert!(of("100", "application/json") && of("100", "text/plain"));
        assert!(!of("100", "multipart/form-data; boundary=x"));
        assert!(!of("100000", "application/json"));
        assert!(!is_short(&HeaderMap::new()));
    }
}
