//! Why an answer ended, in OpenAI's words.

/// What a provider's reason means.
#[derive(Debug, PartialEq, Eq)]
pub enum Finish {
    /// One of OpenAI's own.
    Known,
    /// The same under another name.
    Means(&'static str),
    /// The provider failed.
    Failed,
    /// Empty: nothing was said.
    Blank,
}

/// Reads a reason.
pub fn read(reason: &str) -> Finish {
    match reason {
        "stop" | "length" | "tool_calls" | "content_filter" | "function_call" => Finish::Known,
        "" => Finish::Blank,
        "max_tokens" | "MAX_TOKENS" | "model_length" | "max_length" | "token_limit" => {
            Finish::Means("length")
        }
        "tool_use" | "tool_call" | "TOOL_CALL" => Finish::Means("tool_calls"),
        "sensitive"
        | "safety"
        | "SAFETY"
        | "refusal"
        | "content_filtered"
        | "guardrail_intervened"
        | "blocklist"
        | "ERROR_TOXIC"
        | "PROHIBITED_CONTENT"
        | "RECITATION" => Finish::Means("content_filter"),
        "error" | "ERROR" | "network_error" | "insufficient_system_resource" => Finish::Failed,
        // `eos`, `COMPLETE`, `end_turn`, a stop word itself, whatever comes next year.
        _ => Finish::Means("stop"),
    }
}
