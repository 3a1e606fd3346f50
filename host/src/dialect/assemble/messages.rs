//! Anthropic's messages: content blocks that begin, grow and end.

use serde_json::{Map, Value};

use super::{entry, grow};

/// Pieces of a tool's input, until its block ends: they are JSON only together.
const PIECES: &str = "partial_json";

pub fn assemble(events: impl Iterator<Item = Map<String, Value>>) -> Map<String, Value> {
    let (mut answer, mut blocks) = (Map::new(), Vec::new());
    for mut event in events {
        let kind = event
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        match kind {
            "message_start" => {
                if let Some(Value::Object(message)) = event.shift_remove("message") {
                    answer = message;
                }
            }
            "content_block_start" => {
                let block = event.get("content_block").and_then(Value::as_object);
                let place = entry(&mut blocks, &event, "index");
                if let (Some(block), Some(place)) = (block, place) {
                    place.clone_from(block);
                }
            }
            "content_block_delta" => {
                let delta = event.get("delta").and_then(Value::as_object);
                let place = entry(&mut blocks, &event, "index");
                if let (Some(delta), Some(block)) = (delta, place) {
                    push(block, delta);
                }
            }
            "message_delta" => end(&mut answer, event),
            _ => {}
        }
    }
    for block in &mut blocks {
        read_input(block);
    }
    answer.insert("content".to_owned(), blocks.into());
    answer
}

fn push(block: &mut Map<String, Value>, delta: &Map<String, Value>) {
    for (name, value) in delta {
        match (name.as_str(), value) {
            ("type", _) | (_, Value::Null) => {}
            ("citation", value) => match block.get_mut("citations") {
                Some(Value::Array(all)) => all.push(value.clone()),
                _ => {
                    block.insert("citations".to_owned(), vec![value.clone()].into());
                }
            },
            (name, Value::String(piece)) => grow(block, name, piece),
            (name, value) => {
                block.insert(name.to_owned(), value.clone());
            }
        }
    }
}

/// The input of a tool, from its pieces; as text where they are no JSON, being cut off.
fn read_input(block: &mut Map<String, Value>) {
    let Some(pieces) = block.shift_remove(PIECES) else {
        return;
    };
    let read = pieces.as_str().map(serde_json::from_str::<Value>);
    let input = match read {
        Some(Ok(input)) => input,
        _ => pieces,
    };
    block.insert("input".to_owned(), input);
}

/// Why it ended, and the last word on usage.
fn end(answer: &mut Map<String, Value>, mut event: Map<String, Value>) {
    if let Some(Value::Object(delta)) = event.shift_remove("delta") {
        answer.extend(delta);
    }
    if let Some(Value::Object(usage)) = event.shift_remove("usage") {
        match answer.get_mut("usage") {
            Some(Value::Object(known)) => known.extend(usage),
            _ => {
                answer.insert("usage".to_owned(), usage.into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Shape, assemble};
    use serde_json::{Value, json};

    fn events() -> Vec<Value> {
        vec![
            json!({"type": "message_start", "message": {"id": "m", "role": "assistant", "content": [],
                "stop_reason": null, "usage": {"input_tokens": 5, "output_tokens": 1}}}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "he"}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "llo"}}),
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "t",
                "name": "f", "input": {}}}),
            json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{\"x\":"}}),
            json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "1}"}}),
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}}),
            json!({"type": "message_stop"}),
        ]
    }

    #[test]
    fn blocks_are_put_together() {
        assert_eq!(
            assemble(Shape::Messages, events()),
            json!({"id": "m", "role": "assistant", "stop_reason": "tool_use",
                "usage": {"input_tokens": 5, "output_tokens": 9}, "content": [
                    {"type": "text", "text": "hello"},
                    {"type": "tool_use", "id": "t", "name": "f", "input": {"x": 1}}]})
        );
    }

    #[test]
    fn an_input_that_was_cut_off_is_its_text() {
        let answer = assemble(Shape::Messages, events().into_iter().take(7));
        assert_eq!(answer["content"][1]["input"], "{\"x\":");
        assert_eq!(answer["stop_reason"], Value::Null);
    }
}
