//! `litellm_params` in a row: what may be secret is sealed as JSON, the rest stands as it is, so that the
//! audit log tells what changed; and what of them may be shown.

use serde_json::{Map, Value, json};
use url::Url;

use crate::config::{looks_secret, masked};
use crate::domain::Fault;
use crate::manage::Manage;
use crate::manage::fault::bad;
use crate::manage::redact::{self, MASK};
use crate::store::GuardrailRow;

/// What a request gives, with what is masked in it as it was; null is nothing.
///
/// # Errors
/// There is nothing behind a mask.
pub(super) fn restored(
    given: Map<String, Value>,
    old: &Map<String, Value>,
) -> Result<Map<String, Value>, Fault> {
    let mut all = Map::new();
    for (name, value) in given.into_iter().filter(|it| !it.1.is_null()) {
        let value = redact::restored(&value, old.get(&name));
        if redact::has_mask(&value) {
            let path = format!("litellm_params.{}", crate::manage::fault::shown(&name));
            let message =
                format!("`{path}` holds `{MASK}`, and nothing is behind it: write it out");
            return Err(bad(&path, message));
        }
        all.insert(name, value);
    }
    Ok(all)
}

/// Every parameter of a row, opened.
pub(super) fn opened(m: &Manage, row: &GuardrailRow) -> Result<Map<String, Value>, Fault> {
    let mut all = row.doc.params.clone();
    for (name, text) in m.salt.open_all(&row.sealed)? {
        let value = serde_json::from_str(text.reveal()).map_err(|cause| {
            let message = "what the database has of this guardrail cannot be read";
            Fault::ours(message, format!("`{name}`: {cause}"))
        })?;
        all.insert(name, value);
    }
    Ok(all)
}

/// Puts parameters into a row, in the place of those that it has.
pub(super) fn close(
    m: &Manage,
    all: Map<String, Value>,
    row: &mut GuardrailRow,
) -> Result<(), Fault> {
    row.doc.params.clear();
    row.sealed.0.clear();
    for (name, value) in all {
        if may_hide(&name, &value) {
            let sealed = m.salt.seal(&value.to_string())?;
            row.sealed.0.insert(name, sealed);
        } else {
            row.doc.params.insert(name, value);
        }
    }
    Ok(())
}

/// Whether something in a parameter may be a secret: by its name, by a name in it, or as a part of an
/// address.
fn may_hide(name: &str, value: &Value) -> bool {
    let whole = json!({"": {name: value}});
    looks_secret(name) || redact::nested(&whole) != whole || has_address(value)
}

fn has_address(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("://"),
        Value::Array(all) => all.iter().any(has_address),
        Value::Object(members) => members.values().any(has_address),
        _ => false,
    }
}

/// The parameters with their secrets masked; all that is sealed is, where this salt key does not open it.
pub(super) fn shown(m: &Manage, row: &GuardrailRow) -> Map<String, Value> {
    let Ok(all) = opened(m, row) else {
        let mut all = row.doc.params.clone();
        let sealed = row.sealed.0.keys();
        all.extend(sealed.map(|it| (it.clone(), MASK.into())));
        return all;
    };
    let shown = masked(&all).into_iter();
    shown
        .map(|(name, value)| (name, without_credentials(value)))
        .collect()
}

/// Addresses that may hold a credential are masked.
fn without_credentials(value: Value) -> Value {
    match value {
        Value::String(text) if is_private(&text) => MASK.into(),
        Value::Array(all) => all.into_iter().map(without_credentials).collect(),
        Value::Object(members) => {
            let members = members.into_iter();
            let members = members.map(|(name, value)| (name, without_credentials(value)));
            Value::Object(members.collect())
        }
        other => other,
    }
}

fn is_private(text: &str) -> bool {
    let named =
        |url: Url| !url.username().is_empty() || url.password().is_some() || url.query().is_some();
    text.contains("://") && Url::parse(text.trim()).map_or(true, named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_told_from_what_an_audit_may_show() {
        for (name, value, hides) in [
            ("guardrail", json!("lakera"), false),
            ("mode", json!(["pre_call"]), false),
            ("entities", json!(["EMAIL", "IBAN"]), false),
            ("rules", json!([{"words": ["a"], "action": "block"}]), false),
            ("api_key", json!("k"), true),
            ("aws_secret_access_key", json!(7), true),
            ("headers", json!({"x-custom": "v"}), true),
            ("options", json!({"deep": {"password": "p"}}), true),
            ("api_base", json!("https://user:p@l.test"), true),
            ("more", json!(["https://l.test?key=k"]), true),
        ] {
            assert_eq!(may_hide(name, &value), hides, "{name}");
        }
    }

    #[test]
    fn an_address_is_shown_unless_it_may_hold_a_credential() {
        for (text, shown) in [
            ("https://l.test/v1", "https://l.test/v1"),
            ("https://user:p@l.test", MASK),
            ("https://l.test?key=k", MASK),
            ("no://[", MASK),
            ("a: b", "a: b"),
        ] {
            assert_eq!(without_credentials(json!([text])), json!([shown]));
        }
    }

    #[test]
    fn a_mask_stands_for_what_is_there_and_for_nothing_else() {
        let old = json!({"api_key": "k", "headers": {"a": "b"}});
        let old = old.as_object().unwrap();
        let given = json!({"api_key": MASK, "headers": {"a": MASK, "c": "d"}});
        let given = given.as_object().unwrap();
        let all = restored(given.clone(), old).unwrap();
        assert_eq!(
            Value::from(all),
            json!({"api_key": "k", "headers": {"a": "b", "c": "d"}})
        );
        let refused = restored(given.clone(), &Map::new()).unwrap_err();
        assert_eq!(refused.param.as_deref(), Some("litellm_params.api_key"));
    }
}
