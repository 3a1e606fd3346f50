//! Streams of chat through guardrails.

use serde_json::json;

use super::guards::{Open, gathered, through};
use super::streams::{Adding, unmask};
use super::*;

fn chunk(delta: Value, finish: Value) -> Value {
    json!({"id": "x", "object": "chat.completion.chunk", "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
}

#[test]
fn a_chat_that_is_let_through_is_as_it_came() {
    let events = [
        chunk(json!({"role": "assistant", "content": ""}), Value::Null),
        chunk(json!({"content": "Hel"}), Value::Null),
        chunk(json!({"content": "lo"}), Value::Null),
        chunk(json!({}), "stop".into()),
        json!({"id": "x", "choices": [], "usage": {"total_tokens": 3}}),
    ];
    for size in 1..6 {
        assert_eq!(through("chat", &events, &[size], &mut Open), events);
    }
}

#[test]
fn the_end_of_a_chat_waits_for_its_text() {
    let events = [
        chunk(
            json!({"role": "assistant", "content": "I am <"}),
            Value::Null,
        ),
        chunk(json!({"content": "N1>"}), Value::Null),
        chunk(json!({"content": " <N"}), "stop".into()),
        json!({"id": "x", "choices": [], "usage": {"total_tokens": 3}}),
    ];
    let out = through("chat", &events, &[1], &mut unmask());
    let texts: Vec<&str> = out
        .iter()
        .filter_map(|it| it["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(texts, ["I am ", "Ada", " ", "<N"]);
    assert_eq!(out[out.len() - 2]["choices"][0]["finish_reason"], "stop");
    assert_eq!(out[out.len() - 1]["usage"]["total_tokens"], 3);
    assert!(
        out[..out.len() - 2]
            .iter()
            .all(|it| it["choices"][0]["finish_reason"].is_null())
    );
}

#[test]
fn calls_of_tools_stream_side_by_side() {
    let call = |index: u64, id: &str, arguments: &str| {
        chunk(
            json!({"tool_calls": [{"index": index, "id": id, "type": "function",
                "function": {"name": "f", "arguments": arguments}}]}),
            Value::Null,
        )
    };
    let more = |index: u64, arguments: &str| {
        let function = json!({ "arguments": arguments });
        chunk(
            json!({"tool_calls": [{"index": index, "function": function}]}),
            Value::Null,
        )
    };
    let events = [
        call(0, "a", ""),
        call(1, "b", "{\"x\":\"<"),
        more(0, "{\"y\":\"<N"),
        more(1, "N1>\"}"),
        more(0, "1>\"}"),
        chunk(json!({}), "tool_calls".into()),
    ];
    let mut stream = Stream::new("chat");
    let pieces: Vec<Piece> = events.iter().flat_map(|it| stream.take(it)).collect();
    let calls: Vec<&str> = pieces.iter().map(|it| it.call.as_str()).collect();
    assert_eq!(calls, ["b", "a", "b", "a"]);
    let all = gathered("chat", &through("chat", &events, &[1], &mut unmask()));
    assert_eq!(all["0 call 0 arguments"], "{\"y\":\"Ada\"}");
    assert_eq!(all["0 call 1 arguments"], "{\"x\":\"Ada\"}");
    assert_eq!(
        (all["0 call 0 id"].as_str(), all["0 call 1 name"].as_str()),
        ("a", "f")
    );
}

#[test]
fn a_thought_under_two_names_is_one_text() {
    let thought = |text: &str| {
        chunk(
            json!({"reasoning": text, "reasoning_details": [{"type": "reasoning.text", "index": 0, "text": text}]}),
            Value::Null,
        )
    };
    let events = [
        thought("Is it <N"),
        thought("1> or"),
        chunk(json!({}), "stop".into()),
    ];
    let mut guard = unmask();
    let all = gathered("chat", &through("chat", &events, &[1], &mut guard));
    assert_eq!(all["0 reasoning"], "Is it Ada or");
    assert_eq!(all["0 detail 0 text"], "Is it Ada or");
    assert_eq!(guard.came.len(), 1);
}

#[test]
fn what_no_table_knows_waits_for_its_guardrail_and_nothing_else_does() {
    let events = [
        chunk(
            json!({"content": "a", "strange": "sold by <N1>"}),
            Value::Null,
        ),
        chunk(json!({"content": "b"}), Value::Null),
        chunk(json!({}), "stop".into()),
    ];
    let out = through("chat", &events, &[1], &mut unmask());
    let strange: Vec<&Value> = out
        .iter()
        .map(|it| &it["choices"][0]["delta"]["strange"])
        .collect();
    assert!(strange.iter().any(|it| **it == "sold by Ada"));
    assert_eq!(gathered("chat", &out)["0 finish"], "\"stop\"");
    assert!(!json!(out).to_string().contains("<N1>"));
}

#[test]
fn likelihoods_of_tokens_go_only_with_their_text() {
    let mut first = chunk(json!({"content": "<N1>"}), Value::Null);
    first["choices"][0]["logprobs"] = json!({"content": [{"token": "<N1>"}]});
    let events = [first, chunk(json!({}), "stop".into())];
    let out = through("chat", &events, &[2], &mut unmask());
    assert!(!json!(out).to_string().contains("<N1>"), "{out:?}");
    assert_eq!(through("chat", &events, &[2], &mut Open), events);
}

#[test]
fn what_is_added_at_the_end_stands_before_the_end() {
    let events = [
        chunk(json!({"content": "Yes."}), Value::Null),
        chunk(json!({}), "stop".into()),
    ];
    let out = through("chat", &events, &[1], &mut Adding);
    assert_eq!(out[out.len() - 1]["choices"][0]["finish_reason"], "stop");
    assert_eq!(gathered("chat", &out)["0 content"], "Yes. [checked]");
}

#[test]
fn a_call_that_opens_after_an_end_is_opened_before_its_arguments() {
    let opened = |index: u64, id: &str| {
        let function = json!({"name": "f", "arguments": ""});
        chunk(
            json!({"tool_calls": [{"index": index, "id": id, "type": "function", "function": function}]}),
            Value::Null,
        )
    };
    let more = |index: u64, finish: Value| {
        let function = json!({"arguments": "{}"});
        chunk(
            json!({"tool_calls": [{"index": index, "function": function}]}),
            finish,
        )
    };
    let events = [
        opened(0, "a"),
        more(0, "tool_calls".into()),
        opened(1, "b"),
        more(1, "tool_calls".into()),
    ];
    let out = through("chat", &events, &[1], &mut Open);
    let position = |pointer: &str, value: Value| {
        let at = out
            .iter()
            .position(|it| it.pointer(pointer) == Some(&value));
        at.unwrap()
    };
    let call = "/choices/0/delta/tool_calls/0";
    let opening = position(&format!("{call}/id"), "b".into());
    let last = out
        .iter()
        .rposition(|it| it.pointer(call).is_some())
        .unwrap();
    assert!(opening < last, "{out:?}");
    assert!(position("/choices/0/finish_reason", "tool_calls".into()) > last);
}

#[test]
fn a_text_under_two_names_is_one_text() {
    let event = |text: &str| {
        let mut event = chunk(json!({ "content": text }), Value::Null);
        event["choices"][0]["text"] = text.into();
        event
    };
    let events = [
        event("I am <N"),
        event("1>"),
        chunk(json!({}), "stop".into()),
    ];
    let mut guard = unmask();
    let all = gathered("chat", &through("chat", &events, &[1], &mut guard));
    assert_eq!(
        (all["0 text"].as_str(), all["0 content"].as_str()),
        ("I am Ada", "I am Ada")
    );
    assert_eq!(guard.came.len(), 1);
}

#[test]
fn a_message_beside_the_delta_says_what_was_written_so_far() {
    let event = |delta: &str, so_far: &str| {
        let mut event = chunk(json!({ "content": delta }), Value::Null);
        event["choices"][0]["message"] = json!({"role": "assistant", "content": so_far});
        event
    };
    let mut last = chunk(json!({}), "stop".into());
    last["choices"][0]["message"] = json!({"role": "assistant", "content": "I am <N1>!"});
    let events = [
        event("I am <N", "I am <N"),
        event("1>!", "I am <N1>!"),
        last,
    ];
    let mut guard = unmask();
    let out = through("chat", &events, &[1], &mut guard);
    assert_eq!(guard.came.len(), 1);
    assert!(!json!(out).to_string().contains("<N"), "{out:?}");
    let last = &out[out.len() - 1]["choices"][0];
    assert_eq!(last["message"]["content"], "I am Ada!");
}
