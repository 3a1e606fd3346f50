//! Token counts in OpenAI's form.

use sluice_sdk::serde_json::{Value, json};

/// A count, which Cohere's API declares as a floating point number.
pub fn count(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    let whole = |it: f64| (it.is_finite() && it >= 0.0).then_some(it as u64);
    value.as_u64().or_else(|| value.as_f64().and_then(whole))
}

/// None if nothing was counted. `tokens` is what the model read and wrote, `billed_units` what is
/// paid for, which leaves out Cohere's own prompts: it is kept beside.
pub fn canonical(usage: &Value) -> Option<Value> {
    let of = |group: &str, name: &str| count(usage.get(group).and_then(|it| it.get(name)));
    let counted = |name: &str| of("tokens", name).or_else(|| of("billed_units", name));
    let (input, output) = (counted("input_tokens"), counted("output_tokens"));
    if input.is_none() && output.is_none() {
        return None;
    }
    let (input, output) = (input.unwrap_or(0), output.unwrap_or(0));
    let cached = count(usage.get("cached_tokens")).unwrap_or(0);
    let thought = of("tokens", "reasoning_tokens").unwrap_or(0);
    let mut result = json!({"prompt_tokens": input, "completion_tokens": output,
        "total_tokens": input.saturating_add(output),
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": thought}});
    if let Some(billed) = usage.get("billed_units").filter(|it| it.is_object()) {
        result["billed_units"] = billed.clone();
    }
    Some(result)
}
