//! Ollama's answers and their pieces in OpenAI's form.

use sluice_sdk::chat::{self, ChatAnswer};
use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Error, fault};

pub fn to_chat(answer: &Value) -> Result<Value, Error> {
    let message = message(answer)?;
    if answer.get("done") != Some(&true.into()) {
        return Err(fault::upstream("the provider's answer is not complete"));
    }
    let mut chat = ChatAnswer::new().content(text(message, "content"));
    let thoughts = text(message, "thinking");
    if !thoughts.is_empty() {
        chat = chat.reasoning(thoughts);
    }
    let calls = calls(answer, 0)?;
    for call in &calls {
        chat = chat.tool_call(&call.id, &call.name, &call.arguments);
    }
    chat = chat.finish_reason(finish_reason(answer, !calls.is_empty()));
    if let Some(usage) = usage(answer) {
        chat = chat.usage(usage);
    }
    let mut document = chat.into_value();
    if let Some(logprobs) = logprobs(answer)
        && let Some(choice) = document.pointer_mut("/choices/0")
    {
        choice["logprobs"] = logprobs;
    }
    Ok(document)
}

pub fn message(answer: &Value) -> Result<&Value, Error> {
    let message = answer.get("message").filter(|it| it.is_object());
    message.ok_or_else(|| fault::upstream("the provider's answer has no `message`"))
}

/// A call of a tool.
pub struct ToolCall {
    pub id: String,
    pub name: String,
    pub arguments: String,
}

/// The calls in an answer or a piece of one, `before` of which came earlier.
pub fn calls(answer: &Value, before: u64) -> Result<Vec<ToolCall>, Error> {
    let list = answer.pointer("/message/tool_calls");
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.zip(before..)
        .map(|(call, index)| {
            let function = call.get("function").unwrap_or(&Value::Null);
            let name = text(function, "name");
            if name.is_empty() {
                return Err(fault::upstream("the provider's tool call has no name"));
            }
            let arguments = match function.get("arguments") {
                None | Some(Value::Null) => "{}".to_owned(),
                Some(Value::String(text)) => text.clone(),
                Some(value) => value.to_string(),
            };
            let id = match text(call, "id") {
                "" => made_id(answer, index),
                own => own.to_owned(),
            };
            Ok(ToolCall {
                id,
                name: name.to_owned(),
                arguments,
            })
        })
        .collect()
}

/// Older servers give calls no id. The time of the answer, to the nanosecond, tells those of one
/// answer from those of another.
fn made_id(answer: &Value, index: u64) -> String {
    let time = text(answer, "created_at").chars();
    let time: String = time.filter(char::is_ascii_alphanumeric).take(24).collect();
    format!("call_{time}_{index}")
}

pub fn finish_reason(answer: &Value, calls: bool) -> &'static str {
    match text(answer, "done_reason") {
        "length" => "length",
        _ if calls => "tool_calls",
        _ => "stop",
    }
}

/// What was counted. A prompt that was cached whole is not counted at all by older servers.
pub fn usage(answer: &Value) -> Option<Value> {
    let count = |name: &str| answer.get(name).and_then(Value::as_u64);
    let output = count("eval_count")?;
    Some(chat::usage(count("prompt_eval_count").unwrap_or(0), output))
}

pub fn logprobs(answer: &Value) -> Option<Value> {
    let list = answer.get("logprobs").filter(|it| it.is_array())?;
    Some(json!({"content": list, "refusal": null}))
}

pub fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}
