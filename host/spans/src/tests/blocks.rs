//! Streams whose texts begin and end: what is held back is not overtaken, what repeats a text says
//! what was written.

use serde_json::json;

use super::guards::{Open, gathered, through};
use super::streams::{Adding, unmask};
use super::*;

fn kinds(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|it| it["type"].as_str().unwrap())
        .collect()
}

fn block(index: u64, block: Value) -> Value {
    json!({"type": "content_block_start", "index": index, "content_block": block})
}

fn delta(index: u64, delta: Value) -> Value {
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}

fn stop(index: u64) -> Value {
    json!({"type": "content_block_stop", "index": index})
}

fn message() -> Vec<Value> {
    let text = |index: u64, text: &str| delta(index, json!({"type": "text_delta", "text": text}));
    let think = |text: &str| delta(0, json!({"type": "thinking_delta", "thinking": text}));
    vec![
        json!({"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "content": []}}),
        block(
            0,
            json!({"type": "thinking", "thinking": "", "signature": ""}),
        ),
        think("About "),
        think("<N1> now."),
        delta(0, json!({"type": "signature_delta", "signature": "c2ln"})),
        stop(0),
        block(1, json!({"type": "text", "text": ""})),
        text(1, "I ask <"),
        text(1, "N1>"),
        stop(1),
        block(
            2,
            json!({"type": "tool_use", "id": "t1", "name": "f", "input": {}}),
        ),
        delta(
            2,
            json!({"type": "input_json_delta", "partial_json": "{\"to\":\"<N1>"}),
        ),
        delta(
            2,
            json!({"type": "input_json_delta", "partial_json": "\"}"}),
        ),
        stop(2),
        block(3, json!({"type": "text", "text": ""})),
        text(3, "Then I wait"),
        stop(3),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}}),
        json!({"type": "message_stop"}),
    ]
}

#[test]
fn blocks_keep_their_order_and_their_text() {
    let events = message();
    assert_eq!(through("messages", &events, &[1], &mut Open), events);
    for size in 1..20 {
        let out = through("messages", &events, &[size], &mut unmask());
        ordered(&out);
        let all = gathered("messages", &out);
        assert_eq!(all["0 thinking"], "About Ada now.");
        assert!(
            !all.contains_key("0 signature"),
            "a changed thought is not signed"
        );
        assert_eq!(all["1 text"], "I ask Ada", "{size}");
        assert_eq!(all["2 partial_json"], "{\"to\":\"Ada\"}");
        assert_eq!(all["3 text"], "Then I wait");
    }
}

#[test]
fn a_block_does_not_end_before_what_is_held_back() {
    let events = message();
    let mut stream = Stream::new("messages");
    let mut out = Vec::new();
    let mut held = String::new();
    for event in &events[..11] {
        let mut pieces = stream.take(event);
        for piece in &mut pieces {
            if piece.text.ends_with('<') {
                held = "<".to_owned();
                piece.text.pop();
            } else if piece.channel == "text" {
                held.push_str(&std::mem::take(&mut piece.text));
            }
        }
        out.extend(stream.put(pieces));
    }
    assert_eq!(kinds(&out).last(), Some(&"content_block_delta"), "{out:?}");
    let piece = Piece {
        choice: 0,
        channel: "text".into(),
        call: String::new(),
        text: held,
    };
    let rest = stream.put(vec![piece]);
    assert_eq!(
        kinds(&rest),
        [
            "content_block_delta",
            "content_block_stop",
            "content_block_start"
        ]
    );
    assert_eq!(rest[0]["delta"]["text"], "<N1>");
}

#[test]
fn what_a_guardrail_adds_at_the_end_has_a_place() {
    let out = through("messages", &message(), &[1], &mut Adding);
    ordered(&out);
    assert_eq!(
        gathered("messages", &out)["3 text"],
        "Then I wait [checked]"
    );
}

#[test]
fn what_is_added_after_all_text_has_ended_is_a_text_of_its_own() {
    let mut events = message();
    events.drain(14..17);
    let out = through("messages", &events, &[1], &mut Adding);
    ordered(&out);
    assert_eq!(gathered("messages", &out)["3 text"], " [checked]");
    let out = through("responses", &response(), &[1], &mut Adding);
    let last = &out[out.len() - 1];
    assert_eq!(last["type"], "response.completed");
    assert_eq!(
        last["response"]["output"][2]["content"][0]["text"],
        " [checked]"
    );
    let numbers = out.iter().map(|it| it["sequence_number"].as_u64());
    assert!(numbers.eq((0..out.len() as u64).map(Some)));
}

/// Blocks begin, grow and end one after the other, and the message ends last.
pub fn ordered(events: &[Value]) {
    let (mut open, mut next, mut ended) = (None, 0, false);
    for event in events {
        assert!(!ended, "after the end: {event}");
        match event["type"].as_str().unwrap() {
            "content_block_start" => {
                assert_eq!(
                    (open, event["index"].as_u64()),
                    (None, Some(next)),
                    "{event}"
                );
                open = Some(next);
                next += 1;
            }
            "content_block_delta" => assert_eq!(open, event["index"].as_u64(), "{event}"),
            "content_block_stop" => assert_eq!(open.take(), event["index"].as_u64(), "{event}"),
            "message_delta" => assert_eq!(open, None, "{event}"),
            "message_stop" => ended = true,
            _ => {}
        }
    }
}

