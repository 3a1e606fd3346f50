//! A chat request as a `generateContent` request.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, fault};

use crate::{contents, generation, schema};

/// Members of a chat request that are read here; any other goes on as it is.
const READ: &[&str] = &[
    "audio",
    "cache_control",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "modalities",
    "model",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "reasoning_effort",
    "response_format",
    "safety_settings",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];

pub fn from_chat(call: &Call, mut chat: Map<String, Value>) -> Result<Value, Error> {
    let Some(Value::Array(messages)) = chat.shift_remove("messages") else {
        return Err(fault::invalid_request("`messages` is no list"));
    };
    let conversation = contents::conversation(&messages, &call.model)?;
    let mut body = Map::new();
    if !conversation.system.is_empty() {
        body.insert(
            "systemInstruction".into(),
            json!({"parts": conversation.system}),
        );
    }
    body.insert("contents".into(), conversation.contents.into());
    let tools = tools(&chat)?;
    if !tools.is_empty() {
        body.insert("tools".into(), tools.into());
        if let Some(config) = tool_config(&chat) {
            body.insert("toolConfig".into(), config);
        }
    }
    let config = generation::config(call, &chat);
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

/// Functions stand together; each of Google's own tools stands alone.
fn tools(chat: &Map<String, Value>) -> Result<Vec<Value>, Error> {
    let mut functions = Vec::new();
    let mut own = Vec::new();
    let given = chat
        .get("tools")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    for tool in given {
        match tool.get("function") {
            Some(function) => functions.push(declaration(function)?),
            None if tool
                .get("type")
                .is_some_and(|it| it == "web_search" || it == "web_search_preview") =>
            {
                own.push(json!({"googleSearch": {}}));
            }
            None => own.push(tool.clone()),
        }
    }
    for function in chat
        .get("functions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        functions.push(declaration(function)?);
    }
    if chat.get("web_search_options").is_some_and(Value::is_object) {
        own.push(json!({"googleSearch": {}}));
    }
    let mut tools = Vec::new();
    if !functions.is_empty() {
        tools.push(json!({ "functionDeclarations": functions }));
    }
    tools.extend(own);
    Ok(tools)
}

fn declaration(function: &Value) -> Result<Value, Error> {
    let name = function.get("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| fault::invalid_request("a tool has no `function.name`"))?;
    let mut result = Map::new();
    result.insert("name".into(), name.into());
    if let Some(description) = function.get("description").filter(|it| it.is_string()) {
        result.insert("description".into(), description.clone());
    }
    let parameters = function.get("parameters").and_then(Value::as_object);
    let has_some = parameters.is_some_and(|it| {
        it.get("properties")
            .and_then(Value::as_object)
            .is_some_and(|it| !it.is_empty())
    });
    if let Some(parameters) = parameters.filter(|_| has_some) {
        result.insert(
            "parameters".into(),
            schema::cleaned(&parameters.clone().into()),
        );
    }
    Ok(result.into())
}

fn tool_config(chat: &Map<String, Value>) -> Option<Value> {
    let choice = chat.get("tool_choice")?;
    let mode = |mode: &str| json!({"functionCallingConfig": {"mode": mode}});
    match choice {
        Value::String(word) => match word.as_str() {
            "auto" => Some(mode("AUTO")),
            "required" | "any" => Some(mode("ANY")),
            "none" => Some(mode("NONE")),
            _ => None,
        },
        other => {
            let name = other
                .pointer("/function/name")
                .or_else(|| other.get("name"))?;
            Some(json!({"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [name]}}))
        }
    }
}
