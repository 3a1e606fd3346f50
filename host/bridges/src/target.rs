//! What a provider's chat takes beyond OpenAI's own members, and a request made to fit it. Not
//! every server ignores what it does not know: Mistral's and Groq's refuse it.

use serde_json::{Value, json};

use crate::names::digest;
use crate::object::{Object, items, text};
use crate::refusal::Notes;

/// What the provider's chat understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// `reasoning_content` in an assistant's message.
    pub reasoning: bool,
    /// `thinking`, and `thinking_blocks` in an assistant's message.
    pub thinking: bool,
    /// `provider_specific_fields` of messages and calls.
    pub fields: bool,
    /// `cache_control` on messages, parts and tools.
    pub marks: bool,
    /// `is_error` on a tool's result.
    pub tool_errors: bool,
    /// Images and documents in a tool's result.
    pub tool_media: bool,
    pub top_k: bool,
    /// Tools and members in Anthropic's own form.
    pub anthropic: bool,
    /// Tools and members in Google's own form.
    pub google: bool,
}

impl Target {
    /// OpenAI's chat and nothing beside: `openai`, `azure`.
    pub const STRICT: Self = Self {
        reasoning: false,
        thinking: false,
        fields: false,
        marks: false,
        tool_errors: false,
        tool_media: false,
        top_k: false,
        anthropic: false,
        google: false,
    };

    /// A provider that calls itself compatible. Its plugin takes out what its server refuses.
    pub const COMPATIBLE: Self = Self {
        reasoning: true,
        thinking: false,
        fields: true,
        marks: true,
        tool_errors: false,
        tool_media: false,
        top_k: true,
        anthropic: false,
        google: false,
    };

    /// Anthropic's models, wherever they are served.
    pub const ANTHROPIC: Self = Self {
        reasoning: false,
        thinking: true,
        fields: true,
        marks: true,
        tool_errors: true,
        tool_media: true,
        top_k: true,
        anthropic: true,
        google: false,
    };

    /// Google's models, wherever they are served.
    pub const GEMINI: Self = Self {
        reasoning: true,
        thinking: true,
        fields: true,
        marks: false,
        tool_errors: false,
        tool_media: true,
        top_k: true,
        anthropic: false,
        google: true,
    };

    /// By the provider's name and the model's.
    pub fn of(provider: &str, model: &str) -> Self {
        let model = model.to_ascii_lowercase();
        match provider {
            "openai" | "azure" => Self::STRICT,
            "anthropic" => Self::ANTHROPIC,
            "gemini" => Self::GEMINI,
            "vertex_ai" | "bedrock" | "azure_ai" if model.contains("claude") => Self::ANTHROPIC,
            "vertex_ai" if model.contains("gemini") => Self::GEMINI,
            _ => Self::COMPATIBLE,
        }
    }

    /// Makes the messages and tools fit.
    pub(crate) fn fit(self, chat: &mut Object, notes: &mut Notes) {
        let messages = chat.get_mut("messages").and_then(Value::as_array_mut);
        if let Some(messages) = messages {
            let all = std::mem::take(messages);
            let mut moved = Vec::new();
            for message in all {
                let is_result = text(&message, "role") == "tool";
                if !is_result && !moved.is_empty() {
                    messages.push(beside(&mut moved));
                }
                messages.push(self.message(message, &mut moved));
            }
            if !moved.is_empty() {
                messages.push(beside(&mut moved));
            }
        }
        let tools = chat.get_mut("tools").and_then(Value::as_array_mut);
        for tool in tools.into_iter().flatten().filter_map(Value::as_object_mut) {
            if !self.marks {
                tool.shift_remove("cache_control");
            }
            if !self.anthropic {
                for name in ["defer_loading", "input_examples", "allowed_callers"] {
                    tool.shift_remove(name);
                }
            }
        }
        if !self.top_k && chat.shift_remove("top_k").is_some() {
            notes.dropped("top_k", "the provider has no such sampling");
        }
        if !self.anthropic
            && let Some(Value::String(user)) = chat.get_mut("user")
        {
            *user = short_user(user);
        }
    }

