//! Messages as `contents`: turns of parts.

use std::collections::HashMap;

use sluice_sdk::serde_json::{self, Map, Value, json};
use sluice_sdk::{Error, fault};

use crate::gemini::models;
use crate::gemini::parts::{blob, content};

/// What a call without a signature is given on models that insist on one (Google's documented
/// word, in base64).
const NO_SIGNATURE: &str = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

/// A conversation in Google's form.
#[derive(Default)]
pub struct Conversation {
    pub system: Vec<Value>,
    pub contents: Vec<Value>,
}

/// Who speaks. Results of functions are a turn of their own, though their role is the user's: it
/// has to hold as many as there were calls, and nothing else.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Speaker {
    User,
    Model,
    Functions,
}

impl Speaker {
    const fn role(self) -> &'static str {
        match self {
            Self::User | Self::Functions => "user",
            Self::Model => "model",
        }
    }
}

struct Reader<'m> {
    third: bool,
    turns: Vec<(Speaker, Vec<Value>)>,
    /// Results name the call's id; Google wants the function's name.
    names: HashMap<&'m str, &'m str>,
}

pub fn conversation(messages: &[Value], model: &str) -> Result<Conversation, Error> {
    let mut result = Conversation::default();
    let mut reader = Reader {
        third: models::is_third(model),
        turns: Vec::new(),
        names: HashMap::new(),
    };
    for message in messages {
        let role = message
            .get("role")
            .and_then(Value::as_str)
            .unwrap_or_default();
        match role {
            "system" | "developer" => result.system.extend(content(message)?),
            "user" => reader.push(Speaker::User, content(message)?),
            "assistant" => {
                let parts = reader.assistant(message)?;
                reader.push(Speaker::Model, parts);
            }
            "tool" | "function" => reader.tool_result(message)?,
            other => {
                return Err(fault::invalid_request(format!(
                    "a message has the role `{other}`"
                )));
            }
        }
    }
    let mut turns = reader.turns;
    if models::lacks_system(model) && !result.system.is_empty() {
        let mut opening = std::mem::take(&mut result.system);
        match turns.first_mut() {
            Some((Speaker::User, parts)) => {
                opening.append(parts);
                *parts = opening;
            }
            _ => turns.insert(0, (Speaker::User, opening)),
        }
    }
    if turns.is_empty() {
        turns.push((Speaker::User, vec![json!({"text": "."})]));
    }
    result.contents = turns
        .into_iter()
        .map(|(speaker, parts)| json!({"role": speaker.role(), "parts": parts}))
        .collect();
    Ok(result)
}

impl<'m> Reader<'m> {
    /// Adds to the last turn if the same one speaks. A message that says nothing makes no turn.
    fn push(&mut self, speaker: Speaker, mut parts: Vec<Value>) {
        if parts.is_empty() {
            return;
        }
        match self.turns.last_mut() {
            Some((last, turn)) if *last == speaker => turn.append(&mut parts),
            _ => self.turns.push((speaker, parts)),
        }
    }

    /// Thinking, what ran at the provider, text, media, calls. A signature stands on the part it
    /// came with.
    fn assistant(&mut self, message: &'m Value) -> Result<Vec<Value>, Error> {
        let list = |pointer: &str| {
            let list = message.pointer(pointer).and_then(Value::as_array);
            list.into_iter().flatten()
        };
        let mut parts = Vec::new();
        let reasoning = message.get("reasoning_content").and_then(Value::as_str);
        if let Some(reasoning) = reasoning.filter(|it| !it.is_empty()) {
            parts.push(json!({"text": reasoning, "thought": true}));
        }
        for own in list("/provider_specific_fields/parts").filter_map(Value::as_object) {
            let mut own = own.clone();
            own.shift_remove("index");
            parts.push(own.into());
        }
        let mut said = content(message)?;
        let refusal = message.get("refusal").and_then(Value::as_str);
        said.extend(
            refusal
                .filter(|it| !it.is_empty())
                .map(|it| json!({ "text": it })),
        );
        let images = list("/images").filter_map(|it| it.pointer("/image_url/url")?.as_str());
        said.extend(images.map(|url| blob(url, None, None)));
        if let Some(signature) = list("/provider_specific_fields/thought_signatures").last() {
            match said.last_mut().and_then(Value::as_object_mut) {
                Some(last) => drop(last.insert("thoughtSignature".into(), signature.clone())),
                None => said.push(json!({"text": "", "thoughtSignature": signature})),
            }
        }
        parts.append(&mut said);
        for (at, call) in list("/tool_calls").enumerate() {
            let id = call.get("id").and_then(Value::as_str);
            let name = call.pointer("/function/name").and_then(Value::as_str);
            self.names.extend(id.zip(name));
            parts.push(self.function_call(call, at == 0)?);
        }
        if let Some(call) = message.get("function_call").filter(|it| it.is_object()) {
            parts.push(self.function_call(&json!({ "function": call }), true)?);
        }
        Ok(parts)
    }

