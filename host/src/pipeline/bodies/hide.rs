//! Secrets have no place in a stored body, wherever a client or an upstream wrote them.

use memchr::memmem;
use serde_json::{Map, Value};

use crate::config::{MASK, looks_secret};
use crate::upstream::Target;

/// Objects of which every text may be a secret.
const WHOLE: [&str; 2] = ["extra_headers", "headers"];

/// What keys begin with, ours and those of many providers.
const PREFIX: &str = "sk-";

/// Shorter words that begin so are no keys.
const KEY_LENGTH: usize = 16;

/// Masks what stands under a secret's name. For requests only: an answer's `token` is a word.
pub fn named(body: &mut Value) {
    walk(body, false, false);
}

/// `secret`: every text is one. `names`: the members are named by the client (the properties of a
/// schema), so their names say nothing of what they hold.
fn walk(value: &mut Value, secret: bool, names: bool) {
    match value {
        Value::String(text) if secret => MASK.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|it| walk(it, secret, names)),
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                let schema = names && value.is_object();
                let own = !schema && (looks_secret(name) || WHOLE.contains(&name.as_str()));
                walk(value, secret || own, name == "properties");
            }
        }
        _ => {}
    }
}

/// Takes keys out of every text and name: those of the deployment that answered, and whatever looks
/// like one.
pub fn anywhere(value: &mut Value, target: Option<&Target>) {
    match value {
        Value::String(text) => text_of(text, target),
        Value::Array(items) => items.iter_mut().for_each(|it| anywhere(it, target)),
        Value::Object(members) => {
            members.values_mut().for_each(|it| anywhere(it, target));
            if members.keys().any(|it| it.contains(PREFIX)) {
                let renamed = std::mem::take(members)
                    .into_iter()
                    .map(|(mut name, value)| {
                        text_of(&mut name, target);
                        (name, value)
                    });
                *members = renamed.collect::<Map<_, _>>();
            }
        }
        _ => {}
    }
}

fn text_of(text: &mut String, target: Option<&Target>) {
    if let Some(target) = target {
        target.redact_text(text);
    }
    if let Some(clean) = without_keys(text) {
        *text = clean;
    }
}

/// The text without what looks like a key, if there is any.
fn without_keys(text: &str) -> Option<String> {
    let mut clean = String::new();
    let mut done = 0;
    for at in memmem::find_iter(text.as_bytes(), PREFIX) {
        let before = text.get(..at).and_then(|it| it.chars().next_back());
        if at < done || before.is_some_and(char::is_alphanumeric) {
            continue;
        }
        let rest = text.get(at + PREFIX.len()..).unwrap_or_default();
        let inside = |it: &u8| it.is_ascii_alphanumeric() || matches!(*it, b'-' | b'_');
        let length = rest.bytes().take_while(inside).count();
        if length < KEY_LENGTH {
            continue;
        }
        clean.push_str(text.get(done..at).unwrap_or_default());
        clean.push_str(MASK);
        done = at + PREFIX.len() + length;
    }
    if done == 0 {
        return None;
    }
    clean.push_str(text.get(done..).unwrap_or_default());
    Some(clean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_with_a_secrets_name_are_masked_and_others_are_not() {
        let mut body = json!({
            "model": "m", "max_tokens": 5, "api_key": "k", "prompt_cache_key": "p",
            "vertex_credentials": {"private_key": "p", "client_email": "e"},
            "extra_headers": {"x-any": "v", "n": 1},
            "tools": [
                {"type": "mcp", "authorization": "t", "headers": {"a": "b"}},
                {"type": "function", "function": {"name": "f", "parameters": {"type": "object",
                    "properties": {"token": {"type": "string", "description": "d"}, "key": {"const": "c"}}}}},
            ],
            "metadata": {"deep": [{"aws_secret_access_key": "s"}], "note": "n"},
        });
        named(&mut body);
        assert_eq!(
            body,
            json!({
                "model": "m", "max_tokens": 5, "api_key": MASK, "prompt_cache_key": "p",
                "vertex_credentials": {"private_key": MASK, "client_email": MASK},
                "extra_headers": {"x-any": MASK, "n": 1},
                "tools": [
                    {"type": "mcp", "authorization": MASK, "headers": {"a": MASK}},
                    {"type": "function", "function": {"name": "f", "parameters": {"type": "object",
                        "properties": {"token": {"type": "string", "description": "d"}, "key": {"const": "c"}}}}},
                ],
                "metadata": {"deep": [{"aws_secret_access_key": MASK}], "note": "n"},
            })
        );
    }

    #[test]
    fn keys_inside_of_texts_are_masked_and_words_are_not() {
        for (text, expected) in [
            (
                "use sk-0123456789abcdef0123, please",
                "use ********, please",
            ),
            ("sk-proj-abc_DEF-0123456789", "********"),
            (
                "\"sk-aaaaaaaaaaaaaaaa\"sk-bbbbbbbbbbbbbbbb",
                "\"********\"********",
            ),
            ("sk-short", "sk-short"),
            (
                "a task-management-and-planning tool",
                "a task-management-and-planning tool",
            ),
            ("é sk-ééééééééééééééééé", "é sk-ééééééééééééééééé"),
        ] {
            let mut value = json!({"said": [text]});
            anywhere(&mut value, None);
            assert_eq!(value, json!({"said": [expected]}));
        }
    }

    #[test]
    fn a_key_as_a_name_is_masked() {
        let mut value = json!({"sk-0123456789abcdef0123": 1, "other": 2});
        anywhere(&mut value, None);
        assert_eq!(value, json!({MASK: 1, "other": 2}));
    }
}
