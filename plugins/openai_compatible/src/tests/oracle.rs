//! What an answer says, read without the plugin's code: once from the provider's bytes, by what
//! was seen in the wild, and once from canonical events and answers, by OpenAI's rules alone.

use std::collections::BTreeMap;

use sluice_sdk::serde_json::{self, Value};

/// An answer, whole or gathered from its events.
#[derive(Debug, Default, PartialEq)]
pub struct Said {
    pub choices: BTreeMap<u64, Choice>,
    /// Prompt, completion, total; of them cached and reasoning.
    pub usage: Option<[u64; 5]>,
    pub failed: bool,
    /// Members that stand beside the choices, and what they say.
    pub facts: Vec<(String, Value)>,
}

/// One choice.
#[derive(Debug, Default, PartialEq)]
pub struct Choice {
    pub text: String,
    pub reasoning: String,
    /// Id, name, arguments.
    pub calls: Vec<(String, String, String)>,
    pub finish: Option<String>,
}

/// Providers whose rows say that reasoning comes between tags.
const TAGGED: [&str; 3] = ["cloudflare", "huggingface", "perplexity"];

const ENVELOPE: [&str; 12] = [
    "id",
    "object",
    "created",
    "model",
    "choices",
    "usage",
    "system_fingerprint",
    "service_tier",
    "provider",
    "obfuscation",
    "p",
    "x_groq",
];

/// The provider's stream.
pub fn of_provider_stream(provider: &str, body: &str) -> Said {
    let mut said = Said::default();
    let body = body.replace("\r\n", "\n");
    for block in body.split("\n\n") {
        let field = |name: &str| {
            let values = block
                .lines()
                .filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            values
                .map(|it| it.strip_prefix(' ').unwrap_or(it))
                .collect::<Vec<_>>()
                .join("\n")
        };
        said.failed |= field("event") == "error" || !field("error").is_empty();
        let data = field("data");
        if data.is_empty() || data == "[DONE]" {
            continue;
        }
        let chunk: Value = serde_json::from_str(&data).unwrap();
        let called = said.choices.values().any(|it| !it.calls.is_empty());
        let chunk = of_run(provider, chunk, "delta", called);
        said.take_provider(provider, &chunk, "delta");
        if said.failed {
            break;
        }
    }
    // Snowflake gives no reasons: its end marker is the gateway's to find.
    let reasons = provider != "snowflake";
    said.failed |=
        said.choices.is_empty() || reasons && said.choices.values().any(|it| it.finish.is_none());
    said.split_tags(provider);
    said
}

/// The provider's whole answer.
pub fn of_provider_answer(provider: &str, body: &str) -> Said {
    let mut said = Said::default();
    let answer: Value = serde_json::from_str(body).unwrap();
    let answer = of_run(provider, answer, "message", false);
    said.take_provider(provider, &answer, "message");
    for choice in said.choices.values_mut() {
        let called = !choice.calls.is_empty();
        choice
            .finish
            .get_or_insert_with(|| if called { "tool_calls" } else { "stop" }.into());
    }
    said.split_tags(provider);
    said
}

/// Cloudflare's own dialect in OpenAI's places: a text or a document under `response`, calls beside
/// it, and the usage in the last event.
fn of_run(provider: &str, mut document: Value, part: &str, called: bool) -> Value {
    let whole = document.get("result").is_some_and(Value::is_object);
    if whole {
        document = document["result"].take();
    }
    let is_own = document.get("response").is_some() || document.get("tool_calls").is_some();
    if provider != "cloudflare" || !is_own {
        return document;
    }
    let text = match &document["response"] {
        Value::Null | Value::String(_) => document["response"].clone(),
        other => other.to_string().into(),
    };
    let named = |call: &Value| match call["name"].is_string() {
        true => serde_json::json!({"function": call}),
        false => call.clone(),
    };
    let calls = document["tool_calls"].as_array().into_iter().flatten();
    let calls: Vec<Value> = calls.map(named).collect();
    let ends = whole || document["usage"].is_object();
    // Models end at 256 tokens where the request names no other limit.
    let reason = match called || !calls.is_empty() {
        true => "tool_calls",
        false if document["usage"]["completion_tokens"] == 256 => "length",
        false => "stop",
    };
    let choice = serde_json::json!({part: {"content": text, "tool_calls": calls},
        "finish_reason": ends.then_some(reason)});
    serde_json::json!({"choices": [choice], "usage": document["usage"]})
}

