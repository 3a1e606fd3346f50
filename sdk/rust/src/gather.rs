//! What a client makes of a stream: the rule by which OpenAI's Python library adds chunks up.

use serde_json::{Value, json};

/// The choice with this index that the chunks come to: `message`, `finish_reason`, and the
/// `provider_specific_fields` beside them.
///
/// Texts are joined, objects merged, lists put together by the `index` of their entries.
///
/// # Errors
/// Chunks that break the client: a list that goes on with an entry without `index`, a member that
/// changes its type.
pub fn gathered(events: &[Value], index: u64) -> Result<Value, String> {
    let mut choice = json!({"message": {}});
    let all = events.iter().filter_map(|it| it.get("choices")?.as_array());
    for said in all.flatten().filter(|it| it["index"] == index) {
        add("delta", &mut choice["message"], &said["delta"])?;
        for name in ["finish_reason", "provider_specific_fields"] {
            if !said[name].is_null() {
                choice[name] = said[name].clone();
            }
        }
    }
    Ok(choice)
}

fn add(name: &str, known: &mut Value, more: &Value) -> Result<(), String> {
    match (&mut *known, more) {
        (_, Value::Null) => {}
        (Value::Null, _) => *known = more.clone(),
        _ if matches!(name, "index" | "type" | "role") => *known = more.clone(),
        (Value::String(known), Value::String(more)) => known.push_str(more),
        (Value::Object(known), Value::Object(more)) => {
            for (name, value) in more {
                add(name, known.entry(name).or_insert(Value::Null), value)?;
            }
        }
        (Value::Array(known), Value::Array(more)) if !more.iter().any(Value::is_object) => {
            known.extend_from_slice(more);
        }
        (Value::Array(known), Value::Array(more)) => {
            for entry in more {
                let at = entry["index"]
                    .as_u64()
                    .and_then(|it| usize::try_from(it).ok());
                let at = at.ok_or_else(|| format!("`{name}` goes on without `index`"))?;
                match known.get_mut(at) {
                    Some(place) => add(name, place, entry)?,
                    None => known.push(entry.clone()),
                }
            }
        }
        (known, more) => return Err(format!("`{name}` is {known} and then {more}")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_added_up_as_a_client_does() {
        let chunk = |delta: Value| json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]});
        let call = |arguments: &str| json!({"tool_calls": [{"index": 0, "function": {"arguments": arguments}}]});
        let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}, {"index": 1, "delta": {"content": "no"}}]});
        let events = [
            chunk(json!({"role": "assistant", "content": ""})),
            chunk(json!({"content": "a"})),
            chunk(call("{")),
            chunk(call("}")),
            end,
        ];
        let want = json!({"finish_reason": "stop", "message": {"role": "assistant", "content": "a",
            "tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}});
        assert_eq!(gathered(&events, 0).unwrap(), want);
        let list = chunk(json!({"images": [{"url": "a"}]}));
        assert!(
            gathered(&[list.clone(), list], 0)
                .unwrap_err()
                .contains("images")
        );
    }
}
