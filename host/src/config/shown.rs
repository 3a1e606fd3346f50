//! A config as an operator may see it: the document that was read, with its secrets masked.

use serde_json::{Map, Value};

use super::secrets::{REFERENCE, looks_secret};

/// What is shown for a secret that is there.
pub const MASK: &str = "********";

/// Mappings of which every text may be a secret.
const WHOLE: [&str; 7] = [
    "alert_to_webhook_url",
    "callback_vars",
    "credential_values",
    "environment_variables",
    "extra_headers",
    "generic_logger_headers",
    "headers",
];

/// Names whose texts hold a password in their middle.
const ADDRESSES: [&str; 4] = ["database_url", "model_cost_map_url", "redis_url", "url"];

/// Whether a setting is an address that may hold a password.
pub fn is_address(name: &str) -> bool {
    ADDRESSES.contains(&name)
}

/// The document with every secret masked. Names of environment variables are no secrets.
pub fn masked(document: &Map<String, Value>) -> Map<String, Value> {
    members(document, false)
}

fn members(of: &Map<String, Value>, whole: bool) -> Map<String, Value> {
    let masked = of.iter().map(|(name, value)| {
        let inside = whole || WHOLE.contains(&name.as_str());
        let secret = inside || looks_secret(name) || is_address(name);
        (name.clone(), value_of(value, secret, inside))
    });
    masked.collect()
}

fn value_of(value: &Value, secret: bool, whole: bool) -> Value {
    match value {
        Value::String(text) if secret && !text.starts_with(REFERENCE) => MASK.into(),
        // A secret that was written as a number is one too; counts of tokens are none.
        Value::Number(_) if whole => MASK.into(),
        Value::Object(inner) => Value::Object(members(inner, secret)),
        Value::Array(list) => list.iter().map(|it| value_of(it, secret, whole)).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_masked_wherever_they_stand_and_references_are_not() {
        let document = json!({
            "general_settings": {"master_key": "sk-own", "database_url": "postgres://u:p@h/d",
                "max_request_size_mb": 5},
            "environment_variables": {"A": "b", "N": 5},
            "model_list": [{"model_name": "m", "litellm_params": {"api_key": "os.environ/KEY",
                "extra_headers": {"x-any": "v"}, "rpm": 5,
                "vertex_credentials": {"private_key": "p", "type": "t"}}}],
        });
        let masked = masked(document.as_object().unwrap());
        assert_eq!(
            Value::from(masked),
            json!({
                "general_settings": {"master_key": MASK, "database_url": MASK,
                    "max_request_size_mb": 5},
                "environment_variables": {"A": MASK, "N": MASK},
                "model_list": [{"model_name": "m", "litellm_params": {"api_key": "os.environ/KEY",
                    "extra_headers": {"x-any": MASK}, "rpm": 5,
                    "vertex_credentials": {"private_key": MASK, "type": MASK}}}],
            })
        );
    }
}
