//! What a candidate rests on: metadata under the names that LiteLLM's clients know, and web pages
//! as OpenAI's annotations.

use sluice_sdk::serde_json::{Map, Value, json};

/// Google's members of a candidate, and LiteLLM's of a whole answer: lists with one entry for
/// each candidate that has it.
const METADATA: [(&str, &str); 4] = [
    ("groundingMetadata", "vertex_ai_grounding_metadata"),
    ("urlContextMetadata", "vertex_ai_url_context_metadata"),
    ("safetyRatings", "vertex_ai_safety_results"),
    ("citationMetadata", "vertex_ai_citation_metadata"),
];

/// Adds a candidate's metadata to an answer or a chunk.
pub fn add(answer: &mut Map<String, Value>, candidate: &Value) {
    for (from, to) in METADATA {
        let value = candidate.get(from).filter(|it| !is_empty(it));
        if let Some(value) = value {
            let list = answer.entry(to).or_insert_with(|| json!([]));
            if let Some(list) = list.as_array_mut() {
                list.push(value.clone());
            }
        }
    }
}

fn is_empty(value: &Value) -> bool {
    let list = value.as_array().is_some_and(Vec::is_empty);
    list || value.as_object().is_some_and(Map::is_empty)
}

/// The web pages that pieces of `text` rest on. Google counts in bytes, OpenAI in characters.
pub fn annotations(candidate: &Value, text: &str) -> Vec<Value> {
    let list = |name: &str| {
        let list = candidate.pointer(name).and_then(Value::as_array);
        list.map(Vec::as_slice).unwrap_or_default()
    };
    let chunks = list("/groundingMetadata/groundingChunks");
    let mut found = Vec::new();
    for support in list("/groundingMetadata/groundingSupports") {
        let place = |name: &str| {
            let bytes = support.pointer(name).and_then(Value::as_u64).unwrap_or(0);
            let head = text.get(..usize::try_from(bytes).unwrap_or(usize::MAX));
            head.unwrap_or(text).chars().count()
        };
        let (from, to) = (place("/segment/startIndex"), place("/segment/endIndex"));
        let indexes = support
            .get("groundingChunkIndices")
            .and_then(Value::as_array);
        for index in indexes.into_iter().flatten().filter_map(Value::as_u64) {
            let chunk = usize::try_from(index).ok().and_then(|it| chunks.get(it));
            let Some(page) = chunk.and_then(|it| it.get("web")) else {
                continue;
            };
            let text = |name: &str| page.get(name).and_then(Value::as_str).unwrap_or_default();
            found.push(json!({"type": "url_citation", "url_citation": {
                "start_index": from, "end_index": to, "url": text("uri"), "title": text("title")}}));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_characters() {
        let candidate = json!({"groundingMetadata": {
            "groundingChunks": [{"web": {"uri": "https://e.test", "title": "E"}}, {"retrievedContext": {}}],
            "groundingSupports": [{"segment": {"startIndex": 4, "endIndex": 9}, "groundingChunkIndices": [0, 1, 9]}]}});
        let want = json!([{"type": "url_citation", "url_citation": {
            "start_index": 3, "end_index": 6, "url": "https://e.test", "title": "E"}}]);
        assert_eq!(json!(annotations(&candidate, "hé étés")), want);
    }
}
