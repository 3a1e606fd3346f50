//! Changing members of a JSON document without parsing what stays as it is.

use serde_json::Value;

use crate::dialect::envelope::push_quoted;
use crate::domain::Fault;
use crate::domain::json::{self, Document, Member};

/// A member's name, and its new value or none to take it out.
pub type Edit = (String, Option<String>);

/// `text` with the top-level members set or taken out. Of several edits of one member the last
/// one counts. What is not named keeps its place and its bytes; new members stand at the end.
pub fn patch(text: &str, edits: &[Edit]) -> Result<String, Fault> {
    let members = json::members_lenient(text).map_err(|cause| {
        Fault::plugin("a body that is no JSON object cannot be patched").with_log(cause.to_string())
    })?;
    Ok(write(text, &members, edits))
}

/// As [`patch`], of a document whose members are known already.
pub fn patch_document(document: &Document, edits: &[Edit]) -> String {
    write(document.text(), document.members(), edits)
}

fn write(text: &str, members: &[Member<'_>], edits: &[Edit]) -> String {
    let last = |name: &str| edits.iter().rev().find(|(edited, _)| edited == name);
    let grown: usize = edits
        .iter()
        .map(|(name, value)| name.len() + value.as_ref().map_or(0, String::len) + 4)
        .sum();
    let mut out = String::with_capacity(text.len() + grown);
    out.push('{');
    let mut push = |name: &str, raw: &str| {
        if out.len() > 1 {
            out.push(',');
        }
        push_quoted(&mut out, name);
        out.push(':');
        out.push_str(raw);
    };
    for member in members {
        match last(&member.name) {
            None => push(
                &member.name,
                text.get(member.value.clone()).unwrap_or("null"),
            ),
            Some((name, Some(value))) => push(name, value),
            Some((_, None)) => {}
        }
    }
    for (at, (name, value)) in edits.iter().enumerate() {
        let old = members.iter().any(|member| member.name == *name);
        let later = edits.iter().skip(at + 1).any(|(other, _)| other == name);
        if let Some(value) = value.as_deref().filter(|_| !old && !later) {
            push(name, value);
        }
    }
    out.push('}');
    out
}

/// `text` with the values at these JSON pointers (RFC 6901) set, taken out, or, where the pointer
/// ends in `/-`, appended.
pub fn amend(text: &str, edits: &[Edit]) -> Result<String, Fault> {
    let broken = |what: String| Fault::plugin("the plugin amends a body wrongly").with_log(what);
    let mut document: Value = serde_json::from_str(text).map_err(|it| broken(it.to_string()))?;
    for (pointer, value) in edits {
        let (parent, last) = pointer
            .rsplit_once('/')
            .ok_or_else(|| broken(format!("pointer {pointer:?}")))?;
        let value = value
            .as_deref()
            .map(serde_json::from_str::<Value>)
            .transpose();
        let value = value.map_err(|cause| broken(cause.to_string()))?;
        let parent = document.pointer_mut(parent);
        let place = parent.ok_or_else(|| broken(format!("nothing at {pointer:?}")))?;
        let name = last.replace("~1", "/").replace("~0", "~");
        change(place, &name, value).ok_or_else(|| broken(format!("nothing at {pointer:?}")))?;
    }
    Ok(document.to_string())
}

fn change(place: &mut Value, name: &str, value: Option<Value>) -> Option<()> {
    match (place, value) {
        (Value::Object(members), Some(value)) => {
            members.insert(name.to_owned(), value);
        }
        (Value::Object(members), None) => {
            members.shift_remove(name);
        }
        (Value::Array(items), Some(value)) if name == "-" => items.push(value),
        (Value::Array(items), value) => {
            let at: usize = name.parse().ok()?;
            match value {
                Some(value) => *items.get_mut(at)? = value,
                None if at < items.len() => drop(items.remove(at)),
                None => return None,
            }
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, json};

    #[test]
    fn what_is_not_named_keeps_its_bytes() {
        let text = r#"{ "model" : "a", "messages":[ {"x":1.50} ] ,"seed":99999999999999999999}"#;
        let edits = [
            ("model".into(), Some("\"b\"".into())),
            ("stream".into(), Some("true".into())),
        ];
        let out = patch(text, &edits).unwrap();
        assert_eq!(
            out,
            r#"{"model":"b","messages":[ {"x":1.50} ],"seed":99999999999999999999,"stream":true}"#
        );
    }

    #[test]
    fn an_amended_body_grows_where_the_pointer_says() {
        let text = r#"{"messages":[{"role":"user"}],"a/b":1,"drop":2}"#;
        let edits = [
            ("/messages/-".into(), Some(r#"{"role":"assistant"}"#.into())),
            ("/a~1b".into(), Some("3".into())),
            ("/drop".into(), None),
        ];
        let out: Value = serde_json::from_str(&amend(text, &edits).unwrap()).unwrap();
        assert_eq!(
            out,
            json!({"messages":[{"role":"user"},{"role":"assistant"}],"a/b":3})
        );
        assert!(amend(text, &[("/none/x".into(), Some("1".into()))]).is_err());
    }

    proptest! {
        #[test]
        fn patching_is_setting_and_removing_members(
            members in proptest::collection::btree_map("[a-e\"\\\\é]{1,2}", 0i64..9, 0..6),
            edits in proptest::collection::vec(("[a-g\"\\\\é]{1,2}", proptest::option::of(0i64..9)), 0..6),
        ) {
            let mut want: Map<String, Value> =
                members.into_iter().map(|(name, value)| (name, json!(value))).collect();
            let text = Value::from(want.clone()).to_string();
            let as_text: Vec<Edit> = edits.iter()
                .map(|(name, value)| (name.clone(), value.map(|it| it.to_string()))).collect();
            for (name, value) in edits {
                match value {
                    Some(value) => { want.insert(name, json!(value)); }
                    None => { want.shift_remove(&name); }
                }
            }
            let got: Value = serde_json::from_str(&patch(&text, &as_text).unwrap()).unwrap();
            prop_assert_eq!(got, Value::from(want));
        }
    }
}
