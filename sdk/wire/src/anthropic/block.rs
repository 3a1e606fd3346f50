//! The content block that a stream is in the middle of.

use serde::{Deserialize, Serialize};
use sluice_sdk::Decoded;
use sluice_sdk::serde_json::{self, Value, json};

use crate::anthropic::citations;
use crate::anthropic::response::{self, Plan};
use crate::anthropic::stream::{chunk, is_default, may_keep};
use crate::anthropic::structured::JSON_TOOL;

#[derive(Default, Serialize, Deserialize, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Call,
    /// The call that stands for structured output: its arguments are the text.
    Json,
    Thinking,
    /// Of a tool that runs at the provider: kept whole.
    Server,
    #[default]
    Other,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Block {
    #[serde(skip_serializing_if = "is_default")]
    kind: Kind,
    /// What is known of a block that has to be given whole, or may have to be sent back.
    #[serde(skip_serializing_if = "is_default")]
    whole: Value,
    /// Its input, as it comes.
    #[serde(skip_serializing_if = "is_default")]
    input: String,
    /// The open call got arguments.
    #[serde(skip_serializing_if = "is_default")]
    argued: bool,
    /// Calls, thinking blocks and server blocks before the open one. Their pieces carry these
    /// numbers as `index`, by which clients put lists together.
    #[serde(skip_serializing_if = "is_default")]
    pub calls: u64,
    #[serde(skip_serializing_if = "is_default")]
    thoughts: u64,
    #[serde(skip_serializing_if = "is_default")]
    servers: u64,
    #[serde(skip_serializing_if = "is_default")]
    annotations: u64,
    /// Text beside a call that stands for structured output: given only if no such call comes.
    #[serde(skip_serializing_if = "is_default")]
    held: Option<String>,
    /// Such a call came.
    #[serde(skip_serializing_if = "is_default")]
    structured: bool,
    /// Characters of text so far, and where the open block began.
    #[serde(skip_serializing_if = "is_default")]
    said: usize,
    #[serde(skip_serializing_if = "is_default")]
    from: usize,
    /// Web pages that the open text rests on.
    #[serde(skip_serializing_if = "is_default")]
    cited: Vec<Value>,
    /// The blocks of this turn, if it may pause. Of a turn that is too long for that: none.
    #[serde(skip_serializing_if = "is_default")]
    turn: Vec<Value>,
    #[serde(skip_serializing_if = "is_default")]
    kept_bytes: usize,
}

impl Block {
    pub fn start(&mut self, block: &Value, plan: &Plan, out: &mut Decoded) {
        let text = |name: &str| block.get(name).and_then(Value::as_str).unwrap_or_default();
        self.argued = false;
        self.input.clear();
        self.from = self.said;
        self.kind = match text("type") {
            "text" => Kind::Text,
            "tool_use" if plan.json_tool && text("name") == JSON_TOOL => Kind::Json,
            "tool_use" => Kind::Call,
            "thinking" => Kind::Thinking,
            "redacted_thinking" => Kind::Other,
            _ => Kind::Server,
        };
        self.whole = if plan.hosted || self.kind == Kind::Server {
            block.clone()
        } else {
            Value::Null
        };
        match self.kind {
            Kind::Text => self.say(text("text"), plan, out),
            Kind::Json => self.structured = true,
            Kind::Call => {
                let mut call = response::call(block, plan, "");
                call["index"] = self.calls.into();
                out.events.push(chunk(json!({"tool_calls": [call]})));
                let given = block.get("input").and_then(Value::as_object);
                if let Some(input) = given.filter(|it| !it.is_empty()) {
                    self.arguments(&Value::from(input.clone()).to_string(), out);
                }
            }
            Kind::Thinking => self.think(text("thinking"), out),
            Kind::Other => {
                let mut block = block.clone();
                block["index"] = self.thoughts.into();
                out.events.push(chunk(json!({"thinking_blocks": [block]})));
                self.thoughts += 1;
            }
            Kind::Server => {}
        }
    }

    pub fn delta(&mut self, delta: &Value, plan: &Plan, out: &mut Decoded) {
        let text = |name: &str| delta.get(name).and_then(Value::as_str).unwrap_or_default();
        self.keep(delta);
        match (text("type"), self.kind) {
            ("text_delta", _) => self.say(text("text"), plan, out),
            ("input_json_delta", Kind::Json) if !text("partial_json").is_empty() => {
                out.events
                    .push(chunk(json!({"content": text("partial_json")})));
                self.argued = true;
            }
            ("input_json_delta", Kind::Call) if !text("partial_json").is_empty() => {
                self.arguments(text("partial_json"), out);
            }
            ("thinking_delta", _) => self.think(text("thinking"), out),
            ("signature_delta", _) => {
                let block = json!({"type": "thinking", "thinking": "", "signature": text("signature"),
                    "index": self.thoughts});
                out.events.push(chunk(json!({"thinking_blocks": [block]})));
            }
            ("citations_delta", _) => {
                let citation = delta.get("citation").cloned().unwrap_or_default();
                out.events.push(chunk(
                    json!({"provider_specific_fields": {"citation": citation}}),
                ));
                self.cited.push(citation);
            }
            _ => {}
        }
    }

