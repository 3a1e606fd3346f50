//! A whole answer as a Messages answer.

use serde_json::{Value, json};

use crate::block::{Block, Kind};
use crate::carrier;
use crate::failure::Failure;
use crate::object::{Object, set};
use crate::plan::{Identity, Plan};
use crate::reader::{Finish, Reader};

/// Anthropic's own words for why an answer ended.
const STOP_REASONS: [&str; 9] = [
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
    "compaction",
    "compaction_needed",
];

pub fn answer(plan: &Plan, identity: &Identity, answer: &Value) -> Result<Value, Failure> {
    let mut reader = Reader::default();
    let blocks = reader.whole(answer)?;
    let cut = reader.is_cut();
    let mut content = Vec::new();
    let mut refusal = String::new();
    for block in &blocks {
        if block.kind == Kind::Refusal {
            refusal.push_str(&block.text);
        }
        content.extend(written(block, plan, cut)?);
    }
    if !refusal.is_empty() && reader.finish.reason != "content_filter" {
        content.push(json!({"type": "text", "text": refusal}));
    }
    let mut message = shell(identity);
    message["content"] = content.into();
    let (end, rest) = ending(&reader.finish, reader.has_calls(), &refusal);
    for (name, value) in end.into_iter().chain(rest) {
        set(&mut message, &name, value);
    }
    message["usage"] = reader.usage.unwrap_or_default().anthropic();
    Ok(message)
}

/// A message without content.
pub fn shell(identity: &Identity) -> Value {
    json!({"id": format!("msg_{}", identity.id), "type": "message", "role": "assistant",
        "model": identity.model, "content": [], "stop_reason": null, "stop_sequence": null})
}

/// A closed block as content blocks: a signature that has no place in one stands before it.
fn written(block: &Block, plan: &Plan, cut: bool) -> Result<Vec<Value>, Failure> {
    Ok(match block.kind {
        Kind::Refusal | Kind::Audio => Vec::new(),
        Kind::Call => {
            let mut call = opening(block, plan);
            call["input"] = block.arguments(cut)?;
            signed(block).into_iter().chain([call]).collect()
        }
        Kind::Text => {
            let mut text = json!({"type": "text", "text": block.text});
            let cited = citations(block);
            if !cited.is_empty() {
                set(&mut text, "citations", cited);
            }
            vec![text]
        }
        Kind::Thinking => {
            let signature = block.signature.clone().unwrap_or_else(|| "".into());
            vec![json!({"type": "thinking", "thinking": block.text, "signature": signature})]
        }
        _ => vec![opening(block, plan)],
    })
}

/// The block as it begins.
pub fn opening(block: &Block, plan: &Plan) -> Value {
    match block.kind {
        Kind::Text | Kind::Refusal | Kind::Audio => json!({"type": "text", "text": ""}),
        Kind::Thinking => json!({"type": "thinking", "thinking": "", "signature": ""}),
        Kind::Redacted | Kind::Server => block.value.clone(),
        Kind::Part => carried(&json!({"parts": [block.value]})),
        Kind::Seal => carried(&json!({"thought_signatures": block.value})),
        Kind::Image => {
            let url = block.value.as_str().unwrap_or_default();
            json!({"type": "text", "text": format!("![image]({url})")})
        }
        Kind::Call => {
            let mut call = json!({"type": "tool_use", "id": block.id,
                "name": plan.names.own(&block.name), "input": {}});
            if let Some(caller) = &block.caller {
                set(&mut call, "caller", caller.clone());
            }
            call
        }
    }
}

/// A block that carries what Anthropic's form has no place for.
fn carried(members: &Value) -> Value {
    json!({"type": "redacted_thinking", "data": carrier::write(members)})
}

/// The block that stands before a call with another provider's signature.
pub fn signed(block: &Block) -> Option<Value> {
    let signature = block
        .signature
        .as_ref()
        .filter(|_| block.kind == Kind::Call)?;
    Some(json!({"type": "redacted_thinking", "data": carrier::of_call(&block.id, signature)}))
}

/// Citations of the text; web pages that OpenAI's annotations name, where there are no others.
fn citations(block: &Block) -> Vec<Value> {
    if !block.citations.is_empty() {
        return block.citations.clone();
    }
    let cited = block.annotations.iter();
    cited
        .filter_map(|it| of_annotation(it, &block.text))
        .collect()
}

/// A web page that a text rests on.
pub fn of_annotation(annotation: &Value, text: &str) -> Option<Value> {
    let page = annotation.get("url_citation")?;
    let place = |name: &str| {
        let place = page.get(name).and_then(Value::as_u64)?;
        usize::try_from(place).ok()
    };
    let cited: String = match (place("start_index"), place("end_index")) {
        (Some(from), Some(to)) => text
            .chars()
            .skip(from)
            .take(to.saturating_sub(from))
            .collect(),
        _ => String::new(),
    };
    Some(
        json!({"type": "web_search_result_location", "url": page.get("url"),
        "title": page.get("title"), "cited_text": cited, "encrypted_index": ""}),
    )
}

/// `stop_reason` with what belongs to it, and members that stand beside.
pub fn ending(finish: &Finish, has_calls: bool, refusal: &str) -> (Object, Object) {
    let native = STOP_REASONS.iter().find(|it| **it == finish.native);
    let sequence = finish
        .fields
        .get("stop_sequence")
        .filter(|it| it.is_string());
    let reason = match finish.reason.as_str() {
        _ if native.is_some() => native.copied().unwrap_or_default(),
        "length" => "max_tokens",
        "content_filter" => "refusal",
        _ if has_calls => "tool_use",
        _ if sequence.is_some() => "stop_sequence",
        _ if !refusal.is_empty() => "refusal",
        _ => "end_turn",
    };
    let mut end = Object::new();
    end.insert("stop_reason".into(), reason.into());
    end.insert(
        "stop_sequence".into(),
        sequence.cloned().unwrap_or_default(),
    );
    if let Some(details) = finish.fields.get("stop_details") {
        end.insert("stop_details".into(), details.clone());
    } else if reason == "refusal" {
        let why = Some(refusal).filter(|it| !it.is_empty());
        let details = json!({"type": "refusal", "category": null, "explanation": why});
        end.insert("stop_details".into(), details);
    }
    if let Some(container) = finish.fields.get("container") {
        end.insert("container".into(), container.clone());
    }
    let mut rest = Object::new();
    if let Some(edits) = finish.fields.get("context_management") {
        rest.insert("context_management".into(), edits.clone());
    }
    (end, rest)
}
