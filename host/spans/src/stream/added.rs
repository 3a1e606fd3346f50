//! An item of a response for text that no item of the provider's has a place for.

use serde_json::{Value, json};

use crate::span::channel;

/// The item, and the events that bring it. Arguments have no place of their own.
pub fn added(channel: &str, index: u64, text: &str) -> Option<(Value, Vec<Value>)> {
    let shape = match channel {
        channel::TEXT => &MESSAGE,
        channel::REASONING => &REASONING,
        _ => return None,
    };
    let id = format!("{}_added_{index}", shape.prefix);
    let part = |text: &str| match channel {
        channel::TEXT => {
            json!({"type": "output_text", "annotations": [], "logprobs": [], "text": text})
        }
        _ => json!({"type": "summary_text", "text": text}),
    };
    let item = |status: &str, parts: Vec<Value>| {
        let mut item = json!({"id": id, "type": shape.kind, "status": status});
        item[shape.list] = parts.into();
        if channel == channel::TEXT {
            item["role"] = "assistant".into();
        }
        item
    };
    let event = |name: &str, member: &str, value: Value| json!({"type": format!("response.{name}"), "output_index": index, member: value});
    let in_part = |name: &str, member: &str, value: Value| {
        let mut event = event(name, member, value);
        event["item_id"] = id.as_str().into();
        event[shape.index] = 0.into();
        event
    };
    let (grows, holds) = (shape.grows, shape.holds);
    let whole = item("completed", vec![part(text)]);
    let events = vec![
        event("output_item.added", "item", item("in_progress", Vec::new())),
        in_part(&format!("{holds}.added"), "part", part("")),
        in_part(&format!("{grows}.delta"), "delta", text.into()),
        in_part(&format!("{grows}.done"), "text", text.into()),
        in_part(&format!("{holds}.done"), "part", part(text)),
        event("output_item.done", "item", whole.clone()),
    ];
    Some((whole, events))
}

/// What an item of text is called.
struct Shape {
    kind: &'static str,
    prefix: &'static str,
    list: &'static str,
    index: &'static str,
    holds: &'static str,
    grows: &'static str,
}

const MESSAGE: Shape = Shape {
    kind: "message",
    prefix: "msg",
    list: "content",
    index: "content_index",
    holds: "content_part",
    grows: "output_text",
};

const REASONING: Shape = Shape {
    kind: "reasoning",
    prefix: "rs",
    list: "summary",
    index: "summary_index",
    holds: "reasoning_summary_part",
    grows: "reasoning_summary_text",
};
