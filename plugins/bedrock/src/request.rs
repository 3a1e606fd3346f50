//! A chat request as a Converse request.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, fault};

use crate::claude::{self, Advice};
use crate::conversation::{self, Conversation};
use crate::family::Family;
use crate::place::Place;
use crate::tools;

/// What has to be known of the request when the answer comes.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// The answer comes as a call of [`tools::JSON_TOOL`].
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub json_tool: bool,
    /// The client's names of tools whose names had to change.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub renamed: Map<String, Value>,
}

/// Members of a chat request that are read here. Any other is the model's own: it goes into the
/// additional fields, as in LiteLLM.
const READ: &[&str] = &[
    "cache_control",
    "function_call",
    "functions",
    "guardrail_config",
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
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
    "user",
    "web_search_options",
];

/// Converse's own members, which clients and configs may name.
const OWN: &[&str] = &[
    "additionalModelResponseFieldPaths",
    "guardrailConfig",
    "outputConfig",
    "performanceConfig",
    "promptVariables",
    "requestMetadata",
    "serviceTier",
];

pub fn from_chat(
    call: &Call,
    place: &Place,
    mut chat: Map<String, Value>,
) -> Result<(Value, Plan), Error> {
    let Some(Value::Array(messages)) = chat.shift_remove("messages") else {
        return Err(fault::invalid_request("`messages` is no list"));
    };
    let mut talk = conversation::read(&messages, place)?;
    let claude = place.family == Family::Claude;
    let advice = if claude {
        Some(claude::advice(call, place, &chat)?)
    } else {
        None
    };
    let toolbox = tools::read(
        place,
        &chat,
        talk.has_tools,
        advice.as_ref(),
        &mut talk.renamed,
    )?;
    let mut body = Map::new();
    body.insert("messages".into(), Conversation::messages(talk.turns).into());
    if !talk.system.is_empty() {
        body.insert("system".into(), talk.system.into());
    }
    let inference = inference(&chat, advice.as_ref());
    if !inference.is_empty() {
        body.insert("inferenceConfig".into(), inference.into());
    }
    if let Some(config) = toolbox.config {
        body.insert("toolConfig".into(), config);
    }
    if let Some(advice) = &advice {
        if let Some(schema) = &advice.schema {
            body.insert("outputConfig".into(), output(schema, &chat));
        }
        if advice.thinks {
            body.insert(
                "additionalModelResponseFieldPaths".into(),
                json!(["/usage/output_tokens_details"]),
            );
        }
    }
    if let Some(tier) = tier(&chat)? {
        body.insert("serviceTier".into(), json!({ "type": tier }));
    }
    let settings = call.config();
    for name in OWN {
        let given = chat.shift_remove(*name).filter(|it| !it.is_null());
        if let Some(value) = given.or_else(|| settings.get(*name).cloned()) {
            body.insert((*name).into(), value);
        }
    }
    if let Some(config) = chat.get("guardrail_config").filter(|it| it.is_object()) {
        body.entry("guardrailConfig")
            .or_insert_with(|| config.clone());
    }
    if let Some(metadata) = chat.get("metadata").and_then(Value::as_object) {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let texts = metadata.iter().filter(|(_, value)| !value.is_null());
        let texts: Map<String, Value> = texts
            .map(|(name, value)| (name.clone(), text(value).into()))
            .collect();
        if !texts.is_empty() {
            body.entry("requestMetadata").or_insert(texts.into());
        }
    }
    let fields = additional(place, chat, advice)?;
    if !fields.is_empty() {
        body.insert("additionalModelRequestFields".into(), fields.into());
    }
    let plan = Plan {
        json_tool: toolbox.json_tool,
        renamed: talk.renamed,
    };
    Ok((body.into(), plan))
}

fn inference(chat: &Map<String, Value>, advice: Option<&Advice>) -> Map<String, Value> {
    let given = |name: &str| chat.get(name).filter(|it| !it.is_null()).cloned();
    let mut config = Map::new();
    let limit = match advice {
        Some(advice) => advice.max_tokens.clone(),
        None => given("max_completion_tokens").or_else(|| given("max_tokens")),
    };
    let stop = match given("stop") {
        Some(Value::String(one)) => vec![Value::String(one)],
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    };
    let visible = |it: &Value| it.as_str().is_some_and(|it| !it.trim().is_empty());
    let stop: Vec<Value> = stop.into_iter().filter(visible).collect();
    let stop = (!stop.is_empty()).then(|| Value::from(stop));
    for (name, value) in [
        ("maxTokens", limit),
        ("temperature", given("temperature")),
        ("topP", given("top_p")),
        ("stopSequences", stop),
    ] {
        if let Some(value) = value {
            config.insert(name.into(), value);
        }
    }
    config
}

