//! Tests: recorded answers of OpenAI, which no plugin reads, on their way through the gateway.
//! What it has no business with keeps its bytes, and usage and the end are found, at any chunking.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sluice_framing::{Framing, Splitter};

use super::request::{ClientRequest, Operation};
use super::shape;
use super::writer::{Event, Writer};
use crate::domain::{ErrorKind, Usage};

/// The recordings of one kind that were no errors.
pub fn recorded(kind: &str) -> Vec<Value> {
    let lines = include_str!("../../../plugins/openai/fixtures/corpus.jsonl").lines();
    let items = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let items = items.filter(|item| item["kind"] == kind && item["status"] == 200);
    let items: Vec<Value> = items.collect();
    assert!(items.len() > 5, "only {} of {kind}", items.len());
    items
}

fn request(operation: Operation, include_usage: bool) -> ClientRequest {
    let body = serde_json::json!({"model": "mine", "messages": [], "prompt": "x", "input": "x",
        "stream_options": {"include_usage": include_usage}});
    let body = Bytes::from(body.to_string());
    ClientRequest::parse(operation, body, None, Vec::new()).unwrap()
}

/// The frames of a stream that comes in these pieces, and whether its end marker was among them.
pub fn cut<'b>(pieces: impl IntoIterator<Item = &'b [u8]>) -> (Vec<Event>, bool) {
    let mut splitter = Splitter::new(Framing::Sse, 1 << 20);
    let mut frames = Vec::new();
    for piece in pieces {
        splitter.push(piece, &mut frames).unwrap();
    }
    splitter.finish(&mut frames).unwrap();
    let event = |frame: sluice_framing::Frame| Event {
        name: frame.event,
        data: String::from_utf8(frame.data).unwrap(),
    };
    (frames.into_iter().map(event).collect(), splitter.done())
}

/// What the client gets of a stream, and what the gateway knows at its end.
fn relayed(operation: Operation, include_usage: bool, events: &[Event]) -> (String, Writer) {
    let request = request(operation, include_usage);
    let mut writer = Writer::new(operation, shape::envelope(&request, true), include_usage);
    let mut out = String::new();
    for event in events {
        writer.write(event, &mut out).unwrap();
    }
    writer.end(&mut out);
    (out, writer)
}

/// The members of an object, each as its bytes.
fn members(text: &str) -> Map<String, Value> {
    let raw: std::collections::BTreeMap<String, &RawValue> = serde_json::from_str(text).unwrap();
    let text = |(name, raw): (String, &RawValue)| (name, Value::from(raw.get()));
    raw.into_iter().map(text).collect()
}

/// `got` is `sent` but for the model's name and, if it is to go, the usage.
fn same_but_for_the_model(sent: &str, got: &str, keep_usage: bool, what: &Value) {
    let (mut want, got) = (members(sent), members(got));
    assert_eq!(got["model"], "\"mine\"", "{what}");
    want.insert("model".into(), "\"mine\"".into());
    if !keep_usage {
        want.remove("usage");
    }
    for (name, value) in &got {
        // The audio model leaves members of the envelope out; some recorders blanked them.
        let blank = |raw: &Value| matches!(raw.as_str(), Some("0" | "\"\"" | "null"));
        let filled_in = want.get(name).is_none_or(blank)
            && ["id", "object", "created"].contains(&name.as_str());
        assert!(
            filled_in || want.get(name) == Some(value),
            "{what}: {name} is {value}"
        );
    }
    assert!(
        want.keys().all(|name| got.contains_key(name)),
        "{what}: {got:?}"
    );
}

/// A usage without what stands beside it in the answer.
fn bare(usage: Usage) -> Usage {
    Usage {
        service_tier: None,
        web_searches: 0,
        cites_web: false,
        ..usage
    }
}

pub fn fails_on_its_way(item: &Value) -> bool {
    let marks = item["marks"].as_array().unwrap();
    marks.contains(&"error-in-stream".into())
}

fn is_usage_alone(chunk: &Value) -> bool {
    chunk["usage"].is_object() && chunk["choices"].as_array().is_some_and(Vec::is_empty)
}

