//! A whole chat completion, brought into OpenAI's form.

use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{Error, fault};

use crate::tidy;

pub fn tidied(mut answer: Value) -> Result<Value, Error> {
    // A stream request may be answered whole, and an error with status 200.
    let empty = answer
        .get("choices")
        .and_then(Value::as_array)
        .is_none_or(Vec::is_empty);
    if let Some(error) = answer.get("error").filter(|it| empty && !it.is_null()) {
        return Err(tidy::error(error));
    }
    let Some(choices) = answer.get_mut("choices").and_then(Value::as_array_mut) else {
        let detail = answer
            .get("detail")
            .or_else(|| answer.get("message"))
            .and_then(Value::as_str);
        return Err(fault::upstream(
            detail.unwrap_or("the provider's answer has no `choices`"),
        ));
    };
    for choice in choices.iter_mut().filter_map(Value::as_object_mut) {
        if let Some(error) = choice.get("error").filter(|it| !it.is_null()) {
            return Err(tidy::error(error));
        }
        if let Some(message) = choice.get_mut("message").and_then(Value::as_object_mut) {
            tidy_message(message);
        }
        tidy::finish(choice);
    }
    Ok(answer)
}

fn tidy_message(message: &mut Map<String, Value>) {
    tidy::message(message);
    message.entry("content").or_insert(Value::Null);
    let calls = message.get_mut("tool_calls").and_then(Value::as_array_mut);
    let none = calls.as_ref().is_none_or(|calls| calls.is_empty());
    if none {
        message.shift_remove("tool_calls");
        return;
    }
    for (at, call) in calls
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
        .enumerate()
    {
        tidy::tool_call(call);
        call.entry("type").or_insert_with(|| "function".into());
        call.entry("id")
            .or_insert_with(|| format!("call_{at}").into());
    }
}
