//! A chat as GigaChat takes it: what is otherwise than OpenAI's, as a patch of the client's body.

use sluice_sdk::chat::ChatRequest;
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, fault};

use crate::messages;

/// Members to set or take out.
pub type Patch = Vec<(String, Option<String>)>;

/// What is for the gateway alone.
const NOT_SENT: [&str; 3] = ["metadata", "stream_options", "user"];

pub fn patch(call: &Call, request: &ChatRequest) -> Result<Patch, Error> {
    let mut patch = Patch::new();
    let mut set = |name: &str, value: Option<&Value>| {
        patch.push((name.to_owned(), value.map(Value::to_string)));
    };
    set("model", Some(&call.model.clone().into()));
    set("messages", Some(&messages::translated(request)?.into()));
    for name in NOT_SENT {
        set(name, None);
    }
    if let Some(limit) = request.get("max_completion_tokens") {
        set("max_completion_tokens", None);
        set("max_tokens", Some(limit));
    }
    // It is to be above 0; the surest token alone is the same.
    if request.get("temperature").and_then(Value::as_f64) == Some(0.0) {
        set("temperature", None);
        set("top_p", Some(&0.into()));
    }
    let functions = functions(request)?;
    let choice = choice(request, &functions)?;
    for name in ["tools", "tool_choice"] {
        set(name, None);
    }
    if !functions.is_empty() {
        set("functions", Some(&functions.into()));
    }
    if let Some(choice) = choice {
        set("function_call", Some(&choice));
    }
    if let Some(format) = request.get("response_format") {
        set("response_format", self::format(format)?.as_ref());
    }
    Ok(patch)
}

/// Tools as functions. What OpenAI called functions before goes as it is.
fn functions(request: &ChatRequest) -> Result<Vec<Value>, Error> {
    let tools = match request.get("tools") {
        None => return Ok(Vec::new()),
        Some(Value::Array(tools)) => tools,
        Some(_) => return Err(fault::invalid_request("`tools` is not a list")),
    };
    let function = |tool: &Value| {
        let Some(Value::Object(function)) = tool.get("function") else {
            let kind = tool.get("type").and_then(Value::as_str).unwrap_or_default();
            return Err(fault::unsupported(format!(
                "gigachat has no tools of type `{kind}`"
            )));
        };
        let mut function = function.clone();
        function.shift_remove("strict");
        // A function without parameters is refused.
        function
            .entry("parameters")
            .or_insert_with(|| json!({"type": "object", "properties": {}}));
        Ok(function.into())
    };
    tools.iter().map(function).collect()
}

/// `tool_choice`, of which GigaChat knows `auto`, `none` and a name.
fn choice(request: &ChatRequest, functions: &[Value]) -> Result<Option<Value>, Error> {
    let Some(choice) = request.get("tool_choice") else {
        return Ok(None);
    };
    if functions.is_empty() {
        return Ok(None);
    }
    match choice.as_str() {
        Some(word @ ("auto" | "none")) => Ok(Some(word.into())),
        Some("required") => match functions {
            [only] => Ok(Some(json!({"name": only.get("name")}))),
            _ => Err(fault::unsupported(
                "gigachat can be made to call one function by its name, not one of several",
            )),
        },
        _ => match choice.pointer("/function/name") {
            Some(name) => Ok(Some(json!({ "name": name }))),
            None => Err(fault::invalid_request("`tool_choice` names no function")),
        },
    }
}

/// A schema stands beside its type; nothing is sent for plain text.
fn format(wanted: &Value) -> Result<Option<Value>, Error> {
    match wanted.get("type").and_then(Value::as_str) {
        Some("text") => Ok(None),
        Some("json_schema") if wanted.get("json_schema").is_some() => {
            let schema = wanted.pointer("/json_schema/schema");
            let schema = schema.ok_or_else(|| {
                fault::invalid_request("`response_format.json_schema` has no `schema`")
            })?;
            let mut sent = Map::new();
            sent.insert("type".into(), "json_schema".into());
            sent.insert("schema".into(), schema.clone());
            let strict = wanted.pointer("/json_schema/strict");
            if let Some(strict) = strict.filter(|it| it.is_boolean()) {
                sent.insert("strict".into(), strict.clone());
            }
            Ok(Some(sent.into()))
        }
        Some("json_object") => Err(fault::unsupported(
            "gigachat answers in JSON by a schema only: `response_format` of type `json_schema`",
        )),
        // GigaChat's own: `regex`, or a schema in its own form.
        _ => Ok(Some(wanted.clone())),
    }
}
