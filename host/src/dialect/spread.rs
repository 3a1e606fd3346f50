//! A whole chat completion, spread into the chunks of a stream.

use serde_json::{Map, Value, json};

/// The chunks of `answer`, without envelope and usage. Text goes out word by word, so that a
/// client sees a stream; everything else in one piece.
pub fn spread(answer: &Value) -> Vec<Value> {
    let choices = answer.get("choices").and_then(Value::as_array);
    let mut chunks = Vec::new();
    for (at, choice) in choices.into_iter().flatten().enumerate() {
        let index = choice.get("index").cloned().unwrap_or_else(|| at.into());
        spread_choice(&index, choice, &mut chunks);
    }
    chunks
}

fn spread_choice(index: &Value, choice: &Value, chunks: &mut Vec<Value>) {
    let empty = Map::new();
    let message = choice
        .get("message")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    let chunk = |delta: Value| json!({"choices": [{"index": index, "delta": delta, "finish_reason": null}]});
    let role = message
        .get("role")
        .cloned()
        .unwrap_or_else(|| "assistant".into());
    let mut first = Map::new();
    first.insert("role".into(), role);
    for (name, value) in message {
        let later = matches!(name.as_str(), "role" | "content" | "tool_calls");
        if !later && !value.is_null() {
            first.insert(name.clone(), value.clone());
        }
    }
    first.insert("content".into(), "".into());
    chunks.push(chunk(first.into()));
    match message.get("content") {
        Some(Value::String(text)) => {
            chunks.extend(
                text.split_inclusive(' ')
                    .map(|word| chunk(json!({"content": word}))),
            );
        }
        Some(Value::Null) | None => {}
        Some(parts) => chunks.push(chunk(json!({"content": parts}))),
    }
    if let Some(Value::Array(calls)) = message.get("tool_calls") {
        let indexed: Vec<Value> = calls.iter().enumerate().map(with_index).collect();
        chunks.push(chunk(json!({"tool_calls": indexed})));
    }
    let mut last = Map::new();
    last.insert("index".into(), index.clone());
    last.insert("delta".into(), json!({}));
    for (name, value) in choice.as_object().unwrap_or(&empty) {
        if !matches!(name.as_str(), "index" | "message") {
            last.insert(name.clone(), value.clone());
        }
    }
    chunks.push(json!({"choices": [last]}));
}

fn with_index((index, call): (usize, &Value)) -> Value {
    let mut call = call.clone();
    if let Some(members) = call.as_object_mut() {
        members.insert("index".into(), index.into());
    }
    call
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::gather::Gather;

    #[test]
    fn gathering_what_was_spread_gives_the_answer_again() {
        let answer = json!({"choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant",
                "content": "one two  three", "reasoning_content": "hm", "extra": {"a": 1}}},
            {"index": 1, "finish_reason": "tool_calls", "message": {"role": "assistant", "content": "",
                "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}},
        ]});
        let mut gather = Gather::default();
        spread(&answer)
            .into_iter()
            .for_each(|chunk| gather.push(chunk));
        assert_eq!(gather.finish(None), answer);
    }
}
