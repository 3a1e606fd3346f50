//! The lines of a batch's input, as OpenAI has them, become the body that makes a batch.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Response, write_json};

use super::{Kept, custom_id};
use crate::anthropic::request;
use crate::batches::{self, Line, Lines};

/// Translates some lines: `asked` is `{lines, state, last}`. The texts of all the lines, one after the
/// other, are the body.
///
/// # Errors
/// A line cannot be translated, and which.
pub fn lines(call: &Call, asked: Map<String, Value>) -> Result<Response, Error> {
    let asked = Lines::read(asked)?;
    let (mut kept, last) = (Kept::read(&asked.state)?, asked.last);
    let mut text = String::new();
    asked.each(call, |call, line| {
        let request = request(call, &mut kept, line)?;
        text.push_str(match kept.requests {
            0 => "{\"requests\":[",
            _ => ",",
        });
        text.push_str(&write_json(&request));
        kept.requests += 1;
        Ok(())
    })?;
    if last {
        text.push_str("]}");
    }
    if kept.made == 0 {
        kept.made = batches::now();
    }
    Ok(batches::translated(&text, &kept.write()?))
}

fn request(call: &Call, kept: &mut Kept, line: Line) -> Result<Value, Error> {
    let name = custom_id::sent(&line.custom_id)?;
    let mut translated = request::from_chat(call, line.body)?;
    kept.add(&mut translated)?;
    Ok(json!({"custom_id": name, "params": translated.body}))
}
