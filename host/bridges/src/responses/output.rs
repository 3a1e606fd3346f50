//! Blocks as output items, and the response around them.

use serde_json::{Value, json};

use super::{items::sealed, shell};
use crate::block::{Block, Kind};
use crate::failure::Failure;
use crate::object::{Object, set, text};
use crate::plan::{Disguise, Identity, Plan};
use crate::reader::Finish;
use crate::usage::Usage;

/// What a block is to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Message,
    Reasoning,
    Function,
    Custom,
    LocalShell,
    WebSearch,
    Image,
}

impl Shape {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Message => "msg",
            Self::Reasoning => "rs",
            Self::Function => "fc",
            Self::Custom => "ctc",
            Self::LocalShell => "lsh",
            Self::WebSearch => "ws",
            Self::Image => "ig",
        }
    }
}

/// The shapes of the items that a block becomes; all but the last are whole when it begins.
pub fn shapes(block: &Block, plan: &Plan) -> Vec<Shape> {
    let before = Some(Shape::Reasoning);
    match block.kind {
        Kind::Text | Kind::Refusal => vec![Shape::Message],
        Kind::Thinking | Kind::Redacted | Kind::Part | Kind::Seal => vec![Shape::Reasoning],
        Kind::Server => {
            let search = text(&block.value, "name") == "web_search";
            before
                .into_iter()
                .chain(search.then_some(Shape::WebSearch))
                .collect()
        }
        Kind::Image if inline(block).is_some() => vec![Shape::Image],
        Kind::Image => vec![Shape::Message],
        Kind::Audio => Vec::new(),
        Kind::Call => {
            let own = match plan.disguises.get(&block.name) {
                Some(Disguise::Custom) => Shape::Custom,
                Some(Disguise::LocalShell) => Shape::LocalShell,
                None => Shape::Function,
            };
            let signed = before.filter(|_| block.signature.is_some());
            signed.into_iter().chain([own]).collect()
        }
    }
}

/// An item's id.
pub fn id(shape: Shape, identity: &Identity, index: u64) -> String {
    format!("{}_{}_{index}", shape.prefix(), identity.id)
}

/// An item as it begins.
pub fn opening(shape: Shape, id: &str, block: &Block, plan: &Plan) -> Value {
    match shape {
        Shape::Message => {
            json!({"id": id, "type": "message", "status": "in_progress", "content": [], "role": "assistant"})
        }
        Shape::Reasoning => json!({"id": id, "type": "reasoning", "summary": []}),
        Shape::Function => {
            let mut item = json!({"id": id, "type": "function_call", "status": "in_progress", "arguments": "",
                "call_id": block.id});
            named(&mut item, block, plan);
            item
        }
        Shape::Custom => json!({"id": id, "type": "custom_tool_call", "status": "in_progress",
            "call_id": block.id, "input": "", "name": plan.names.own(&block.name)}),
        Shape::LocalShell => json!({"id": id, "type": "local_shell_call", "status": "in_progress",
            "call_id": block.id, "action": shell::action(&Value::Null)}),
        Shape::WebSearch => json!({"id": id, "type": "web_search_call", "status": "in_progress"}),
        Shape::Image => {
            json!({"id": id, "type": "image_generation_call", "status": "in_progress", "result": null})
        }
    }
}

fn named(item: &mut Value, block: &Block, plan: &Plan) {
    match plan.namespaces.get(&block.name) {
        Some((namespace, name)) => {
            set(item, "name", name.as_str());
            set(item, "namespace", namespace.as_str());
        }
        None => set(item, "name", plan.names.own(&block.name)),
    }
}