fn response() -> Vec<Value> {
    let text = "I ask <N1>";
    let part = json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []});
    let item = json!({"type": "message", "id": "m1", "status": "completed", "role": "assistant", "content": [part]});
    let call = json!({"type": "function_call", "id": "f1", "call_id": "c1", "name": "f", "arguments": "{\"to\":\"<N1>\"}"});
    let begun = json!({"type": "message", "id": "m1", "status": "in_progress", "role": "assistant", "content": []});
    let begun_call =
        json!({"type": "function_call", "id": "f1", "call_id": "c1", "name": "f", "arguments": ""});
    let of = |kind: &str, members: Value| {
        let mut event = json!({"type": format!("response.{kind}")});
        event
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        event
    };
    let at = |more: Value| {
        let mut place = json!({"item_id": "m1", "output_index": 0, "content_index": 0});
        place
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        place
    };
    let mut events = vec![
        of(
            "created",
            json!({"response": {"id": "r", "status": "in_progress", "output": []}}),
        ),
        of(
            "output_item.added",
            json!({"output_index": 0, "item": begun}),
        ),
        of(
            "content_part.added",
            at(json!({"part": {"type": "output_text", "text": "", "annotations": []}})),
        ),
        of(
            "output_text.delta",
            at(json!({"delta": "I ask <N", "logprobs": []})),
        ),
        of(
            "output_text.delta",
            at(json!({"delta": "1>", "logprobs": []})),
        ),
        of(
            "output_text.done",
            at(json!({"text": text, "logprobs": []})),
        ),
        of("content_part.done", at(json!({"part": part}))),
        of("output_item.done", json!({"output_index": 0, "item": item})),
        of(
            "output_item.added",
            json!({"output_index": 1, "item": begun_call}),
        ),
        of(
            "function_call_arguments.delta",
            json!({"item_id": "f1", "output_index": 1, "delta": "{\"to\":\"<N1>\"}"}),
        ),
        of(
            "function_call_arguments.done",
            json!({"item_id": "f1", "output_index": 1, "arguments": call["arguments"]}),
        ),
        of("output_item.done", json!({"output_index": 1, "item": call})),
        of(
            "completed",
            json!({"response": {"id": "r", "status": "completed", "instructions": "x", "output": [item, call]}}),
        ),
    ];
    for (at, event) in events.iter_mut().enumerate() {
        event["sequence_number"] = at.into();
    }
    events
}

#[test]
fn a_response_says_what_was_written_wherever_it_says_it() {
    let events = response();
    assert_eq!(through("responses", &events, &[1], &mut Open), events);
    for size in 1..14 {
        let out = through("responses", &events, &[size], &mut unmask());
        let all = json!(out).to_string();
        assert!(!all.contains("<N1>"), "{all}");
        let last = &out[out.len() - 1];
        assert_eq!(last["type"], "response.completed");
        assert_eq!(
            last["response"]["output"][0]["content"][0]["text"],
            "I ask Ada"
        );
        assert_eq!(
            last["response"]["output"][1]["arguments"],
            "{\"to\":\"Ada\"}"
        );
        let numbers: Vec<u64> = out
            .iter()
            .map(|it| it["sequence_number"].as_u64().unwrap())
            .collect();
        assert_eq!(numbers, (0..out.len() as u64).collect::<Vec<_>>());
        for kind in [
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
        ] {
            let at = kinds(&out).iter().position(|it| *it == kind).unwrap();
            let after = kinds(&out[at..]);
            assert!(!after.contains(&"response.output_text.delta"), "{after:?}");
        }
    }
}

#[test]
fn what_begins_says_nothing() {
    let item = json!({"type": "mcp_call", "id": "p1", "name": "f", "arguments": "{\"a\": 1}", "odd words": {"x": "more words"}});
    let added = json!({"type": "response.output_item.added", "output_index": 0, "item": item});
    let mut stream = Stream::new("responses");
    assert!(stream.take(&added).is_empty());
    let out = stream.put(Vec::new());
    assert_eq!(
        out[0]["item"],
        json!({"type": "mcp_call", "id": "p1", "name": "f", "arguments": ""})
    );
}

#[test]
fn text_that_never_grew_is_found_where_it_ends() {
    let item = json!({"type": "mcp_call", "id": "p1", "name": "f", "arguments": "{}", "output": "By <N1> himself"});
    let events = [
        json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "mcp_call", "id": "p1"}}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
        json!({"type": "response.completed", "response": {"output": [item]}}),
    ];
    let mut guard = unmask();
    let out = through("responses", &events, &[1], &mut guard);
    assert_eq!(out[1]["item"]["output"], "By Ada himself");
    assert_eq!(out[2]["response"]["output"][0]["output"], "By Ada himself");
    assert!(
        guard
            .came
            .keys()
            .any(|(_, channel, _)| channel == "tool-result")
    );
}
