//! Recorded traffic through the plugin, judged by an oracle that reads Gemini's JSON itself.

use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{self, Outcome};

use super::*;

#[test]
fn fixtures_are_translated() {
    testing::run_dir::<Gemini>("fixtures");
}

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<Gemini>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

fn corpus() -> Vec<Value> {
    include_str!("../fixtures/corpus.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn replay(item: &Value, operation: &str, streaming: bool) -> Outcome {
    let body = if operation == "chat" {
        json!({"model": "m", "messages": [{"role": "user", "content": "x"}]})
    } else {
        json!({"model": "m", "input": ["a", "b"]})
    };
    let fixture = json!({
        "name": item["id"], "provider": "gemini", "operation": operation, "model": "m", "streaming": streaming, "body": body,
        "exchanges": [{"reply": {"status": item["status"], "headers": item["headers"], "body": item["body"]}}],
        "expect": {}
    });
    testing::replay::<Gemini>(&serde_json::from_value(fixture).unwrap())
        .unwrap_or_else(|what| panic!("{}: {what}", item["id"]))
}

/// What has to be found again, of the first candidate.
#[derive(Debug, Default, PartialEq)]
struct Gist {
    text: String,
    thoughts: String,
    calls: Vec<(String, Value)>,
    signatures: Vec<String>,
    media: usize,
    others: usize,
    tokens: (u64, u64),
}

fn oracle<'v>(chunks: impl Iterator<Item = &'v Value>) -> Gist {
    let mut gist = Gist::default();
    for chunk in chunks {
        let counted = &chunk["usageMetadata"];
        let count = |name: &str| counted[name].as_u64().unwrap_or(0);
        if counted.is_object() {
            let input = count("promptTokenCount") + count("toolUsePromptTokenCount");
            let (said, thought) = (count("candidatesTokenCount"), count("thoughtsTokenCount"));
            let within = thought > 0 && input + said == count("totalTokenCount");
            gist.tokens = (input, if within { said } else { said + thought });
        }
        let first = chunk["candidates"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|it| it["index"].as_u64().unwrap_or(0) == 0);
        for part in first
            .into_iter()
            .flat_map(|it| it["content"]["parts"].as_array().into_iter().flatten())
        {
            gist.signatures
                .extend(part["thoughtSignature"].as_str().map(str::to_owned));
            if part["functionCall"].is_object() {
                let args = if part["functionCall"]["args"].is_null() {
                    json!({})
                } else {
                    part["functionCall"]["args"].clone()
                };
                gist.calls
                    .push((part["functionCall"]["name"].as_str().unwrap().into(), args));
            } else if let Some(text) = part["text"].as_str() {
                if part["thought"] == true {
                    gist.thoughts += text
                } else {
                    gist.text += text
                }
            } else if part["inlineData"].is_object() {
                gist.media += 1;
            } else {
                gist.others += 1;
            }
        }
    }
    gist
}

fn ours(outcome: &Outcome) -> Gist {
    let mut gist = Gist::default();
    let usage = outcome
        .usage
        .clone()
        .or_else(|| outcome.response.as_ref().map(|it| it["usage"].clone()))
        .unwrap_or_default();
    gist.tokens = (
        usage["prompt_tokens"].as_u64().unwrap_or(0),
        usage["completion_tokens"].as_u64().unwrap_or(0),
    );
    let documents = outcome.response.iter().chain(&outcome.events);
    for choice in documents
        .flat_map(|it| it["choices"].as_array().unwrap())
        .filter(|it| it["index"] == 0)
    {
        let message = if choice["message"].is_object() {
            &choice["message"]
        } else {
            &choice["delta"]
        };
        gist.text += message["content"].as_str().unwrap_or_default();
        gist.thoughts += message["reasoning_content"].as_str().unwrap_or_default();
        let fields = &message["provider_specific_fields"];
        let texts = |value: &Value| {
            value
                .as_array()
                .into_iter()
                .flatten()
                .map(|it| it.as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        gist.signatures.extend(texts(&fields["thought_signatures"]));
        gist.others += fields["parts"].as_array().map_or(0, Vec::len);
        gist.media += message["images"].as_array().map_or(0, Vec::len)
            + usize::from(message["audio"].is_object());
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let arguments =
                serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
            gist.calls
                .push((call["function"]["name"].as_str().unwrap().into(), arguments));
            gist.signatures.extend(
                call["provider_specific_fields"]["thought_signature"]
                    .as_str()
                    .map(str::to_owned),
            );
        }
    }
    gist
}

fn sorted(mut gist: Gist) -> Gist {
    gist.signatures.sort();
    gist
}

#[test]
fn every_recorded_answer_is_translated_without_loss() {
    let mut seen = 0;
    for item in corpus().iter().filter(|it| it["kind"] == "chat") {
        let answer: Value = serde_json::from_str(item["body"].as_str().unwrap()).unwrap();
        let outcome = replay(item, "chat", false);
        assert!(
            outcome.error.is_none(),
            "{}: {:?}",
            item["id"],
            outcome.error
        );
        assert_eq!(
            sorted(ours(&outcome)),
            sorted(oracle([&answer].into_iter())),
            "{}",
            item["id"]
        );
        seen += 1;
    }
    assert!(seen > 35, "{seen}");
}

#[test]
fn every_recorded_stream_is_translated_without_loss_at_any_chunking() {
    let mut seen = 0;
    for item in corpus().iter().filter(|it| it["kind"] == "chat-stream") {
        let body = item["body"].as_str().unwrap();
        let chunks: Vec<Value> = match serde_json::from_str(body) {
            Ok(Value::Array(list)) => list,
            Ok(one) => vec![one],
            Err(_) => body
                .lines()
                .filter_map(|it| it.strip_prefix("data:"))
                .map(|it| serde_json::from_str(it.trim()).unwrap())
                .collect(),
        };
        let outcome = replay(item, "chat", true);
        if chunks.iter().any(|it| it["error"].is_object()) {
            assert!(outcome.error.is_some(), "{}", item["id"]);
            continue;
        }
        assert!(
            outcome.error.is_none(),
            "{}: {:?}",
            item["id"],
            outcome.error
        );
        assert_eq!(
            sorted(ours(&outcome)),
            sorted(oracle(chunks.iter())),
            "{}",
            item["id"]
        );
        seen += 1;
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn every_recorded_error_has_a_kind_and_its_message() {
    let mut seen = 0;
    for item in corpus().iter().filter(|it| it["kind"] == "error") {
        let error = replay(item, "chat", false).error.unwrap();
        let document: Value = serde_json::from_str(item["body"].as_str().unwrap()).unwrap();
        let inner = if document.is_array() {
            &document[0]["error"]
        } else {
            &document["error"]
        };
        assert_eq!(
            error.message,
            inner["message"].as_str().unwrap(),
            "{}",
            item["id"]
        );
        assert_ne!(error.kind, kind::UPSTREAM, "{}: {document}", item["id"]);
        seen += 1;
    }
    assert!(seen > 3, "{seen}");
}

#[test]
fn recorded_vectors_come_through() {
    for item in corpus().iter().filter(|it| it["kind"] == "embeddings") {
        let answer: Value = serde_json::from_str(item["body"].as_str().unwrap()).unwrap();
        let Some(list) = answer["embeddings"].as_array() else {
            continue;
        };
        let data = replay(item, "embeddings", false).response.unwrap()["data"].clone();
        for (want, got) in list.iter().zip(data.as_array().unwrap()) {
            assert_eq!(want["values"], got["embedding"], "{}", item["id"]);
        }
    }
}
