//! Input items as messages. What the assistant did stands in items of its own there, in one message
//! here.

use serde_json::{Value, json};

use super::shell;
use crate::chat::{self, Assistant};
use crate::object::{items, list, object, set, set_given, text};
use crate::plan::Plan;
use crate::refusal::{Notes, Refusal};
use crate::{Options, carrier};

pub struct Reader<'r> {
    pub plan: &'r mut Plan,
    pub notes: &'r mut Notes,
    pub messages: Vec<Value>,
    open: Assistant,
}

impl<'r> Reader<'r> {
    pub fn new(plan: &'r mut Plan, notes: &'r mut Notes, messages: Vec<Value>) -> Self {
        Self {
            plan,
            notes,
            messages,
            open: Assistant::default(),
        }
    }

    pub fn read(&mut self, input: &Value, options: &Options<'_>) -> Result<(), Refusal> {
        match input {
            Value::String(said) => self.messages.push(json!({"role": "user", "content": said})),
            Value::Array(list) => {
                for (at, item) in list.iter().enumerate() {
                    self.item(item, &format!("input[{at}]"), options)?;
                }
            }
            _ => {
                return Err(Refusal::invalid(
                    "input",
                    "`input` is neither a text nor a list",
                ));
            }
        }
        Ok(())
    }

    /// Items that came before `input`.
    pub fn earlier(&mut self, items: &[Value], options: &Options<'_>) -> Result<(), Refusal> {
        items
            .iter()
            .try_for_each(|item| self.item(item, "previous_response_id", options))
    }

    /// The end of what the assistant says.
    pub fn flush(&mut self) {
        self.messages.extend(self.open.take());
    }

    fn item(&mut self, item: &Value, place: &str, options: &Options<'_>) -> Result<(), Refusal> {
        let kind = text(item, "type");
        match kind {
            "" | "message" => self.message(item, place)?,
            "reasoning" => self.reasoning(item, place),
            "function_call" => {
                let name = self.name(item);
                let arguments = text(item, "arguments");
                let arguments = if arguments.trim().is_empty() {
                    "{}"
                } else {
                    arguments
                };
                let call = chat::call(id(item), &name, arguments.to_owned());
                self.open.calls.push(call);
            }
            "custom_tool_call" => {
                let name = self.name(item);
                let arguments = json!({"input": text(item, "input")}).to_string();
                self.open.calls.push(chat::call(id(item), &name, arguments));
            }
            "local_shell_call" => {
                let arguments = shell::arguments(item).to_string();
                self.open
                    .calls
                    .push(chat::call(id(item), shell::NAME, arguments));
            }
            "function_call_output" | "custom_tool_call_output" | "local_shell_call_output" => {
                self.flush();
                let result = self.output(item, place)?;
                self.messages.push(result);
            }
            "item_reference" => {
                let known = options.earlier.unwrap_or_default().iter();
                let mut known = known.filter(|it| text(it, "id") == text(item, "id"));
                let Some(found) = known.next() else {
                    let message = format!("the item `{}` is not known here", text(item, "id"));
                    return Err(Refusal::not_found(place, message));
                };
                self.item(&found.clone(), place, options)?;
            }
            // What OpenAI's own tools did: the text that came of it stands in messages.
            "web_search_call"
            | "file_search_call"
            | "code_interpreter_call"
            | "image_generation_call"
            | "mcp_list_tools"
            | "mcp_call"
            | "mcp_approval_request"
            | "tool_search_call"
            | "tool_search_output" => {
                self.notes.dropped(
                    place,
                    format!("`{kind}` is the work of a tool that runs at OpenAI"),
                );
            }
            other => {
                return Err(Refusal::unsupported(
                    place,
                    format!("an item of the type `{other}` is OpenAI's own"),
                ));
            }
        }
        Ok(())
    }

    /// The name of a call's tool in chat.
    fn name(&mut self, item: &Value) -> String {
        let (namespace, name) = (text(item, "namespace"), text(item, "name"));
        if namespace.is_empty() {
            return self.plan.names.short(name);
        }
        self.plan.names.short(&format!("{namespace}__{name}"))
    }

