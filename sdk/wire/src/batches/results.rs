//! The results of a batch as OpenAI's two files: what was answered, and what failed. Both are named
//! by their batch, and read from the provider's one list of results.

use sluice_sdk::fault::kind;
use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::{Decoded, Error, Frame, fault};

/// What the id of the file of failures ends with, behind the batch's; the other has the batch's id.
pub const FAILED: &str = "-failed";

/// The batch that a file's id names, and whether the file is that of failures.
pub fn batch_of(file: &str) -> (&str, bool) {
    match file.strip_suffix(FAILED) {
        Some(batch) => (batch, true),
        None => (file, false),
    }
}

/// A file of a batch's results, as OpenAI tells of files.
///
/// # Errors
/// The batch, which is told as OpenAI's, has no such file.
pub fn file(id: &str, batch: &Value) -> Result<Value, Error> {
    let name = match batch_of(id) {
        (_, true) => "error_file_id",
        (_, false) => "output_file_id",
    };
    if batch[name] != id {
        let message = "the batch has no such file";
        return Err(fault::error(kind::NOT_FOUND, message));
    }
    let ended = ["completed_at", "cancelled_at", "expired_at", "failed_at"];
    let ended = ended.iter().map(|it| &batch[*it]).find(|it| it.is_i64());
    // How long it is, no API says.
    Ok(json!({
        "id": id, "object": "file", "bytes": 0, "created_at": ended, "filename": format!("{id}.jsonl"),
        "purpose": "batch_output", "status": "processed"
    }))
}

/// Lines of results as lines of OpenAI's, without their ends; `line` gives none for a result that
/// belongs in the other file.
///
/// # Errors
/// A line is no result.
pub fn decode(
    frames: &[Frame],
    mut line: impl FnMut(&Value) -> Result<Option<Value>, Error>,
) -> Result<Decoded, Error> {
    let mut decoded = Decoded::more(String::new());
    for frame in frames {
        let text = frame.text().map(str::trim);
        let text = text.ok_or_else(|| no_result("it is no text"))?;
        if text.is_empty() {
            continue;
        }
        let told = serde_json::from_str(text).map_err(no_result)?;
        if let Some(line) = line(&told)? {
            decoded.events.push(Frame::json(&line));
        }
    }
    Ok(decoded)
}

pub fn no_result(cause: impl std::fmt::Display) -> Error {
    fault::upstream(format!("a line of the batch's results is none: {cause}"))
}

/// What a request came to: an answer with its status, or why there is none.
pub enum Came {
    To(Value),
    Nothing(Value),
}

/// A line of OpenAI's.
pub fn line(name: &str, custom_id: &str, came: Came) -> Value {
    let (response, error) = match came {
        Came::To(response) => (response, Value::Null),
        Came::Nothing(error) => (Value::Null, error),
    };
    json!({
        "id": format!("batch_req_{name}"), "custom_id": custom_id, "response": response, "error": error
    })
}

/// A chat's answer as a single call would have had it. `made`: seconds since 1970.
pub fn answered(chat: Result<Value, Error>, made: u64, request_id: &Value) -> Value {
    match chat {
        Ok(mut chat) => {
            chat["object"] = "chat.completion".into();
            chat["created"] = made.into();
            with_status(200, request_id, &chat)
        }
        Err(unread) => refused(502, &Value::Null, "upstream_error", &unread.message),
    }
}

/// A refusal, with the status that a single call would have had.
pub fn refused(status: u16, request_id: &Value, kind: &str, message: &str) -> Value {
    let error = json!({"message": message, "type": kind, "param": null, "code": null});
    with_status(status, request_id, &json!({ "error": error }))
}

fn with_status(status: u16, request_id: &Value, body: &Value) -> Value {
    json!({"status_code": status, "request_id": request_id, "body": body})
}

/// Why a request was not answered before its batch ended.
pub fn not_done(code: &str, why: &str) -> Value {
    let message = format!("the request was not answered before the batch ended: {why}");
    json!({"code": code, "message": message})
}

/// The status of a failure of this kind. `overloaded`: the provider's for that one.
pub fn status_of(kind: &str, overloaded: u16) -> u16 {
    match kind {
        kind::INVALID_REQUEST | kind::CONTEXT_WINDOW | kind::CONTENT_POLICY => 400,
        kind::AUTHENTICATION => 401,
        kind::QUOTA => 402,
        kind::PERMISSION => 403,
        kind::NOT_FOUND => 404,
        kind::RATE_LIMIT => 429,
        kind::TIMEOUT => 504,
        kind::OVERLOADED => overloaded,
        _ => 500,
    }
}
