//! The conversation: one system message, then users, assistants with one call each, and functions.

use sluice_sdk::chat::{ChatRequest, Message, Part, ToolCall};
use sluice_sdk::serde_json::{self, Map, Value, json};
use sluice_sdk::{Error, fault};

pub fn translated(request: &ChatRequest) -> Result<Vec<Value>, Error> {
    let all: Vec<Message<'_>> = request.messages().collect();
    let begins = all.iter().take_while(|it| is_system(**it)).count();
    let (system, rest) = all.split_at(begins);
    let mut sent = Vec::with_capacity(all.len());
    if !system.is_empty() {
        let texts: Result<Vec<String>, Error> = system.iter().map(|it| text(*it)).collect();
        sent.push(json!({"role": "system", "content": texts?.join("\n\n")}));
    }
    let mut results: Vec<Message<'_>> = Vec::new();
    let mut at = 0;
    while let Some(message) = rest.get(at) {
        at += 1;
        match message.role() {
            "assistant" => {
                let following = rest.get(at..).unwrap_or_default();
                let count = following
                    .iter()
                    .take_while(|it| it.role() == "tool")
                    .count();
                results.extend(following.iter().take(count));
                at += count;
                sent.extend(turn(*message, &mut results)?);
                if let Some(lost) = results.first() {
                    return Err(unknown(*lost));
                }
            }
            "tool" => return Err(unknown(*message)),
            "function" => sent.push(message.value().clone()),
            // A later system message is refused; a user may say the same.
            _ => sent.push(json!({"role": "user", "content": text(*message)?})),
        }
    }
    Ok(sent)
}

fn is_system(message: Message<'_>) -> bool {
    matches!(message.role(), "system" | "developer")
}

fn unknown(result: Message<'_>) -> Error {
    let id = result.tool_call_id().unwrap_or_default();
    fault::invalid_request(format!("the tool result `{id}` answers no call before it"))
}

/// An assistant's message. GigaChat knows one call a message, so several are told one after the
/// other, each with its result.
fn turn(message: Message<'_>, results: &mut Vec<Message<'_>>) -> Result<Vec<Value>, Error> {
    let said = text(message)?;
    let mut sent = Vec::new();
    for call in message.tool_calls() {
        let content = if sent.is_empty() { said.as_str() } else { "" };
        let mut own = Map::new();
        own.insert("role".into(), "assistant".into());
        own.insert("content".into(), content.into());
        own.insert("function_call".into(), function_call(call)?);
        // The state's id is the call's, so that it comes back.
        if is_uuid(call.id()) {
            own.insert("functions_state_id".into(), call.id().into());
        }
        sent.push(own.into());
        let answered = results
            .iter()
            .position(|it| it.tool_call_id() == Some(call.id()));
        if let Some(place) = answered {
            sent.push(result(call.name(), results.remove(place))?);
        }
    }
    if sent.is_empty() {
        let own = message.value().get("function_call");
        let mut plain = json!({"role": "assistant", "content": said});
        if let Some(call) = own.filter(|it| !it.is_null()) {
            plain["function_call"] = call.clone();
        }
        sent.push(plain);
    }
    Ok(sent)
}

fn function_call(call: ToolCall<'_>) -> Result<Value, Error> {
    let arguments = match call.arguments().trim() {
        "" => json!({}),
        text => serde_json::from_str(text).map_err(|cause| {
            let name = call.name();
            fault::invalid_request(format!("the arguments of `{name}` are no JSON: {cause}"))
        })?,
    };
    Ok(json!({"name": call.name(), "arguments": arguments}))
}

/// A result is to be JSON; what is none becomes a JSON text.
fn result(name: &str, message: Message<'_>) -> Result<Value, Error> {
    let content = text(message)?;
    let content = match serde_json::from_str::<Value>(&content) {
        Ok(_) => content,
        Err(_) => Value::from(content).to_string(),
    };
    Ok(json!({"role": "function", "name": name, "content": content}))
}

/// The texts of a message. Pictures and files would have to be uploaded first.
fn text(message: Message<'_>) -> Result<String, Error> {
    let texts: Result<Vec<&str>, Error> = message
        .parts()
        .into_iter()
        .map(|part| match part {
            Part::Text(text) => Ok(text),
            Part::Image(_) => Err(no_parts("image_url")),
            Part::File(_) => Err(no_parts("file")),
            Part::Other(other) => {
                let kind = other.get("type").and_then(Value::as_str);
                Err(no_parts(kind.unwrap_or_default()))
            }
        })
        .collect();
    Ok(texts?.join("\n"))
}

fn no_parts(kind: &str) -> Error {
    fault::unsupported(format!(
        "gigachat takes no parts of type `{kind}` here: it wants files that were uploaded to it"
    ))
}

fn is_uuid(id: &str) -> bool {
    let dashes: Vec<usize> = id.match_indices('-').map(|(at, _)| at).collect();
    let plain = |it: u8| it.is_ascii_hexdigit() || it == b'-';
    id.len() == 36 && dashes == [8, 13, 18, 23] && id.bytes().all(plain)
}