    fn message(&mut self, item: &Value, place: &str) -> Result<(), Refusal> {
        let role = text(item, "role");
        let single;
        let content = match item.get("content") {
            Some(Value::String(said)) => {
                single = [json!({"type": "input_text", "text": said})];
                single.as_slice()
            }
            Some(Value::Array(parts)) => parts.as_slice(),
            _ => {
                return Err(Refusal::invalid(
                    place,
                    format!("`{place}.content` is neither a text nor a list"),
                ));
            }
        };
        let mut parts = Vec::with_capacity(content.len());
        for (at, part) in content.iter().enumerate() {
            parts.extend(self.part(part, &format!("{place}.content[{at}]"))?);
        }
        match role {
            "assistant" => self.open.parts.append(&mut parts),
            "user" | "system" | "developer" => {
                self.flush();
                if !parts.is_empty() {
                    // Not every provider knows a developer.
                    let role = if role == "developer" { "system" } else { role };
                    self.messages
                        .push(json!({"role": role, "content": chat::content(parts)}));
                }
            }
            other => {
                return Err(Refusal::invalid(
                    place,
                    format!("`{place}.role` is `{other}`"),
                ));
            }
        }
        Ok(())
    }

    fn part(&self, part: &Value, place: &str) -> Result<Option<Value>, Refusal> {
        let part = match text(part, "type") {
            "input_text" | "output_text" | "text" | "summary_text" | "reasoning_text" => {
                let said = text(part, "text");
                return Ok((!said.is_empty()).then(|| chat::text_part(said)));
            }
            "refusal" => {
                let said = text(part, "refusal");
                return Ok((!said.is_empty()).then(|| chat::text_part(said)));
            }
            "input_image" => {
                if text(part, "image_url").is_empty() {
                    return Err(Refusal::unsupported(
                        place,
                        "the image was uploaded to OpenAI",
                    ));
                }
                let mut image = chat::image_part(text(part, "image_url"));
                set_given(&mut image["image_url"], "detail", part.get("detail"));
                image
            }
            "input_file" => file(part, place)?,
            "input_audio" => {
                let audio = object(part, "input_audio").cloned();
                json!({"type": "input_audio", "input_audio": audio})
            }
            other => {
                return Err(Refusal::unsupported(
                    place,
                    format!("a part of the type `{other}` is OpenAI's own"),
                ));
            }
        };
        Ok(Some(part))
    }

    fn reasoning(&mut self, item: &Value, place: &str) {
        let said = |name: &str| {
            list(item, name)
                .iter()
                .map(|it| text(it, "text"))
                .collect::<Vec<_>>()
                .join("\n\n")
        };
        let (whole, summary) = (said("content"), said("summary"));
        self.open
            .reasoning
            .push_str(if whole.is_empty() { &summary } else { &whole });
        let sealed = text(item, "encrypted_content");
        if !sealed.is_empty() && !self.open.restore(sealed) {
            self.notes
                .dropped(place, "the reasoning is sealed by another provider");
        }
    }

    fn output(&self, item: &Value, place: &str) -> Result<Value, Refusal> {
        let call = id(item);
        if call.is_empty() {
            return Err(Refusal::invalid(
                place,
                format!("`{place}` has no `call_id`"),
            ));
        }
        let content = match item.get("output") {
            Some(Value::String(said)) => said.as_str().into(),
            Some(parts @ Value::Array(_)) => {
                let mut content = Vec::new();
                for (at, part) in items(Some(parts)).iter().enumerate() {
                    content.extend(self.part(part, &format!("{place}.output[{at}]"))?);
                }
                if content.is_empty() {
                    "".into()
                } else {
                    chat::content(content)
                }
            }
            Some(Value::Null) | None => "".into(),
            Some(other) => other.to_string().into(),
        };
        let mut result = chat::tool_result(call, content);
        if text(item, "status") == "failed" {
            set(&mut result, "is_error", true);
        }
        Ok(result)
    }
}

/// The call that an item is, or answers. Outputs of `local_shell` name it `id`.
fn id(item: &Value) -> &str {
    let call = text(item, "call_id");
    if call.is_empty() {
        text(item, "id")
    } else {
        call
    }
}

fn file(part: &Value, place: &str) -> Result<Value, Refusal> {
    let mut file = json!({});
    set_given(&mut file, "filename", part.get("filename"));
    if !text(part, "file_data").is_empty() {
        set_given(&mut file, "file_data", part.get("file_data"));
    } else if !text(part, "file_url").is_empty() {
        // An address stands where every plugin looks for it.
        set_given(&mut file, "file_id", part.get("file_url"));
    } else {
        return Err(Refusal::unsupported(
            place,
            "the file was uploaded to OpenAI",
        ));
    }
    Ok(json!({"type": "file", "file": file}))
}

/// A sealed item of ours: what chat says and Responses have no place for.
pub fn sealed(members: &Value) -> String {
    carrier::write(members)
}
