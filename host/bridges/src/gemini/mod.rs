//! Clients of Google's Gemini API: Gemini CLI, the google-genai SDKs. Both versions of the API,
//! `/v1beta` and `/v1`, have the same bodies.

mod answer;
mod contents;
mod embed;
mod request;
mod schema;
mod stream;
mod tools;

use serde_json::Value;

pub use answer::answer;
pub use embed::Embed;
pub use request::request;
pub use stream::GeminiStream;

use crate::object::{Object, items};

/// A member by its name; Google's API takes `snake_case` too.
fn member<'v>(object: &'v Object, name: &str) -> Option<&'v Value> {
    let found = object.get(name).or_else(|| object.get(&snake(name)));
    found.filter(|it| !it.is_null())
}

/// The same of a value that may be no object.
fn within<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    member(value.as_object()?, name)
}

/// A list, of which one thing may stand alone, as in JSON that is read as protocol buffers.
fn listed(value: Option<&Value>) -> &[Value] {
    match value {
        Some(one) if !one.is_array() && !one.is_null() => std::slice::from_ref(one),
        list => items(list),
    }
}

/// A number; JSON that is read as protocol buffers may have it as a text.
fn number(value: &Value) -> Option<Value> {
    match value {
        Value::Number(_) => Some(value.clone()),
        Value::String(text) => serde_json::from_str(text).ok().map(Value::Number),
        _ => None,
    }
}

fn word<'v>(value: &'v Value, name: &str) -> &'v str {
    within(value, name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// `system_instruction` as `systemInstruction`.
fn camel(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut upper = false;
    for letter in name.chars() {
        if letter == '_' {
            upper = true;
        } else if std::mem::take(&mut upper) {
            out.push(letter.to_ascii_uppercase());
        } else {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_member_are_read() {
        for name in ["systemInstruction", "topP", "fileUri"] {
            assert_eq!(camel(&snake(name)), name);
        }
        let body = serde_json::json!({"system_instruction": 1});
        assert_eq!(within(&body, "systemInstruction"), Some(&1.into()));
    }
}
