//! Recorded traffic of the verified providers, judged by an oracle that reads the recording itself.

use std::collections::BTreeSet;

use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{self, Outcome};

use super::*;

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<OpenAiCompatible>(&serde_json::from_value(example.clone()).unwrap())
            .unwrap();
    }
}

#[test]
fn every_row_is_read_and_has_a_name_of_its_own() {
    let rows = rows::all();
    assert!(rows.len() > 110, "{}", rows.len());
    let names: BTreeSet<_> = rows.iter().map(|row| row.name.clone()).collect();
    assert_eq!(names.len(), rows.len());
    for row in rows {
        assert!(
            row.base_url.is_some()
                || !row.base_url_env.is_empty()
                || row.key_optional
                || !row.verified,
            "{}",
            row.name
        );
    }
}

#[test]
fn an_operators_row_changes_what_is_sent() {
    let fixture = json!({
        "name": "row", "provider": "openai_like", "operation": "chat", "model": "m",
        "config": {"row": {"renamed": {"seed": "random_seed"}, "chat_path": "/v2/chat"}},
        "body": {"model": "m", "messages": [], "seed": 18446744073709551615u64},
        "exchanges": [{"request": {"url": "/v2/chat", "body": {"model": "m", "messages": [], "random_seed": 18446744073709551615u64}},
            "reply": {"status": 200, "headers": {"content-type": "application/json"}, "body": " \n\n {\"choices\":[]}"}}],
        "expect": {"response": {"choices": []}}
    });
    testing::run::<OpenAiCompatible>(&serde_json::from_value(fixture).unwrap()).unwrap();
}

fn corpus() -> Vec<Value> {
    include_str!("../fixtures/corpus.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn replay(item: &Value, streaming: bool) -> Outcome {
    let fixture = json!({
        "name": item["id"], "provider": item["provider"], "operation": "chat", "model": "m", "streaming": streaming,
        "body": {"model": "m", "messages": []},
        "exchanges": [{"reply": {"status": item["status"], "headers": item["headers"], "body": item["body"]}}],
        "expect": {}
    });
    testing::replay::<OpenAiCompatible>(&serde_json::from_value(fixture).unwrap())
        .unwrap_or_else(|what| panic!("{} {}: {what}", item["provider"], item["id"]))
}

/// What has to be found again.
#[derive(Debug, Default, PartialEq)]
struct Gist {
    text: String,
    reasoning: String,
    calls: Vec<(String, String)>,
    finished: bool,
    tokens: u64,
}

fn part_text(value: &Value) -> (String, String) {
    match value {
        Value::String(text) => (text.clone(), String::new()),
        Value::Array(parts) => parts
            .iter()
            .fold(Default::default(), |(text, thinking), part| {
                match &part["thinking"] {
                    Value::Array(pieces) => (
                        text,
                        thinking
                            + &pieces
                                .iter()
                                .map(|it| it["text"].as_str().unwrap())
                                .collect::<String>(),
                    ),
                    _ => (text + part["text"].as_str().unwrap_or_default(), thinking),
                }
            }),
        _ => Default::default(),
    }
}

/// `names` are where reasoning may stand, best first.
fn gist<'v>(chunks: impl Iterator<Item = &'v Value>, names: &[&str]) -> Gist {
    let mut gist = Gist::default();
    for chunk in chunks {
        let usage = if chunk["usage"]["prompt_tokens"].is_number() {
            &chunk["usage"]
        } else {
            &chunk["x_groq"]["usage"]
        };
        gist.tokens = usage["completion_tokens"].as_u64().unwrap_or(gist.tokens);
        for choice in chunk["choices"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|it| it["index"].as_u64().unwrap_or(0) == 0)
        {
            let message = if choice["message"].is_object() {
                &choice["message"]
            } else {
                &choice["delta"]
            };
            let (text, thinking) = part_text(&message["content"]);
            gist.text += &text;
            let own = names
                .iter()
                .find_map(|name| message[*name].as_str().filter(|it| !it.is_empty()));
            let details = message["reasoning_details"]
                .as_array()
                .into_iter()
                .flatten();
            let details: String = details
                .filter_map(|it| it["text"].as_str().or(it["summary"].as_str()))
                .collect();
            gist.reasoning += &if !thinking.is_empty() {
                thinking
            } else {
                own.map_or(details, str::to_owned)
            };
            for call in message["tool_calls"].as_array().into_iter().flatten() {
                let function = &call["function"];
                if let Some(name) = function["name"].as_str().filter(|it| !it.is_empty()) {
                    gist.calls.push((name.into(), String::new()));
                }
                let piece = match &function["arguments"] {
                    Value::String(text) => text.clone(),
                    Value::Null => String::new(),
                    other => other.to_string(),
                };
                let at = call["index"]
                    .as_u64()
                    .map_or(gist.calls.len() - 1, |it| it as usize)
                    .min(gist.calls.len() - 1);
                gist.calls[at].1 += &piece;
            }
            gist.finished |= choice["finish_reason"]
                .as_str()
                .is_some_and(|it| !it.is_empty());
        }
    }
    gist
}

