//! Token counts in OpenAI's form.

use sluice_sdk::serde_json::{Map, Value, json};

const COUNTS: [&str; 4] = [
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
];

/// Anthropic's input excludes what the cache held; OpenAI's includes it. Anthropic's own members
/// are kept beside.
pub fn canonical(usage: &Value) -> Value {
    let count = |name: &str| usage.get(name).and_then(Value::as_u64).unwrap_or(0);
    let (read, written) = (
        count("cache_read_input_tokens"),
        count("cache_creation_input_tokens"),
    );
    let input = count("input_tokens") + read + written;
    let output = count("output_tokens");
    let mut prompt = Map::new();
    prompt.insert("cached_tokens".into(), read.into());
    prompt.insert("cache_write_tokens".into(), written.into());
    prompt.insert("cache_creation_tokens".into(), written.into());
    prompt.insert("text_tokens".into(), count("input_tokens").into());
    if let Some(lifetimes) = usage.get("cache_creation").filter(|it| it.is_object()) {
        prompt.insert("cache_creation_token_details".into(), lifetimes.clone());
    }
    if let Some(searches) = usage
        .pointer("/server_tool_use/web_search_requests")
        .filter(|it| it.as_u64() > Some(0))
    {
        prompt.insert("web_search_requests".into(), searches.clone());
    }
    let mut result = json!({
        "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
        "prompt_tokens_details": prompt,
        "cache_read_input_tokens": read, "cache_creation_input_tokens": written
    });
    let thinking = usage.pointer("/output_tokens_details/thinking_tokens");
    if let Some(thinking) = thinking.and_then(Value::as_u64) {
        result["completion_tokens_details"] =
            json!({"reasoning_tokens": thinking, "text_tokens": output.saturating_sub(thinking)});
    }
    for name in [
        "server_tool_use",
        "service_tier",
        "inference_geo",
        "speed",
        "iterations",
    ] {
        if let Some(value) = usage.get(name).filter(|it| !it.is_null()) {
            result[name] = value.clone();
        }
    }
    result
}

/// The counts of one answer. What compaction and advisors used stands in `iterations` only, so
/// where those are given they are the sum.
pub fn totals(usage: &Value) -> Value {
    let mut totals = usage.clone();
    let iterations = usage.get("iterations").and_then(Value::as_array);
    for name in COUNTS {
        let each = iterations.into_iter().flatten();
        let mut each = each.filter_map(|it| it.get(name)?.as_u64()).peekable();
        if each.peek().is_some() {
            totals[name] = each.sum::<u64>().into();
        }
    }
    totals
}

/// The counts of `known` with those that `more` repeats or adds.
pub fn merge(known: &mut Map<String, Value>, more: &Value) {
    for (name, value) in more.as_object().into_iter().flatten() {
        if !value.is_null() {
            known.insert(name.clone(), value.clone());
        }
    }
}

/// The counts of two requests that make one answer.
pub fn sum(first: &Value, second: &Value) -> Value {
    match (first, second) {
        (Value::Number(a), Value::Number(b)) => {
            (a.as_u64().unwrap_or(0) + b.as_u64().unwrap_or(0)).into()
        }
        (Value::Array(a), Value::Array(b)) => a.iter().chain(b).cloned().collect(),
        (Value::Object(a), Value::Object(b)) => {
            let mut result = a.clone();
            for (name, value) in b {
                let both = a
                    .get(name)
                    .map_or_else(|| value.clone(), |first| sum(first, value));
                result.insert(name.clone(), both);
            }
            result.into()
        }
        (_, Value::Null) => first.clone(),
        _ => second.clone(),
    }
}

/// OpenAI's finish reason.
pub fn finish_reason(stop_reason: &str) -> &'static str {
    match stop_reason {
        "max_tokens" | "model_context_window_exceeded" | "pause_turn" | "compaction" => "length",
        "tool_use" => "tool_calls",
        "refusal" => "content_filter",
        _ => "stop",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_compaction_used_is_counted() {
        let usage = json!({"input_tokens": 0, "output_tokens": 0, "iterations": [
            {"type": "compaction", "input_tokens": 83555, "output_tokens": 139, "cache_read_input_tokens": 7},
            {"type": "message", "input_tokens": 10, "output_tokens": 1}]});
        let got = canonical(&totals(&usage));
        assert_eq!(
            (&got["prompt_tokens"], &got["completion_tokens"]),
            (&json!(83572), &json!(140))
        );
    }

    #[test]
    fn two_turns_are_added_up() {
        let turn = json!({"input_tokens": 3, "service_tier": "standard", "cache_creation": {"ephemeral_5m_input_tokens": 2}, "iterations": [1]});
        let want = json!({"input_tokens": 6, "service_tier": "standard", "cache_creation": {"ephemeral_5m_input_tokens": 4}, "iterations": [1, 1]});
        assert_eq!(sum(&turn, &turn), want);
        assert_eq!(sum(&Value::Null, &turn), turn);
    }
}
