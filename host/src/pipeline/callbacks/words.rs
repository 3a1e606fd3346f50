//! LiteLLM's words for what a record says.

use serde_json::{Map, Value, json};

use crate::domain::Usage;

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
