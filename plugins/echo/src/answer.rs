//! Answers from the request alone. A token is a word: what stands between white space. A call of
//! a tool counts as one.

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Error, fault};

use crate::schema;

/// A chat completion: the last user text, a call of the tool that is forced, or the smallest
/// document that fits a response schema. `n`, `stop` and the limits of tokens are kept to.
pub fn chat(body: &Value) -> Result<Value, Error> {
    let messages = body.get("messages").and_then(Value::as_array);
    let messages = messages.ok_or_else(|| fault::invalid_request("`messages` is no list"))?;
    let prompt: usize = messages
        .iter()
        .map(|message| words(&text_of(message)))
        .sum();
    let last = messages
        .iter()
        .rev()
        .find(|message| message.get("role") == Some(&"user".into()));
    let said = last.map(text_of).unwrap_or_default();
    let (message, finish, completion) = match forced_tool(body)? {
        Some(tool) => (call(tool, &said), "tool_calls", 1),
        None => text(body, &said),
    };
    let count = body
        .get("n")
        .and_then(Value::as_u64)
        .unwrap_or(1)
        .clamp(1, 16);
    let choices: Vec<Value> = (0..count)
        .map(|index| json!({"index": index, "finish_reason": finish, "message": message}))
        .collect();
    let completion = completion * choices.len();
    Ok(json!({
        "choices": choices,
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    }))
}

/// The message, its finish reason and its tokens.
fn text(body: &Value, said: &str) -> (Value, &'static str, usize) {
    let content = match body
        .pointer("/response_format/type")
        .and_then(Value::as_str)
    {
        Some("json_schema") => {
            let wanted = body.pointer("/response_format/json_schema/schema");
            schema::instance(wanted.unwrap_or(&Value::Null), said).to_string()
        }
        Some("json_object") => json!({"said": said}).to_string(),
        _ => format!("You said: {said}"),
    };
    let content = stopped(body.get("stop"), content);
    let limits = ["max_completion_tokens", "max_tokens"];
    let limit = limits.iter().find_map(|name| body.get(*name)?.as_u64());
    let limit = limit
        .and_then(|it| usize::try_from(it).ok())
        .unwrap_or(usize::MAX);
    let (content, finish) = match first_words(&content, limit) {
        Some(cut) => (cut.to_owned(), "length"),
        None => (content, "stop"),
    };
    let tokens = words(&content);
    (
        json!({"role": "assistant", "content": content}),
        finish,
        tokens,
    )
}

/// The text up to the first of the stop sequences that it holds.
fn stopped(stop: Option<&Value>, mut content: String) -> String {
    let sequences = match stop {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let sequences = sequences.into_iter().filter(|it| !it.is_empty());
    if let Some(at) = sequences.filter_map(|it| content.find(it)).min() {
        content.truncate(at);
    }
    content
}

/// The first `limit` words, if there are more.
fn first_words(text: &str, limit: usize) -> Option<&str> {
    let mut inside = false;
    let mut count = 0;
    for (at, letter) in text.char_indices() {
        let begins = !letter.is_whitespace() && !inside;
        inside = !letter.is_whitespace();
        if begins {
            count += 1;
        }
        if count > limit {
            return Some(text.get(..at).unwrap_or_default().trim_end());
        }
    }
    None
}

fn call(tool: &Value, said: &str) -> Value {
    let parameters = tool.pointer("/function/parameters").unwrap_or(&Value::Null);
    let arguments = schema::instance(parameters, said);
    json!({"role": "assistant", "content": null, "tool_calls": [{"id": "call_0", "type": "function", "function": {
        "name": tool.pointer("/function/name"), "arguments": arguments.to_string()}}]})
}

/// The tool that has to be called, if one has.
fn forced_tool(body: &Value) -> Result<Option<&Value>, Error> {
    let tools = body.get("tools").and_then(Value::as_array);
    let mut tools = tools.into_iter().flatten();
    match body.get("tool_choice") {
        Some(Value::String(choice)) if choice == "required" => match tools.next() {
            Some(tool) => Ok(Some(tool)),
            None => Err(fault::invalid_request(
                "`tool_choice` is `required`, and there are no `tools`",
            )),
        },
        Some(Value::Object(choice)) => {
            let name = choice.get("function").and_then(|it| it.get("name"));
            let named = tools.find(|tool| tool.pointer("/function/name") == name);
            named
                .map(Some)
                .ok_or_else(|| fault::invalid_request("`tool_choice` names no tool of `tools`"))
        }
        _ => Ok(None),
    }
}

fn text_of(message: &Value) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts = parts
                .iter()
                .filter_map(|part| part.get("text").and_then(Value::as_str));
            texts.collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

/// The tokens of a text.
pub fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_ends_before_the_first_stop_sequence() {
        for (stop, want) in [
            (json!("b"), "a "),
            (json!(["c", "b c"]), "a "),
            (json!(["x", "", 7]), "a b c"),
            (Value::Null, "a b c"),
        ] {
            assert_eq!(stopped(Some(&stop), "a b c".into()), want, "{stop}");
        }
    }

    #[test]
    fn words_beyond_the_limit_are_cut_off() {
        assert_eq!(first_words("a  b c", 2), Some("a  b"));
        assert_eq!(first_words("a b", 2), None);
        assert_eq!(first_words("a", 0), Some(""));
    }
}
