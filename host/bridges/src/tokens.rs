//! Counting the tokens of a request: what is to be counted, and the answer from a number.

use serde_json::{Map, Value, json};

use crate::object::object;
use crate::refusal::Refusal;
use crate::{Bridged, Dialect, Options, request};

/// What a request to count is about, as a chat request: Anthropic's `count_tokens` has no
/// `max_tokens`, Google's `countTokens` may wrap the request.
pub fn to_count(
    dialect: Dialect,
    body: &Map<String, Value>,
    options: &Options<'_>,
) -> Result<Bridged, Refusal> {
    let wrapped = ["generateContentRequest", "generate_content_request"];
    let whole = Value::from(body.clone());
    let inner = wrapped.iter().find_map(|name| object(&whole, name));
    let mut body = inner.unwrap_or(body).clone();
    if dialect == Dialect::Messages {
        body.entry("max_tokens").or_insert_with(|| 1.into());
    }
    request(dialect, &body, options)
}

/// The answer.
pub fn counted(dialect: Dialect, tokens: u64) -> Value {
    match dialect {
        Dialect::Messages => json!({"input_tokens": tokens}),
        Dialect::Responses => json!({"object": "response.input_tokens", "input_tokens": tokens}),
        Dialect::GenerateContent => json!({"totalTokens": tokens,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tokens}]}),
        Dialect::Completions => json!({"total_tokens": tokens}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_to_count_are_read_as_the_requests_they_stand_for() {
        let body = json!({"generateContentRequest": {"contents": [{"parts": [{"text": "a"}]}]}});
        let bridged = to_count(
            Dialect::GenerateContent,
            body.as_object().unwrap(),
            &Options::default(),
        )
        .unwrap();
        assert_eq!(bridged.chat["messages"][0]["content"], "a");
        let body = json!({"model": "m", "messages": [{"role": "user", "content": "b"}]});
        let bridged = to_count(
            Dialect::Messages,
            body.as_object().unwrap(),
            &Options::default(),
        )
        .unwrap();
        assert_eq!(bridged.chat["messages"][0]["content"], "b");
    }

    #[test]
    fn a_count_is_said_as_the_dialect_says_it() {
        assert_eq!(counted(Dialect::Messages, 7), json!({"input_tokens": 7}));
        assert_eq!(counted(Dialect::GenerateContent, 7)["totalTokens"], 7);
    }
}
