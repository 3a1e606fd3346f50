//! What Converse said, read from its own JSON and bytes, and what we made of it.

use super::*;

/// What has to be found again of an answer.
#[derive(Debug, Default, PartialEq)]
pub struct Gist {
    pub text: String,
    pub thoughts: String,
    pub signatures: Vec<String>,
    pub redacted: Vec<String>,
    pub calls: Vec<(String, String, Value)>,
    /// Blocks of what ran at the provider.
    pub own: usize,
    pub citations: Vec<Value>,
    pub finish: String,
    /// Input with the cache, output, read, written.
    pub tokens: [u64; 4],
}

impl Gist {
    pub fn block(&mut self, block: &Value) {
        let call = &block["toolUse"];
        let thought = &block["reasoningContent"];
        self.text += text(block, "text");
        if call["type"] == "server_tool_use" || block["toolResult"].is_object() {
            self.own += 1;
        } else if call.is_object() {
            let id = text(call, "toolUseId").to_owned();
            let name = text(call, "name").to_owned();
            self.calls.push((id, name, call["input"].clone()));
        }
        self.thoughts += text(&thought["reasoningText"], "text");
        let signature = thought["reasoningText"]["signature"].as_str();
        self.signatures.extend(signature.map(str::to_owned));
        let redacted = thought["redactedContent"].as_str();
        self.redacted.extend(redacted.map(str::to_owned));
        for piece in list(&block["citationsContent"]["content"]) {
            self.text += text(piece, "text");
        }
        let cited = list(&block["citationsContent"]["citations"]);
        self.citations.extend_from_slice(cited);
    }

    fn usage(&mut self, usage: &Value) {
        let count = |name: &str| usage[name].as_u64().unwrap_or(0);
        let (read, written) = (
            count("cacheReadInputTokens"),
            count("cacheWriteInputTokens"),
        );
        let input = count("inputTokens") + read + written;
        self.tokens = [input, count("outputTokens"), read, written];
    }
}

pub fn of_answer(answer: &Value) -> Gist {
    let mut gist = Gist::default();
    for block in list(&answer["output"]["message"]["content"]) {
        gist.block(block);
    }
    gist.usage(&answer["usage"]);
    gist.finish = finish(text(answer, "stopReason")).into();
    gist
}

fn finish(reason: &str) -> &'static str {
    match reason {
        "tool_use" => "tool_calls",
        "max_tokens" => "length",
        "guardrail_intervened" => "content_filter",
        _ => "stop",
    }
}

/// The events of a stream: name and document.
pub fn events(body: &Value) -> Vec<(String, Value)> {
    let recorded = json!({"status": 200, "headers": {"content-type": "application/vnd.amazon.eventstream"}, "body": body});
    let recorded: sluice_fixture::Recorded = serde_json::from_value(recorded).unwrap();
    let batches = recorded
        .batches(None, sluice_fixture::Chunking::Whole)
        .unwrap();
    let read = |data: &[u8]| serde_json::from_slice(data).unwrap();
    let frames = batches.into_iter().flatten();
    frames.map(|it| (it.event, read(&it.data))).collect()
}

pub fn of_events(events: &[(String, Value)]) -> Gist {
    let mut gist = Gist::default();
    let mut input = String::new();
    let mut redacted = String::new();
    for (name, data) in events {
        let delta = &data["delta"];
        match name.as_str() {
            "contentBlockStart" => {
                input.clear();
                gist.block(&data["start"]);
            }
            "contentBlockDelta" => {
                gist.text += text(delta, "text");
                input += text(&delta["toolUse"], "input");
                gist.thoughts += text(&delta["reasoningContent"], "text");
                let signature = delta["reasoningContent"]["signature"].as_str();
                gist.signatures.extend(signature.map(str::to_owned));
                redacted += text(&delta["reasoningContent"], "redactedContent");
                gist.citations.extend(delta.get("citation").cloned());
                if !input.is_empty()
                    && let Some(call) = gist.calls.last_mut()
                {
                    call.2 = serde_json::from_str(&input).unwrap_or_default();
                }
            }
            "contentBlockStop" if !redacted.is_empty() => {
                gist.redacted.push(std::mem::take(&mut redacted));
            }
            "messageStop" => gist.finish = finish(text(data, "stopReason")).into(),
            "metadata" => gist.usage(&data["usage"]),
            _ => {}
        }
    }
    gist.calls
        .iter_mut()
        .filter(|it| it.2.is_null())
        .for_each(|it| it.2 = json!({}));
    gist
}

/// The choice of our answer, put together as a client does.
pub fn choice(outcome: &Outcome) -> Value {
    match &outcome.response {
        Some(response) => response["choices"][0].clone(),
        None => testing::gathered(&outcome.events, 0).unwrap(),
    }
}

pub fn of_ours(outcome: &Outcome) -> Gist {
    let choice = choice(outcome);
    let message = &choice["message"];
    let usage = outcome.usage.clone();
    let usage = usage.or_else(|| outcome.response.as_ref().map(|it| it["usage"].clone()));
    let usage = usage.unwrap_or_default();
    let count = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    let call = |call: &Value| {
        let arguments = match text(&call["function"], "arguments") {
            "" => json!({}),
            text => serde_json::from_str(text).unwrap(),
        };
        let name = text(&call["function"], "name").to_owned();
        (text(call, "id").to_owned(), name, arguments)
    };
    let of_thinking = |name: &str| {
        let blocks = list(&message["thinking_blocks"]).iter();
        let found = blocks.filter_map(|it| it[name].as_str().map(str::to_owned));
        found.collect()
    };
    let bare = |it: &Value| {
        let mut members = it.as_object().unwrap().clone();
        members.shift_remove("index");
        Value::from(members)
    };
    Gist {
        text: text(message, "content").into(),
        thoughts: text(message, "reasoning_content").into(),
        signatures: of_thinking("signature"),
        redacted: of_thinking("data"),
        calls: list(&message["tool_calls"]).iter().map(call).collect(),
        own: list(&message["provider_specific_fields"]["blocks"]).len(),
        citations: list(&message["provider_specific_fields"]["citations"])
            .iter()
            .map(bare)
            .collect(),
        finish: text(&choice, "finish_reason").into(),
        tokens: [
            count("/prompt_tokens"),
            count("/completion_tokens"),
            count("/prompt_tokens_details/cached_tokens"),
            count("/prompt_tokens_details/cache_write_tokens"),
        ],
    }
}
