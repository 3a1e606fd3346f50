//! A chat request as a `generateContent` request.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, fault};

use crate::gemini::{contents, formats, generation, tools};

/// Members of a chat request that are read here. Any other goes on as it is: what the API lacks
/// comes here only where somebody allowed it (`allowed_openai_params`).
const READ: &[&str] = &[
    "audio",
    "cache_control",
    "frequency_penalty",
    "function_call",
    "functions",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "modalities",
    "model",
    "n",
    "presence_penalty",
    "reasoning_effort",
    "response_format",
    "safety_settings",
    "seed",
    "service_tier",
    "stop",
    "stream",
    "stream_options",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_logprobs",
    "top_p",
    "web_search_options",
];

pub fn from_chat(call: &Call, mut chat: Map<String, Value>) -> Result<Value, Error> {
    let Some(Value::Array(messages)) = chat.shift_remove("messages") else {
        return Err(fault::invalid_request("`messages` is no list"));
    };
    formats::settle(&call.model, &mut chat);
    let conversation = contents::conversation(&messages, &call.model)?;
    let mut body = Map::new();
    if !conversation.system.is_empty() {
        body.insert(
            "systemInstruction".into(),
            json!({"parts": conversation.system}),
        );
    }
    body.insert("contents".into(), conversation.contents.into());
    let tools = tools::tools(&chat)?;
    if !tools.is_empty() {
        // A choice among functions needs some.
        let config = tools::config(&chat).filter(|_| has_functions(&tools));
        body.insert("tools".into(), tools.into());
        if let Some(config) = config {
            body.insert("toolConfig".into(), config);
        }
    }
    let config = generation::config(call, &chat)?;
    if !config.is_empty() {
        body.insert("generationConfig".into(), config.into());
    }
    if let Some(settings) = chat.get("safety_settings") {
        body.insert("safetySettings".into(), settings.clone());
    }
    match chat.get("service_tier").and_then(Value::as_str) {
        Some(tier @ ("flex" | "standard" | "priority")) => {
            drop(body.insert("serviceTier".into(), tier.into()))
        }
        Some("default") => drop(body.insert("serviceTier".into(), "standard".into())),
        _ => {}
    }
    for (name, value) in chat {
        if !READ.contains(&name.as_str()) && !value.is_null() {
            body.entry(name).or_insert(value);
        }
    }
    Ok(body.into())
}

fn has_functions(tools: &[Value]) -> bool {
    tools
        .iter()
        .any(|it| it.get("functionDeclarations").is_some())
}
