//! A whole answer as a `generateContent` answer.

use serde_json::{Value, json};

use crate::block::{Block, Kind};
use crate::carrier;
use crate::failure::Failure;
use crate::object::{Object, items, set};
use crate::plan::{Identity, Plan};
use crate::reader::{Finish, METADATA, Reader};

/// Google's own words for why a candidate ended, besides those of images.
const REASONS: [&str; 19] = [
    "BLOCKLIST",
    "CONTINUATION",
    "ESCALATION",
    "FINISH_REASON_UNSPECIFIED",
    "LANGUAGE",
    "MALFORMED_FUNCTION_CALL",
    "MALFORMED_RESPONSE",
    "MAX_TOKENS",
    "MISSING_THOUGHT_SIGNATURE",
    "MODEL_ARMOR",
    "NO_IMAGE",
    "OTHER",
    "PROHIBITED_CONTENT",
    "PUP_LIMITED_DISABLED",
    "RECITATION",
    "SAFETY",
    "SPII",
    "TOO_MANY_TOOL_CALLS",
    "UNEXPECTED_TOOL_CALL",
];

fn is_googles(reason: &str) -> bool {
    REASONS.contains(&reason) || reason.starts_with("IMAGE_")
}

pub fn answer(plan: &Plan, identity: &Identity, answer: &Value) -> Result<Value, Failure> {
    let choices = items(answer.get("choices"));
    let mut candidates = Vec::new();
    let mut usage = None;
    for at in 0..choices.len().max(1) as u64 {
        let mut reader = Reader::of(at);
        let blocks = reader.whole(answer)?;
        usage = reader.usage.take().or(usage);
        let mut parts = Vec::new();
        let mut hidden = Object::new();
        let mut text = String::new();
        for block in &blocks {
            if block.kind == Kind::Text {
                text.push_str(&block.text);
            }
            parts.extend(part(block, plan, reader.is_cut(), &mut hidden)?);
        }
        parts.extend(last(&mut hidden, parts.is_empty()));
        let annotations: Vec<Value> = blocks
            .iter()
            .flat_map(|it| it.annotations.clone())
            .collect();
        let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": at});
        end(&mut candidate, &reader.finish, &annotations, &text);
        candidates.push(candidate);
    }
    let mut out = shell(identity);
    set(&mut out, "candidates", candidates);
    set(
        &mut out,
        "usageMetadata",
        usage.unwrap_or_default().google(),
    );
    Ok(out)
}

/// An answer without candidates.
pub fn shell(identity: &Identity) -> Value {
    json!({"modelVersion": identity.model, "responseId": identity.id})
}

/// A closed block as a part. `hidden` gathers what Google's form has no place for: it goes with the
/// signature of the next call, or of the last part.
pub fn part(
    block: &Block,
    plan: &Plan,
    cut: bool,
    hidden: &mut Object,
) -> Result<Option<Value>, Failure> {
    Ok(match block.kind {
        Kind::Text | Kind::Refusal => Some(json!({"text": block.text})),
        Kind::Thinking => {
            if let Some(signature) = &block.signature {
                let whole =
                    json!({"type": "thinking", "thinking": block.text, "signature": signature});
                carrier::extend(hidden, "thinking_blocks", vec![whole]);
            }
            let shown = plan.thoughts && !block.text.is_empty();
            shown.then(|| json!({"text": block.text, "thought": true}))
        }
        Kind::Redacted => {
            carrier::extend(hidden, "thinking_blocks", vec![block.value.clone()]);
            None
        }
        Kind::Server => {
            carrier::extend(hidden, "server_blocks", vec![block.value.clone()]);
            None
        }
        Kind::Part => Some(block.value.clone()),
        Kind::Image => block.value.as_str().map(image),
        Kind::Audio => {
            let member = |name: &str| block.value.get(name).and_then(Value::as_str);
            let format = member("format").unwrap_or("audio/wav");
            let kind = if format.contains('/') {
                format.to_owned()
            } else {
                format!("audio/{format}")
            };
            member("data").map(|data| json!({"inlineData": {"mimeType": kind, "data": data}}))
        }
        Kind::Call => Some(call(block, plan, cut, hidden)?),
        Kind::Seal => {
            // Google gives one: the last.
            let signature = items(Some(&block.value)).last();
            signature.map(|it| json!({"text": "", "thoughtSignature": it}))
        }
    })
}

