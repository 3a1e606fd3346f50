//! Messages as turns of content blocks.

use sluice_sdk::serde_json::{self, Map, Value, json};
use sluice_sdk::{Error, fault};

use crate::anthropic::names::{clean, clean_tool};
use crate::anthropic::parts::{content, is_thinking, mark_last, text_block};

/// Said before a system message that has to stand in a turn of the user's.
const SYSTEM_NOTE: &str = "[The next text is a system message, not the user's.]";

/// A conversation in Anthropic's form.
#[derive(Default)]
pub struct Conversation {
    pub system: Vec<Value>,
    pub turns: Vec<Value>,
    pub has_tools: bool,
    pub has_file_ids: bool,
    /// The client's names of tools whose names had to change.
    pub renamed: Map<String, Value>,
    /// System messages in the middle, which follow the user's turn.
    later: Vec<Value>,
    /// Calls in the form before tool calls, which have no ids.
    function_calls: u32,
}

type Turn = (&'static str, Vec<Value>);

/// System messages at the start go into `system`; later ones into a turn of their own after the
/// user's if `system_turns`, else into the user's. Neighbours of one role are one turn.
pub fn conversation(messages: Vec<Value>, system_turns: bool) -> Result<Conversation, Error> {
    let mut result = Conversation::default();
    let mut turns: Vec<Turn> = Vec::new();
    for message in messages {
        let Value::Object(message) = message else {
            return Err(fault::invalid_request("a message is no object"));
        };
        let role = message
            .get("role")
            .and_then(Value::as_str)
            .unwrap_or_default();
        match role {
            "system" | "developer" => {
                let blocks = result.blocks(&message)?;
                if turns.is_empty() {
                    result.system.extend(blocks);
                } else if system_turns {
                    result.later.extend(blocks);
                } else if !blocks.is_empty() {
                    push(&mut turns, "user", noted(blocks));
                }
            }
            "user" => push(&mut turns, "user", result.blocks(&message)?),
            "assistant" => {
                result.settle(&mut turns);
                push(&mut turns, "assistant", result.assistant(&message)?);
            }
            "tool" | "function" => push(&mut turns, "user", vec![result.tool_result(&message)?]),
            other => {
                return Err(fault::invalid_request(format!(
                    "a message has the role `{other}`"
                )));
            }
        }
    }
    result.settle(&mut turns);
    if turns.first().is_none_or(|(role, _)| *role != "user") {
        turns.insert(0, ("user", vec![json!({"type": "text", "text": "."})]));
    }
    let last = turns.len().saturating_sub(1);
    for (at, (role, mut blocks)) in turns.into_iter().enumerate() {
        if role == "user" {
            // Results of tools stand before anything else of their turn.
            blocks.sort_by_key(|block| block.get("type") != Some(&"tool_result".into()));
        } else if role == "assistant" && at == last {
            strip_prefill(&mut blocks);
        }
        result.turns.push(json!({"role": role, "content": blocks}));
    }
    Ok(result)
}

/// Adds to the last turn if it has the role. A message that says nothing makes no turn.
fn push(turns: &mut Vec<Turn>, role: &'static str, mut blocks: Vec<Value>) {
    if blocks.is_empty() {
        return;
    }
    match turns.last_mut() {
        Some((last, turn)) if *last == role => turn.append(&mut blocks),
        _ => turns.push((role, blocks)),
    }
}

fn noted(mut blocks: Vec<Value>) -> Vec<Value> {
    blocks.insert(0, json!({"type": "text", "text": SYSTEM_NOTE}));
    blocks
}

impl Conversation {
    /// The blocks of a message with its cache mark.
    fn blocks(&mut self, message: &Map<String, Value>) -> Result<Vec<Value>, Error> {
        let mut blocks = content(message, &mut self.has_file_ids)?;
        mark_last(message, &mut blocks);
        Ok(blocks)
    }

    /// Gives the system messages since the last turn their place: after a turn of the user's.
    fn settle(&mut self, turns: &mut Vec<Turn>) {
        let later = std::mem::take(&mut self.later);
        match turns.last() {
            _ if later.is_empty() => {}
            Some((role, _)) if *role == "user" => turns.push(("system", later)),
            _ => push(turns, "user", noted(later)),
        }
    }

    /// Thinking first, then what ran at the provider, text, calls.
    fn assistant(&mut self, message: &Map<String, Value>) -> Result<Vec<Value>, Error> {
        let list = |name: &str| message.get(name).and_then(Value::as_array);
        let fields = message.get("provider_specific_fields");
        let of_fields = |name: &str| fields.and_then(|it| it.get(name)?.as_array());
        let thinking = list("thinking_blocks").or(of_fields("thinking_blocks"));
        let mut blocks = joined(thinking.map(Vec::as_slice).unwrap_or_default());
        blocks.retain(is_signed);
        let ran = of_fields("server_blocks").into_iter().flatten();
        blocks.extend(ran.filter(|it| it.is_object()).map(bare));
        blocks.extend(content(message, &mut self.has_file_ids)?);
        let refusal = message.get("refusal").and_then(Value::as_str);
        blocks.extend(refusal.and_then(text_block));
        for call in list("tool_calls").into_iter().flatten() {
            blocks.push(self.tool_use(call)?);
        }
        if let Some(call) = message.get("function_call").filter(|it| it.is_object()) {
            self.function_calls += 1;
            let id = self.function_id();
            blocks.push(self.tool_use(&json!({"id": id, "function": call}))?);
        }
        mark_last(message, &mut blocks);
        Ok(blocks)
    }

    fn tool_use(&mut self, call: &Value) -> Result<Value, Error> {
        self.has_tools = true;
        let function = call.get("function").unwrap_or(&Value::Null);
        let id = call.get("id").and_then(Value::as_str).unwrap_or_default();
        let name = function.get("name").and_then(Value::as_str);
        let name = clean_tool(name.unwrap_or_default(), &mut self.renamed);
        let mut block = Map::new();
        block.insert("type".into(), "tool_use".into());
        block.insert("id".into(), clean(id).into());
        block.insert("name".into(), name.into());
        block.insert("input".into(), arguments(function.get("arguments"))?);
        if let Some(caller) = call.pointer("/provider_specific_fields/caller") {
            block.insert("caller".into(), caller.clone());
        }
        if let Some(mark) = call.get("cache_control").filter(|it| !it.is_null()) {
            block.insert("cache_control".into(), mark.clone());
        }
        Ok(block.into())
    }

    fn function_id(&self) -> String {
        format!("function_call_{}", self.function_calls)
    }

    fn tool_result(&mut self, message: &Map<String, Value>) -> Result<Value, Error> {
        self.has_tools = true;
        let id = message.get("tool_call_id").and_then(Value::as_str);
        let id = id.map_or_else(|| self.function_id(), clean);
        let mut result = Map::new();
        result.insert("type".into(), "tool_result".into());
        result.insert("tool_use_id".into(), id.into());
        match message.get("content") {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => {
                result.insert("content".into(), text.as_str().into());
            }
            Some(Value::Array(_)) => {
                let blocks = content(message, &mut self.has_file_ids)?;
                result.insert("content".into(), blocks.into());
            }
            Some(other) => drop(result.insert("content".into(), other.to_string().into())),
        }
        for name in ["is_error", "cache_control"] {
            if let Some(value) = message.get(name).filter(|it| !it.is_null()) {
                result.insert(name.into(), value.clone());
            }
        }
        Ok(result.into())
    }
}

/// A block without its signature is refused.
fn is_signed(block: &Value) -> bool {
    let signature = block.get("signature").and_then(Value::as_str);
    block.get("type") == Some(&"redacted_thinking".into())
        || (is_thinking(block) && signature.is_some_and(|it| !it.is_empty()))
}

/// Thinking blocks as Anthropic gave them. A client that gathers a stream may bring the pieces
/// as they came: those of one `index` are one block.
fn joined(blocks: &[Value]) -> Vec<Value> {
    let mut result: Vec<Value> = Vec::with_capacity(blocks.len());
    let mut last = None;
    for block in blocks {
        let index = block.get("index").and_then(Value::as_u64);
        match result.last_mut() {
            Some(open) if index.is_some() && index == last => {
                for name in ["thinking", "signature"] {
                    let piece = block.get(name).and_then(Value::as_str).unwrap_or_default();
                    let whole = open.get(name).and_then(Value::as_str).unwrap_or_default();
                    open[name] = format!("{whole}{piece}").into();
                }
            }
            _ => result.push(bare(block)),
        }
        last = index;
    }
    result
}

/// The block as Anthropic gave it: without a mark, and without the `index` that orders the pieces
/// of a stream.
fn bare(block: &Value) -> Value {
    let mut block = block.clone();
    if let Some(members) = block.as_object_mut() {
        members.shift_remove("cache_control");
        members.shift_remove("index");
    }
    block
}

fn arguments(arguments: Option<&Value>) -> Result<Value, Error> {
    match arguments {
        Some(Value::String(text)) if !text.trim().is_empty() => {
            let parsed: Value = serde_json::from_str(text).map_err(|cause| {
                fault::invalid_request(format!(
                    "the `arguments` of a tool call are not JSON: {cause}"
                ))
            })?;
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

/// A last assistant turn is a beginning for the model, which may not end in white space.
fn strip_prefill(blocks: &mut [Value]) {
    if let Some(Value::Object(block)) = blocks.last_mut()
        && let Some(Value::String(text)) = block.get_mut("text")
    {
        text.truncate(text.trim_end().len());
    }
}
