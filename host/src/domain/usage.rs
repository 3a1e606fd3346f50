//! What a call used.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Token counts as OpenAI counts them: input includes cached and cache-written tokens, output
/// includes reasoning.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cached_tokens: u64,
    pub cache_write_tokens: u64,
    pub reasoning_tokens: u64,
    /// Dollars, where the provider names its price.
    pub reported_cost_usd: Option<f64>,
}

impl Usage {
    /// Reads a canonical `usage` object: chat (`prompt_tokens`), responses (`input_tokens`) or
    /// Anthropic messages (input without cached tokens). None if it holds no token count at all.
    pub fn from_json(usage: &Value) -> Option<Self> {
        let count = |value: &Value, name: &str| value.get(name).and_then(Value::as_u64);
        let detail =
            |group: &str, name: &str| usage.get(group).and_then(|details| count(details, name));
        let anthropic_cache_read = count(usage, "cache_read_input_tokens");
        let anthropic_cache_write = count(usage, "cache_creation_input_tokens");
        let (input_tokens, output_tokens) = if let Some(input) = count(usage, "prompt_tokens") {
            (input, count(usage, "completion_tokens").unwrap_or(0))
        } else {
            let input = count(usage, "input_tokens");
            let output = count(usage, "output_tokens");
            if input.is_none() && output.is_none() {
                return None;
            }
            let cached = anthropic_cache_read.unwrap_or(0) + anthropic_cache_write.unwrap_or(0);
            (input.unwrap_or(0) + cached, output.unwrap_or(0))
        };
        Some(Self {
            input_tokens,
            output_tokens,
            cached_tokens: detail("prompt_tokens_details", "cached_tokens")
                .or(detail("input_tokens_details", "cached_tokens"))
                .or(anthropic_cache_read)
                .unwrap_or(0),
            cache_write_tokens: detail("prompt_tokens_details", "cache_write_tokens")
                .or(anthropic_cache_write)
                .unwrap_or(0),
            reasoning_tokens: detail("completion_tokens_details", "reasoning_tokens")
                .or(detail("output_tokens_details", "reasoning_tokens"))
                .unwrap_or(0),
            reported_cost_usd: usage.get("cost").and_then(Value::as_f64),
        })
    }

    /// Input and output together.
    pub fn total_tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn anthropic_input_gains_what_the_cache_held() {
        let usage = Usage::from_json(&json!({
            "input_tokens": 3, "output_tokens": 5,
            "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20
        }));
        let usage = usage.unwrap();
        assert_eq!(
            (usage.input_tokens, usage.output_tokens, usage.cached_tokens),
            (123, 5, 100)
        );
    }

    #[test]
    fn a_usage_without_tokens_is_none() {
        assert_eq!(Usage::from_json(&json!({"seconds": 3})), None);
    }
}
