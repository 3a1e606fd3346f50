//! The lines of a batch's input, as OpenAI has them, become those of the file that a batch is made of.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Response, fault, write_json};

use super::Kept;
use crate::batches::{self, Line, Lines};
use crate::gemini::request;

/// Translates some lines: `asked` is `{lines, state, last}`. Each becomes `{key, request}`, the key
/// being what its result is known by.
///
/// # Errors
/// A line cannot be translated, and which.
pub fn lines(call: &Call, asked: Map<String, Value>) -> Result<Response, Error> {
    let asked = Lines::read(asked)?;
    let mut kept = Kept::read(&asked.state)?;
    let mut text = String::new();
    asked.each(call, |call, line| {
        text.push_str(&write_json(&request(call, &mut kept, line)?));
        text.push('\n');
        kept.requests += 1;
        Ok(())
    })?;
    if kept.made == 0 {
        kept.made = batches::now();
    }
    Ok(batches::translated(&text, &write_json(&kept)))
}

fn request(call: &Call, kept: &mut Kept, line: Line) -> Result<Value, Error> {
    if line.custom_id.is_empty() {
        return Err(fault::invalid_request("`custom_id` is missing"));
    }
    if kept.requests == 0 {
        kept.model.clone_from(&call.model);
    }
    if kept.model != call.model {
        return Err(fault::invalid_request(format!(
            "a batch is of one model, and this line's is `{}` where the first has `{}`: make a batch \
             for each",
            call.model, kept.model
        )));
    }
    let request = request::from_chat(call, line.body)?;
    Ok(json!({"key": line.custom_id, "request": request}))
}