    fn function_call(&self, call: &Value, first: bool) -> Result<Value, Error> {
        let id = call.get("id").and_then(Value::as_str).unwrap_or_default();
        // LiteLLM's clients carry the signature in the id.
        let (id, in_id) = match id.split_once("__thought__") {
            Some((id, signature)) => (id, Some(signature)),
            None => (id, None),
        };
        let mut function = Map::new();
        let name = call.pointer("/function/name").cloned().unwrap_or_default();
        function.insert("name".into(), name);
        let arguments = arguments(call.pointer("/function/arguments"))?;
        function.insert("args".into(), arguments);
        if self.third && !id.is_empty() {
            function.insert("id".into(), id.into());
        }
        let mut part = Map::new();
        part.insert("functionCall".into(), function.into());
        let own = call
            .pointer("/provider_specific_fields/thought_signature")
            .and_then(Value::as_str);
        let own = own.or(in_id);
        if let Some(signature) = own.or((self.third && first).then_some(NO_SIGNATURE)) {
            part.insert("thoughtSignature".into(), signature.into());
        }
        Ok(part.into())
    }

    /// The result of a call. Media stand within it where the model takes them there, else in a
    /// turn of the user's.
    fn tool_result(&mut self, message: &Value) -> Result<(), Error> {
        let id = message
            .get("tool_call_id")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let own = message.get("name").and_then(Value::as_str);
        let name = self.names.get(id).copied().or(own).ok_or_else(|| {
            fault::invalid_request(format!(
                "the tool result `{id}` answers no call of the conversation"
            ))
        })?;
        let (text, media) = match message.get("content") {
            Some(Value::Array(_)) => apart(content(message)?),
            Some(Value::String(text)) => (text.clone(), Vec::new()),
            Some(Value::Null) | None => (String::new(), Vec::new()),
            Some(other) => (other.to_string(), Vec::new()),
        };
        let response = match serde_json::from_str::<Value>(&text) {
            Ok(Value::Object(members)) => members.into(),
            _ => json!({ "content": text }),
        };
        let mut result = Map::new();
        result.insert("name".into(), name.into());
        result.insert("response".into(), response);
        let id = id.split("__thought__").next().unwrap_or_default();
        if self.third && !id.is_empty() {
            result.insert("id".into(), id.into());
        }
        let beside = if self.third && !media.is_empty() {
            result.insert("parts".into(), media.into());
            Vec::new()
        } else {
            media
        };
        self.push(
            Speaker::Functions,
            vec![json!({ "functionResponse": result })],
        );
        self.push(Speaker::User, beside);
        Ok(())
    }
}

/// The text of some parts, and the rest of them.
fn apart(parts: Vec<Value>) -> (String, Vec<Value>) {
    let is_text = |part: &Value| part.get("text").is_some_and(Value::is_string);
    let (texts, media): (Vec<Value>, Vec<Value>) = parts.into_iter().partition(is_text);
    let text = texts.iter().filter_map(|part| part.get("text")?.as_str());
    (text.collect(), media)
}

fn arguments(arguments: Option<&Value>) -> Result<Value, Error> {
    match arguments {
        Some(Value::String(text)) if !text.trim().is_empty() => {
            let parsed: Value = serde_json::from_str(text).map_err(|cause| {
                fault::invalid_request(format!(
                    "the `arguments` of a tool call are not JSON: {cause}"
                ))
            })?;
            // `args` is an object, whatever the model that made the call wrote.
            Ok(match parsed {
                Value::Object(_) => parsed,
                Value::Null => json!({}),
                other => json!({ "value": other }),
            })
        }
        Some(Value::Object(members)) => Ok(members.clone().into()),
        _ => Ok(json!({})),
    }
}
