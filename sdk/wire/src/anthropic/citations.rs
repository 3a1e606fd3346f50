//! What a text rests on.

use sluice_sdk::serde_json::{Value, json};

/// A citation of a web page as OpenAI's annotation of the characters `from..to`.
pub fn annotation(citation: &Value, from: usize, to: usize) -> Option<Value> {
    let is_web = citation.get("type") == Some(&"web_search_result_location".into());
    let url = citation.get("url").filter(|_| is_web)?;
    Some(json!({"type": "url_citation", "url_citation": {
        "start_index": from, "end_index": to, "url": url,
        "title": citation.get("title").and_then(Value::as_str).unwrap_or_default()}}))
}

/// A citation with the text that rests on it, as LiteLLM's clients know it.
pub fn supported(citation: &Value, text: &str) -> Value {
    let mut citation = citation.clone();
    if let Some(members) = citation.as_object_mut() {
        members.insert("supported_text".into(), text.into());
    }
    citation
}
