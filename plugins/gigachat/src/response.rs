//! Answers, whole and in pieces: a function call is a tool call, and what was cached counts.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, fault};

pub fn to_chat(mut answer: Value) -> Result<Value, Error> {
    translate(&mut answer, "message")?;
    let choices = answer.get("choices").and_then(Value::as_array);
    let ended = |choice: &Value| choice.get("finish_reason").is_some_and(Value::is_string);
    if !choices.is_some_and(|it| !it.is_empty() && it.iter().all(ended)) {
        return Err(fault::upstream("the provider's answer is not complete"));
    }
    Ok(answer)
}

/// Brings a document with `choices` into OpenAI's form; `place` is where they have what was said.
pub fn translate(document: &mut Value, place: &str) -> Result<(), Error> {
    let members = document.as_object_mut();
    let members = members.ok_or_else(|| fault::upstream("the provider's answer is no object"))?;
    // It may be `chat.completions`, and is `chat.completion` in streams too.
    members.shift_remove("object");
    if let Some(usage) = members.get("usage").and_then(usage) {
        members.insert("usage".into(), usage);
    }
    let created = members.get("created").and_then(Value::as_u64);
    let Some(Value::Array(choices)) = members.get_mut("choices") else {
        return Err(fault::upstream("the provider's answer has no `choices`"));
    };
    for choice in choices {
        let said = choice.get_mut(place).and_then(Value::as_object_mut);
        let said =
            said.ok_or_else(|| fault::upstream(format!("the provider's choice has no `{place}`")))?;
        if let Some(mut call) = call(said, created.unwrap_or(0))? {
            // Pieces are put together by their number.
            if place == "delta" {
                call["index"] = 0.into();
            }
            said.insert("tool_calls".into(), vec![call].into());
        }
        let reason = match choice.get("finish_reason").and_then(Value::as_str) {
            Some("function_call") => "tool_calls",
            Some("blacklist") => "content_filter",
            Some("error") => {
                return Err(fault::upstream(
                    "the provider's function call ended with an error",
                ));
            }
            _ => continue,
        };
        choice["finish_reason"] = reason.into();
    }
    Ok(())
}

/// `function_call`, which comes whole and with its arguments as an object, as a tool call. The id of
/// the state that it belongs to goes along as the call's, so that the history has it; without one it
/// is made of the answer's time.
fn call(said: &mut Map<String, Value>, created: u64) -> Result<Option<Value>, Error> {
    let state = said.shift_remove("functions_state_id");
    let Some(call) = said
        .shift_remove("function_call")
        .filter(|it| !it.is_null())
    else {
        return Ok(None);
    };
    let name = call.get("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| fault::upstream("the provider's function call has no name"))?;
    let arguments = match call.get("arguments") {
        None | Some(Value::Null) => "{}".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    let state = state.as_ref().and_then(Value::as_str);
    let id = state.map_or_else(|| format!("call_{created}"), str::to_owned);
    Ok(Some(json!({"id": id, "type": "function",
        "function": {"name": name, "arguments": arguments}})))
}

/// `prompt_tokens` are those that were not cached.
pub fn usage(told: &Value) -> Option<Value> {
    let count = |name: &str| told.get(name).and_then(Value::as_u64);
    let cached = count("precached_prompt_tokens").unwrap_or(0);
    let prompt = count("prompt_tokens")?.saturating_add(cached);
    let mut usage = sluice_sdk::chat::usage(prompt, count("completion_tokens").unwrap_or(0));
    usage["prompt_tokens_details"] = json!({"cached_tokens": cached});
    Some(usage)
}