#[test]
fn every_chunk_of_a_stream_keeps_its_bytes_and_usage_is_found() {
    for (kind, operation) in [
        ("chat-stream", Operation::Chat),
        ("completions-stream", Operation::Completions),
    ] {
        for item in recorded(kind) {
            let id = &item["id"];
            let body = item["body"].as_str().unwrap();
            let (events, marked) = cut([body.as_bytes()]);
            if fails_on_its_way(&item) {
                continue;
            }
            let chunks: Vec<Value> = events
                .iter()
                .map(|event| serde_json::from_str(&event.data).unwrap())
                .collect();
            let usage = chunks.iter().rev().find_map(|it| it["usage"].as_object());
            let usage = usage.and_then(|it| Usage::from_json(&it.clone().into()));
            for keep in [false, true] {
                let (out, writer) = relayed(operation, keep, &events);
                let (got, _) = cut([out.as_bytes()]);
                let sent = events.iter().zip(&chunks);
                let sent: Vec<&Event> = sent
                    .filter(|(_, chunk)| keep || !is_usage_alone(chunk))
                    .map(|(event, _)| event)
                    .collect();
                assert_eq!(got.len(), sent.len(), "{id}");
                for (sent, got) in sent.iter().zip(&got) {
                    same_but_for_the_model(&sent.data, &got.data, keep, id);
                }
                assert_eq!(writer.usage().map(bare), usage, "{id}");
                let reason = |it: &Value| it.pointer("/choices/0/finish_reason").cloned();
                let ended = chunks.iter().filter_map(reason).any(|it| it.is_string());
                assert_eq!(writer.is_finished(), ended, "{id}");
                assert!(ended || marked, "{id}: neither a reason nor an end marker");
            }
        }
    }
}

/// Whether an event tells why the answer ends.
fn tells_end(event: &Event) -> bool {
    let said: Value = serde_json::from_str(&event.data).unwrap();
    let kind = said["type"].as_str().unwrap_or_default();
    let mut choices = said["choices"].as_array().into_iter().flatten();
    choices.any(|it| it["finish_reason"].is_string())
        || matches!(
            kind,
            "response.completed" | "response.incomplete" | "response.failed"
        )
}

#[test]
fn a_stream_that_breaks_off_before_its_end_is_never_finished() {
    for (kind, operation) in [
        ("chat-stream", Operation::Chat),
        ("completions-stream", Operation::Completions),
        ("responses-stream", Operation::Responses),
    ] {
        for item in recorded(kind) {
            let (events, _) = cut([item["body"].as_str().unwrap().as_bytes()]);
            let end = events.iter().position(tells_end).unwrap_or(0);
            for kept in [end / 2, end] {
                let before = events.get(..kept).unwrap_or_default();
                if !fails_on_its_way(&item) {
                    let (_, writer) = relayed(operation, false, before);
                    assert!(!writer.is_finished(), "{}: {kept}", item["id"]);
                }
            }
        }
    }
}

/// The audio model goes on after its error, with two more chunks and an end marker.
#[test]
fn an_error_ends_a_stream_whatever_follows_it() {
    let items = recorded("chat-stream");
    let failing: Vec<&Value> = items.iter().filter(|it| fails_on_its_way(it)).collect();
    assert!(!failing.is_empty());
    for item in failing {
        let (events, _) = cut([item["body"].as_str().unwrap().as_bytes()]);
        let request = request(Operation::Chat, false);
        let envelope = shape::envelope(&request, true);
        let mut writer = Writer::new(Operation::Chat, envelope, false);
        let written = events
            .iter()
            .map(|event| writer.write(event, &mut String::new()));
        let fault = written.filter_map(Result::err).next().unwrap();
        assert_eq!(fault.kind, ErrorKind::InvalidRequest, "{}", item["id"]);
        assert!(!fault.message.is_empty());
    }
}

