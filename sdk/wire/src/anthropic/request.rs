//! A chat request as a Messages request.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, fault};

use crate::anthropic::envelope::Envelope;
use crate::anthropic::response::Plan;
use crate::anthropic::{blocks, models, stream, thinking, tools};

/// A translated request.
pub struct Translated {
    pub body: Value,
    /// Betas of the API that the body needs.
    pub betas: Vec<String>,
    /// What has to be known when the answer comes.
    pub plan: Plan,
}

impl Translated {
    /// The request, and how its answer is read: as a stream by [`stream::decode`], whole by
    /// [`response::to_chat`](super::response::to_chat).
    pub fn outbound(mut self, envelope: Envelope, streaming: bool) -> Outbound {
        let outbound = envelope.post().json(&self.body);
        if self.plan.hosted {
            self.plan.envelope = envelope;
        }
        if streaming {
            outbound.state(stream::opening(self.plan)).frames()
        } else {
            outbound.state(self.plan.write())
        }
    }
}

/// What is counted of a request; the counter refuses whatever asks for an answer.
const COUNTED: [&str; 6] = [
    "anthropic_version",
    "messages",
    "model",
    "system",
    "tool_choice",
    "tools",
];

impl Translated {
    /// The request as the counter of tokens takes it.
    pub fn counted(self) -> Value {
        let mut body = self.body;
        if let Some(members) = body.as_object_mut() {
            members.retain(|name, _| COUNTED.contains(&name.as_str()));
        }
        body
    }
}

/// Members of a chat request that are read here. Any other goes on as it is: what the API lacks
/// comes here only where somebody allowed it (`allowed_openai_params`).
const READ: &[&str] = &[
    "function_call",
    "functions",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "parallel_tool_calls",
    "reasoning_effort",
    "response_format",
    "service_tier",
    "stop",
    "stream",
    "stream_options",
    "thinking",
    "tool_choice",
    "tools",
    "user",
    "web_search_options",
];

/// For Anthropic's own API.
pub fn from_chat(call: &Call, chat: Map<String, Value>) -> Result<Translated, Error> {
    translated(call, chat, models::has_structured_output(&call.model))
}

/// For hosts that have no output formats and no strict tools, or may have them switched off: a
/// format becomes a tool that is called in place of an answer.
pub fn from_chat_without_formats(
    call: &Call,
    chat: Map<String, Value>,
) -> Result<Translated, Error> {
    translated(call, chat, false)
}

fn translated(
    call: &Call,
    mut chat: Map<String, Value>,
    native_formats: bool,
) -> Result<Translated, Error> {
    let mut body = Map::new();
    body.insert("model".into(), call.model.clone().into());
    let Some(Value::Array(messages)) = chat.shift_remove("messages") else {
        return Err(fault::invalid_request("`messages` is no list"));
    };
    let system_turns = models::has_system_turns(&call.model);
    let mut conversation = blocks::conversation(messages, system_turns)?;
    if !conversation.system.is_empty() {
        body.insert("system".into(), conversation.system.into());
    }
    body.insert("messages".into(), conversation.turns.into());
    body.insert("max_tokens".into(), max_tokens(call, &chat));
    if call.streaming {
        body.insert("stream".into(), true.into());
    }
    let stop = match chat.get("stop") {
        Some(Value::String(one)) => vec![json!(one)],
        Some(Value::Array(list)) => list.clone(),
        _ => Vec::new(),
    };
    let stop: Vec<Value> = stop
        .into_iter()
        .filter(|it| it.as_str().is_some_and(|it| !it.trim().is_empty()))
        .collect();
    if !stop.is_empty() {
        body.insert("stop_sequences".into(), stop.into());
    }
    if let Some(user) = chat
        .get("user")
        .and_then(Value::as_str)
        .filter(|user| is_opaque(user))
    {
        body.insert("metadata".into(), json!({"user_id": user}));
    }
    match chat.get("service_tier").and_then(Value::as_str) {
        Some("auto") => drop(body.insert("service_tier".into(), "auto".into())),
        Some("default" | "standard_only") => {
            drop(body.insert("service_tier".into(), "standard_only".into()))
        }
        _ => {}
    }
    // Thinking and structured output add to what the client sets of it.
    if let Some(config) = chat.shift_remove("output_config").filter(Value::is_object) {
        body.insert("output_config".into(), config);
    }
    thinking::apply(call, &chat, &mut body)?;
    let toolbox = tools::apply(
        call,
        &chat,
        &mut body,
        conversation.has_tools,
        &mut conversation.renamed,
        native_formats,
    )?;
    let mut betas = Vec::new();
    if conversation.has_file_ids {
        betas.push("files-api-2025-04-14".to_owned());
    }
    if chat.contains_key("mcp_servers") {
        betas.push("mcp-client-2025-11-20".to_owned());
    }
    for (name, value) in chat {
        if !READ.contains(&name.as_str()) && !value.is_null() {
            body.entry(name).or_insert(value);
        }
    }
    Ok(Translated {
        body: body.into(),
        betas,
        plan: Plan {
            json_tool: toolbox.json_tool,
            hosted: toolbox.hosted,
            renamed: conversation.renamed,
            ..Plan::default()
        },
    })
}

/// For a model whose name says nothing. Every model takes it.
const DEFAULT_LIMIT: u64 = 4096;

/// Anthropic wants a limit. Without one: the model's own, by `model_info` or by its name.
fn max_tokens(call: &Call, chat: &Map<String, Value>) -> Value {
    let asked = ["max_completion_tokens", "max_tokens"]
        .iter()
        .find_map(|name| chat.get(*name).filter(|it| !it.is_null()));
    if let Some(asked) = asked {
        return asked.clone();
    }
    let known = call
        .context()
        .pointer("/model_info/max_output_tokens")
        .and_then(Value::as_u64);
    known
        .or_else(|| models::max_output(&call.model))
        .unwrap_or(DEFAULT_LIMIT)
        .into()
}

/// E-mail addresses and telephone numbers are refused as user ids.
fn is_opaque(user: &str) -> bool {
    let phone = user.chars().filter(char::is_ascii_digit).count() >= 7
        && user
            .chars()
            .all(|it| it.is_ascii_digit() || matches!(it, '+' | '-' | ' ' | '(' | ')'));
    !user.is_empty() && !user.contains('@') && !phone
}
