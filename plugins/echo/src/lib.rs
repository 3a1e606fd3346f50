//! A provider without an upstream: it answers from the prompt. For first steps, tests and
//! benchmarks; whatever it says can be told from what it was asked.

mod answer;
mod embeddings;
mod schema;

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Call, Error, Provider, Response, Step, fault, parse_body, provider};

/// The provider.
pub struct Echo;

impl Provider for Echo {
    fn describe() -> String {
        json!({
            "name": "echo",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Answers from the prompt, without an upstream",
            "license": "MIT OR Apache-2.0",
            "providers": [{
                "name": "echo",
                "title": "Echo",
                "auth": {"scheme": "none"},
                "operations": {"chat": {"stream": true}, "embeddings": {}, "models": {}},
                "models": ["demo"],
                "verified": false
            }],
            "examples": [
                {
                    "name": "answers from the prompt",
                    "provider": "echo", "operation": "chat", "model": "demo",
                    "body": {"model": "demo", "messages": [{"role": "user", "content": "hello there"}]},
                    "expect": {"response": {
                        "choices": [{"index": 0, "finish_reason": "stop",
                            "message": {"role": "assistant", "content": "You said: hello there"}}],
                        "usage": {"prompt_tokens": 2, "completion_tokens": 4, "total_tokens": 6}
                    }}
                },
                {
                    "name": "keeps to the limit of tokens",
                    "provider": "echo", "operation": "chat", "model": "demo",
                    "body": {"model": "demo", "max_tokens": 3, "messages": [{"role": "user", "content": "hello there"}]},
                    "expect": {"response": {
                        "choices": [{"index": 0, "finish_reason": "length",
                            "message": {"role": "assistant", "content": "You said: hello"}}],
                        "usage": {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}
                    }}
                }
            ]
        })
        .to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let body: Value = parse_body(body)?;
        let answer = match call.operation.as_str() {
            "chat" => answer::chat(&body)?,
            "embeddings" => embeddings::answer(&body)?,
            "models" => {
                json!({"object": "list", "data": [{"id": "demo", "object": "model", "owned_by": "echo"}]})
            }
            other => {
                return Err(fault::unsupported(format!(
                    "echo has no operation `{other}`"
                )));
            }
        };
        Ok(Response::json(&answer).respond())
    }
}

provider!(Echo);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixtures_are_answered() {
        sluice_sdk::testing::run_dir::<Echo>("fixtures");
    }
}
