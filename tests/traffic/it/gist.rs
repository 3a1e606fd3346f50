//! What of a chat's answer has to be found again by a client, whichever dialect it speaks.

use std::collections::BTreeMap;

use sluice_bridges::Dialect;
use sluice_sdk::serde_json::{self, Value, json};

use crate::{list, text};

#[derive(Debug, Default, PartialEq)]
pub struct Gist {
    pub text: String,
    /// Some dialects say it as a text.
    pub refusal: String,
    /// Names and arguments.
    pub calls: Vec<(String, Value)>,
    /// Of the request, with what a cache held or took; of the answer, with its thoughts.
    pub tokens: [u64; 2],
    pub end: End,
}

/// Why an answer ended, as far as every dialect says.
#[derive(Debug, Default, PartialEq)]
pub enum End {
    #[default]
    Told,
    Length,
    Filter,
}

impl Gist {
    /// Of a canonical answer, or of canonical chunks: of its first choice.
    pub fn canonical(parts: &[Value]) -> Self {
        let mut gist = Self::default();
        let mut calls = BTreeMap::<u64, (String, String)>::new();
        for part in parts {
            for choice in list(&part["choices"]).iter().filter(|it| is_first(it)) {
                let said = match choice["message"].is_object() {
                    true => &choice["message"],
                    false => &choice["delta"],
                };
                gist.text += text(said, "content");
                gist.refusal += text(said, "refusal");
                let parts = list(&said["content"]).iter();
                gist.text.extend(parts.map(|it| text(it, "text")));
                let known = list(&said["tool_calls"]).iter();
                let known = (0..).zip(known.map(|it| (&it["index"], &it["function"])));
                // As it was called before there were several.
                let one = Some((0, (&Value::Null, &said["function_call"])));
                let one = one.filter(|(_, (_, it))| it.is_object() && !text(it, "name").is_empty());
                for (at, (index, function)) in known.chain(one) {
                    let known = calls.entry(index.as_u64().unwrap_or(at)).or_default();
                    known.0 += text(function, "name");
                    known.1 += &arguments(&function["arguments"]);
                }
                match text(choice, "finish_reason") {
                    "" => {}
                    "length" => gist.end = End::Length,
                    "content_filter" => gist.end = End::Filter,
                    _ => gist.end = End::Told,
                }
            }
            let usage = &part["usage"];
            if usage.is_object() {
                gist.tokens = ["prompt_tokens", "completion_tokens"]
                    .map(|it| usage[it].as_u64().unwrap_or(0));
            }
        }
        let read = |(name, arguments): (String, String)| (name, document(&arguments));
        gist.calls = calls.into_values().map(read).collect();
        gist
    }

    /// Of an answer in a dialect, or of the data of its events.
    pub fn of(dialect: Dialect, parts: &[Value]) -> Self {
        match dialect {
            Dialect::Messages => Self::messages(parts),
            Dialect::Responses => Self::response(parts),
            Dialect::GenerateContent => Self::google(parts),
            Dialect::Completions => Self::completion(parts),
        }
    }

    fn messages(parts: &[Value]) -> Self {
        let mut gist = Self::default();
        let mut input = String::new();
        for part in parts {
            match text(part, "type") {
                "message" => {
                    for block in list(&part["content"]) {
                        gist.block(block);
                    }
                    gist.message_end(part, &part["usage"]);
                }
                "content_block_start" => {
                    input.clear();
                    gist.block(&part["content_block"]);
                }
                "content_block_delta" => {
                    gist.text += text(&part["delta"], "text");
                    input += text(&part["delta"], "partial_json");
                }
                "content_block_stop" if !input.is_empty() => {
                    gist.calls.last_mut().unwrap().1 = document(&input);
                    input.clear();
                }
                "message_delta" => gist.message_end(&part["delta"], &part["usage"]),
                _ => {}
            }
        }
        gist
    }

