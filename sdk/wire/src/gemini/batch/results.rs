//! The results of a batch, line by line, as OpenAI's: what was answered in one file, what failed in
//! another.

use serde::{Deserialize, Serialize};
use sluice_sdk::fault::kind;
use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::{Decoded, Error, Frame, fault, write_json};

use super::Kept;
use crate::batches::results::{self, Came, no_result, not_done, refused, status_of};
use crate::gemini::{errors, response};

/// What the state of results begins with, so that no stream's is taken for one.
const MARK: &str = "results:";

/// The status of Google's overload.
const OVERLOADED: u16 = 503;

#[derive(Serialize, Deserialize)]
struct Reading {
    kept: Kept,
    /// Those that failed are wanted, not those that were answered.
    failed: bool,
    /// Results that the batch says to have; with fewer, the file was cut off.
    expected: u64,
    /// Results that were read.
    read: u64,
}

/// The state before the first line; `kept` is the batch's, `expected` how many results it says to
/// have.
///
/// # Errors
/// `kept` is no batch's state.
pub fn opening(kept: &str, failed: bool, expected: u64) -> Result<String, Error> {
    let reading = Reading {
        kept: Kept::read(kept)?,
        failed,
        expected,
        read: 0,
    };
    Ok(reading.write())
}

/// Whether this is a state of results.
pub fn knows(state: &str) -> bool {
    state.starts_with(MARK)
}

/// Lines of results as lines of OpenAI's, without their ends.
///
/// # Errors
/// A line is no result.
pub fn decode(state: &str, frames: &[Frame], last: bool) -> Result<Decoded, Error> {
    let read = state.strip_prefix(MARK).unwrap_or_default();
    let mut reading: Reading = serde_json::from_str(read)
        .map_err(|cause| fault::internal(format!("own state: {cause}")))?;
    let mut decoded = results::decode(frames, |told| reading.line(told))?;
    if last && reading.read < reading.expected {
        let message = format!(
            "the batch's results break off: {} of {} are there",
            reading.read, reading.expected
        );
        decoded.failure = Some(fault::upstream(message));
    }
    decoded.state = reading.write();
    Ok(decoded)
}

impl Reading {
    fn write(&self) -> String {
        format!("{MARK}{}", write_json(self))
    }

    /// None: it belongs in the other file.
    fn line(&mut self, told: &Value) -> Result<Option<Value>, Error> {
        let key = told.get("key").or_else(|| told.pointer("/metadata/key"));
        let Some(key) = key.and_then(Value::as_str) else {
            return Err(no_result("it has no `key`"));
        };
        let (response, error) = (object(told, "response"), object(told, "error"));
        self.read += 1;
        let came = match (response, error) {
            (Some(_), None) if self.failed => return Ok(None),
            (None, Some(_)) if !self.failed => return Ok(None),
            (Some(response), None) => {
                let chat = response::to_chat(response).map(|it| with_model(it, response));
                Came::To(results::answered(
                    chat,
                    self.kept.made,
                    &response["responseId"],
                ))
            }
            (None, Some(error)) => failure(error),
            _ => return Err(no_result("it has no `response`, or an `error` beside it")),
        };
        Ok(Some(results::line(key, key, came)))
    }
}

fn object<'v>(told: &'v Value, name: &str) -> Option<&'v Value> {
    told.get(name).filter(|it| it.is_object())
}

/// A single answer is given its model by the gateway.
fn with_model(mut chat: Value, response: &Value) -> Value {
    if let Some(model) = response
        .get("modelVersion")
        .filter(|_| chat["model"].is_null())
    {
        chat["model"] = model.clone();
    }
    chat
}

fn failure(told: &Value) -> Came {
    let name = match told.get("status").and_then(Value::as_str) {
        Some(name) => name,
        None => named(told.get("code").and_then(Value::as_u64).unwrap_or(0)),
    };
    if name == "CANCELLED" {
        return Came::Nothing(not_done("batch_cancelled", "it was cancelled"));
    }
    let mut told = told.clone();
    told["status"] = json!(name);
    let known = errors::of(&told);
    let status = status_of(&known.kind, OVERLOADED);
    let name = if name.is_empty() {
        kind::UPSTREAM
    } else {
        name
    };
    Came::To(refused(status, &Value::Null, name, &known.message))
}

/// The name of a code of `google.rpc.Code`, by which a batch tells its failures; codes of HTTP, which
/// are larger, have none here.
const fn named(code: u64) -> &'static str {
    match code {
        1 => "CANCELLED",
        3 => "INVALID_ARGUMENT",
        4 => "DEADLINE_EXCEEDED",
        5 => "NOT_FOUND",
        7 => "PERMISSION_DENIED",
        8 => "RESOURCE_EXHAUSTED",
        9 => "FAILED_PRECONDITION",
        11 => "OUT_OF_RANGE",
        12 => "UNIMPLEMENTED",
        13 => "INTERNAL",
        14 => "UNAVAILABLE",
        16 => "UNAUTHENTICATED",
        _ => "",
    }
}
