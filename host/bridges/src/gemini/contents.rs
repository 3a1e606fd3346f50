//! `contents` as messages. Google pairs calls and results by name and order; chat by id.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::{member, within, word};
use crate::carrier;
use crate::chat::{self, Assistant};
use crate::object::{items, set, set_given};
use crate::plan::Plan;
use crate::refusal::{Notes, Refusal};

/// `systemInstruction`: a content, its parts, or a text.
pub fn system(instruction: &Value) -> Option<Value> {
    let texts: Vec<Value> = match instruction {
        Value::String(text) => vec![chat::text_part(text)],
        _ => {
            let parts = match within(instruction, "parts") {
                Some(Value::Array(parts)) => parts.as_slice(),
                Some(one) => std::slice::from_ref(one),
                None => std::slice::from_ref(instruction),
            };
            let texts = parts.iter().map(|it| word(it, "text"));
            texts
                .filter(|it| !it.is_empty())
                .map(chat::text_part)
                .collect()
        }
    };
    let says = texts.iter().any(|it| it["text"] != "");
    says.then(|| json!({"role": "system", "content": chat::content(texts)}))
}

pub struct Reader<'r> {
    pub plan: &'r mut Plan,
    pub notes: &'r mut Notes,
    pub messages: Vec<Value>,
    /// The provider reads Google's form of a result.
    google: bool,
    /// Calls whose results have not come: name and id, oldest first.
    open: VecDeque<(String, String)>,
    calls: usize,
}

impl<'r> Reader<'r> {
    pub const fn new(
        plan: &'r mut Plan,
        notes: &'r mut Notes,
        messages: Vec<Value>,
        google: bool,
    ) -> Self {
        Self {
            plan,
            notes,
            messages,
            google,
            open: VecDeque::new(),
            calls: 0,
        }
    }

    pub fn read(&mut self, contents: &Value) -> Result<(), Refusal> {
        match contents {
            Value::String(text) => self.messages.push(json!({"role": "user", "content": text})),
            Value::Object(_) => self.content(contents, 0)?,
            Value::Array(list) => {
                for (at, content) in list.iter().enumerate() {
                    self.content(content, at)?;
                }
            }
            _ => return Err(Refusal::invalid("contents", "`contents` is not a list")),
        }
        Ok(())
    }

    fn content(&mut self, content: &Value, at: usize) -> Result<(), Refusal> {
        let place = format!("contents[{at}]");
        let parts = match within(content, "parts") {
            Some(Value::Array(parts)) => parts.as_slice(),
            Some(one @ Value::Object(_)) => std::slice::from_ref(one),
            // What the model leaves when it says nothing.
            None if content.is_object() => &[],
            _ => {
                return Err(Refusal::invalid(
                    &format!("{place}.parts"),
                    format!("`{place}.parts` is not a list"),
                ));
            }
        };
        if within(content, "role").is_some_and(|it| !it.is_string()) {
            let place = format!("{place}.role");
            return Err(Refusal::invalid(&place, format!("`{place}` is not a text")));
        }
        match word(content, "role") {
            "model" => self.model(parts, &place),
            "" | "user" | "function" => self.user(parts, &place),
            other => Err(Refusal::invalid(
                &format!("{place}.role"),
                format!("`{place}.role` is `{other}`"),
            )),
        }
    }

