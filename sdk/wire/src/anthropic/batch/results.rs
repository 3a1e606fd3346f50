//! The results of a batch, line by line, as OpenAI's: what was answered in one file, what failed in
//! another.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{self, Value};
use sluice_sdk::{Decoded, Error, Frame, Payload, Response, Step, fault, write_json};

use super::{Kept, custom_id};
use crate::anthropic::{errors, response};
use crate::batches::results::{self, Came, no_result, not_done};

/// What the state of results begins with, so that no stream's is taken for one.
const MARK: &str = "results:";

/// The status of Anthropic's overload.
const OVERLOADED: u16 = 529;

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
    let mut decoded = results::decode(frames, |told| reading.line(told))?;
    decoded.state = state.to_owned();
    Ok(decoded)
}

impl Reading {
    /// None: it belongs in the other file.
    fn line(&self, told: &Value) -> Result<Option<Value>, Error> {
        let text = |pointer: &str| told.pointer(pointer).and_then(Value::as_str);
        let (Some(name), Some(came_to)) = (text("/custom_id"), text("/result/type")) else {
            return Err(no_result("it has no `custom_id` or no `result.type`"));
        };
        let came = match came_to {
            "succeeded" | "errored" | "canceled" | "expired"
                if self.failed == (came_to == "succeeded") =>
            {
                return Ok(None);
            }
            "succeeded" => Came::To(self.answer(&told["result"]["message"])),
            "errored" => Came::To(failure(&told["result"]["error"])),
            "canceled" => Came::Nothing(not_done("batch_cancelled", "it was cancelled")),
            "expired" => Came::Nothing(not_done("batch_expired", "its time was over")),
            other => return Err(no_result(format!("it came to `{other}`"))),
        };
        Ok(Some(results::line(name, &custom_id::own(name), came)))
    }

    fn answer(&self, message: &Value) -> Value {
        // A paused turn does not go on in a batch: its plan has no turns.
        let chat = match response::to_chat(message, self.kept.plan.clone()) {
            Ok(Step::Respond(Response {
                body: Payload::Text(text),
                ..
            })) => serde_json::from_str(&text).map_err(no_result),
            Ok(_) => Err(no_result("it is no answer")),
            Err(error) => Err(error),
        };
        results::answered(chat, self.kept.made, &message["id"])
    }
}

fn failure(told: &Value) -> Value {
    let inner = told.get("error").unwrap_or(told);
    let known = errors::of(inner, 0);
    let named = inner.get("type").and_then(Value::as_str);
    let status = results::status_of(&known.kind, OVERLOADED);
    let kind = named.unwrap_or("api_error");
    results::refused(status, &told["request_id"], kind, &known.message)
}
