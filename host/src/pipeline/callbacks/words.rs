//! LiteLLM's words for what a record says.

use serde_json::{Map, Value, json};

use crate::domain::Usage;
use crate::prices::Cost;

/// What LiteLLM calls an operation in its records.
pub fn call_type(operation: &str) -> &str {
    match operation {
        "chat" => "acompletion",
        "completions" => "atext_completion",
        "embeddings" => "aembedding",
        "responses" => "aresponses",
        "responses.get" => "aget_responses",
        "responses.delete" => "adelete_responses",
        "responses.cancel" => "acancel_responses",
        "responses.input_items" => "alist_input_items",
        "messages" => "anthropic_messages",
        "generate-content" => "agenerate_content",
        "rerank" => "arerank",
        "moderations" => "amoderation",
        "images.generate" => "aimage_generation",
        "images.edit" => "aimage_edit",
        "images.vary" => "aimage_variation",
        "audio.speech" => "aspeech",
        "audio.transcribe" | "audio.translate" => "atranscription",
        "pass-through" => "pass_through_endpoint",
        "realtime" => "_arealtime",
        "files.create" => "acreate_file",
        "files.get" => "afile_retrieve",
        "files.content" => "afile_content",
        "files.delete" => "afile_delete",
        "batches.create" => "acreate_batch",
        "batches.cancel" => "acancel_batch",
        "batches" | "batches.get" => "aretrieve_batch",
        other => other,
    }
}

/// OpenAI's `usage`, of what is known.
pub fn usage(usage: &Usage) -> Value {
    let text = usage.output_tokens.saturating_sub(usage.reasoning_tokens);
    let mut all = Map::new();
    let mut put = |name: &str, value: Value| {
        all.insert(name.to_owned(), value);
    };
    put("prompt_tokens", usage.input_tokens.into());
    put("completion_tokens", usage.output_tokens.into());
    put("total_tokens", usage.total_tokens().into());
    let input = json!({
        "cached_tokens": usage.cached_tokens,
        "cache_creation_tokens": usage.cache_write_tokens,
        "audio_tokens": usage.input_audio_tokens,
        "image_tokens": usage.input_image_tokens,
    });
    put("prompt_tokens_details", input);
    let output = json!({
        "reasoning_tokens": usage.reasoning_tokens,
        "audio_tokens": usage.output_audio_tokens,
        "image_tokens": usage.output_image_tokens,
        "text_tokens": text.saturating_sub(usage.output_audio_tokens),
    });
    put("completion_tokens_details", output);
    put("cache_read_input_tokens", usage.cached_tokens.into());
    put(
        "cache_creation_input_tokens",
        usage.cache_write_tokens.into(),
    );
    Value::Object(all)
}

/// `cost_breakdown`, in dollars. Input is without its cached parts, which stand beside it.
pub fn costs(bill: &Cost) -> Value {
    let cached = bill.cache_read + bill.cache_write;
    let share = |part: f64, of: f64| if of > 0.0 { part / of } else { 0.0 };
    let discount = bill.discount.dollars();
    json!({
        "input_cost": (bill.input - cached).dollars(),
        "output_cost": bill.output.dollars(),
        "cache_read_cost": bill.cache_read.dollars(),
        "cache_creation_cost": bill.cache_write.dollars(),
        "reasoning_cost": bill.reasoning.dollars(),
        "tool_usage_cost": bill.tools.dollars(),
        "total_cost": bill.total.dollars(),
        "original_cost": bill.original.dollars(),
        "discount_percent": share(discount, bill.original.dollars()),
        "discount_amount": discount,
        "margin_percent": bill.margin_share as f64 / 1e9,
        "margin_total_amount": bill.margin.dollars(),
    })
}

/// Members of a request that are what was asked, in the order in which they are looked for.
const ASKED: [&str; 6] = [
    "messages", "input", "prompt", "contents", "query", "content",
];

/// Members that are neither asked nor parameters: the gateway's own, and the model's name.
const BESIDE: [&str; 3] = ["model", "metadata", "litellm_metadata"];

/// What was asked, and by which parameters.
pub fn asked(request: Value, ours: &[&str]) -> (Value, Value) {
    let Value::Object(mut members) = request else {
        return (request, json!({}));
    };
    let found = ASKED.iter().find_map(|it| members.shift_remove(*it));
    let asked = match found {
        Some(asked) => asked,
        // There is a word for what is left out, or it is of a shape that nobody knows.
        None if members.contains_key("model") => Value::Null,
        None => return (Value::Object(members), json!({})),
    };
    members.retain(|name, _| !BESIDE.contains(&name.as_str()) && !ours.contains(&name.as_str()));
    (asked, Value::Object(members))
}
