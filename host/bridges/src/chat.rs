//! Pieces of a canonical chat request.

use serde_json::{Value, json};

use crate::carrier;
use crate::object::{Object, set};

/// A function among the tools.
pub fn function(name: &str, description: Option<&Value>, parameters: Option<&Value>) -> Value {
    let mut function = json!({ "name": name });
    if let Some(description) = description.filter(|it| it.is_string()) {
        set(&mut function, "description", description.clone());
    }
    let parameters = parameters.filter(|it| it.is_object()).cloned();
    let parameters = parameters.unwrap_or_else(|| json!({"type": "object", "properties": {}}));
    set(&mut function, "parameters", parameters);
    json!({"type": "function", "function": function})
}

/// A call in an assistant's message.
pub fn call(id: &str, name: &str, arguments: String) -> Value {
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
}

/// The choice of one function.
pub fn choice_of(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name}})
}

/// An answer in the form of a schema.
pub fn json_schema(name: &str, schema: &Value, strict: Option<&Value>) -> Value {
    let mut wanted = json!({"name": name, "schema": schema});
    if let Some(strict) = strict.filter(|it| it.is_boolean()) {
        set(&mut wanted, "strict", strict.clone());
    }
    json!({"type": "json_schema", "json_schema": wanted})
}

pub fn text_part(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

pub fn image_part(url: &str) -> Value {
    json!({"type": "image_url", "image_url": {"url": url}})
}

pub fn data_url(media_type: &str, base64: &str) -> String {
    format!("data:{media_type};base64,{base64}")
}

/// A result of a tool.
pub fn tool_result(id: &str, content: Value) -> Value {
    json!({"role": "tool", "tool_call_id": id, "content": content})
}

/// Content: a plain text where it is nothing else.
pub fn content(mut parts: Vec<Value>) -> Value {
    let is_plain = |part: &Value| {
        let members = part.as_object().map_or(0, Object::len);
        members == 2 && part.get("text").is_some_and(Value::is_string)
    };
    match parts.as_mut_slice() {
        [one] if is_plain(one) => one["text"].take(),
        _ => parts.into(),
    }
}

/// An assistant's message, as its dialect brings it in pieces.
#[derive(Debug, Default)]
pub struct Assistant {
    pub parts: Vec<Value>,
    pub reasoning: String,
    pub thinking: Vec<Value>,
    pub calls: Vec<Value>,
    /// `provider_specific_fields`.
    pub fields: Object,
    /// What travelled through the client: see [`carrier`].
    pub carried: Object,
    signatures: Object,
}

impl Assistant {
    /// A word that the client brought back unread. False: it is none of ours.
    pub fn restore(&mut self, word: &str) -> bool {
        if let Some(members) = carrier::read(word) {
            carrier::restore(&mut self.carried, &mut self.signatures, members);
        }
        carrier::is_ours(word)
    }

    /// The message, unless it says nothing.
    pub fn take(&mut self) -> Option<Value> {
        let own = std::mem::take(self);
        let mut message = Object::new();
        message.insert("role".into(), "assistant".into());
        let has_text = !own.parts.is_empty();
        let text = if has_text {
            content(own.parts)
        } else {
            Value::Null
        };
        message.insert("content".into(), text);
        if !own.calls.is_empty() {
            message.insert("tool_calls".into(), own.calls.into());
        }
        if !own.reasoning.is_empty() {
            message.insert("reasoning_content".into(), own.reasoning.into());
        }
        if !own.fields.is_empty() {
            message.insert("provider_specific_fields".into(), own.fields.into());
        }
        let mut carried = own.carried;
        // What the client brings in its own form is not brought twice.
        if own.thinking.is_empty() {
            carrier::extend_if_some(&mut message, &mut carried, "thinking_blocks");
        } else {
            message.insert("thinking_blocks".into(), own.thinking.into());
        }
        if let Some(Value::Object(fields)) = carried.remove("provider_specific_fields") {
            let all = message
                .entry("provider_specific_fields")
                .or_insert_with(|| json!({}));
            if let Some(all) = all.as_object_mut() {
                all.extend(fields);
            }
        }
        carrier::sign_calls(&mut message, &own.signatures);
        (message.len() > 2 || has_text).then(|| message.into())
    }
}
