//! Content blocks of an answer, as members of OpenAI's message. Streams gather their blocks' pieces
//! and read what has no pieces of its own here too.

use sluice_sdk::serde_json::{Value, json};

/// A block of thinking: the text that is shown, and the block a client sends back.
pub fn thinking(reasoning: &Value) -> Option<(String, Value)> {
    let text = |pointer: &str| reasoning.pointer(pointer).and_then(Value::as_str);
    if let Some(data) = text("/redactedContent") {
        let block = json!({"type": "redacted_thinking", "data": data});
        return Some((String::new(), block));
    }
    let thought = text("/reasoningText/text").unwrap_or_default();
    let mut block = json!({"type": "thinking", "thinking": thought});
    if let Some(signature) = text("/reasoningText/signature") {
        block["signature"] = signature.into();
    }
    Some((thought.to_owned(), block)).filter(|_| reasoning.get("reasoningText").is_some())
}

/// A picture that the model made.
pub fn image(image: &Value) -> Option<Value> {
    let format = image.get("format")?.as_str()?;
    let data = image.pointer("/source/bytes")?.as_str()?;
    let url = format!("data:image/{format};base64,{data}");
    Some(json!({"type": "image_url", "image_url": {"url": url}}))
}

/// Whether a call is the provider's own, which no client can answer.
pub fn is_hosted(call: &Value) -> bool {
    call.get("type") == Some(&"server_tool_use".into())
}

/// An annotation for a citation that has an address.
pub fn annotation(citation: &Value, from: usize, to: usize) -> Option<Value> {
    let url = citation.pointer("/location/web/url")?.as_str()?;
    let title = citation.get("title").and_then(Value::as_str);
    let title = title.or_else(|| citation.pointer("/location/web/domain")?.as_str());
    Some(json!({"type": "url_citation", "url_citation": {
        "url": url, "title": title.unwrap_or_default(), "start_index": from, "end_index": to}}))
}