    fn message(self, mut message: Value, moved: &mut Vec<Value>) -> Value {
        let Some(members) = message.as_object_mut() else {
            return message;
        };
        if !self.reasoning {
            members.shift_remove("reasoning_content");
        }
        if !self.thinking {
            members.shift_remove("thinking_blocks");
        }
        if !self.fields {
            members.shift_remove("provider_specific_fields");
            for call in calls(members) {
                call.shift_remove("provider_specific_fields");
            }
        }
        if !self.marks {
            members.shift_remove("cache_control");
            let parts = members.get_mut("content").and_then(Value::as_array_mut);
            for part in parts.into_iter().flatten().filter_map(Value::as_object_mut) {
                part.shift_remove("cache_control");
            }
            for call in calls(members) {
                call.shift_remove("cache_control");
            }
        }
        if !self.anthropic {
            let parts = members.get_mut("content").and_then(Value::as_array_mut);
            for part in parts.into_iter().flatten().filter_map(Value::as_object_mut) {
                part.shift_remove("citations");
                part.shift_remove("context");
            }
        }
        if members.get("role") == Some(&"tool".into()) {
            self.result(members, moved);
        }
        message
    }

    /// A tool's result: an error is said in its text, media stand in a message of the user's after
    /// all results.
    fn result(self, members: &mut Object, moved: &mut Vec<Value>) {
        let failed = members.get("is_error") == Some(&true.into());
        if !self.tool_errors {
            members.shift_remove("is_error");
        }
        let is_list = members.get("content").is_some_and(Value::is_array);
        if !self.tool_media && is_list {
            let parts = items(members.get("content")).to_vec();
            let (texts, media): (Vec<Value>, Vec<Value>) =
                parts.into_iter().partition(|it| text(it, "type") == "text");
            if !media.is_empty() {
                let id = members.get("tool_call_id").and_then(Value::as_str);
                let id = id.unwrap_or_default();
                moved.push(json!({"type": "text", "text": format!("From the result of the tool call {id}:")}));
                moved.extend(media);
            }
            let said: Vec<&str> = texts.iter().map(|it| text(it, "text")).collect();
            let mut said = said.join("\n");
            if said.is_empty() && !moved.is_empty() {
                said.push_str("(the next message shows it)");
            }
            members.insert("content".into(), said.into());
        }
        if failed && !self.tool_errors {
            let said = match members.get("content") {
                // Google's models know a result that says `error`.
                Some(Value::String(said)) if self.google => {
                    json!({ "error": said }).to_string().into()
                }
                Some(Value::String(said)) => format!("Error: {said}").into(),
                Some(Value::Array(parts)) => {
                    let mut parts = parts.clone();
                    parts.insert(0, json!({"type": "text", "text": "Error:"}));
                    parts.into()
                }
                _ => "Error".into(),
            };
            members.insert("content".into(), said);
        }
    }
}

impl Default for Target {
    fn default() -> Self {
        Self::COMPATIBLE
    }
}

fn calls(message: &mut Object) -> impl Iterator<Item = &mut Object> {
    let calls = message.get_mut("tool_calls").and_then(Value::as_array_mut);
    calls.into_iter().flatten().filter_map(Value::as_object_mut)
}

fn beside(moved: &mut Vec<Value>) -> Value {
    json!({"role": "user", "content": std::mem::take(moved)})
}

/// OpenAI takes 64 letters; Claude Code's ids are longer. The same user stays the same.
fn short_user(user: &str) -> String {
    if user.len() <= 64 {
        return user.to_owned();
    }
    let kept: String = user.chars().filter(char::is_ascii).take(47).collect();
    format!("{kept}-{:016x}", digest(user))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_decides_where_a_provider_serves_many() {
        assert_eq!(
            Target::of("vertex_ai", "claude-opus-4-6"),
            Target::ANTHROPIC
        );
        assert_eq!(Target::of("vertex_ai", "gemini-2.5-pro"), Target::GEMINI);
        assert_eq!(Target::of("groq", "llama"), Target::COMPATIBLE);
    }

    #[test]
    fn a_long_user_is_shortened_alike_every_time() {
        let long = "user_".repeat(30);
        assert!(short_user(&long).len() <= 64);
        assert_eq!(short_user(&long), short_user(&long));
        assert_eq!(short_user("me"), "me");
    }
}
