//! What is taken out of a recorded answer before it is written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::config::looks_secret;
use crate::upstream::Target;

/// In the place of what was taken out.
const GONE: &str = "***";

/// An answer's body as a fixture has it, without this target's credentials and without values whose
/// names say that they are some.
pub fn scrub(target: &Target, bytes: &[u8]) -> Value {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return json!({"base64": STANDARD.encode(bytes)});
    };
    let mut text = text.to_owned();
    target.redact_text(&mut text);
    match serde_json::from_str::<Value>(&text) {
        Ok(mut document) if document.is_object() || document.is_array() => {
            hide(&mut document);
            json!({ "json": document })
        }
        _ => text.into(),
    }
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if is_secret(name) => GONE.clone_into(text),
                    other => hide(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        _ => {}
    }
}

/// A `token` of an answer is a piece of its text, a `key` anything.
fn is_secret(name: &str) -> bool {
    looks_secret(name) && !matches!(name, "token" | "key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_whose_names_say_that_they_are_secret_are_hidden_wherever_they_stand() {
        let mut value =
            json!({"usage": {"total_tokens": 5}, "data": [{"api_key": "k-1", "token": "a"}]});
        hide(&mut value);
        assert_eq!(
            value,
            json!({"usage": {"total_tokens": 5}, "data": [{"api_key": "***", "token": "a"}]})
        );
    }
}
