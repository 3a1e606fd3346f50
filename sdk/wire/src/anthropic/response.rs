//! A Messages answer as a chat completion.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, Response, Step, fault, write_json};

use crate::anthropic::envelope::Envelope;
use crate::anthropic::stream::is_default;
use crate::anthropic::structured::JSON_TOOL;
use crate::anthropic::{citations, errors, usage};

/// Turns that a model may pause in, at most.
const MAX_TURNS: u32 = 10;

/// What may be kept of paused turns, in bytes. The host takes 1 MiB of state.
pub const MAX_KEPT: usize = 512 << 10;

/// What has to be known of the request when the answer comes.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    #[serde(skip_serializing_if = "is_default")]
    pub json_tool: bool,
    /// Tools run at the provider, so the answer may pause.
    #[serde(skip_serializing_if = "is_default")]
    pub hosted: bool,
    /// The client's names of tools whose names had to change.
    #[serde(skip_serializing_if = "is_default")]
    pub renamed: Map<String, Value>,
    /// For the next turn, where there may be one.
    #[serde(skip_serializing_if = "is_default")]
    pub envelope: Envelope,
    /// Blocks of earlier turns of this answer.
    #[serde(skip_serializing_if = "is_default")]
    pub earlier: Vec<Value>,
    #[serde(skip_serializing_if = "is_default")]
    pub usage: Value,
    #[serde(skip_serializing_if = "is_default")]
    pub turns: u32,
}

impl Plan {
    pub fn write(&self) -> String {
        write_json(self)
    }

    pub fn may_go_on(&self) -> bool {
        self.hosted && self.turns < MAX_TURNS
    }

    /// The request that lets a paused turn go on; its state is still to be set.
    pub fn next_turn(&mut self, content: &Value, counted: Value) -> sluice_sdk::Outbound {
        self.usage = counted;
        self.turns += 1;
        let turn = json!({"role": "assistant", "content": content});
        let appended = vec![("/messages/-".into(), Some(turn.to_string()))];
        self.envelope.post().amend(appended)
    }

    /// The client's name of a tool.
    pub fn name<'a>(&'a self, name: &'a str) -> &'a str {
        let own = self.renamed.get(name).and_then(Value::as_str);
        own.unwrap_or(name)
    }
}

/// The answer, or the next turn of one that paused.
pub fn to_chat(answer: &Value, mut plan: Plan) -> Result<Step, Error> {
    if let Some(error) = answer
        .get("error")
        .filter(|_| answer.get("content").is_none())
    {
        return Err(errors::of(error, 0));
    }
    let content = answer.get("content").and_then(Value::as_array);
    let content =
        content.ok_or_else(|| fault::upstream("the provider's answer has no `content`"))?;
    let own = usage::totals(answer.get("usage").unwrap_or(&Value::Null));
    let counted = usage::sum(&plan.usage, &own);
    let stop_reason = answer
        .get("stop_reason")
        .and_then(Value::as_str)
        .unwrap_or_default();
    plan.earlier.extend(content.iter().cloned());
    if stop_reason == "pause_turn" && plan.may_go_on() {
        let next = plan.next_turn(&content.clone().into(), counted.clone());
        let state = plan.write();
        if state.len() < MAX_KEPT {
            return Ok(next.state(state).send());
        }
    }
    let mut result = Map::new();
    for name in ["id", "model"] {
        if let Some(value) = answer.get(name) {
            result.insert(name.into(), value.clone());
        }
    }
    result.insert(
        "choices".into(),
        json!([choice(&plan, answer, stop_reason)]),
    );
    result.insert("usage".into(), usage::canonical(&counted));
    Ok(Response::json(&result.into()).respond())
}

