//! A Converse answer as a chat completion.

use sluice_sdk::chat::ChatAnswer;
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, Step, fault};

use crate::request::Plan;
use crate::{blocks, tools, usage};

/// The message, gathered.
#[derive(Default)]
struct Said {
    text: String,
    reasoning: String,
    thinking: Vec<Value>,
    calls: Vec<(String, String, String)>,
    images: Vec<Value>,
    annotations: Vec<Value>,
    citations: Vec<Value>,
    /// What ran at the provider, to be sent back as it came.
    own: Vec<Value>,
    /// The call that holds the answer.
    json: Option<String>,
}

pub fn to_chat(answer: &Value, plan: &Plan) -> Result<Step, Error> {
    let content = answer.pointer("/output/message/content");
    let content = content
        .and_then(Value::as_array)
        .ok_or_else(|| fault::upstream("the provider's answer has no message"))?;
    let mut said = Said::default();
    for block in content {
        said.read(block, plan);
    }
    let stop = answer.get("stopReason").and_then(Value::as_str);
    let native = stop.unwrap_or_default();
    let mut reason = usage::finish_reason(native);
    if let Some(json) = said.json.take() {
        said.text = json;
        if said.calls.is_empty() && reason == "tool_calls" {
            reason = "stop";
        }
    }
    let mut chat = ChatAnswer::new();
    if !said.text.is_empty() || said.calls.is_empty() {
        chat = chat.content(said.text);
    }
    if !said.reasoning.is_empty() {
        chat = chat.reasoning(said.reasoning);
    }
    for (name, list) in [
        ("thinking_blocks", said.thinking),
        ("images", said.images),
        ("annotations", said.annotations),
    ] {
        if !list.is_empty() {
            chat = chat.member(name, list);
        }
    }
    let mut fields = Map::new();
    for (name, list) in [("citations", said.citations), ("blocks", said.own)] {
        if !list.is_empty() {
            fields.insert(name.into(), list.into());
        }
    }
    if !matches!(native, "" | "end_turn" | "max_tokens" | "tool_use") {
        fields.insert("stop_reason".into(), native.into());
    }
    if !fields.is_empty() {
        chat = chat.member("provider_specific_fields", fields);
    }
    for (id, name, arguments) in &said.calls {
        chat = chat.tool_call(id, name, arguments);
    }
    if stop.is_some() {
        chat = chat.finish_reason(reason);
    }
    if let Some(counted) = usage::canonical(answer) {
        chat = chat.usage(counted);
    }
    for name in ["trace", "performanceConfig"] {
        if let Some(value) = answer.get(name).filter(|it| !it.is_null()) {
            chat = chat.top(name, value.clone());
        }
    }
    if let Some(tier) = answer.pointer("/serviceTier/type") {
        chat = chat.top("service_tier", tier.clone());
    }
    Ok(chat.respond())
}

impl Said {
    fn read(&mut self, block: &Value, plan: &Plan) {
        let text = |value: &Value, name: &str| {
            let text = value.get(name).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        if let Some(piece) = block.get("text").and_then(Value::as_str) {
            self.text += piece;
        } else if let Some(call) = block.get("toolUse") {
            let input = call.get("input").filter(|it| !it.is_null());
            let input = input.cloned().unwrap_or_else(|| json!({})).to_string();
            let name = text(call, "name");
            if blocks::is_hosted(call) {
                self.own.push(block.clone());
            } else if plan.json_tool && name == tools::JSON_TOOL {
                self.json = Some(input);
            } else {
                let name = plan.name(&name).to_owned();
                self.calls.push((text(call, "toolUseId"), name, input));
            }
        } else if let Some(reasoning) = block.get("reasoningContent") {
            if let Some((thought, block)) = blocks::thinking(reasoning) {
                self.reasoning += &thought;
                self.thinking.push(block);
            }
        } else if let Some(cited) = block.get("citationsContent") {
            let list = |name: &str| cited.get(name).and_then(Value::as_array);
            let from = self.text.chars().count();
            for piece in list("content").into_iter().flatten() {
                self.text += &text(piece, "text");
            }
            let to = self.text.chars().count();
            for citation in list("citations").into_iter().flatten() {
                self.annotations
                    .extend(blocks::annotation(citation, from, to));
                self.citations.push(citation.clone());
            }
        } else if let Some(image) = block.get("image") {
            self.images.extend(blocks::image(image));
        } else if block.get("toolResult").is_some() {
            self.own.push(block.clone());
        }
    }
}

impl Plan {
    /// The client's name of a tool.
    pub fn name<'a>(&'a self, name: &'a str) -> &'a str {
        let own = self.renamed.get(name).and_then(Value::as_str);
        own.unwrap_or(name)
    }
}