fn call(block: &Block, plan: &Plan, cut: bool, hidden: &mut Object) -> Result<Value, Failure> {
    let call =
        json!({"name": plan.names.own(&block.name), "args": block.arguments(cut)?, "id": block.id});
    let mut part = json!({ "functionCall": call });
    if let Some(signature) = &block.signature {
        set(&mut part, "thoughtSignature", signature.clone());
    } else if !hidden.is_empty() {
        set(
            &mut part,
            "thoughtSignature",
            carrier::write(&std::mem::take(hidden).into()),
        );
    }
    Ok(part)
}

/// The part that carries what no call did, and one for an answer that says nothing.
pub fn last(hidden: &mut Object, empty: bool) -> Option<Value> {
    if hidden.is_empty() {
        return empty.then(|| json!({"text": ""}));
    }
    let members = std::mem::take(hidden);
    Some(json!({"text": "", "thoughtSignature": carrier::write(&members.into())}))
}

fn image(url: &str) -> Value {
    let inline = url
        .strip_prefix("data:")
        .and_then(|it| it.split_once(";base64,"));
    match inline {
        Some((kind, data)) => json!({"inlineData": {"mimeType": kind, "data": data}}),
        None => json!({"fileData": {"fileUri": url}}),
    }
}

/// Why a candidate ended, and what it rests on.
pub fn end(candidate: &mut Value, finish: &Finish, annotations: &[Value], text: &str) {
    let reason = match finish.reason.as_str() {
        // Others have words in capitals, too.
        _ if is_googles(&finish.native) => finish.native.as_str(),
        "length" => "MAX_TOKENS",
        "content_filter" => "SAFETY",
        _ => "STOP",
    };
    set(candidate, "finishReason", reason);
    for (own, ours) in METADATA {
        if let Some(value) = finish.metadata.get(ours) {
            set(candidate, own, value.clone());
        }
    }
    if candidate.get("groundingMetadata").is_none()
        && let Some(grounding) = grounding(annotations, text)
    {
        set(candidate, "groundingMetadata", grounding);
    }
    if !finish.logprobs.is_empty() {
        set(candidate, "logprobsResult", logprobs(&finish.logprobs));
    }
}

/// Web pages that a text rests on. OpenAI counts in characters, Google in bytes.
fn grounding(annotations: &[Value], text: &str) -> Option<Value> {
    let (mut chunks, mut supports) = (Vec::new(), Vec::new());
    for page in annotations.iter().filter_map(|it| it.get("url_citation")) {
        let bytes = |name: &str| {
            let place = page.get(name).and_then(Value::as_u64).unwrap_or(0);
            let place = usize::try_from(place).unwrap_or(usize::MAX);
            text.char_indices()
                .nth(place)
                .map_or(text.len(), |(at, _)| at)
        };
        let (from, to) = (bytes("start_index"), bytes("end_index"));
        let said = text.get(from..to.max(from)).unwrap_or_default();
        supports.push(
            json!({"segment": {"startIndex": from, "endIndex": to, "text": said},
            "groundingChunkIndices": [chunks.len()]}),
        );
        chunks.push(json!({"web": {"uri": page.get("url"), "title": page.get("title")}}));
    }
    (!chunks.is_empty()).then(|| json!({"groundingChunks": chunks, "groundingSupports": supports}))
}

fn logprobs(content: &[Value]) -> Value {
    let entry = |it: &Value| json!({"token": it.get("token"), "logProbability": it.get("logprob")});
    let chosen: Vec<Value> = content.iter().map(entry).collect();
    let top = content.iter().map(|it| {
        let each: Vec<Value> = items(it.get("top_logprobs")).iter().map(entry).collect();
        json!({ "candidates": each })
    });
    json!({"chosenCandidates": chosen, "topCandidates": top.collect::<Vec<_>>()})
}
