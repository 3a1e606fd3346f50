//! A Messages answer as a chat completion.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Response, Step, fault, parse_state, write_json};

use crate::tools::JSON_TOOL;
use crate::usage;

/// Turns that a model may pause in, at most.
const MAX_TURNS: u32 = 10;

/// What has to be known of the request when the answer comes.
#[derive(Default, Serialize, Deserialize)]
pub struct Plan {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub json_tool: bool,
    /// Blocks of earlier turns of this answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Value>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub usage: Value,
    #[serde(default)]
    pub turns: u32,
}

impl Plan {
    pub fn new(json_tool: bool) -> Self {
        Self {
            json_tool,
            ..Self::default()
        }
    }

    pub fn write(&self) -> String {
        write_json(self)
    }
}

/// The answer, or the next turn of one that paused.
pub fn to_chat(call: &Call, answer: &Value, state: &str) -> Result<Step, Error> {
    let mut plan: Plan = parse_state(state)?;
    if let Some(error) = answer
        .get("error")
        .filter(|_| answer.get("content").is_none())
    {
        return Err(crate::error_of(error, 0));
    }
    let content = answer.get("content").and_then(Value::as_array);
    let content =
        content.ok_or_else(|| fault::upstream("the provider's answer has no `content`"))?;
    let counted = usage::sum(&plan.usage, answer.get("usage").unwrap_or(&Value::Null));
    let stop_reason = answer
        .get("stop_reason")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if stop_reason == "pause_turn" && plan.turns < MAX_TURNS {
        let turn = json!({"role": "assistant", "content": content});
        plan.earlier.extend(content.iter().cloned());
        plan.usage = counted;
        plan.turns += 1;
        let next = crate::to(call, "/v1/messages", &[])
            .amend(vec![("/messages/-".into(), Some(turn.to_string()))]);
        return Ok(Outbound::state(next, plan.write()).send());
    }
    let blocks: Vec<&Value> = plan.earlier.iter().chain(content).collect();
    let mut result = Map::new();
    for name in ["id", "model"] {
        if let Some(value) = answer.get(name) {
            result.insert(name.into(), value.clone());
        }
    }
    result.insert(
        "choices".into(),
        json!([choice(&blocks, answer, stop_reason, plan.json_tool)]),
    );
    result.insert("usage".into(), usage::canonical(&counted));
    Ok(Response::json(&result.into()).respond())
}

fn choice(blocks: &[&Value], answer: &Value, stop_reason: &str, json_tool: bool) -> Value {
    let mut parts = Parts::default();
    for block in blocks {
        parts.read(block, json_tool);
    }
    let mut finish = usage::finish_reason(stop_reason);
    if finish == "tool_calls" && parts.calls.is_empty() {
        finish = "stop";
    }
    let mut message = Map::new();
    message.insert("role".into(), "assistant".into());
    let text = if parts.text.is_empty() && !parts.has_text {
        Value::Null
    } else {
        parts.text.into()
    };
    message.insert("content".into(), text);
    if !parts.reasoning.is_empty() {
        message.insert("reasoning_content".into(), parts.reasoning.into());
    }
    if !parts.thinking.is_empty() {
        message.insert("thinking_blocks".into(), parts.thinking.into());
    }
    if !parts.calls.is_empty() {
        message.insert("tool_calls".into(), parts.calls.into());
    }
    if stop_reason == "refusal" {
        let why = answer
            .pointer("/stop_details/explanation")
            .and_then(Value::as_str);
        message.insert("refusal".into(), why.unwrap_or("the model refused").into());
    }
    let mut fields = parts.fields;
    if let Some(sequence) = answer.get("stop_sequence").filter(|it| !it.is_null()) {
        fields.insert("stop_sequence".into(), sequence.clone());
    }
    for name in ["container", "context_management"] {
        if let Some(value) = answer.get(name).filter(|it| !it.is_null()) {
            fields.insert(name.into(), value.clone());
        }
    }
    if !fields.is_empty() {
        message.insert("provider_specific_fields".into(), fields.into());
    }
    let mut choice = json!({"index": 0, "message": message, "finish_reason": finish});
    if !matches!(stop_reason, "end_turn" | "max_tokens" | "tool_use")
        && let Some(members) = choice.as_object_mut()
    {
        members.insert(
            "provider_specific_fields".into(),
            json!({"native_finish_reason": stop_reason}),
        );
    }
    choice
}

#[derive(Default)]
struct Parts {
    text: String,
    has_text: bool,
    reasoning: String,
    thinking: Vec<Value>,
    calls: Vec<Value>,
    fields: Map<String, Value>,
}

impl Parts {
    fn read(&mut self, block: &Value, json_tool: bool) {
        let text = |name: &str| block.get(name).and_then(Value::as_str).unwrap_or_default();
        match text("type") {
            "text" => {
                self.has_text = true;
                self.text.push_str(text("text"));
                if let Some(citations) = block.get("citations").filter(|it| it.is_array()) {
                    self.add("citations", citations.clone());
                }
            }
            "thinking" => {
                self.reasoning.push_str(text("thinking"));
                self.thinking.push(block.clone());
            }
            "redacted_thinking" => self.thinking.push(block.clone()),
            "tool_use" if json_tool && text("name") == JSON_TOOL => {
                self.has_text = true;
                self.text
                    .push_str(&block.get("input").cloned().unwrap_or_default().to_string());
            }
            "tool_use" => {
                let input = block
                    .get("input")
                    .filter(|it| !it.is_null())
                    .cloned()
                    .unwrap_or_else(|| json!({}));
                self.calls
                    .push(json!({"id": block.get("id"), "type": "function",
                    "function": {"name": block.get("name"), "arguments": input.to_string()}}));
            }
            // What ran at the provider is no call for the client; it is kept whole.
            _ => self.add("server_blocks", block.clone()),
        }
    }

    fn add(&mut self, name: &str, value: Value) {
        let list = self.fields.entry(name).or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.push(value);
        }
    }
}

/// Anthropic's list of models in OpenAI's form, with its own members kept.
pub fn models(answer: &Value) -> Response {
    let data = answer
        .get("data")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let data: Vec<Value> = data
        .map(|model| {
            let mut model = model.as_object().cloned().unwrap_or_default();
            model.insert("object".into(), "model".into());
            model.insert("owned_by".into(), "anthropic".into());
            model.into()
        })
        .collect();
    Response::json(&json!({"object": "list", "data": data}))
}