    fn user(&mut self, parts: &[Value], place: &str) -> Result<(), Refusal> {
        let mut said = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            let place = format!("{place}.parts[{at}]");
            if let Some(response) = within(part, "functionResponse") {
                texts(response, &format!("{place}.functionResponse"), &["name"])?;
                let result = self.result(response, &place)?;
                self.messages.push(result);
            } else {
                said.extend(self.part(part, &place)?);
            }
        }
        if !said.is_empty() {
            self.messages
                .push(json!({"role": "user", "content": chat::content(said)}));
        }
        Ok(())
    }

    /// The result of the oldest open call of its name.
    fn result(&mut self, response: &Value, place: &str) -> Result<Value, Refusal> {
        let (name, id) = (word(response, "name"), word(response, "id"));
        let by_id = self
            .open
            .iter()
            .position(|(_, open)| !id.is_empty() && open == id);
        let found = by_id.or_else(|| self.open.iter().position(|(open, _)| open == name));
        let id = match found.and_then(|at| self.open.remove(at)) {
            Some((_, id)) => id,
            None if !id.is_empty() => id.to_owned(),
            None => {
                return Err(Refusal::invalid(
                    place,
                    format!("`{place}` answers no call of `{name}`"),
                ));
            }
        };
        let answer = within(response, "response");
        let alone = answer.and_then(Value::as_object);
        let alone = alone.filter(|it| it.len() == 1 && !self.google);
        let failed = alone.and_then(|it| it.get("error"));
        let output = alone.and_then(|it| it.get("output").or_else(|| it.get("result")));
        let text = match failed.or(output).or(answer) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let media = items(within(response, "parts"));
        let mut content = vec![chat::text_part(&text)];
        for part in media {
            content.extend(self.part(part, place)?);
        }
        let mut result = chat::tool_result(&id, chat::content(content));
        set(&mut result, "name", self.plan.names.short(name));
        if failed.is_some() {
            set(&mut result, "is_error", true);
        }
        Ok(result)
    }

    /// A part of the user's; none for what says nothing.
    fn part(&mut self, part: &Value, place: &str) -> Result<Option<Value>, Refusal> {
        let Some(members) = part.as_object() else {
            return Err(Refusal::invalid(
                place,
                format!("`{place}` is not an object"),
            ));
        };
        for name in ["videoMetadata", "mediaResolution"] {
            if member(members, name).is_some() {
                self.notes
                    .dropped(&format!("{place}.{name}"), "chat has no such wish");
            }
        }
        if let Some(text) = member(members, "text").and_then(Value::as_str) {
            return Ok((!text.is_empty()).then(|| chat::text_part(text)));
        }
        if let Some(blob) = member(members, "inlineData") {
            texts(blob, &format!("{place}.inlineData"), &["mimeType", "data"])?;
            return Ok(Some(media(
                word(blob, "mimeType"),
                word(blob, "data"),
                within(blob, "displayName"),
            )));
        }
        if let Some(file) = member(members, "fileData") {
            texts(file, &format!("{place}.fileData"), &["fileUri"])?;
            let (kind, uri) = (word(file, "mimeType"), word(file, "fileUri"));
            if kind.starts_with("image/") {
                return Ok(Some(chat::image_part(uri)));
            }
            let mut file = json!({ "file_id": uri });
            if !kind.is_empty() {
                set(&mut file, "format", kind);
            }
            return Ok(Some(json!({"type": "file", "file": file})));
        }
        let name = members
            .keys()
            .find(|it| !it.starts_with("thought"))
            .map_or("", String::as_str);
        Err(Refusal::unsupported(
            place,
            format!("a part with `{name}` is Google's own"),
        ))
    }

    fn model(&mut self, parts: &[Value], place: &str) -> Result<(), Refusal> {
        let mut message = Assistant::default();
        for (at, part) in parts.iter().enumerate() {
            let signature = within(part, "thoughtSignature").and_then(Value::as_str);
            let theirs = signature.filter(|it| !message.restore(it));
            let thought = within(part, "thought") == Some(&true.into());
            if let Some(call) = within(part, "functionCall") {
                let place = format!("{place}.parts[{at}].functionCall");
                texts(call, &place, &["name"])?;
                self.call(call, theirs, &mut message);
                continue;
            }
            let text = within(part, "text").and_then(Value::as_str);
            let own = text.is_none() && within(part, "inlineData").is_none() && !is_file(part);
            if own {
                let whole = part
                    .as_object()
                    .is_some_and(|it| it.keys().any(|it| !it.starts_with("thought")));
                if whole {
                    carrier::extend(&mut message.fields, "parts", vec![part.clone()]);
                }
                continue;
            }
            if let Some(theirs) = theirs {
                carrier::extend(
                    &mut message.fields,
                    "thought_signatures",
                    vec![theirs.into()],
                );
            }
            match text {
                Some(text) if thought => message.reasoning.push_str(text),
                Some(text) => message
                    .parts
                    .extend((!text.is_empty()).then(|| chat::text_part(text))),
                None => message
                    .parts
                    .extend(self.part(part, &format!("{place}.parts[{at}]"))?),
            }
        }
        self.messages.extend(message.take());
        Ok(())
    }

    fn call(&mut self, call: &Value, signature: Option<&str>, message: &mut Assistant) {
        let own = word(call, "id");
        let id = if own.is_empty() {
            format!("call_{}", self.calls)
        } else {
            own.to_owned()
        };
        self.calls += 1;
        let name = word(call, "name");
        self.open.push_back((name.to_owned(), id.clone()));
        let args = within(call, "args").map_or_else(|| "{}".to_owned(), Value::to_string);
        let mut call = chat::call(&id, &self.plan.names.short(name), args);
        if let Some(signature) = signature {
            set(
                &mut call,
                "provider_specific_fields",
                json!({"thought_signature": signature}),
            );
        }
        message.calls.push(call);
    }
}

/// Refuses what lacks one of these texts.
fn texts(value: &Value, place: &str, names: &[&str]) -> Result<(), Refusal> {
    match names.iter().find(|it| word(value, it).is_empty()) {
        Some(name) => {
            let place = format!("{place}.{name}");
            let why = format!("`{place}` is not a text, or empty");
            Err(Refusal::invalid(&place, why))
        }
        None => Ok(()),
    }
}

fn is_file(part: &Value) -> bool {
    within(part, "fileData").is_some()
}

/// Bytes, by their type.
fn media(kind: &str, data: &str, name: Option<&Value>) -> Value {
    if kind.starts_with("image/") {
        return chat::image_part(&chat::data_url(kind, data));
    }
    if let Some(format) = kind.strip_prefix("audio/") {
        let format = match format {
            "mpeg" | "mp3" => "mp3",
            "x-wav" | "wave" => "wav",
            other => other,
        };
        return json!({"type": "input_audio", "input_audio": {"data": data, "format": format}});
    }
    let ending = kind.rsplit('/').next().unwrap_or("bin");
    let mut file =
        json!({"filename": format!("document.{ending}"), "file_data": chat::data_url(kind, data)});
    set_given(&mut file, "filename", name);
    json!({"type": "file", "file": file})
}