fn choice(plan: &Plan, answer: &Value, stop_reason: &str) -> Value {
    let mut parts = Parts::default();
    for block in &plan.earlier {
        parts.read(block, plan);
    }
    let mut finish = usage::finish_reason(stop_reason);
    if finish == "tool_calls" && parts.calls.is_empty() {
        finish = "stop";
    }
    let mut message = Map::new();
    message.insert("role".into(), "assistant".into());
    let text = parts.json.or(parts.text);
    message.insert("content".into(), text.map_or(Value::Null, Value::from));
    let mut set = |name: &str, list: Vec<Value>| {
        if !list.is_empty() {
            message.insert(name.into(), list.into());
        }
    };
    set("thinking_blocks", parts.thinking);
    set("tool_calls", parts.calls);
    set("annotations", parts.annotations);
    if !parts.reasoning.is_empty() {
        message.insert("reasoning_content".into(), parts.reasoning.into());
    }
    if stop_reason == "refusal" {
        message.insert("refusal".into(), refusal(answer).into());
    }
    let mut fields = parts.fields;
    add_fields(&mut fields, answer);
    if !fields.is_empty() {
        message.insert("provider_specific_fields".into(), fields.into());
    }
    let mut choice = json!({"index": 0, "message": message, "finish_reason": finish});
    add_native_reason(&mut choice, stop_reason);
    choice
}

/// Why the model refused, as it says in `stop_details`.
pub fn refusal(said: &Value) -> &str {
    let why = said.pointer("/stop_details/explanation");
    why.and_then(Value::as_str).unwrap_or("the model refused")
}

/// Members of an answer, or of a stream's last delta, that chat has no place for.
pub fn add_fields(fields: &mut Map<String, Value>, said: &Value) {
    for name in [
        "stop_sequence",
        "stop_details",
        "container",
        "context_management",
    ] {
        if let Some(value) = said.get(name).filter(|it| !it.is_null()) {
            fields.insert(name.into(), value.clone());
        }
    }
}

/// Anthropic's own reason, where OpenAI's says less.
pub fn add_native_reason(choice: &mut Value, stop_reason: &str) {
    if !matches!(stop_reason, "end_turn" | "max_tokens" | "tool_use") {
        choice["provider_specific_fields"] = json!({"native_finish_reason": stop_reason});
    }
}

/// A call as OpenAI writes it. A call from inside the provider's code says who called.
pub fn call(block: &Value, plan: &Plan, arguments: &str) -> Value {
    let name = block
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let mut call = json!({"id": block.get("id"), "type": "function",
        "function": {"name": plan.name(name), "arguments": arguments}});
    let caller = block.get("caller").filter(|it| it.is_object());
    if let Some(caller) = caller.filter(|it| it.get("type") != Some(&"direct".into())) {
        call["provider_specific_fields"] = json!({ "caller": caller });
    }
    call
}

#[derive(Default)]
struct Parts {
    text: Option<String>,
    /// The arguments of the tool that stands for structured output: they are the whole text.
    json: Option<String>,
    reasoning: String,
    thinking: Vec<Value>,
    calls: Vec<Value>,
    annotations: Vec<Value>,
    fields: Map<String, Value>,
}

impl Parts {
    fn read(&mut self, block: &Value, plan: &Plan) {
        let text = |name: &str| block.get(name).and_then(Value::as_str).unwrap_or_default();
        match text("type") {
            "text" => self.text(block, text("text")),
            "thinking" => {
                self.reasoning.push_str(text("thinking"));
                self.thinking.push(block.clone());
            }
            "redacted_thinking" => self.thinking.push(block.clone()),
            "tool_use" => {
                let input = block.get("input").filter(|it| !it.is_null());
                let input = input.map_or_else(|| "{}".to_owned(), Value::to_string);
                if plan.json_tool && text("name") == JSON_TOOL {
                    self.json = Some(input);
                } else {
                    self.calls.push(call(block, plan, &input));
                }
            }
            // What ran at the provider is no call for the client; it is kept whole.
            _ => self.add("server_blocks", block.clone()),
        }
    }

    fn text(&mut self, block: &Value, text: &str) {
        let said = self.text.get_or_insert_default();
        let from = said.chars().count();
        said.push_str(text);
        let to = said.chars().count();
        let cited = block.get("citations").and_then(Value::as_array);
        if let Some(cited) = cited.filter(|it| !it.is_empty()) {
            let annotations = cited
                .iter()
                .filter_map(|it| citations::annotation(it, from, to));
            self.annotations.extend(annotations);
            let supported = cited.iter().map(|it| citations::supported(it, text));
            self.add("citations", supported.collect::<Vec<_>>().into());
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
