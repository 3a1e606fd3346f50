//! Secrets inside of documents: header values, callback variables, provider keys that stand
//! somewhere in an object.

use serde_json::Value;

pub(super) use crate::config::MASK;
use crate::config::{is_address, looks_secret};

/// Objects of which every text may be a secret.
const WHOLE: &[&str] = &[
    "alert_to_webhook_url",
    "callback_vars",
    "extra_headers",
    "headers",
];

/// The document with every secret masked, below its first level: what stands there by itself is
/// for who shows it to judge.
pub(super) fn nested(document: &Value) -> Value {
    match document {
        Value::Object(members) => {
            let masked = members.iter().map(|(name, value)| {
                let whole = WHOLE.contains(&name.as_str());
                (name.clone(), mask(value, whole))
            });
            Value::Object(masked.collect())
        }
        other => other.clone(),
    }
}

/// Masks texts in members that look secret; all texts if `whole`.
fn mask(value: &Value, whole: bool) -> Value {
    match value {
        Value::Object(members) => {
            let masked = members.iter().map(|(name, value)| {
                let secret = whole
                    || looks_secret(name)
                    || (name.ends_with("_url") && is_address(name))
                    || WHOLE.contains(&name.as_str());
                let value = match value {
                    Value::String(_) if secret => MASK.into(),
                    other => mask(other, secret),
                };
                (name.clone(), value)
            });
            Value::Object(masked.collect())
        }
        Value::Array(all) => all.iter().map(|it| mask(it, whole)).collect(),
        other => other.clone(),
    }
}

/// A document that was shown masked and comes back: what is still masked is as it was.
pub(super) fn restored(new: &Value, old: Option<&Value>) -> Value {
    match (new, old) {
        (Value::String(text), Some(old)) if text == MASK => old.clone(),
        (Value::Object(members), Some(Value::Object(known))) => {
            let restored = members
                .iter()
                .map(|(name, value)| (name.clone(), restored(value, known.get(name))));
            Value::Object(restored.collect())
        }
        (Value::Array(all), Some(Value::Array(known))) if all.len() == known.len() => all
            .iter()
            .zip(known)
            .map(|(new, old)| restored(new, Some(old)))
            .collect(),
        _ => new.clone(),
    }
}

/// Whether something in it is still masked.
pub(super) fn has_mask(document: &Value) -> bool {
    match document {
        Value::String(text) => text == MASK,
        Value::Object(members) => members.values().any(has_mask),
        Value::Array(all) => all.iter().any(has_mask),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_masked_wherever_they_stand_and_come_back() {
        let document = json!({
            "token": "a hash",
            "metadata": {"logging": [{"callback_name": "langfuse",
                "callback_vars": {"host": "h", "langfuse_secret": "s"}}], "team": "x"},
            "extra_headers": {"X-Custom": "v", "n": 1},
            "config": {"api_key": "k", "deep": {"password": "p"}, "tokens": 5},
        });
        let masked = nested(&document);
        assert_eq!(
            masked,
            json!({
                "token": "a hash",
                "metadata": {"logging": [{"callback_name": "langfuse",
                    "callback_vars": {"host": MASK, "langfuse_secret": MASK}}], "team": "x"},
                "extra_headers": {"X-Custom": MASK, "n": 1},
                "config": {"api_key": MASK, "deep": {"password": MASK}, "tokens": 5},
            })
        );
        assert_eq!(restored(&masked, Some(&document)), document);
        assert!(has_mask(&masked) && !has_mask(&document));
        assert_eq!(
            restored(&json!({"a": "b"}), Some(&document)),
            json!({"a": "b"})
        );
    }
}
