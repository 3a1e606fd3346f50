//! The results of a batch, line by line, as OpenAI's: what was answered in one file, what failed in
//! another.

use serde::{Deserialize, Serialize};
use sluice_sdk::fault::kind;
use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::{Decoded, Error, Frame, Payload, Step, fault, write_json};

use super::{Kept, custom_id};
use crate::anthropic::{errors, response};

/// What the state of results begins with, so that no stream's is taken for one.
const MARK: &str = "results:";

#[derive(Serialize, Deserialize)]
struct Reading {
    kept: Kept,
    /// Those that failed are wanted, not those that were answered.
    failed: bool,
}

/// The state before the first line; `kept` is the batch's.
///
/// # Errors
/// `kept` is no batch's state.
pub fn opening(kept: &str, failed: bool) -> Result<String, Error> {
    let kept = Kept::read(kept)?;
    Ok(format!("{MARK}{}", write_json(&Reading { kept, failed })))
}

/// Whether this is a state of results.
pub fn knows(state: &str) -> bool {
    state.starts_with(MARK)
}

/// Lines of results as lines of OpenAI's, without their ends.
///
/// # Errors
/// A line is no result.
pub fn decode(state: &str, frames: &[Frame]) -> Result<Decoded, Error> {
    let read = state.strip_prefix(MARK).unwrap_or_default();
    let reading: Reading = serde_json::from_str(read)
        .map_err(|cause| fault::internal(format!("own state: {cause}")))?;
    let mut decoded = Decoded::more(state.to_owned());
    for frame in frames {
        let text = frame.text().map(str::trim);
        let text = text.ok_or_else(|| no_result("it is no text"))?;
        if text.is_empty() {
            continue;
        }
        let told: Value = serde_json::from_str(text).map_err(no_result)?;
        if let Some(line) = reading.line(&told)? {
            decoded.events.push(Frame {
                event: String::new(),
                data: Payload::Text(write_json(&line)),
            });
        }
    }
    Ok(decoded)
}

impl Reading {
    /// None: it belongs in the other file.
    fn line(&self, told: &Value) -> Result<Option<Value>, Error> {
        let text = |pointer: &str| told.pointer(pointer).and_then(Value::as_str);
        let (Some(name), Some(came_to)) = (text("/custom_id"), text("/result/type")) else {
            return Err(no_result("it has no `custom_id` or no `result.type`"));
        };
        let (response, error) = match came_to {
            "succeeded" | "errored" | "canceled" | "expired"
                if self.failed == (came_to == "succeeded") =>
            {
                return Ok(None);
            }
            "succeeded" => (self.answer(&told["result"]["message"]), Value::Null),
            "errored" => (failure(&told["result"]["error"]), Value::Null),
            "canceled" => (Value::Null, not_done("batch_cancelled", "it was cancelled")),
            "expired" => (Value::Null, not_done("batch_expired", "its time was over")),
            other => return Err(no_result(format!("it came to `{other}`"))),
        };
        Ok(Some(json!({
            "id": format!("batch_req_{name}"), "custom_id": custom_id::own(name),
            "response": response, "error": error
        })))
    }

    fn answer(&self, message: &Value) -> Value {
        // A paused turn does not go on in a batch: its plan has no turns.
        let step = response::to_chat(message, self.kept.plan.clone());
        let chat = match step {
            Ok(Step::Respond(response)) => match response.body {
                Payload::Text(text) => serde_json::from_str::<Value>(&text).ok(),
                Payload::Bytes(_) | Payload::Kept(_) => None,
            },
            Ok(_) | Err(_) => None,
        };
        let Some(mut chat) = chat else {
            let message = "the provider's answer has no `content`";
            return with_status(502, &Value::Null, error("upstream_error", message));
        };
        chat["object"] = "chat.completion".into();
        chat["created"] = self.kept.made.into();
        with_status(200, &message["id"], chat)
    }
}

fn no_result(cause: impl std::fmt::Display) -> Error {
    fault::upstream(format!("a line of the batch's results is none: {cause}"))
}

fn with_status(status: u16, id: &Value, body: Value) -> Value {
    json!({"status_code": status, "request_id": id, "body": body})
}

fn error(kind: &str, message: &str) -> Value {
    json!({"error": {"message": message, "type": kind, "param": null, "code": null}})
}

fn failure(told: &Value) -> Value {
    let inner = told.get("error").unwrap_or(told);
    let known = errors::of(inner, 0);
    let named = inner.get("type").and_then(Value::as_str);
    let body = error(named.unwrap_or("api_error"), &known.message);
    with_status(status_of(&known.kind), &told["request_id"], body)
}

/// The status that a single call would have had.
fn status_of(kind: &str) -> u16 {
    match kind {
        kind::INVALID_REQUEST | kind::CONTEXT_WINDOW | kind::CONTENT_POLICY => 400,
        kind::AUTHENTICATION => 401,
        kind::QUOTA => 402,
        kind::PERMISSION => 403,
        kind::NOT_FOUND => 404,
        kind::RATE_LIMIT => 429,
        kind::TIMEOUT => 504,
        kind::OVERLOADED => 529,
        _ => 500,
    }
}

fn not_done(code: &str, why: &str) -> Value {
    let message = format!("the request was not answered before the batch ended: {why}");
    json!({"code": code, "message": message})
}