fn ours(outcome: &Outcome) -> Gist {
    let mut found = gist(
        outcome.response.iter().chain(&outcome.events),
        &["reasoning_content"],
    );
    if let Some(usage) = &outcome.usage {
        found.tokens = usage["completion_tokens"].as_u64().unwrap_or_default();
    }
    found
}

const NAMES: [&str; 2] = ["reasoning_content", "reasoning"];

#[test]
fn every_recorded_answer_is_brought_into_form_without_loss() {
    let mut providers = BTreeSet::new();
    for item in corpus().iter().filter(|it| it["kind"] == "chat") {
        let Ok(answer) = serde_json::from_str::<Value>(item["body"].as_str().unwrap()) else {
            continue;
        };
        let outcome = replay(item, false);
        if answer["choices"]
            .as_array()
            .is_none_or(|it| it.iter().any(|choice| !choice["error"].is_null()))
        {
            assert!(
                outcome.error.is_some(),
                "{} {}",
                item["provider"],
                item["id"]
            );
            continue;
        }
        assert!(
            outcome.error.is_none(),
            "{} {}: {:?}",
            item["provider"],
            item["id"],
            outcome.error
        );
        assert_eq!(
            ours(&outcome),
            gist([&answer].into_iter(), &NAMES),
            "{} {}",
            item["provider"],
            item["id"]
        );
        providers.insert(item["provider"].to_string());
    }
    assert!(providers.len() > 15, "{providers:?}");
}

#[test]
fn every_recorded_stream_is_brought_into_form_without_loss_at_any_chunking() {
    let mut providers = BTreeSet::new();
    for item in corpus().iter().filter(|it| it["kind"] == "chat-stream") {
        let body = item["body"].as_str().unwrap().replace("\r\n", "\n");
        let lines = body
            .lines()
            .filter_map(|line| line.strip_prefix("data:"))
            .map(str::trim);
        let chunks: Vec<Value> = lines
            .filter(|it| !it.is_empty() && *it != "[DONE]")
            .filter_map(|it| serde_json::from_str(it).ok())
            .collect();
        let outcome = replay(item, true);
        let failed = |chunk: &Value| {
            !chunk["error"].is_null()
                || chunk["choices"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .any(|it| !it["error"].is_null())
        };
        if chunks.iter().any(failed)
            || body.contains("\nerror:")
            || body.starts_with("event: error")
            || body.contains("event: error")
        {
            assert!(
                outcome.error.is_some(),
                "{} {}",
                item["provider"],
                item["id"]
            );
            continue;
        }
        if !body.contains("data:") {
            continue;
        }
        assert!(
            outcome.error.is_none(),
            "{} {}: {:?}",
            item["provider"],
            item["id"],
            outcome.error
        );
        assert_eq!(
            ours(&outcome),
            gist(chunks.iter(), &NAMES),
            "{} {}",
            item["provider"],
            item["id"]
        );
        for event in &outcome.events {
            for call in event["choices"]
                .as_array()
                .into_iter()
                .flatten()
                .flat_map(|it| it["delta"]["tool_calls"].as_array().into_iter().flatten())
            {
                assert!(
                    call["index"].is_u64(),
                    "{} {}: {call}",
                    item["provider"],
                    item["id"]
                );
            }
        }
        providers.insert(item["provider"].to_string());
    }
    assert!(providers.len() > 15, "{providers:?}");
}
