//! Token counts and reasons to finish in OpenAI's form.

use sluice_sdk::serde_json::{Value, json};

/// Converse's input excludes what the cache held; OpenAI's includes it.
pub fn canonical(answer: &Value) -> Option<Value> {
    let counted = answer.get("usage").filter(|it| it.is_object())?;
    let count = |name: &str| counted.get(name).and_then(Value::as_u64).unwrap_or(0);
    let (fresh, output) = (count("inputTokens"), count("outputTokens"));
    let (read, written) = (
        count("cacheReadInputTokens"),
        count("cacheWriteInputTokens"),
    );
    let input = fresh.saturating_add(read).saturating_add(written);
    let mut usage = json!({
        "prompt_tokens": input, "completion_tokens": output,
        "total_tokens": input.saturating_add(output),
        "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": written,
            "cache_creation_tokens": written, "text_tokens": fresh},
        "cache_read_input_tokens": read, "cache_creation_input_tokens": written
    });
    let details = counted.get("cacheDetails").and_then(Value::as_array);
    for detail in details.into_iter().flatten() {
        let ttl = detail.get("ttl").and_then(Value::as_str);
        if let (Some(ttl), Some(tokens)) = (ttl, detail.get("inputTokens")) {
            usage["prompt_tokens_details"]["cache_creation_token_details"]
                [format!("ephemeral_{ttl}_input_tokens")] = tokens.clone();
        }
    }
    if let Some(thought) = thought(answer) {
        usage["completion_tokens_details"] = json!({"reasoning_tokens": thought,
            "text_tokens": output.saturating_sub(thought)});
    }
    Some(usage)
}

/// Tokens of thinking, which Claude tells where they are asked for.
pub fn thought(answer: &Value) -> Option<u64> {
    let fields = answer.get("additionalModelResponseFields")?;
    let details = fields.pointer("/usage/output_tokens_details/thinking_tokens");
    details.and_then(Value::as_u64)
}

/// OpenAI's finish reason.
pub fn finish_reason(stop_reason: &str) -> &'static str {
    match stop_reason {
        "max_tokens" | "model_context_window_exceeded" => "length",
        "tool_use" => "tool_calls",
        "guardrail_intervened" | "content_filtered" | "refusal" => "content_filter",
        _ => "stop",
    }
}
