//! Where the answer's words come from: OpenAI's annotations, and Cohere's own form beside them.

use sluice_sdk::serde_json::{Value, json};

/// The annotations of one citation, one for each source. Plans and thoughts are not the answer's
/// text, so places in them are not told.
pub fn annotations(citation: &Value) -> Vec<Value> {
    let kind = citation.get("type").and_then(Value::as_str);
    if !matches!(kind, None | Some("TEXT_CONTENT")) {
        return Vec::new();
    }
    let sources = citation.get("sources").and_then(Value::as_array);
    let annotation = |source: &Value| {
        let document = source.get("document").or_else(|| source.get("tool_output"));
        let said = |name: &str| document.and_then(|it| it.get(name)?.as_str());
        let id = source.get("id").and_then(Value::as_str).unwrap_or_default();
        let url = said("url").map_or_else(|| format!("source:{id}"), str::to_owned);
        json!({"type": "url_citation", "url_citation": {
            "start_index": citation.get("start"), "end_index": citation.get("end"),
            "title": said("title").unwrap_or(id), "url": url}})
    };
    sources.into_iter().flatten().map(annotation).collect()
}
