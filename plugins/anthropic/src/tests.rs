//! Recorded traffic through the plugin, judged by an oracle that reads Anthropic's JSON itself.

use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{self, Outcome};

use super::*;

#[test]
fn fixtures_are_translated() {
    testing::run_dir::<Anthropic>("fixtures");
}

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<Anthropic>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

fn corpus() -> Vec<Value> {
    let text = include_str!("../fixtures/corpus.jsonl");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn replay(item: &Value, streaming: bool) -> Outcome {
    let fixture = json!({
        "name": item["id"], "provider": "anthropic", "operation": "chat", "model": "claude-x", "streaming": streaming,
        "body": {"model": "claude-x", "messages": [{"role": "user", "content": "x"}]},
        "exchanges": [{"reply": {"status": item["status"], "headers": item["headers"], "body": item["body"]}},
            {"reply": {"status": 200, "headers": {"content-type": "application/json"}, "body": {"json": {"content": [], "stop_reason": "end_turn", "usage": {}}}}}],
        "expect": {}
    });
    testing::replay::<Anthropic>(&serde_json::from_value(fixture).unwrap())
        .unwrap_or_else(|what| panic!("{}: {what}", item["id"]))
}

/// Everything of a message that has to be found again.
#[derive(Debug, Default, PartialEq)]
struct Gist {
    text: String,
    thinking: String,
    signatures: Vec<String>,
    calls: Vec<(String, String, Value)>,
    kept: usize,
    stop: String,
    output: u64,
    input: u64,
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn oracle_block(gist: &mut Gist, block: &Value) {
    match text(block, "type") {
        "text" => gist.text += text(block, "text"),
        "thinking" => {
            gist.thinking += text(block, "thinking");
            gist.signatures.extend(
                block["signature"]
                    .as_str()
                    .filter(|it| !it.is_empty())
                    .map(str::to_owned),
            );
        }
        "redacted_thinking" => gist.signatures.push(text(block, "data").to_owned()),
        "tool_use" => gist.calls.push((
            text(block, "id").into(),
            text(block, "name").into(),
            block["input"].clone(),
        )),
        _ => gist.kept += 1,
    }
}

fn oracle_usage(gist: &mut Gist, usage: &Value) {
    let count = |name: &str| usage[name].as_u64();
    if let Some(output) = count("output_tokens") {
        gist.output = output;
    }
    if let Some(input) = count("input_tokens") {
        gist.input = input
            + count("cache_read_input_tokens").unwrap_or(0)
            + count("cache_creation_input_tokens").unwrap_or(0);
    }
}

fn oracle_message(message: &Value) -> Gist {
    let mut gist = Gist {
        stop: text(message, "stop_reason").into(),
        ..Gist::default()
    };
    message["content"]
        .as_array()
        .unwrap()
        .iter()
        .for_each(|block| oracle_block(&mut gist, block));
    oracle_usage(&mut gist, &message["usage"]);
    gist
}

fn oracle_stream(body: &str) -> Gist {
    let mut gist = Gist::default();
    let (mut block, mut partial) = (Value::Null, String::new());
    for line in body.lines().filter_map(|line| line.strip_prefix("data:")) {
        let event: Value = serde_json::from_str(line.trim()).unwrap();
        match text(&event, "type") {
            "message_start" => oracle_usage(&mut gist, &event["message"]["usage"]),
            "content_block_start" => {
                block = event["content_block"].clone();
                partial.clear();
            }
            "content_block_delta" => {
                let delta = &event["delta"];
                for name in ["text", "thinking", "signature"] {
                    if let Some(piece) = delta[name].as_str() {
                        block[name] = json!(format!(
                            "{}{piece}",
                            block[name].as_str().unwrap_or_default()
                        ));
                    }
                }
                partial += text(delta, "partial_json");
            }
            "content_block_stop" => {
                if let Ok(input) = serde_json::from_str::<Value>(&partial) {
                    block["input"] = input;
                }
                oracle_block(&mut gist, &block);
            }
            "message_delta" => {
                gist.stop = text(&event["delta"], "stop_reason").into();
                oracle_usage(&mut gist, &event["usage"]);
            }
            _ => {}
        }
    }
    gist
}

/// The gist of our answer: `message` for whole ones, the chunks' deltas for streams.
fn ours(outcome: &Outcome) -> Gist {
    let mut gist = Gist::default();
    let usage = outcome
        .usage
        .clone()
        .or_else(|| outcome.response.as_ref().map(|it| it["usage"].clone()))
        .unwrap_or_default();
    gist.input = usage["prompt_tokens"].as_u64().unwrap_or_default();
    gist.output = usage["completion_tokens"].as_u64().unwrap_or_default();
    let mut arguments: Vec<String> = Vec::new();
    let events: Vec<Value> = outcome
        .response
        .iter()
        .chain(&outcome.events)
        .cloned()
        .collect();
    for choice in events
        .iter()
        .flat_map(|event| event["choices"].as_array().unwrap())
    {
        let message = if choice["message"].is_object() {
            &choice["message"]
        } else {
            &choice["delta"]
        };
        gist.text += text(message, "content");
        gist.thinking += text(message, "reasoning_content");
        for block in message["thinking_blocks"].as_array().into_iter().flatten() {
            let found = block["signature"]
                .as_str()
                .or(block["data"].as_str())
                .filter(|it| !it.is_empty());
            gist.signatures.extend(found.map(str::to_owned));
        }
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let function = &call["function"];
            if call["id"].is_string() {
                gist.calls.push((
                    text(call, "id").into(),
                    text(function, "name").into(),
                    Value::Null,
                ));
                arguments.push(String::new());
            }
            let at = call["index"]
                .as_u64()
                .map_or(arguments.len() - 1, |it| it as usize);
            arguments[at] += text(function, "arguments");
        }
        gist.kept += message["provider_specific_fields"]["server_blocks"]
            .as_array()
            .map_or(0, Vec::len);
        if let Some(finish) = choice["finish_reason"].as_str() {
            gist.stop = finish.into();
        }
    }
    for (call, text) in gist.calls.iter_mut().zip(arguments) {
        call.2 = serde_json::from_str(&text).unwrap();
    }
    gist
}

fn compare(item: &Value, mut want: Gist, got: Gist) {
    want.stop = match want.stop.as_str() {
        "tool_use" if want.calls.is_empty() => "stop".into(),
        other => usage::finish_reason(other).into(),
    };
    for call in &mut want.calls {
        if call.2.is_null() {
            call.2 = json!({});
        }
    }
    assert_eq!(got, want, "{}", item["id"]);
}

#[test]
fn every_recorded_answer_is_translated_without_loss() {
    let mut seen = 0;
    for item in corpus().iter().filter(|it| it["kind"] == "chat") {
        let message: Value = serde_json::from_str(item["body"].as_str().unwrap()).unwrap();
        if message["stop_reason"] != "pause_turn" {
            compare(item, oracle_message(&message), ours(&replay(item, false)));
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen}");
}

#[test]
fn every_recorded_stream_is_translated_without_loss_at_any_chunking() {
    let mut seen = 0;
    for item in corpus().iter().filter(|it| it["kind"] == "chat-stream") {
        let body = item["body"].as_str().unwrap();
        let outcome = replay(item, true);
        if !body.contains("message_stop") {
            assert!(
                outcome.error.is_some(),
                "{} is incomplete and must fail",
                item["id"]
            );
            continue;
        }
        assert!(
            outcome.error.is_none(),
            "{}: {:?}",
            item["id"],
            outcome.error
        );
        compare(item, oracle_stream(body), ours(&outcome));
        seen += 1;
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn every_recorded_error_has_a_kind_and_its_message() {
    let mut seen = 0;
    for item in corpus().iter().filter(|it| it["kind"] == "error") {
        let error = replay(item, false).error.unwrap();
        if let Ok(document) = serde_json::from_str::<Value>(item["body"].as_str().unwrap()) {
            assert_eq!(
                error.message,
                text(&document["error"], "message"),
                "{}",
                item["id"]
            );
            assert_ne!(
                error.kind,
                fault::kind::UPSTREAM,
                "{}: {document}",
                item["id"]
            );
        }
        seen += 1;
    }
    assert!(seen > 5, "{seen}");
}

#[test]
fn a_stream_that_is_cut_off_is_never_complete() {
    let all = corpus();
    let item = all
        .iter()
        .find(|it| {
            it["kind"] == "chat-stream" && it["body"].as_str().unwrap().contains("message_stop")
        })
        .unwrap();
    let mut cut = item.clone();
    let body = item["body"].as_str().unwrap();
    cut["body"] = json!(&body[..body.find("event: message_stop").unwrap()]);
    assert!(replay(&cut, true).error.is_some());
}

#[test]
fn a_paused_turn_goes_on_where_it_stopped() {
    let turn = |text: &str, reason: &str| {
        json!({"status": 200, "headers": {"content-type": "application/json"}, "body": {"json": {
        "id": "m", "model": "claude-x", "content": [{"type": "text", "text": text}], "stop_reason": reason, "usage": {"input_tokens": 1, "output_tokens": 2}}}})
    };
    let fixture = json!({
        "name": "pause", "provider": "anthropic", "operation": "chat", "model": "claude-x",
        "body": {"model": "claude-x", "messages": [{"role": "user", "content": "x"}]},
        "exchanges": [{"reply": turn("a", "pause_turn")}, {
            "request": {"body": {"model": "claude-x", "max_tokens": 4096, "messages": [
                {"role": "user", "content": [{"type": "text", "text": "x"}]},
                {"role": "assistant", "content": [{"type": "text", "text": "a"}]}]}},
            "reply": turn("b", "end_turn")}],
        "expect": {}
    });
    let outcome = testing::replay::<Anthropic>(&serde_json::from_value(fixture).unwrap()).unwrap();
    let gist = ours(&outcome);
    assert_eq!((gist.text.as_str(), gist.output), ("ab", 4));
}
