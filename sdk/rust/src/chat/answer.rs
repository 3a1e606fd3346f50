//! The canonical chat answer.

use serde_json::{Map, Value, json};

use crate::{Response, Step};

/// A whole answer with one choice, in OpenAI's shape. The host fills in `id`, `object`, `created`
/// and `model`.
///
/// ```
/// use sluice_sdk::chat::{ChatAnswer, usage};
///
/// let answer = ChatAnswer::new()
///     .content("It is raining.")
///     .member("citations", vec!["https://weather.example"])
///     .finish_reason("stop")
///     .usage(usage(9, 4));
/// let choice = &answer.into_value()["choices"][0];
/// assert_eq!(choice["message"]["content"], "It is raining.");
/// assert_eq!(choice["message"]["citations"][0], "https://weather.example");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ChatAnswer {
    message: Map<String, Value>,
    tool_calls: Vec<Value>,
    finish_reason: Value,
    rest: Map<String, Value>,
}

impl Default for ChatAnswer {
    fn default() -> Self {
        Self::new()
    }
}

impl ChatAnswer {
    /// An answer without content.
    pub fn new() -> Self {
        let mut message = Map::new();
        message.insert("role".into(), "assistant".into());
        message.insert("content".into(), Value::Null);
        Self {
            message,
            tool_calls: Vec::new(),
            finish_reason: Value::Null,
            rest: Map::new(),
        }
    }

    /// The text.
    #[must_use]
    pub fn content(self, text: impl Into<String>) -> Self {
        self.member("content", text.into())
    }

    /// What the model thought.
    #[must_use]
    pub fn reasoning(self, text: impl Into<String>) -> Self {
        self.member("reasoning_content", text.into())
    }

    /// A call of a tool; `arguments` is JSON text.
    #[must_use]
    pub fn tool_call(mut self, id: &str, name: &str, arguments: &str) -> Self {
        self.tool_calls.push(
            json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}),
        );
        self
    }

    /// Any other member of the message.
    #[must_use]
    pub fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.message.insert(name.to_owned(), value.into());
        self
    }

    /// `stop`, `length`, `tool_calls`, `content_filter`. Without a call of this it is
    /// `tool_calls` if there are any, else `stop`.
    #[must_use]
    pub fn finish_reason(mut self, reason: &str) -> Self {
        self.finish_reason = reason.into();
        self
    }

    /// The canonical usage object; see [`usage`].
    #[must_use]
    pub fn usage(self, usage: Value) -> Self {
        self.top("usage", usage)
    }

    /// Any other member of the answer, beside `choices`.
    #[must_use]
    pub fn top(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.rest.insert(name.to_owned(), value.into());
        self
    }

    /// The document.
    pub fn into_value(mut self) -> Value {
        if self.finish_reason.is_null() {
            let calls = !self.tool_calls.is_empty();
            self.finish_reason = if calls { "tool_calls" } else { "stop" }.into();
        }
        if !self.tool_calls.is_empty() {
            self.message
                .insert("tool_calls".into(), self.tool_calls.into());
        }
        let choice =
            json!({"index": 0, "message": self.message, "finish_reason": self.finish_reason});
        let mut document = Map::new();
        document.insert("choices".into(), vec![choice].into());
        document.extend(self.rest);
        document.into()
    }

    /// This answer as the last step.
    pub fn respond(self) -> Step {
        Response::json(&self.into_value()).respond()
    }
}

/// The canonical usage object of a chat. A provider that tells more (cached or reasoning tokens)
/// adds to it.
pub fn usage(prompt_tokens: u64, completion_tokens: u64) -> Value {
    json!({
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens.saturating_add(completion_tokens)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tool_calls_are_the_reason_to_finish_unless_another_is_given() {
        let answer = ChatAnswer::new().tool_call("c1", "f", "{}");
        let cut = answer.clone().finish_reason("length").into_value();
        assert_eq!(cut["choices"][0]["finish_reason"], "length");
        let choice = &answer.into_value()["choices"][0];
        assert_eq!(choice["finish_reason"], "tool_calls");
        assert_eq!(choice["message"]["content"], Value::Null);
        assert_eq!(choice["message"]["tool_calls"][0]["function"]["name"], "f");
    }
}
