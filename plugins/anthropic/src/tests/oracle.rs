//! What Anthropic said, read from its own JSON, and what we made of it.

use super::*;

/// Everything of a message that has to be found again.
#[derive(Debug, Default, PartialEq)]
pub struct Gist {
    pub text: String,
    pub reasoning: String,
    /// Thinking with its signature; for redacted blocks their data.
    pub thinking: Vec<(String, String)>,
    pub calls: Vec<(String, String, Value)>,
    /// Blocks that chat has no place for, whole.
    pub server: Vec<Value>,
    pub citations: Vec<Value>,
    pub stop: String,
    pub stop_sequence: Value,
    pub stop_details: Value,
    /// Input, output, read from the cache, written to it, thought.
    pub tokens: [u64; 5],
}

impl Gist {
    fn block(&mut self, block: &Value) {
        match text(block, "type") {
            "text" => {
                self.text += text(block, "text");
                self.citations.extend_from_slice(list(&block["citations"]));
            }
            "thinking" => {
                self.reasoning += text(block, "thinking");
                self.thinking.push((
                    text(block, "thinking").into(),
                    text(block, "signature").into(),
                ));
            }
            "redacted_thinking" => self
                .thinking
                .push((String::new(), text(block, "data").into())),
            "tool_use" => {
                let input = Some(block["input"].clone()).filter(|it| !it.is_null());
                self.calls.push((
                    text(block, "id").into(),
                    text(block, "name").into(),
                    input.unwrap_or_else(|| json!({})),
                ));
            }
            _ => self.server.push(block.clone()),
        }
    }

    fn end(&mut self, said: &Value) {
        self.stop = text(said, "stop_reason").into();
        self.stop_sequence = said["stop_sequence"].clone();
        self.stop_details = said["stop_details"].clone();
    }

    /// The usage of a whole answer, or all that a stream said of it.
    fn usage(&mut self, usage: &Value) {
        let iterations = list(&usage["iterations"]);
        let count = |name: &str| -> u64 {
            let one = |it: &Value| it[name].as_u64();
            if iterations.iter().any(|it| one(it).is_some()) {
                return iterations.iter().filter_map(one).sum();
            }
            one(usage).unwrap_or(0)
        };
        let (read, written) = (
            count("cache_read_input_tokens"),
            count("cache_creation_input_tokens"),
        );
        let thought = usage["output_tokens_details"]["thinking_tokens"].as_u64();
        self.tokens = [
            count("input_tokens") + read + written,
            count("output_tokens"),
            read,
            written,
            thought.unwrap_or(0),
        ];
    }

    /// The words of the finish reason that OpenAI has.
    pub fn in_openais_words(mut self) -> Self {
        self.stop = match self.stop.as_str() {
            "tool_use" if self.calls.is_empty() => "stop",
            "tool_use" => "tool_calls",
            "max_tokens" | "model_context_window_exceeded" | "compaction" | "pause_turn" => {
                "length"
            }
            "refusal" => "content_filter",
            _ => "stop",
        }
        .into();
        self
    }
}

pub fn of_message(message: &Value) -> Gist {
    let mut gist = Gist::default();
    list(&message["content"])
        .iter()
        .for_each(|block| gist.block(block));
    gist.end(message);
    gist.usage(&message["usage"]);
    gist
}

pub fn of_stream(body: &str) -> Gist {
    let mut gist = Gist::default();
    let (mut block, mut partial, mut usage) = (Value::Null, String::new(), json!({}));
    let mut note = |more: &Value| {
        for (name, value) in more.as_object().into_iter().flatten() {
            if !value.is_null() {
                usage[name] = value.clone();
            }
        }
        usage.clone()
    };
    for line in body.lines().filter_map(|line| line.strip_prefix("data:")) {
        let event: Value = serde_json::from_str(line.trim()).unwrap();
        match text(&event, "type") {
            "message_start" => gist.usage(&note(&event["message"]["usage"])),
            "content_block_start" => {
                block = event["content_block"].clone();
                partial.clear();
            }
            "content_block_delta" => {
                let delta = &event["delta"];
                for name in ["text", "thinking", "signature", "content"] {
                    if let Some(piece) = delta[name].as_str() {
                        let known = block[name].as_str().unwrap_or_default().to_owned();
                        block[name] = json!(known + piece);
                    }
                }
                if delta["citation"].is_object() {
                    let mut known = list(&block["citations"]).to_vec();
                    known.push(delta["citation"].clone());
                    block["citations"] = known.into();
                }
                partial += text(delta, "partial_json");
            }
            "content_block_stop" => {
                if let Ok(input) = serde_json::from_str::<Value>(&partial) {
                    block["input"] = input;
                }
                gist.block(&block);
            }
            "message_delta" => {
                gist.end(&event["delta"]);
                gist.usage(&note(&event["usage"]));
            }
            _ => {}
        }
    }
    gist
}

/// The choice of our answer, put together as a client does, and the citations of a stream, which
/// come one by one.
fn choice(outcome: &Outcome) -> (Value, Vec<Value>) {
    if let Some(response) = &outcome.response {
        return (response["choices"][0].clone(), Vec::new());
    }
    let mut citations = Vec::new();
    let mut events = outcome.events.clone();
    for event in &mut events {
        let fields = event.pointer_mut("/choices/0/delta/provider_specific_fields");
        if let Some(fields) = fields.and_then(Value::as_object_mut) {
            citations.extend(fields.shift_remove("citation"));
        }
    }
    (testing::gathered(&events, 0).unwrap(), citations)
}

/// The message of our answer.
pub fn message(outcome: &Outcome) -> Value {
    choice(outcome).0["message"].clone()
}

pub fn of_ours(outcome: &Outcome) -> Gist {
    let (choice, streamed) = choice(outcome);
    let message = &choice["message"];
    let usage = outcome.usage.clone();
    let usage = usage.or_else(|| outcome.response.as_ref().map(|it| it["usage"].clone()));
    let usage = usage.unwrap_or_default();
    let details = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    let fields = &message["provider_specific_fields"];
    let thinking = |block: &Value| {
        let secret = if block["data"].is_string() {
            "data"
        } else {
            "signature"
        };
        (text(block, "thinking").into(), text(block, secret).into())
    };
    let call = |call: &Value| {
        let arguments = serde_json::from_str(text(&call["function"], "arguments")).unwrap();
        (
            text(call, "id").into(),
            text(&call["function"], "name").into(),
            arguments,
        )
    };
    let whole = list(&fields["citations"]).iter().flat_map(list);
    Gist {
        text: text(message, "content").into(),
        reasoning: text(message, "reasoning_content").into(),
        thinking: list(&message["thinking_blocks"])
            .iter()
            .map(thinking)
            .collect(),
        calls: list(&message["tool_calls"]).iter().map(call).collect(),
        server: list(&fields["server_blocks"])
            .iter()
            .map(|it| without(it, "index"))
            .collect(),
        citations: whole
            .map(|it| without(it, "supported_text"))
            .chain(streamed)
            .collect(),
        stop: text(&choice, "finish_reason").into(),
        stop_sequence: fields["stop_sequence"].clone(),
        stop_details: fields["stop_details"].clone(),
        tokens: [
            details("/prompt_tokens"),
            details("/completion_tokens"),
            details("/prompt_tokens_details/cached_tokens"),
            details("/cache_creation_input_tokens"),
            details("/completion_tokens_details/reasoning_tokens"),
        ],
    }
}

pub fn without(value: &Value, name: &str) -> Value {
    let mut members = value.as_object().cloned().unwrap_or_default();
    members.shift_remove(name);
    members.into()
}
