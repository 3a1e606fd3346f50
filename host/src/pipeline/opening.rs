//! The beginning of a stream: read as far as its first token before the answer's head is written,
//! so that a failure until then may still go to another deployment.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::source::{Events, Pending, Source};
use super::writer::Event;
use crate::domain::{ErrorKind, Fault};

/// How long an answer that has begun without a token is kept from the client: less than clients
/// and proxies wait for a head, and than the comments that keep a connection alive.
const HELD: Duration = Duration::from_secs(5);

/// Longest event that is looked at: what is longer is no empty beginning.
const SHORT: usize = 4096;

/// What follows the beginning.
pub enum Rest {
    Source(Source),
    /// Nobody knows when it ends.
    Pending(Pending),
}

/// Reads the beginning into `first`.
///
/// # Errors
/// The stream fails, or ends, before it has begun; `first` has what came of it.
pub async fn read(mut source: Source, first: &mut Events) -> Result<Rest, Fault> {
    first.extend(source.next().await?);
    let until = Instant::now() + HELD;
    while !first.last && first.failure.is_none() && first.events.iter().all(is_opening) {
        let mut next = source.into_next();
        let Ok((read, back)) = timeout_at(until, next.as_mut()).await else {
            return Ok(Rest::Pending(next));
        };
        source = back;
        first.extend(read?);
    }
    begun(first)?;
    Ok(Rest::Source(source))
}

/// Whether these events are the beginning of an answer.
fn begun(first: &mut Events) -> Result<(), Fault> {
    if first.events.iter().any(|it| !is_opening(it)) {
        return Ok(());
    }
    if let Some(fault) = first.failure.take() {
        return Err(fault);
    }
    if first.last && (first.events.is_empty() || !first.complete) {
        let message = "the upstream's stream ended before it began";
        return Err(Fault::upstream(ErrorKind::Upstream, message));
    }
    Ok(())
}

/// Whether an event says only that an answer will come: its role, its id, and no word of it.
pub fn is_opening(event: &Event) -> bool {
    const NAMES: [&str; 5] = [
        "message_start",
        "ping",
        "response.created",
        "response.in_progress",
        "response.queued",
    ];
    if NAMES.contains(&event.name.as_str()) {
        return true;
    }
    if !event.name.is_empty() || event.data.len() > SHORT {
        return false;
    }
    let Ok(chunk) = serde_json::from_str::<Value>(&event.data) else {
        return false;
    };
    let kind = chunk.get("type").and_then(Value::as_str);
    if let Some(kind) = kind {
        return NAMES.contains(&kind);
    }
    let choices = chunk.get("choices").and_then(Value::as_array);
    let silent = |choice: &Value| {
        let members = choice.as_object();
        let delta = choice.get("delta").and_then(Value::as_object);
        let said = members.into_iter().chain(delta).flatten();
        said.filter(|(name, _)| !matches!(name.as_str(), "role" | "index" | "delta"))
            .all(|(_, value)| is_nothing(value))
    };
    choices.is_some_and(|choices| !choices.is_empty() && choices.iter().all(silent))
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(is_nothing),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str) -> Event {
        Event {
            name: name.to_owned(),
            data: data.to_owned(),
        }
    }

    #[test]
    fn a_role_is_no_token_and_everything_else_is() {
        for data in [
            r#"{"id":"x","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
            r#"{"choices":[{"delta":{"role":"assistant","refusal":null}}]}"#,
            r#"{"choices":[{"index":0,"text":"","logprobs":null}]}"#,
            r#"{"type":"response.created","response":{"id":"r"}}"#,
        ] {
            assert!(is_opening(&event("", data)), "{data}");
        }
        for data in [
            r#"{"choices":[{"delta":{"content":"a"}}]}"#,
            r#"{"choices":[{"delta":{"reasoning_content":"a"}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f"}}]}}]}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":1}}"#,
            r#"{"error":{"message":"no"}}"#,
            "[DONE]",
        ] {
            assert!(!is_opening(&event("", data)), "{data}");
        }
        assert!(is_opening(&event("message_start", "{}")));
        assert!(!is_opening(&event("content_block_start", "{}")));
    }

    fn some(data: &str) -> Events {
        Events {
            events: vec![event("", data)],
            ..Events::default()
        }
    }

    #[test]
    fn a_failure_before_the_first_token_is_the_streams_and_one_after_it_is_an_event() {
        let role = r#"{"choices":[{"delta":{"role":"assistant"}}]}"#;
        let word = r#"{"choices":[{"delta":{"content":"a"}}]}"#;
        let failing = |data| Events {
            failure: Some(Fault::upstream(ErrorKind::Overloaded, "no")),
            ..some(data)
        };
        assert!(begun(&mut failing(role)).is_err() && begun(&mut failing(word)).is_ok());
        let over = |data| Events {
            last: true,
            ..some(data)
        };
        assert!(begun(&mut over(role)).is_err() && begun(&mut over(word)).is_ok());
        let mut empty = Events {
            last: true,
            ..Events::default()
        };
        assert!(begun(&mut empty).is_err());
    }
}