/// Takes over the ids that the provider did not give, and that were made.
pub fn made_ids(want: &mut Said, got: &Said) {
    for (index, choice) in &mut want.choices {
        let others = got.choices.get(index).map(|it| &it.calls);
        let pairs = choice.calls.iter_mut().zip(others.into_iter().flatten());
        for (call, made) in pairs.filter(|(call, _)| call.0.is_empty()) {
            call.0.clone_from(&made.0);
        }
    }
}

/// Canonical events, which are held to OpenAI's rules on the way.
pub fn of_events(events: &[Value], usage: Option<&Value>) -> Said {
    let mut said = Said::default();
    let mut roles = BTreeMap::new();
    for event in events {
        assert!(event.get("usage").is_none(), "usage in {event}");
        assert!(
            event
                .get("object")
                .is_none_or(|it| it == "chat.completion.chunk"),
            "{event}"
        );
        let choices = event["choices"].as_array().unwrap();
        assert!(!choices.is_empty(), "no choice in {event}");
        for choice in choices {
            let index = choice["index"].as_u64().unwrap();
            let delta = choice["delta"].as_object().unwrap();
            assert!(
                choice.get("message").is_none() && delta.values().all(|it| !it.is_null()),
                "{event}"
            );
            let first = roles.insert(index, ()).is_none();
            assert_eq!(
                delta.get("role").and_then(Value::as_str),
                first.then_some("assistant"),
                "{event}"
            );
            let known = said.choices.entry(index).or_default();
            let text = |name: &str| {
                delta
                    .get(name)
                    .map(|it| it.as_str().unwrap())
                    .unwrap_or_default()
            };
            known.text += text("content");
            known.reasoning += text("reasoning_content");
            for piece in delta
                .get("tool_calls")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                let at = piece["index"].as_u64().unwrap() as usize;
                if at == known.calls.len() {
                    assert_eq!(piece["type"], "function", "{event}");
                    let id = piece["id"].as_str().filter(|it| !it.is_empty()).unwrap();
                    let name = piece["function"]["name"].as_str().unwrap();
                    known.calls.push((id.into(), name.into(), String::new()));
                } else {
                    assert!(
                        piece.get("id").is_none() && piece["function"].get("name").is_none(),
                        "{event}"
                    );
                }
                known.calls[at].2 += piece["function"]["arguments"].as_str().unwrap_or_default();
            }
            if let Some(reason) = choice["finish_reason"].as_str() {
                assert_eq!(known.finish, None, "two reasons: {event}");
                assert!(is_openais(reason), "{event}");
                known.finish = Some(reason.into());
            }
        }
        said.take_facts(event);
    }
    said.usage = usage.and_then(|it| counts(it, &[]));
    said
}

