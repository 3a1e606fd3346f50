//! Token counts in OpenAI's form.

use sluice_sdk::serde_json::{Map, Value, json};

/// Google counts thoughts beside the candidates, OpenAI within the completion.
pub fn canonical(counted: &Value) -> Value {
    let count = |name: &str| counted.get(name).and_then(Value::as_u64).unwrap_or(0);
    let (prompt, tools) = (count("promptTokenCount"), count("toolUsePromptTokenCount"));
    let (answer, thoughts, total) = (
        count("candidatesTokenCount"),
        count("thoughtsTokenCount"),
        count("totalTokenCount"),
    );
    // Some models count the thoughts into the candidates already.
    let within = thoughts > 0 && prompt + tools + answer == total;
    let completion = if within { answer } else { answer + thoughts };
    let input = prompt + tools;
    let cached = count("cachedContentTokenCount");
    let mut prompt_details = Map::new();
    prompt_details.insert("cached_tokens".into(), cached.into());
    prompt_details.extend(modalities(counted.get("promptTokensDetails")));
    let cached_details = modalities(counted.get("cacheTokensDetails"));
    if !cached_details.is_empty() {
        prompt_details.insert("cached_tokens_details".into(), cached_details.into());
    }
    if tools > 0 {
        prompt_details.insert("tool_use_tokens".into(), tools.into());
    }
    let mut details = Map::new();
    details.insert("reasoning_tokens".into(), thoughts.into());
    details.extend(modalities(counted.get("candidatesTokensDetails")));
    let mut usage = json!({"prompt_tokens": input, "completion_tokens": completion,
        "total_tokens": input + completion,
        "prompt_tokens_details": prompt_details, "completion_tokens_details": details});
    if cached > 0 {
        usage["cache_read_input_tokens"] = cached.into();
    }
    for (from, to) in [
        ("serviceTier", "service_tier"),
        ("trafficType", "traffic_type"),
    ] {
        if let Some(value) = counted.get(from) {
            usage[to] = value.clone();
        }
    }
    usage
}

/// `[{"modality": "TEXT", "tokenCount": 5}]` as `{"text_tokens": 5}`.
fn modalities(list: Option<&Value>) -> Map<String, Value> {
    let entries = list.and_then(Value::as_array).into_iter().flatten();
    let entry = |entry: &Value| {
        let kind = entry.get("modality")?.as_str()?.to_ascii_lowercase();
        Some((format!("{kind}_tokens"), entry.get("tokenCount")?.clone()))
    };
    entries.filter_map(entry).collect()
}
