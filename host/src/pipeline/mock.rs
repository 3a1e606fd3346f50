//! Answers that a deployment's `mock_response` gives in place of an upstream.

use bytes::Bytes;

use super::attempt::Outcome;

/// LiteLLM's `mock_response`: the text as an answer, with 10 and 20 tokens.
pub fn answer(text: &str) -> Outcome {
    let answer = serde_json::json!({
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
    });
    Outcome::Whole {
        body: Bytes::from(answer.to_string()),
        usage: None,
        is_plugins: false,
    }
}