/// A canonical answer.
pub fn of_answer(answer: &Value) -> Said {
    let mut said = Said::default();
    for choice in answer["choices"].as_array().unwrap() {
        let message = &choice["message"];
        assert_eq!(message["role"], "assistant");
        let text = |name: &str| {
            message
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        assert!(message["content"].is_null() || message["content"].is_string());
        let calls = message.get("tool_calls").map(|it| it.as_array().unwrap());
        let call = |call: &Value| {
            assert_eq!(call["type"], "function");
            let function = &call["function"];
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (
                text(&call["id"]),
                text(&function["name"]),
                text(&function["arguments"]),
            )
        };
        let reason = choice["finish_reason"].as_str().unwrap();
        assert!(is_openais(reason), "{reason}");
        let read = Choice {
            text: text("content"),
            reasoning: text("reasoning_content"),
            calls: calls.into_iter().flatten().map(call).collect(),
            finish: Some(reason.into()),
        };
        said.choices.insert(choice["index"].as_u64().unwrap(), read);
    }
    said.usage = answer.get("usage").and_then(|it| counts(it, &[]));
    said.take_facts(answer);
    said
}

impl Said {
    fn take_provider(&mut self, provider: &str, chunk: &Value, part: &str) {
        let error = chunk.get("error").is_some_and(|it| !it.is_null());
        let usage = chunk
            .get("usage")
            .filter(|it| !it.is_null())
            .or(chunk.pointer("/x_groq/usage"));
        if let Some(mut counts) = usage.and_then(|it| counts(it, &OTHER_PLACES)) {
            let hidden = counts[4];
            if provider == "xai" && counts[2] == counts[0] + counts[1] + hidden {
                counts[1] += hidden;
            }
            self.usage = Some(counts);
        }
        self.failed |= error;
        if error {
            return;
        }
        for choice in chunk["choices"].as_array().into_iter().flatten() {
            self.failed |= choice.get("error").is_some_and(|it| !it.is_null());
            let known = self
                .choices
                .entry(choice["index"].as_u64().unwrap_or(0))
                .or_default();
            let message = choice.get(part).cloned().unwrap_or_default();
            known.take_content(&message["content"]);
            known.take_reasoning(&message);
            for call in message["tool_calls"].as_array().into_iter().flatten() {
                known.take_call(call, part == "message");
            }
            if let Some(reason) = choice["finish_reason"].as_str().filter(|it| !it.is_empty()) {
                let reason = if is_openais(reason) { reason } else { "stop" };
                known.finish.get_or_insert_with(|| reason.into());
            }
        }
        self.take_facts(chunk);
    }

    fn take_facts(&mut self, document: &Value) {
        for (name, value) in document.as_object().unwrap() {
            let empty = value.is_null() || value == "" || value == &serde_json::json!([]);
            if !ENVELOPE.contains(&name.as_str()) && !empty {
                self.facts.push((name.clone(), value.clone()));
            }
        }
    }

    fn split_tags(&mut self, provider: &str) {
        if !TAGGED.contains(&provider) {
            return;
        }
        for choice in self.choices.values_mut() {
            if let Some(rest) = choice.text.trim_start().strip_prefix("<think>") {
                let (inside, text) = rest.split_once("</think>").unwrap_or((rest, ""));
                choice.reasoning += inside;
                choice.text = text.trim_start_matches('\n').to_owned();
            }
        }
    }
}

impl Choice {
    fn take_content(&mut self, content: &Value) {
        match content {
            Value::Null => {}
            Value::String(text) => self.text += text,
            Value::Array(parts) => {
                for part in parts {
                    match part["type"].as_str().unwrap_or_default() {
                        "thinking" => self.reasoning += &texts(&part["thinking"]),
                        "reasoning" => self.reasoning += &texts(&part["summary"]),
                        _ => self.text += part["text"].as_str().unwrap_or_default(),
                    }
                }
            }
            document => self.text += &document.to_string(),
        }
    }

    fn take_reasoning(&mut self, message: &Value) {
        let named = ["reasoning_content", "reasoning"]
            .map(|name| message[name].as_str().unwrap_or_default());
        let details = message["reasoning_details"]
            .as_array()
            .into_iter()
            .flatten();
        let details = details.map(|it| {
            it["text"]
                .as_str()
                .or(it["summary"].as_str())
                .unwrap_or_default()
        });
        let details = details.collect::<String>();
        let said = named
            .into_iter()
            .chain([details.as_str()])
            .find(|it| !it.is_empty());
        self.reasoning += said.unwrap_or_default();
    }

    fn take_call(&mut self, call: &Value, whole: bool) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (id, name) = (text(&call["id"]), text(&call["function"]["name"]));
        let arguments = match &call["function"]["arguments"] {
            Value::Null if whole => "{}".to_owned(),
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            object => object.to_string(),
        };
        if whole
            || !(id.is_empty() || self.calls.iter().any(|known| known.0 == id) || name.is_empty())
        {
            self.calls.push((id, name, arguments));
        } else {
            let index = call["index"]
                .as_u64()
                .map_or(self.calls.len() - 1, |it| it as usize);
            self.calls[index].2 += &arguments;
        }
    }
}

fn texts(list: &Value) -> String {
    let parts = list.as_array().into_iter().flatten();
    parts
        .map(|it| it["text"].as_str().unwrap_or_default())
        .collect()
}

/// Where recorded providers say how many tokens came from a cache, or were reasoning, besides
/// OpenAI's own place.
const OTHER_PLACES: [(usize, &str); 4] = [
    (3, "prompt_cache_hit_tokens"),
    (3, "cached_tokens"),
    (3, "num_cached_tokens"),
    (4, "reasoning_tokens"),
];

fn counts(usage: &Value, others: &[(usize, &str)]) -> Option<[u64; 5]> {
    let count = |name: &str| usage.get(name).and_then(Value::as_u64);
    let (input, output) = (
        count("prompt_tokens")?,
        count("completion_tokens").unwrap_or(0),
    );
    let at = |pointer: &str, place: usize| {
        let other = |(at, name): &(usize, &str)| (*at == place).then(|| count(name)).flatten();
        let own = usage.pointer(pointer).and_then(Value::as_u64);
        own.or_else(|| others.iter().find_map(other)).unwrap_or(0)
    };
    Some([
        input,
        output,
        count("total_tokens").unwrap_or(input + output),
        at("/prompt_tokens_details/cached_tokens", 3),
        at("/completion_tokens_details/reasoning_tokens", 4),
    ])
}

fn is_openais(reason: &str) -> bool {
    matches!(
        reason,
        "stop" | "length" | "tool_calls" | "content_filter" | "function_call"
    )
}
