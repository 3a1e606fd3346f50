//! The events with which an item ends, before it is done.

use serde_json::{Value, json};

use super::output::{Shape, free_text, part};
use crate::block::{Block, Kind};

/// What is told of tools that ran at the provider, when they have run.
const WEB_SEARCH: [&str; 3] = [
    "response.web_search_call.in_progress",
    "response.web_search_call.searching",
    "response.web_search_call.completed",
];

const IMAGE: [&str; 3] = [
    "response.image_generation_call.in_progress",
    "response.image_generation_call.generating",
    "response.image_generation_call.completed",
];

/// What is told of a block that is whole: events with what belongs to them beside the item.
/// `summary`: the block's thought was begun; `name`: the tool's, as the client knows it.
pub fn ending(
    shape: Shape,
    summary: bool,
    block: &Block,
    name: &str,
) -> Vec<(&'static str, Value)> {
    let of_part = |part: &Value| json!({"content_index": 0, "part": part});
    let whole = |names: [&'static str; 3]| names.map(|it| (it, json!({}))).to_vec();
    match shape {
        Shape::Message if block.kind == Kind::Refusal => vec![
            (
                "response.refusal.done",
                json!({"content_index": 0, "refusal": block.text}),
            ),
            ("response.content_part.done", of_part(&part(block))),
        ],
        Shape::Message => {
            let part = part(block);
            let text = part.get("text").cloned();
            let mut events = Vec::new();
            if block.kind == Kind::Image {
                let delta = json!({"content_index": 0, "delta": text, "logprobs": []});
                events.push((
                    "response.content_part.added",
                    of_part(&self::part(&Block::default())),
                ));
                events.push(("response.output_text.delta", delta));
            }
            let done = json!({"content_index": 0, "logprobs": [], "text": text});
            events.push(("response.output_text.done", done));
            events.push(("response.content_part.done", of_part(&part)));
            events
        }
        Shape::Reasoning if summary => {
            let part = json!({"type": "summary_text", "text": block.text});
            let done = json!({"summary_index": 0, "text": block.text});
            vec![
                ("response.reasoning_summary_text.done", done),
                (
                    "response.reasoning_summary_part.done",
                    json!({"summary_index": 0, "part": part}),
                ),
            ]
        }
        Shape::Function => {
            let done = json!({"arguments": block.text, "name": name});
            vec![("response.function_call_arguments.done", done)]
        }
        Shape::Custom => {
            let input = free_text(&block.text);
            vec![
                (
                    "response.custom_tool_call_input.delta",
                    json!({ "delta": input }),
                ),
                (
                    "response.custom_tool_call_input.done",
                    json!({ "input": input }),
                ),
            ]
        }
        Shape::WebSearch => whole(WEB_SEARCH),
        Shape::Image => whole(IMAGE),
        Shape::Reasoning | Shape::LocalShell => Vec::new(),
    }
}
