//! A Messages request as a chat request.

use serde_json::{Value, json};

use super::{content, tools};
use crate::chat;
use crate::object::{Object, given, text};
use crate::plan::Plan;
use crate::refusal::{Notes, Refusal};
use crate::{Bridged, Dialect, Keep, Options};

/// Wishes that Claude Code always sends, whatever the model.
const SOFT: &[&str] = &[
    "user",
    "service_tier",
    "thinking",
    "reasoning_effort",
    "top_k",
];

pub fn request(body: &Object, options: &Options<'_>) -> Result<Bridged, Refusal> {
    let mut notes = Notes::new(options.drop_params);
    let streams = body.get("stream") == Some(&true.into());
    let mut plan = Plan::of(Dialect::Messages, options.streaming.unwrap_or(streams));
    let mut chat = Object::new();
    if let Some(model) = given(body, "model") {
        chat.insert("model".into(), model.clone());
    }
    let mut messages = Vec::new();
    if let Some(system) = given(body, "system") {
        messages.extend(content::system(system)?);
    }
    let Some(Value::Array(turns)) = body.get("messages") else {
        return Err(Refusal::invalid("messages", "`messages` is not a list"));
    };
    for (at, turn) in turns.iter().enumerate() {
        content::turn(turn, at, options, &mut plan, &mut messages)?;
    }
    chat.insert("messages".into(), messages.into());
    let mut soft = SOFT.to_vec();
    tools::apply(body, &mut chat, options, &mut plan, &mut notes, &mut soft)?;
    for (name, value) in body.iter().filter(|(_, value)| !value.is_null()) {
        member(name, value, options, &mut chat, &mut notes)?;
    }
    thinking(body, options, &mut chat);
    if chat.get("temperature").and_then(Value::as_f64) == Some(1.0) {
        // The default, which clients send all the same and reasoning models refuse.
        soft.push("temperature");
    }
    if plan.streaming {
        chat.insert("stream".into(), true.into());
    }
    options.target.fit(&mut chat, &mut notes);
    Ok(Bridged {
        chat,
        plan,
        notes: notes.into_list(),
        soft,
        keep: Keep::default(),
    })
}

/// A member that is neither the conversation nor its tools.
fn member(
    name: &str,
    value: &Value,
    options: &Options<'_>,
    chat: &mut Object,
    notes: &mut Notes,
) -> Result<(), Refusal> {
    let own = options.target.anthropic;
    match name {
        "max_tokens" | "temperature" | "top_p" | "top_k" => {
            if !value.is_number() {
                return Err(Refusal::invalid(name, format!("`{name}` is not a number")));
            }
            chat.insert(name.into(), value.clone());
        }
        "stop_sequences" => {
            let is_list = value
                .as_array()
                .is_some_and(|list| list.iter().all(Value::is_string));
            if !is_list {
                return Err(Refusal::invalid(
                    name,
                    "`stop_sequences` is not a list of texts",
                ));
            }
            if value.as_array().is_some_and(|list| !list.is_empty()) {
                chat.insert("stop".into(), value.clone());
            }
        }
        "metadata" => {
            if let Some(user) = value.get("user_id").filter(|it| it.is_string()) {
                chat.insert("user".into(), user.clone());
            }
        }
        "service_tier" => {
            let tier = if value == "standard_only" {
                "default"
            } else {
                "auto"
            };
            chat.insert("service_tier".into(), tier.into());
        }
        "output_format" => format(value, chat),
        "output_config" => {
            if let Some(wanted) = value.get("format") {
                format(wanted, chat);
            }
            let effort = value.get("effort").filter(|it| it.is_string());
            if let Some(effort) = effort {
                if own {
                    chat.insert("output_config".into(), json!({ "effort": effort }));
                } else {
                    chat.insert("reasoning_effort".into(), effort.clone());
                }
            }
        }
        "context_management" | "cache_control" | "container" | "speed" | "inference_geo"
        | "mcp_servers"
            if own =>
        {
            chat.insert(name.into(), value.clone());
        }
        "context_management" => notes.dropped(name, "the provider does not edit the conversation"),
        "cache_control" => notes.dropped(name, "the provider caches by itself or not at all"),
        "speed" | "inference_geo" | "diagnostics" => notes.dropped(name, "Anthropic's own"),
        "mcp_servers" => {
            if !value.as_array().is_some_and(Vec::is_empty) {
                notes.refuse(name, "MCP servers are called by Anthropic alone")?;
            }
        }
        "container" => notes.refuse(name, "containers are Anthropic's")?,
        // Without it the request is no more than the end of a conversation.
        "thread" => {
            let why = "what was said before is kept at Anthropic: send all of it";
            return Err(Refusal::unsupported(name, why));
        }
        "model" | "messages" | "system" | "tools" | "tool_choice" | "thinking" | "stream" => {}
        other => notes.dropped(other, "chat has no such member"),
    }
    Ok(())
}

fn format(wanted: &Value, chat: &mut Object) {
    if text(wanted, "type") == "json_schema"
        && let Some(schema) = wanted.get("schema").filter(|it| it.is_object())
    {
        let format = chat::json_schema("output", schema, Some(&true.into()));
        chat.insert("response_format".into(), format);
    }
}

/// Tokens to think, as the effort that other providers are asked for. The bounds are those by which
/// LiteLLM's clients know efforts.
const EFFORTS: [(u64, &str); 3] = [(4096, "high"), (2048, "medium"), (0, "low")];

/// The effort that a budget of tokens stands for.
pub fn effort_of(budget: u64) -> &'static str {
    let found = EFFORTS.iter().find(|(least, _)| budget >= *least);
    found.map_or("low", |(_, effort)| *effort)
}

fn thinking(body: &Object, options: &Options<'_>, chat: &mut Object) {
    let Some(asked) = given(body, "thinking").filter(|it| it.is_object()) else {
        return;
    };
    if options.target.thinking {
        chat.insert("thinking".into(), asked.clone());
        return;
    }
    let budget = asked.get("budget_tokens").and_then(Value::as_u64);
    let effort = match text(asked, "type") {
        // Not every model knows `none`: nothing said is nothing asked for.
        "disabled" => return,
        "enabled" => effort_of(budget.unwrap_or(2048)),
        // Adaptive: the effort stands in `output_config`, or the model decides.
        _ => return,
    };
    chat.entry("reasoning_effort")
        .or_insert_with(|| effort.into());
}
