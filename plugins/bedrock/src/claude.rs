//! What Claude wants beside the conversation: how it is to think and in which format it is to
//! answer. Anthropic's own translation knows that by the model's name, so it is asked; Converse
//! takes its words as additional fields.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error};
use sluice_wire::anthropic::request;

use crate::family;
use crate::place::Place;

/// Members of a chat that decide it.
const ASKED: [&str; 12] = [
    "functions",
    "function_call",
    "max_completion_tokens",
    "max_tokens",
    "output_config",
    "parallel_tool_calls",
    "reasoning_effort",
    "response_format",
    "thinking",
    "tool_choice",
    "tools",
    "web_search_options",
];

/// What Anthropic's translation says.
pub struct Advice {
    /// `thinking` and `output_config` (without its format), for the additional fields.
    pub fields: Map<String, Value>,
    /// The schema of the answer in Claude's own form.
    pub schema: Option<Value>,
    /// The limit, where the client gave one or thinking has to fit under it.
    pub max_tokens: Option<Value>,
    /// The choice among tools: thinking forbids to force one.
    pub choice: Option<Value>,
    /// The answer comes as a call of the tool that holds the format.
    pub json_tool: bool,
    pub thinks: bool,
}

/// The body of the call for Anthropic's dialect.
pub fn call(call: &Call, place: &Place) -> Call {
    let mut own = call.clone();
    own.model = family::claude(&place.name).to_owned();
    own
}

pub fn advice(asking: &Call, place: &Place, chat: &Map<String, Value>) -> Result<Advice, Error> {
    let mut asked = Map::new();
    asked.insert("messages".into(), json!([{"role": "user", "content": "."}]));
    for name in ASKED {
        if let Some(value) = chat.get(name).filter(|it| !it.is_null()) {
            asked.insert(name.into(), value.clone());
        }
    }
    let translated = request::from_chat(&call(asking, place), asked)?;
    let mut body = match translated.body {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    let mut fields = Map::new();
    let thinking = body.shift_remove("thinking");
    let kind = thinking.as_ref().and_then(|it| it.get("type")?.as_str());
    let thinks = matches!(kind, Some("enabled" | "adaptive"));
    let fixed = kind == Some("enabled");
    if let Some(thinking) = thinking {
        fields.insert("thinking".into(), thinking);
    }
    let mut schema = None;
    if let Some(Value::Object(mut config)) = body.shift_remove("output_config") {
        let format = config.shift_remove("format");
        schema = format.and_then(|mut it| Some(it.get_mut("schema")?.take()));
        if !config.is_empty() {
            fields.insert("output_config".into(), config.into());
        }
    }
    let limited = ["max_completion_tokens", "max_tokens"]
        .iter()
        .any(|name| chat.get(*name).is_some_and(|it| !it.is_null()));
    Ok(Advice {
        fields,
        schema,
        max_tokens: body.shift_remove("max_tokens").filter(|_| limited || fixed),
        choice: body.shift_remove("tool_choice"),
        json_tool: translated.plan.json_tool,
        thinks,
    })
}