    pub fn stop(&mut self, plan: &Plan, out: &mut Decoded) {
        if let Ok(input) = serde_json::from_str::<Value>(&self.input)
            && self.whole.is_object()
        {
            self.whole["input"] = input;
        }
        match self.kind {
            Kind::Call => {
                if !self.argued {
                    self.arguments("{}", out);
                }
                self.calls += 1;
            }
            Kind::Json if !self.argued => out.events.push(chunk(json!({"content": "{}"}))),
            Kind::Thinking => self.thoughts += 1,
            Kind::Server => {
                let mut block = self.whole.clone();
                block["index"] = self.servers.into();
                out.events.push(chunk(
                    json!({"provider_specific_fields": {"server_blocks": [block]}}),
                ));
                self.servers += 1;
            }
            Kind::Text => self.annotate(out),
            Kind::Json | Kind::Other => {}
        }
        let whole = std::mem::take(&mut self.whole);
        if plan.hosted {
            self.kept_bytes += whole.to_string().len();
            if may_keep(self.kept_bytes) {
                self.turn.push(whole);
            } else {
                self.turn.clear();
            }
        }
        self.kind = Kind::Other;
    }

    /// The blocks of this turn, if they could be kept.
    pub fn turn(&self) -> Option<&[Value]> {
        let kept = may_keep(self.kept_bytes) && !self.turn.is_empty();
        kept.then_some(self.turn.as_slice())
    }

    pub fn take_turn(&mut self) -> Vec<Value> {
        self.kept_bytes = 0;
        std::mem::take(&mut self.turn)
    }

    /// Text that was held back for structured output which did not come.
    pub fn let_go(&mut self, out: &mut Decoded) {
        let held = self.held.take();
        if let Some(held) = held.filter(|_| !self.structured) {
            out.events.push(chunk(json!({"content": held})));
        }
    }

    fn say(&mut self, text: &str, plan: &Plan, out: &mut Decoded) {
        if text.is_empty() {
            return;
        }
        self.said += text.chars().count();
        if plan.json_tool {
            self.held.get_or_insert_default().push_str(text);
        } else {
            out.events.push(chunk(json!({"content": text})));
        }
    }

    fn think(&mut self, text: &str, out: &mut Decoded) {
        if !text.is_empty() {
            let block = json!({"type": "thinking", "thinking": text, "index": self.thoughts});
            out.events.push(chunk(
                json!({"reasoning_content": text, "thinking_blocks": [block]}),
            ));
        }
    }

    fn arguments(&mut self, piece: &str, out: &mut Decoded) {
        self.argued = true;
        let call = json!({"index": self.calls, "function": {"arguments": piece}});
        out.events.push(chunk(json!({"tool_calls": [call]})));
    }

    fn annotate(&mut self, out: &mut Decoded) {
        for citation in std::mem::take(&mut self.cited) {
            if let Some(mut annotation) = citations::annotation(&citation, self.from, self.said) {
                annotation["index"] = self.annotations.into();
                self.annotations += 1;
                out.events.push(chunk(json!({"annotations": [annotation]})));
            }
        }
    }

    /// Adds a piece to a block that is kept whole.
    fn keep(&mut self, delta: &Value) {
        let Some(members) = self.whole.as_object_mut() else {
            return;
        };
        for (name, value) in delta.as_object().into_iter().flatten() {
            match (name.as_str(), value.as_str()) {
                ("type", _) => {}
                ("partial_json", Some(piece)) => self.input.push_str(piece),
                ("text" | "thinking" | "signature", Some(piece)) => {
                    let known = members
                        .get(name)
                        .and_then(Value::as_str)
                        .unwrap_or_default();
                    let more = format!("{known}{piece}");
                    members.insert(name.clone(), more.into());
                }
                ("citation", _) => {
                    let list = members.entry("citations").or_insert_with(|| json!([]));
                    if list.is_null() {
                        *list = json!([]);
                    }
                    if let Some(list) = list.as_array_mut() {
                        list.push(value.clone());
                    }
                }
                _ => drop(members.insert(name.clone(), value.clone())),
            }
        }
    }
}