#[test]
fn every_event_of_a_response_keeps_its_name_and_bytes() {
    for item in recorded("responses-stream") {
        let id = &item["id"];
        let (events, _) = cut([item["body"].as_str().unwrap().as_bytes()]);
        let (out, writer) = relayed(Operation::Responses, false, &events);
        let (got, _) = cut([out.as_bytes()]);
        assert_eq!(got, events, "{id}");
        assert!(!out.contains("[DONE]") && writer.is_finished(), "{id}");
        let last: Value = serde_json::from_str(&events.last().unwrap().data).unwrap();
        let usage = Usage::from_json(&last["response"]["usage"]);
        assert_eq!(writer.usage().map(bare), usage, "{id}");
    }
}

#[test]
fn every_whole_answer_keeps_its_bytes_and_usage_is_found() {
    for (kind, operation) in [
        ("chat", Operation::Chat),
        ("completions", Operation::Completions),
        ("embeddings", Operation::Embeddings),
        ("responses", Operation::Responses),
    ] {
        for item in recorded(kind) {
            let text = item["body"].as_str().unwrap();
            let body = Bytes::copy_from_slice(text.as_bytes());
            let shaped = shape::whole(&request(operation, false), &body, None, None).unwrap();
            let got = std::str::from_utf8(&shaped.body).unwrap();
            same_but_for_the_model(text, got, true, &item["id"]);
            let raw: Value = serde_json::from_str(text).unwrap();
            let usage = Usage::from_json(&raw["usage"]);
            assert_eq!(shaped.usage.map(bare), usage, "{}", item["id"]);
        }
    }
}

/// What a provider may write, and JSON means the same by: escaped names, numbers beyond 64 bits,
/// exponents, half letters, members twice, white space anywhere.
const ODD: &str = r#"
 { "mod\u0065l" : "theirs" , "id":"a","object":"chat.completion","created":1e3,
   "choices" : [ {"index":0,"message":{"role":"assistant","content":"\ud83d","x":{"model":"kept","usage":1}},
     "finish_reason":"stop"} ],
   "seed":18446744073709551616000,"cost":1.2300,"twice":1,"twice":2,
   "us\u0061ge" : {"prompt_tokens":3,"completion_tokens":4,"odd":[1.0,{"":null}]} }
"#;

#[test]
fn odd_but_valid_json_is_relayed_as_it_is() {
    let body = Bytes::from(ODD);
    let shaped = shape::whole(&request(Operation::Chat, false), &body, None, None).unwrap();
    let got = std::str::from_utf8(&shaped.body).unwrap();
    for kept in [
        r#""model":"mine""#,
        r#""created":1e3"#,
        r#""content":"\ud83d","x":{"model":"kept","usage":1}"#,
        r#""seed":18446744073709551616000"#,
        r#""cost":1.2300"#,
        r#""odd":[1.0,{"":null}]"#,
    ] {
        assert!(got.contains(kept), "{kept} in {got}");
    }
    assert!(!got.contains("theirs"), "{got}");
    assert_eq!(shaped.usage.unwrap().total_tokens(), 7);
}

#[test]
fn a_usage_chunk_is_known_however_its_empty_list_is_written() {
    for choices in ["[]", "[ ]", "[\t]", "null"] {
        let data = format!(r#"{{"choices":{choices},"usage":{{"prompt_tokens":3}}}}"#);
        let name = String::new();
        let (out, writer) = relayed(Operation::Chat, false, &[Event { name, data }]);
        assert_eq!(out, "data: [DONE]\n\n", "{choices}");
        assert_eq!(writer.usage().unwrap().input_tokens, 3);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn a_stream_is_relayed_the_same_however_it_is_cut(which in any::<prop::sample::Index>(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..40)) {
        for kind in ["chat-stream", "responses-stream"] {
            let items = recorded(kind);
            let body = which.get(&items)["body"].as_str().unwrap().as_bytes();
            let mut cuts: Vec<usize> = cuts.iter().map(|it| it.index(body.len() + 1)).collect();
            cuts.push(body.len());
            cuts.sort_unstable();
            let mut from = 0;
            let mut pieces = Vec::new();
            for at in cuts {
                pieces.push(&body[from..at]);
                from = at;
            }
            let whole = cut([body]);
            prop_assert_eq!(&cut(pieces), &whole);
            prop_assert_eq!(&cut(body.chunks(1)), &whole);
        }
    }
}
