//! Batches that are made of lines which the gateway keeps (`batches.lines`): what those of every
//! dialect have in common. The lines are OpenAI's, and so are the two files of [`results`].

pub mod results;

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Response, fault, host};

/// The only requests that a batch may have, by OpenAI's path.
pub const ENDPOINT: &str = "/v1/chat/completions";

/// The only time that a batch may take.
pub const WINDOW: &str = "24h";

/// Some lines of an input, as the gateway hands them over.
pub struct Lines {
    lines: Vec<Value>,
    /// What was kept of the lines before these.
    pub state: String,
    /// No lines follow.
    pub last: bool,
}

/// A line, which is to be a chat.
pub struct Line {
    pub custom_id: String,
    pub body: Map<String, Value>,
}

impl Lines {
    /// Reads `{lines, state, last}`; each line has its number as `line`.
    ///
    /// # Errors
    /// There are no lines.
    pub fn read(mut asked: Map<String, Value>) -> Result<Self, Error> {
        let Some(Value::Array(lines)) = asked.shift_remove("lines") else {
            return Err(fault::internal("the lines of a batch are no list"));
        };
        let state = asked.get("state").and_then(Value::as_str);
        Ok(Self {
            lines,
            state: state.unwrap_or_default().to_owned(),
            last: asked.get("last") == Some(&Value::Bool(true)),
        })
    }

    /// Hands every line over, with the call that it would be alone.
    ///
    /// # Errors
    /// A line is no chat or cannot be translated, and which.
    pub fn each(
        self,
        call: &Call,
        mut translate: impl FnMut(&Call, Line) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut call = Call {
            operation: "chat".to_owned(),
            streaming: false,
            ..call.clone()
        };
        for line in self.lines {
            let (number, name) = (line["line"].clone(), line["custom_id"].clone());
            let done = Line::read(line).and_then(|line| {
                let model = line.body.get("model").and_then(Value::as_str);
                model.unwrap_or_default().clone_into(&mut call.model);
                translate(&call, line)
            });
            done.map_err(|it| at_line(it, &number, &name))?;
        }
        Ok(())
    }
}

impl Line {
    fn read(line: Value) -> Result<Self, Error> {
        let Value::Object(mut line) = line else {
            return Err(fault::invalid_request("it is no request"));
        };
        let text = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default();
        if text("url") != ENDPOINT {
            let message = format!("`url` must be `{ENDPOINT}`");
            return Err(fault::invalid_request(message));
        }
        let custom_id = text("custom_id").to_owned();
        let Some(Value::Object(body)) = line.shift_remove("body") else {
            return Err(fault::invalid_request("`body` is no object"));
        };
        Ok(Self { custom_id, body })
    }
}

fn at_line(mut error: Error, number: &Value, name: &Value) -> Error {
    error.message = format!(
        "line {number} of the file (`custom_id` {name}): {}",
        error.message
    );
    error
}

/// The answer to `batches.lines`: the texts of all the lines, one after the other, are what the batch
/// is made of.
pub fn translated(text: &str, state: &str) -> Response {
    Response::json(&json!({"text": text, "state": state}))
}

/// Seconds since 1970: results of a batch do not say when they were made.
pub fn now() -> u64 {
    host::now_ms() / 1000
}

/// Whether a batch is asked for as this provider can make it.
///
/// # Errors
/// It wants another endpoint, or another time.
pub fn can_be_made(fields: &Map<String, Value>, provider: &str) -> Result<(), Error> {
    for (name, only) in [("endpoint", ENDPOINT), ("completion_window", WINDOW)] {
        if fields.get(name).and_then(Value::as_str) != Some(only) {
            let message = format!("`{name}` must be `{only}` for {provider}");
            return Err(fault::invalid_request(message));
        }
    }
    Ok(())
}

/// The id that a call is about, if nothing in it leads elsewhere.
///
/// # Errors
/// It is no id.
pub fn plain_id(id: &str) -> Result<&str, Error> {
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_');
    match !id.is_empty() && id.chars().all(plain) {
        true => Ok(id),
        false => Err(fault::invalid_request(format!("`{id}` is no id"))),
    }
}
