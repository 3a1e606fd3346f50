//! What a request says, for counters that take text.

use std::fmt::Write as _;

use sluice_sdk::serde_json::{Map, Value};

/// All text of a value, without its punctuation. Pictures and documents say nothing.
pub fn said(value: &Value) -> String {
    let mut text = String::new();
    say(value, &mut text);
    text
}

/// Whether there are pictures or documents in it, which are no text.
pub fn shows(value: &Value) -> bool {
    match value {
        Value::Array(list) => list.iter().any(shows),
        Value::Object(members) => is_media(members) || members.values().any(shows),
        _ => false,
    }
}

fn is_media(block: &Map<String, Value>) -> bool {
    let word = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let kind = word(block.get("type"));
    let source = block.get("source").and_then(|it| it.get("type"));
    let source = word(source);
    matches!(kind.as_deref(), Some("image" | "document")) && source.is_some_and(|it| it != "text")
}

fn say(value: &Value, text: &mut String) {
    match value {
        Value::String(said) => {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(said);
        }
        Value::Array(list) => list.iter().for_each(|it| say(it, text)),
        Value::Object(members) if is_media(members) => {}
        Value::Object(members) => {
            let spoken = |name: &str| !matches!(name, "type" | "id" | "tool_use_id" | "signature");
            let spoken = members.iter().filter(|(name, _)| spoken(name));
            spoken.for_each(|(_, it)| say(it, text));
        }
        // Writing to a string does not fail.
        Value::Number(number) => drop(write!(text, " {number}")),
        Value::Bool(_) | Value::Null => {}
    }
}

#[cfg(test)]
mod tests {
    use sluice_sdk::serde_json::json;

    use super::*;

    #[test]
    fn a_picture_in_a_result_is_shown_and_not_said() {
        let picture = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}});
        let result = json!([{"type": "tool_result", "tool_use_id": "t", "content": [picture, {"type": "text", "text": "a"}]}]);
        assert_eq!((said(&result).as_str(), shows(&result)), ("a", true));
        let plain = json!([{"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "b"}}]);
        assert!(said(&plain).ends_with('b') && !shows(&plain));
    }
}