/// An item as it ends. `cut`: the answer was cut off in it.
pub fn closing(
    shape: Shape,
    id: &str,
    block: &Block,
    plan: &Plan,
    cut: bool,
) -> Result<Value, Failure> {
    let mut item = opening(shape, id, block, plan);
    match shape {
        Shape::Message => set(&mut item, "content", vec![part(block)]),
        Shape::Reasoning => {
            if block.kind == Kind::Thinking && !block.text.is_empty() {
                set(
                    &mut item,
                    "summary",
                    json!([{"type": "summary_text", "text": block.text}]),
                );
            }
            if let Some(members) = hidden(block) {
                set(&mut item, "encrypted_content", sealed(&members));
            }
            return Ok(item);
        }
        Shape::Function => set(&mut item, "arguments", block.text.as_str()),
        Shape::Custom => set(&mut item, "input", free_text(&block.text)),
        Shape::LocalShell => set(&mut item, "action", shell::action(&block.arguments(cut)?)),
        Shape::WebSearch => {
            let query = block
                .value
                .pointer("/input/query")
                .cloned()
                .unwrap_or_default();
            set(
                &mut item,
                "action",
                json!({"type": "search", "query": query}),
            );
        }
        Shape::Image => set(&mut item, "result", inline(block).unwrap_or_default()),
    }
    set(
        &mut item,
        "status",
        if cut { "incomplete" } else { "completed" },
    );
    Ok(item)
}

/// What a block says that an item has no place for.
fn hidden(block: &Block) -> Option<Value> {
    Some(match block.kind {
        Kind::Thinking => {
            let signature = block.signature.as_ref()?;
            json!({"thinking_blocks": [{"type": "thinking", "thinking": block.text, "signature": signature}]})
        }
        Kind::Redacted => json!({"thinking_blocks": [block.value]}),
        Kind::Server => json!({"server_blocks": [block.value]}),
        Kind::Part => json!({"parts": [block.value]}),
        Kind::Seal => json!({"thought_signatures": block.value}),
        Kind::Call => json!({"calls": {block.id.as_str(): block.signature.as_ref()?}}),
        _ => return None,
    })
}

/// The text of a free-text tool's call, by the arguments of the function that stands in for it.
pub fn free_text(arguments: &str) -> String {
    let read: Option<Value> = serde_json::from_str(arguments).ok();
    let input = read.as_ref().and_then(|it| it.get("input")?.as_str());
    input.unwrap_or(arguments).to_owned()
}

/// The content part of a text.
pub fn part(block: &Block) -> Value {
    match block.kind {
        Kind::Refusal => json!({"type": "refusal", "refusal": block.text}),
        Kind::Image => {
            let url = block.value.as_str().unwrap_or_default();
            json!({"type": "output_text", "annotations": [], "logprobs": [], "text": format!("![image]({url})")})
        }
        _ => {
            let annotations: Vec<Value> = block.annotations.iter().map(annotation).collect();
            json!({"type": "output_text", "annotations": annotations, "logprobs": [], "text": block.text})
        }
    }
}

/// An annotation without the member that holds it in chat.
pub fn annotation(annotation: &Value) -> Value {
    let kind = text(annotation, "type");
    let mut flat = json!({ "type": kind });
    let inner = annotation.get(kind).and_then(Value::as_object);
    for (name, value) in inner.into_iter().flatten() {
        set(&mut flat, name, value.clone());
    }
    if inner.is_none() {
        annotation.clone()
    } else {
        flat
    }
}

fn inline(block: &Block) -> Option<&str> {
    let (_, data) = block
        .value
        .as_str()?
        .strip_prefix("data:")?
        .split_once(";base64,")?;
    Some(data)
}

/// The response with these items.
pub fn response(plan: &Plan, identity: &Identity, status: &str, output: Vec<Value>) -> Value {
    let mut members = Object::new();
    members.insert("id".into(), format!("resp_{}", identity.id).into());
    members.insert("object".into(), "response".into());
    members.insert("created_at".into(), identity.created.into());
    members.insert("status".into(), status.into());
    members.insert("error".into(), Value::Null);
    members.insert("incomplete_details".into(), Value::Null);
    members.insert("model".into(), identity.model.as_str().into());
    members.insert("output".into(), output.into());
    members.extend(plan.echo.clone());
    members.insert("usage".into(), Value::Null);
    members.into()
}

/// How a response ended, and whether it was cut off.
pub fn ended(response: &mut Value, finish: &Finish, usage: &Usage) -> &'static str {
    let why = match finish.reason.as_str() {
        "length" => Some("max_output_tokens"),
        "content_filter" => Some("content_filter"),
        _ => None,
    };
    if let Some(why) = why {
        set(response, "incomplete_details", json!({ "reason": why }));
    }
    let status = if why.is_some() {
        "incomplete"
    } else {
        "completed"
    };
    set(response, "status", status);
    set(response, "usage", usage.responses());
    status
}
