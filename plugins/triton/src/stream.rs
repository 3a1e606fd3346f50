//! A streamed text. It ends with its connection, and no reason is told.

use sluice_sdk::serde_json::Value;
use sluice_sdk::{Decoded, Error, Frame, event, fault, parse_state};

use crate::generate;

pub fn decode(state: &str, frames: &[Frame], last: bool) -> Result<Decoded, Error> {
    let operation: String = parse_state(state)?;
    let mut decoded = Decoded::more(state.to_owned());
    for frame in frames {
        match piece(frame) {
            Ok(text) if operation == "chat" => decoded.events.push(event::content(&text)),
            Ok(text) => {
                let piece = generate::completion(&text, None);
                decoded.events.push(Frame::json(&piece));
            }
            Err(error) => return Ok(decoded.failed(error)),
        }
    }
    if !last {
        return Ok(decoded);
    }
    decoded.events.push(match operation.as_str() {
        "chat" => event::finish("stop"),
        _ => Frame::json(&generate::completion("", Some("stop"))),
    });
    Ok(decoded.done())
}

fn piece(frame: &Frame) -> Result<String, Error> {
    let piece = frame.parse()?;
    if let Some(message) = piece.get("error").and_then(Value::as_str) {
        return Err(fault::upstream(message));
    }
    generate::text(&piece, "")
}