    fn block(&mut self, block: &Value) {
        match text(block, "type") {
            "text" => self.text += text(block, "text"),
            "tool_use" => {
                let call = (text(block, "name").to_owned(), block["input"].clone());
                self.calls.push(call);
            }
            _ => {}
        }
    }

    fn message_end(&mut self, end: &Value, usage: &Value) {
        self.end = match text(end, "stop_reason") {
            "max_tokens" | "model_context_window_exceeded" | "compaction" => End::Length,
            "refusal" => End::Filter,
            _ => End::Told,
        };
        let count = |name: &str| usage[name].as_u64().unwrap_or(0);
        let read = count("input_tokens") + count("cache_read_input_tokens");
        self.tokens = [
            read + count("cache_creation_input_tokens"),
            count("output_tokens"),
        ];
    }

    /// The last event has all of it.
    fn response(parts: &[Value]) -> Self {
        let last = parts.last().unwrap();
        let response = last.get("response").unwrap_or(last);
        let mut gist = Self::default();
        for item in list(&response["output"]) {
            for part in list(&item["content"]) {
                gist.text += text(part, "text");
                gist.refusal += text(part, "refusal");
            }
            if text(item, "type") == "function_call" {
                let call = (
                    text(item, "name").to_owned(),
                    document(text(item, "arguments")),
                );
                gist.calls.push(call);
            }
        }
        gist.end = match text(&response["incomplete_details"], "reason") {
            "max_output_tokens" => End::Length,
            "content_filter" => End::Filter,
            _ => End::Told,
        };
        gist.tokens =
            ["input_tokens", "output_tokens"].map(|it| response["usage"][it].as_u64().unwrap_or(0));
        gist
    }

    fn google(parts: &[Value]) -> Self {
        let mut gist = Self::default();
        for part in parts {
            let candidates = list(&part["candidates"]).iter();
            for candidate in candidates.filter(|it| is_first(it)) {
                for part in list(&candidate["content"]["parts"]) {
                    if part["thought"] != true {
                        gist.text += text(part, "text");
                    }
                    let call = &part["functionCall"];
                    if call.is_object() {
                        let call = (text(call, "name").to_owned(), call["args"].clone());
                        gist.calls.push(call);
                    }
                }
                gist.end = match text(candidate, "finishReason") {
                    "MAX_TOKENS" => End::Length,
                    "" | "STOP" | "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" => End::Told,
                    _ => End::Filter,
                };
            }
            let usage = &part["usageMetadata"];
            if usage.is_object() {
                let count = |name: &str| usage[name].as_u64().unwrap_or(0);
                let asked = count("promptTokenCount") + count("toolUsePromptTokenCount");
                let said = count("candidatesTokenCount") + count("thoughtsTokenCount");
                gist.tokens = [asked, said];
            }
        }
        gist
    }

    /// Texts alone: there is no place for calls.
    fn completion(parts: &[Value]) -> Self {
        let mut gist = Self::default();
        for part in parts {
            for choice in list(&part["choices"]).iter().filter(|it| is_first(it)) {
                gist.text += text(choice, "text");
                gist.end = match text(choice, "finish_reason") {
                    "length" => End::Length,
                    "content_filter" => End::Filter,
                    _ => End::Told,
                };
            }
            let usage = &part["usage"];
            if usage.is_object() {
                gist.tokens = ["prompt_tokens", "completion_tokens"]
                    .map(|it| usage[it].as_u64().unwrap_or(0));
            }
        }
        gist
    }
}

fn is_first(choice: &Value) -> bool {
    choice["index"].as_u64().unwrap_or(0) == 0
}

/// Some servers give the object itself.
fn arguments(arguments: &Value) -> String {
    match arguments {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Arguments as a document; those that were cut off as their text.
fn document(arguments: &str) -> Value {
    match arguments.trim() {
        "" => json!({}),
        some => serde_json::from_str(some).unwrap_or_else(|_| some.into()),
    }
}
