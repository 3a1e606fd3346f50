//! Token counts: the canonical object in the words of each dialect.

use serde_json::{Value, json};

use crate::object::set;

/// What was counted. OpenAI's input holds what the cache held, its output holds the thoughts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    pub input: u64,
    pub output: u64,
    pub cached: u64,
    pub written: u64,
    /// None: nobody said.
    pub reasoning: Option<u64>,
    pub searches: u64,
    pub tool_use: u64,
    lifetimes: Value,
    tier: Value,
}

impl Usage {
    pub fn read(usage: &Value) -> Self {
        let at = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64);
        let either = |first: &str, second: &str| at(first).or_else(|| at(second)).unwrap_or(0);
        let any = |pointer: &str| usage.pointer(pointer).cloned().unwrap_or_default();
        let input = at("/prompt_tokens").unwrap_or(0);
        let output = at("/completion_tokens").unwrap_or(0);
        // Some providers tell of a part that it is more than the whole.
        let cached = either(
            "/prompt_tokens_details/cached_tokens",
            "/cache_read_input_tokens",
        )
        .min(input);
        let written = either(
            "/cache_creation_input_tokens",
            "/prompt_tokens_details/cache_write_tokens",
        );
        let reasoning = at("/completion_tokens_details/reasoning_tokens");
        Self {
            input,
            output,
            cached,
            written: written.min(input - cached),
            reasoning: reasoning.map(|it| it.min(output)),
            searches: either(
                "/server_tool_use/web_search_requests",
                "/prompt_tokens_details/web_search_requests",
            ),
            tool_use: at("/prompt_tokens_details/tool_use_tokens").unwrap_or(0),
            lifetimes: any("/prompt_tokens_details/cache_creation_token_details"),
            tier: any("/service_tier"),
        }
    }

    /// Anthropic's input is what the cache neither held nor was given.
    pub fn anthropic(&self) -> Value {
        let fresh = self
            .input
            .saturating_sub(self.cached)
            .saturating_sub(self.written);
        let mut usage = json!({"input_tokens": fresh, "cache_creation_input_tokens": self.written,
            "cache_read_input_tokens": self.cached, "output_tokens": self.output});
        if self.lifetimes.is_object() {
            set(&mut usage, "cache_creation", self.lifetimes.clone());
        }
        if let Some(reasoning) = self.reasoning.filter(|it| *it > 0) {
            set(
                &mut usage,
                "output_tokens_details",
                json!({"thinking_tokens": reasoning}),
            );
        }
        if self.searches > 0 {
            set(
                &mut usage,
                "server_tool_use",
                json!({"web_search_requests": self.searches}),
            );
        }
        if let Some(tier @ ("standard" | "priority" | "batch")) = self.tier.as_str() {
            set(&mut usage, "service_tier", tier);
        }
        usage
    }

    pub fn responses(&self) -> Value {
        json!({"input_tokens": self.input,
            "input_tokens_details": {"cached_tokens": self.cached, "cache_write_tokens": self.written},
            "output_tokens": self.output,
            "output_tokens_details": {"reasoning_tokens": self.reasoning.unwrap_or(0)},
            "total_tokens": self.input.saturating_add(self.output)})
    }

    /// Google counts thoughts beside the candidates, and its tools' prompts beside the prompt.
    pub fn google(&self) -> Value {
        let thoughts = self.reasoning.unwrap_or(0);
        let mut usage = json!({"promptTokenCount": self.input.saturating_sub(self.tool_use),
            "candidatesTokenCount": self.output.saturating_sub(thoughts),
            "totalTokenCount": self.input.saturating_add(self.output)});
        for (name, count) in [
            ("thoughtsTokenCount", thoughts),
            ("cachedContentTokenCount", self.cached),
            ("toolUsePromptTokenCount", self.tool_use),
        ] {
            if count > 0 {
                set(&mut usage, name, count);
            }
        }
        usage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_and_thought_tokens_are_counted_once_in_every_dialect() {
        let usage = Usage::read(
            &json!({"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130,
            "prompt_tokens_details": {"cached_tokens": 60}, "cache_creation_input_tokens": 10,
            "completion_tokens_details": {"reasoning_tokens": 20}}),
        );
        assert_eq!(
            usage.anthropic(),
            json!({"input_tokens": 30, "cache_creation_input_tokens": 10,
            "cache_read_input_tokens": 60, "output_tokens": 30,
            "output_tokens_details": {"thinking_tokens": 20}})
        );
        assert_eq!(
            usage.google(),
            json!({"promptTokenCount": 100, "candidatesTokenCount": 10,
            "totalTokenCount": 130, "thoughtsTokenCount": 20, "cachedContentTokenCount": 60})
        );
        assert_eq!(
            usage.responses()["output_tokens_details"]["reasoning_tokens"],
            20
        );
        assert_eq!(usage.responses()["total_tokens"], 130);
    }

    #[test]
    fn a_part_is_no_more_than_the_whole() {
        let usage = Usage::read(&json!({"prompt_tokens": 250, "completion_tokens": 18,
            "prompt_tokens_details": {"cached_tokens": 376}, "cache_creation_input_tokens": 9,
            "completion_tokens_details": {"reasoning_tokens": 137}}));
        let told = usage.anthropic();
        assert_eq!(
            (&told["input_tokens"], &told["cache_read_input_tokens"]),
            (&json!(0), &json!(250))
        );
        assert_eq!(told["cache_creation_input_tokens"], 0);
        let told = usage.google();
        let said = (&told["candidatesTokenCount"], &told["thoughtsTokenCount"]);
        assert_eq!(said, (&json!(0), &json!(18)));
    }

    #[test]
    fn counts_that_cannot_be_do_not_overflow() {
        let usage = Usage::read(
            &json!({"prompt_tokens": u64::MAX, "completion_tokens": u64::MAX,
            "prompt_tokens_details": {"cached_tokens": -5}}),
        );
        assert_eq!(usage.responses()["total_tokens"], u64::MAX);
        assert_eq!(Usage::read(&json!(7)), Usage::default());
    }
}
