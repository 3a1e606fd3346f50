//! Turns of content blocks as messages.

use serde_json::{Value, json};

use super::media;
use crate::chat::{self, Assistant};
use crate::object::{Object, given, list, object, set, set_given, text};
use crate::plan::Plan;
use crate::refusal::Refusal;
use crate::{Options, carrier};

/// `system`: a text or blocks of text.
pub fn system(system: &Value) -> Result<Option<Value>, Refusal> {
    let content = match system {
        Value::String(text) if text.is_empty() => return Ok(None),
        Value::String(text) => text.as_str().into(),
        Value::Array(blocks) if blocks.is_empty() => return Ok(None),
        Value::Array(blocks) => {
            let parts: Vec<Value> = blocks.iter().map(marked_text).collect();
            chat::content(parts)
        }
        _ => {
            return Err(Refusal::invalid(
                "system",
                "`system` is neither a text nor a list",
            ));
        }
    };
    Ok(Some(json!({"role": "system", "content": content})))
}

/// One turn; a turn of the user's may hold results of tools, which are messages of their own.
pub fn turn(
    turn: &Value,
    at: usize,
    options: &Options<'_>,
    plan: &mut Plan,
    out: &mut Vec<Value>,
) -> Result<(), Refusal> {
    let place = format!("messages.{at}");
    let single;
    let blocks = match turn.get("content") {
        Some(Value::String(said)) => {
            single = [chat::text_part(said)];
            single.as_slice()
        }
        Some(Value::Array(blocks)) => blocks.as_slice(),
        _ => {
            return Err(Refusal::invalid(
                &format!("{place}.content"),
                format!("`{place}.content` is neither a text nor a list"),
            ));
        }
    };
    match text(turn, "role") {
        "user" => user(blocks, &place, options, out),
        "assistant" => assistant(blocks, &place, plan, out),
        "system" => {
            let parts: Vec<Value> = blocks.iter().map(marked_text).collect();
            out.push(json!({"role": "system", "content": chat::content(parts)}));
            Ok(())
        }
        other => Err(Refusal::invalid(
            &format!("{place}.role"),
            format!("`{place}.role` is `{other}`"),
        )),
    }
}

fn user(
    blocks: &[Value],
    place: &str,
    options: &Options<'_>,
    out: &mut Vec<Value>,
) -> Result<(), Refusal> {
    let mut parts = Vec::new();
    for (at, block) in blocks.iter().enumerate() {
        let place = format!("{place}.content.{at}");
        if text(block, "type") == "tool_result" {
            out.push(tool_result(block, &place, options)?);
        } else {
            parts.extend(part(block, &place, options)?);
        }
    }
    if !parts.is_empty() {
        out.push(json!({"role": "user", "content": chat::content(parts)}));
    }
    Ok(())
}

fn tool_result(block: &Value, place: &str, options: &Options<'_>) -> Result<Value, Refusal> {
    let id = text(block, "tool_use_id");
    if id.is_empty() {
        return Err(Refusal::invalid(
            place,
            format!("`{place}` has no `tool_use_id`"),
        ));
    }
    let content = match block.get("content") {
        Some(Value::String(said)) => said.as_str().into(),
        Some(Value::Array(blocks)) => {
            let mut parts = Vec::with_capacity(blocks.len());
            for (at, block) in blocks.iter().enumerate() {
                parts.extend(part(block, &format!("{place}.content.{at}"), options)?);
            }
            if parts.is_empty() {
                "".into()
            } else {
                parts.into()
            }
        }
        _ => "".into(),
    };
    let mut result = chat::tool_result(id, content);
    if block.get("is_error") == Some(&true.into()) {
        set(&mut result, "is_error", true);
    }
    set_given(&mut result, "cache_control", block.get("cache_control"));
    Ok(result)
}

/// A block of the user's as a part; none for what says nothing.
fn part(block: &Value, place: &str, options: &Options<'_>) -> Result<Option<Value>, Refusal> {
    let mut part = match text(block, "type") {
        "text" => {
            if text(block, "text").is_empty() {
                return Ok(None);
            }
            let mut part = chat::text_part(text(block, "text"));
            set_given(&mut part, "citations", block.get("citations"));
            part
        }
        "image" => media::image(block, place)?,
        "document" if !media::is_own(block, options) => media::document(block, place, options)?,
        "search_result" if !options.target.anthropic => {
            let texts: Vec<&str> = list(block, "content")
                .iter()
                .map(|it| text(it, "text"))
                .collect();
            let (title, source) = (text(block, "title"), text(block, "source"));
            chat::text_part(&format!("{title}\n{source}\n\n{}", texts.join("\n")))
        }
        _ if options.target.anthropic => return Ok(Some(block.clone())),
        other => {
            return Err(Refusal::unsupported(
                place,
                format!("a block of the type `{other}` is Anthropic's own"),
            ));
        }
    };
    set_given(&mut part, "cache_control", block.get("cache_control"));
    Ok(Some(part))
}

fn marked_text(block: &Value) -> Value {
    let mut part = chat::text_part(text(block, "text"));
    set_given(&mut part, "cache_control", block.get("cache_control"));
    part
}

fn assistant(
    blocks: &[Value],
    place: &str,
    plan: &mut Plan,
    out: &mut Vec<Value>,
) -> Result<(), Refusal> {
    let mut message = Assistant::default();
    for (at, block) in blocks.iter().enumerate() {
        match text(block, "type") {
            "text" => {
                if !text(block, "text").is_empty() {
                    let mut part = marked_text(block);
                    set_given(&mut part, "citations", block.get("citations"));
                    message.parts.push(part);
                }
            }
            "thinking" => {
                message.reasoning.push_str(text(block, "thinking"));
                if !text(block, "signature").is_empty()
                    && !carrier::is_ours(text(block, "signature"))
                {
                    message.thinking.push(bare(block));
                }
            }
            "redacted_thinking" => {
                if !message.restore(text(block, "data")) {
                    message.thinking.push(bare(block));
                }
            }
            "tool_use" => message.calls.push(call(block, plan)),
            "" => {
                let place = format!("{place}.content.{at}");
                return Err(Refusal::invalid(&place, format!("`{place}` has no `type`")));
            }
            // What ran at the provider, with its results.
            _ => carrier::extend(&mut message.fields, "server_blocks", vec![block.clone()]),
        }
    }
    out.extend(message.take());
    Ok(())
}

fn call(block: &Value, plan: &mut Plan) -> Value {
    let input = block.get("input").filter(|it| it.is_object());
    let input = input.map_or_else(|| "{}".to_owned(), Value::to_string);
    let name = plan.names.short(text(block, "name"));
    let mut call = chat::call(text(block, "id"), &name, input);
    set_given(&mut call, "cache_control", block.get("cache_control"));
    if let Some(caller) = object(block, "caller").filter(|it| is_indirect(it)) {
        set(
            &mut call,
            "provider_specific_fields",
            json!({ "caller": caller }),
        );
    }
    call
}

fn is_indirect(caller: &Object) -> bool {
    given(caller, "type").is_some_and(|it| it != "direct")
}

fn bare(block: &Value) -> Value {
    let mut block = block.clone();
    if let Some(members) = block.as_object_mut() {
        members.shift_remove("cache_control");
    }
    block
}
