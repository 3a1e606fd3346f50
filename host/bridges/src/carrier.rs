//! What a dialect has no place for travels through the client in a member that clients bring back
//! unread: Anthropic's `redacted_thinking.data`, the `encrypted_content` of Responses, Google's
//! `thoughtSignature`. Signatures of any provider so survive in any dialect.
//!
//! It is no secret and no proof: a client could have written it, as it could any history.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::object::{Object, items};

const MARK: &str = "sluice1.";

/// Longest one that is read, in bytes: history can be no longer than a body.
const LONGEST: usize = 32 << 20;

/// Members of the assistant's message, as one word.
pub fn write(members: &Value) -> String {
    format!("{MARK}{}", URL_SAFE_NO_PAD.encode(members.to_string()))
}

/// The signatures of calls, by the call's id.
pub fn of_call(id: &str, signature: &Value) -> String {
    write(&json!({"calls": {id: signature}}))
}

/// The members, if the word is one of ours.
pub fn read(word: &str) -> Option<Object> {
    let encoded = word.strip_prefix(MARK)?;
    let bytes = (encoded.len() < LONGEST).then(|| URL_SAFE_NO_PAD.decode(encoded).ok())??;
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(members)) => Some(members),
        _ => None,
    }
}

/// Whether the word is one of ours, readable or not.
pub fn is_ours(word: &str) -> bool {
    word.starts_with(MARK)
}

/// Puts members back into an assistant's message. Calls that come later get theirs by
/// [`sign_calls`].
pub fn restore(message: &mut Object, signatures: &mut Object, members: Object) {
    for (name, value) in members {
        match (name.as_str(), value) {
            ("thinking_blocks", Value::Array(blocks)) => extend(message, "thinking_blocks", blocks),
            ("calls", Value::Object(calls)) => signatures.extend(calls),
            (name @ ("parts" | "server_blocks" | "thought_signatures"), Value::Array(list)) => {
                let fields = message
                    .entry("provider_specific_fields")
                    .or_insert_with(|| json!({}));
                if let Some(fields) = fields.as_object_mut() {
                    extend(fields, name, list);
                }
            }
            _ => {}
        }
    }
}

/// Gives each call of a message the signature that is known of it.
pub fn sign_calls(message: &mut Object, signatures: &Object) {
    let calls = message.get_mut("tool_calls").and_then(Value::as_array_mut);
    for call in calls.into_iter().flatten() {
        let id = call.get("id").and_then(Value::as_str).unwrap_or_default();
        if let Some(signature) = signatures.get(id) {
            call["provider_specific_fields"] = json!({"thought_signature": signature});
        }
    }
}

/// Moves a list from one object to another, if it is there.
pub fn extend_if_some(to: &mut Object, from: &mut Object, name: &str) {
    if let Some(Value::Array(list)) = from.remove(name) {
        extend(to, name, list);
    }
}

/// Adds to a list that may not be there yet.
pub fn extend(members: &mut Object, name: &str, more: Vec<Value>) {
    let mut list = items(members.get(name)).to_vec();
    list.extend(more);
    members.insert(name.to_owned(), list.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let members = json!({"calls": {"c1": "sig"}, "thinking_blocks": [{"type": "thinking"}]});
        let word = write(&members);
        assert_eq!(read(&word).map(Value::from), Some(members));
        assert_eq!(read("ErUBCkYI"), None);
        assert_eq!(read("sluice1.%%"), None);
        assert!(is_ours("sluice1.%%"));
    }
}
