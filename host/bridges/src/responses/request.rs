//! A request for a response as a chat request.

use serde_json::{Value, json};

use super::items::Reader;
use super::{keep, tools};
use crate::chat;
use crate::object::{Object, given, items, set_given, text};
use crate::plan::Plan;
use crate::refusal::{Notes, Refusal};
use crate::{Bridged, Dialect, Options};

/// Wishes that Codex always sends, whatever the model.
const SOFT: &[&str] = &[
    "reasoning_effort",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "user",
    "service_tier",
    "verbosity",
    "parallel_tool_calls",
];

pub fn request(body: &Object, options: &Options<'_>) -> Result<Bridged, Refusal> {
    let mut notes = Notes::new(options.drop_params);
    let streams = body.get("stream") == Some(&true.into());
    let mut plan = Plan::of(Dialect::Responses, options.streaming.unwrap_or(streams));
    let keep = keep(body)?;
    let mut chat = Object::new();
    if let Some(model) = given(body, "model") {
        chat.insert("model".into(), model.clone());
    }
    let system = match given(body, "instructions") {
        Some(Value::String(said)) if !said.is_empty() => {
            vec![json!({"role": "system", "content": said})]
        }
        None | Some(Value::String(_)) => Vec::new(),
        Some(_) => {
            return Err(Refusal::invalid(
                "instructions",
                "`instructions` is not a text",
            ));
        }
    };
    let mut soft = SOFT.to_vec();
    tools::apply(body, &mut chat, &mut plan, &mut notes, &mut soft)?;
    let named = keep
        .previous_response_id
        .as_ref()
        .or(keep.conversation.as_ref());
    if let (Some(named), None) = (named, options.earlier) {
        let param = if keep.conversation.is_some() {
            "conversation"
        } else {
            "previous_response_id"
        };
        return Err(Refusal::not_found(
            param,
            format!("`{named}` is not kept here"),
        ));
    }
    let Some(input) = given(body, "input") else {
        return Err(Refusal::invalid(
            "input",
            "`input` is neither a text nor a list",
        ));
    };
    let mut reader = Reader::new(&mut plan, &mut notes, system);
    if let (Some(_), Some(earlier)) = (named, options.earlier) {
        reader.earlier(earlier, options)?;
        reader.flush();
    }
    reader.read(input, options)?;
    reader.flush();
    let messages = std::mem::take(&mut reader.messages);
    chat.insert("messages".into(), messages.into());
    for (name, value) in body.iter().filter(|(_, value)| !value.is_null()) {
        member(name, value, &mut chat, &mut notes)?;
    }
    if plan.streaming {
        chat.insert("stream".into(), true.into());
    }
    plan.echo = echo(body);
    options.target.fit(&mut chat, &mut notes);
    Ok(Bridged {
        chat,
        plan,
        notes: notes.into_list(),
        soft,
        keep,
    })
}

fn member(name: &str, value: &Value, chat: &mut Object, notes: &mut Notes) -> Result<(), Refusal> {
    match name {
        "temperature" | "top_p" | "max_output_tokens" | "top_logprobs" => {
            if !value.is_number() {
                return Err(Refusal::invalid(name, format!("`{name}` is not a number")));
            }
            let to = if name == "max_output_tokens" {
                "max_tokens"
            } else {
                name
            };
            if name == "top_logprobs" {
                if value.as_u64() == Some(0) {
                    return Ok(());
                }
                chat.insert("logprobs".into(), true.into());
            }
            chat.insert(to.into(), value.clone());
        }
        "parallel_tool_calls" => {
            if chat.contains_key("tools") {
                chat.insert(name.into(), value.clone());
            }
        }
        "user"
        | "safety_identifier"
        | "prompt_cache_key"
        | "prompt_cache_retention"
        | "service_tier" => {
            chat.insert(name.into(), value.clone());
        }
        "reasoning" => {
            if let Some(effort) = value.get("effort").filter(|it| it.is_string()) {
                chat.insert("reasoning_effort".into(), effort.clone());
            }
        }
        "text" => words(value, chat),
        "include" => {
            for wanted in items(Some(value)).iter().filter_map(Value::as_str) {
                match wanted {
                    // Given wherever there is something to bring back.
                    "reasoning.encrypted_content" => {}
                    "message.output_text.logprobs" => {
                        drop(chat.insert("logprobs".into(), true.into()))
                    }
                    other => notes.dropped(
                        &format!("include.{other}"),
                        "it is of a tool that runs at OpenAI",
                    ),
                }
            }
        }
        "truncation" => {
            if value != "disabled" {
                notes.dropped(name, "the provider refuses what is too long");
            }
        }
        "prompt" => return Err(Refusal::unsupported(name, "the prompt is kept at OpenAI")),
        "moderation" => notes.refuse(name, "it is OpenAI's own")?,
        "max_tool_calls" => notes.dropped(name, "it counts tools that run at OpenAI"),
        "context_management" => notes.dropped(name, "the provider does not edit the conversation"),
        "model"
        | "input"
        | "instructions"
        | "tools"
        | "tool_choice"
        | "stream"
        | "stream_options"
        | "store"
        | "background"
        | "conversation"
        | "previous_response_id"
        | "metadata" => {}
        other => notes.dropped(other, "chat has no such member"),
    }
    Ok(())
}

fn words(value: &Value, chat: &mut Object) {
    if let Some(verbosity) = value.get("verbosity").filter(|it| it.is_string()) {
        chat.insert("verbosity".into(), verbosity.clone());
    }
    let format = value.get("format").unwrap_or(&Value::Null);
    match text(format, "type") {
        "json_object" => {
            drop(chat.insert("response_format".into(), json!({"type": "json_object"})))
        }
        "json_schema" => {
            let schema = format.get("schema").cloned().unwrap_or_else(|| json!({}));
            let mut wanted = chat::json_schema(text(format, "name"), &schema, format.get("strict"));
            set_given(
                &mut wanted["json_schema"],
                "description",
                format.get("description"),
            );
            chat.insert("response_format".into(), wanted);
        }
        _ => {}
    }
}

/// Members that the answer repeats, with what OpenAI says where the client says nothing.
fn echo(body: &Object) -> Object {
    let mut echo = Object::new();
    for (name, default) in [
        ("background", json!(false)),
        ("instructions", Value::Null),
        ("max_output_tokens", Value::Null),
        ("max_tool_calls", Value::Null),
        ("metadata", json!({})),
        ("parallel_tool_calls", json!(true)),
        ("previous_response_id", Value::Null),
        ("prompt_cache_key", Value::Null),
        ("reasoning", json!({"effort": null, "summary": null})),
        ("safety_identifier", Value::Null),
        ("service_tier", json!("auto")),
        ("store", json!(true)),
        ("temperature", json!(1.0)),
        ("text", json!({"format": {"type": "text"}})),
        ("tool_choice", json!("auto")),
        ("tools", json!([])),
        ("top_logprobs", json!(0)),
        ("top_p", json!(1.0)),
        ("truncation", json!("disabled")),
        ("user", Value::Null),
    ] {
        echo.insert(
            name.to_owned(),
            given(body, name).cloned().unwrap_or(default),
        );
    }
    if let Some(format) = echo.get_mut("text").and_then(Value::as_object_mut) {
        format
            .entry("format")
            .or_insert_with(|| json!({"type": "text"}));
    }
    if let Some(conversation) = given(body, "conversation") {
        let named = conversation.as_str().map(|id| json!({ "id": id }));
        echo.insert(
            "conversation".to_owned(),
            named.unwrap_or_else(|| conversation.clone()),
        );
    }
    echo
}