/// The format of the answer, the schema as text.
fn output(schema: &Value, chat: &Map<String, Value>) -> Value {
    let mut format = json!({"schema": schema.to_string()});
    for name in ["name", "description"] {
        let given = chat.get("response_format");
        if let Some(value) = given.and_then(|it| it.get("json_schema")?.get(name)) {
            format[name] = value.clone();
        }
    }
    json!({"textFormat": {"type": "json_schema", "structure": {"jsonSchema": format}}})
}

fn tier(chat: &Map<String, Value>) -> Result<Option<&str>, Error> {
    let Some(given) = chat.get("service_tier").filter(|it| !it.is_null()) else {
        return Ok(None);
    };
    match given.as_str() {
        Some("auto") => Ok(Some("default")),
        Some(tier @ ("default" | "priority" | "flex" | "reserved")) => Ok(Some(tier)),
        _ => Err(fault::invalid_request(format!(
            "`service_tier` is {given}, which is none of auto, default, priority, flex, reserved"
        ))),
    }
}

/// What is the model's own and not Converse's.
fn additional(
    place: &Place,
    mut chat: Map<String, Value>,
    advice: Option<Advice>,
) -> Result<Map<String, Value>, Error> {
    let mut fields = advice.map(|it| it.fields).unwrap_or_default();
    let top_k = chat.shift_remove("top_k").filter(|it| !it.is_null());
    match (top_k, place.family) {
        (Some(top_k), Family::Nova | Family::Nova2) => {
            fields.insert("inferenceConfig".into(), json!({ "topK": top_k }));
        }
        (Some(top_k), _) => drop(fields.insert("top_k".into(), top_k)),
        (None, _) => {}
    }
    let claude = place.family == Family::Claude;
    if claude && chat.get("parallel_tool_calls") == Some(&false.into()) {
        fields.insert(
            "tool_choice".into(),
            json!({"disable_parallel_tool_use": true}),
        );
    }
    if !claude && let Some(effort) = effort(&chat)? {
        let (name, value) = match place.family {
            Family::Nova2 => match effort {
                "none" | "disable" => ("reasoningConfig", json!({"type": "disabled"})),
                "minimal" => ("reasoningConfig", nova("low")),
                "xhigh" | "max" => ("reasoningConfig", nova("high")),
                effort => ("reasoningConfig", nova(effort)),
            },
            Family::Gpt => ("reasoning", json!({ "effort": effort })),
            _ => ("reasoning_effort", effort.into()),
        };
        fields.insert(name.into(), value);
    }
    let own = chat.shift_remove("additionalModelRequestFields");
    for (name, value) in chat {
        if !READ.contains(&name.as_str()) && !value.is_null() {
            fields.entry(name).or_insert(value);
        }
    }
    if let Some(Value::Object(own)) = own {
        fields.extend(own);
    }
    Ok(fields)
}

fn nova(effort: &str) -> Value {
    json!({"type": "enabled", "maxReasoningEffort": effort})
}

/// The effort, by word, or by the budget of `thinking`.
fn effort(chat: &Map<String, Value>) -> Result<Option<&str>, Error> {
    const WORDS: [&str; 8] = [
        "none", "disable", "minimal", "low", "medium", "high", "xhigh", "max",
    ];
    if let Some(asked) = chat.get("reasoning_effort").filter(|it| !it.is_null()) {
        let word = asked.as_str().or_else(|| asked.get("effort")?.as_str());
        return match word.filter(|it| WORDS.contains(it)) {
            Some(word) => Ok(Some(word)),
            None => Err(fault::invalid_request(format!(
                "`reasoning_effort` is {asked}, which is none of {}",
                WORDS.join(", ")
            ))),
        };
    }
    let thinking = chat.get("thinking");
    let kind = thinking.and_then(|it| it.get("type")?.as_str());
    let budget = thinking.and_then(|it| it.get("budget_tokens")?.as_u64());
    Ok(match kind {
        Some("disabled") => Some("none"),
        Some("enabled" | "adaptive") => Some(match budget.unwrap_or(2048) {
            0..2048 => "low",
            2048..4096 => "medium",
            4096.. => "high",
        }),
        _ => None,
    })
}
