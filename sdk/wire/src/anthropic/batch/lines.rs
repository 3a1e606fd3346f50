//! The lines of a batch's input, as OpenAI has them, become the body that makes a batch.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Response, fault, host, write_json};

use super::{ENDPOINT, Kept, custom_id};
use crate::anthropic::request;

/// Translates some lines. `asked` is `{lines, state, last}`; each line has its number as `line`. The
/// answer is `{text, state}`: the texts of all the lines, one after the other, are the body.
///
/// # Errors
/// A line cannot be translated, and which.
pub fn lines(call: &Call, mut asked: Map<String, Value>) -> Result<Response, Error> {
    let state = asked.get("state").and_then(Value::as_str);
    let mut kept = Kept::read(state.unwrap_or_default())?;
    let Some(Value::Array(lines)) = asked.shift_remove("lines") else {
        return Err(fault::internal("the lines of a batch are no list"));
    };
    let mut call = Call {
        operation: "chat".to_owned(),
        streaming: false,
        ..call.clone()
    };
    let mut text = String::new();
    for line in lines {
        let (number, name) = (line["line"].clone(), line["custom_id"].clone());
        let request = request(&mut call, &mut kept, line);
        let request = request.map_err(|it| at_line(it, &number, &name))?;
        text.push_str(match kept.requests {
            0 => "{\"requests\":[",
            _ => ",",
        });
        text.push_str(&write_json(&request));
        kept.requests += 1;
    }
    if asked.get("last") == Some(&Value::Bool(true)) {
        text.push_str("]}");
    }
    if kept.made == 0 {
        kept.made = host::now_ms() / 1000;
    }
    Ok(Response::json(
        &json!({"text": text, "state": kept.write()?}),
    ))
}

fn request(call: &mut Call, kept: &mut Kept, line: Value) -> Result<Value, Error> {
    let Value::Object(mut line) = line else {
        return Err(fault::invalid_request("it is no request"));
    };
    let text = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("url") != ENDPOINT {
        return Err(fault::invalid_request(format!(
            "`url` must be `{ENDPOINT}`"
        )));
    }
    let name = custom_id::sent(text("custom_id"))?;
    let Some(Value::Object(body)) = line.shift_remove("body") else {
        return Err(fault::invalid_request("`body` is no object"));
    };
    let model = body.get("model").and_then(Value::as_str);
    model.unwrap_or_default().clone_into(&mut call.model);
    let mut translated = request::from_chat(call, body)?;
    kept.add(&mut translated)?;
    Ok(json!({"custom_id": name, "params": translated.body}))
}

fn at_line(mut error: Error, number: &Value, name: &Value) -> Error {
    error.message = format!(
        "line {number} of the file (`custom_id` {name}): {}",
        error.message
    );
    error
}
