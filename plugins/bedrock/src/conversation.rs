//! Messages as Converse's turns: the user begins, the two alternate, and results of tools are the
//! user's.

use sluice_sdk::serde_json::{self, Map, Value, json};
use sluice_sdk::{Error, fault};

use crate::family::{self, Family};
use crate::parts::{Parts, text_block};
use crate::{names, place::Place};

/// What stands for nothing where Converse insists on a block.
const PLACEHOLDER: &str = ".";

/// A conversation in Converse's form.
#[derive(Default)]
pub struct Conversation {
    pub system: Vec<Value>,
    pub turns: Vec<(&'static str, Vec<Value>)>,
    /// Turns with calls or results need a `toolConfig`.
    pub has_tools: bool,
    /// Tools whose names had to change: ours to the client's.
    pub renamed: Map<String, Value>,
}

/// What the cache of a model takes.
pub fn parts_for(place: &Place) -> Parts {
    let takes_ttl = place.family == Family::Claude && family::takes_ttl(&place.name);
    Parts::with_cache(place.family.caches().then_some(takes_ttl))
}

pub fn read(messages: &[Value], place: &Place) -> Result<Conversation, Error> {
    let mut it = Conversation::default();
    let mut parts = parts_for(place);
    for message in messages {
        let role = message.get("role").and_then(Value::as_str);
        match role.unwrap_or_default() {
            "system" | "developer" if it.turns.is_empty() => {
                it.system.extend(parts.content(message)?);
            }
            // Instructions in the middle: Converse has no such turn.
            "system" | "developer" | "user" => {
                let blocks = parts.content(message)?;
                it.push("user", blocks);
            }
            "assistant" => {
                let blocks = it.assistant(message, &mut parts)?;
                it.push("assistant", blocks);
            }
            "tool" | "function" => {
                let result = result(message, &mut parts)?;
                it.has_tools = true;
                it.push("user", result);
            }
            other => {
                return Err(fault::invalid_request(format!(
                    "a message has the role `{other}`"
                )));
            }
        }
    }
    it.finish(place.family);
    Ok(it)
}

impl Conversation {
    /// Adds to the last turn if the same one speaks. A message that says nothing makes no turn.
    fn push(&mut self, role: &'static str, mut blocks: Vec<Value>) {
        match self.turns.last_mut() {
            _ if blocks.is_empty() => {}
            Some((last, turn)) if *last == role => turn.append(&mut blocks),
            _ => self.turns.push((role, blocks)),
        }
    }

    /// Thinking first, then what ran at the provider, text, calls.
    fn assistant(&mut self, message: &Value, parts: &mut Parts) -> Result<Vec<Value>, Error> {
        let list = |pointer: &str| {
            let list = message.pointer(pointer).and_then(Value::as_array);
            list.into_iter().flatten()
        };
        let mut blocks: Vec<Value> = list("/thinking_blocks").filter_map(thinking).collect();
        for own in list("/provider_specific_fields/blocks") {
            self.has_tools |= own.get("toolUse").is_some() || own.get("toolResult").is_some();
            let mut own = own.clone();
            if let Some(members) = own.as_object_mut() {
                // The stream's number of the entry.
                members.shift_remove("index");
            }
            blocks.push(own);
        }
        blocks.extend(parts.content(message)?);
        let refusal = message.get("refusal").and_then(Value::as_str);
        blocks.extend(refusal.and_then(text_block));
        let older = message.get("function_call").filter(|it| it.is_object());
        let older = older.map(|it| ("function", it));
        let calls = list("/tool_calls").filter_map(|call| {
            let id = call.get("id").and_then(Value::as_str).unwrap_or_default();
            Some((id, call.get("function")?))
        });
        for (id, function) in calls.chain(older) {
            self.has_tools = true;
            let text = |name: &str| function.get(name).and_then(Value::as_str);
            let name = names::tool(text("name").unwrap_or_default(), &mut self.renamed);
            let input = input(text("arguments").unwrap_or_default());
            blocks.push(
                json!({"toolUse": {"toolUseId": names::id(id), "name": name, "input": input}}),
            );
        }
        Ok(blocks)
    }

    fn finish(&mut self, family: Family) {
        if self.turns.first().is_none_or(|(role, _)| *role != "user") {
            self.turns
                .insert(0, ("user", vec![json!({"text": PLACEHOLDER})]));
        }
        for (role, blocks) in &mut self.turns {
            let has = |name: &str| blocks.iter().any(|it| it.get(name).is_some());
            // A document without a word beside it is refused.
            if *role == "user" && has("document") && !has("text") {
                blocks.insert(0, json!({"text": "See the document."}));
                // Results have to come first.
                blocks.sort_by_key(|it| it.get("toolResult").is_none());
            }
        }
        // Claude refuses an opening of its answer that ends in blanks.
        if let Some(("assistant", blocks)) = self.turns.last_mut()
            && family == Family::Claude
            && let Some(Value::String(text)) = blocks.last_mut().and_then(|it| it.get_mut("text"))
        {
            text.truncate(text.trim_end().len());
        }
    }

    pub fn messages(turns: Vec<(&'static str, Vec<Value>)>) -> Vec<Value> {
        turns
            .into_iter()
            .map(|(role, content)| json!({"role": role, "content": content}))
            .collect()
    }
}

/// A block of thinking as a client keeps it. One without a signature is refused, so it stays away.
fn thinking(block: &Value) -> Option<Value> {
    let text = |name: &str| block.get(name).and_then(Value::as_str);
    match text("type")? {
        "thinking" => {
            let signature = text("signature").filter(|it| !it.is_empty())?;
            let reasoning =
                json!({"text": text("thinking").unwrap_or_default(), "signature": signature});
            Some(json!({"reasoningContent": {"reasoningText": reasoning}}))
        }
        "redacted_thinking" => {
            Some(json!({"reasoningContent": {"redactedContent": text("data")?}}))
        }
        _ => None,
    }
}

/// The arguments as an object, whatever another model made of them.
fn input(arguments: &str) -> Value {
    match serde_json::from_str(arguments) {
        Ok(Value::Object(members)) => members.into(),
        Ok(Value::Null) => json!({}),
        Ok(other) => json!({"value": other}),
        Err(_) if arguments.trim().is_empty() => json!({}),
        Err(_) => json!({"value": arguments}),
    }
}

fn result(message: &Value, parts: &mut Parts) -> Result<Vec<Value>, Error> {
    let id = message.get("tool_call_id").and_then(Value::as_str);
    let mut content = parts.content(message)?;
    // A point of the cache stands beside a result, not in it.
    let mut points = content.iter().filter(|it| it.get("cachePoint").is_some());
    let point = points.next_back().cloned();
    content.retain(|it| it.get("cachePoint").is_none());
    if content.is_empty() {
        content.push(json!({"text": PLACEHOLDER}));
    }
    let mut result = json!({"toolUseId": names::id(id.unwrap_or("function")), "content": content});
    if message.get("is_error") == Some(&true.into()) {
        result["status"] = "error".into();
    }
    let mut blocks = vec![json!({"toolResult": result})];
    blocks.extend(point);
    Ok(blocks)
}
