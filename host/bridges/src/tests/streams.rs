//! Streams: every recorded one keeps to every dialect's grammar and comes to the whole answer, and
//! what is odd in a stream comes out in order.

use super::cases::{self, gathered};
use super::recorded::message_of;
use super::*;

fn chunk(delta: Value) -> Value {
    json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn end(reason: &str) -> Value {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn usage() -> Value {
    json!({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}})
}

fn call(index: u64, more: Value) -> Value {
    let mut call = json!({ "index": index });
    call.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    chunk(json!({"tool_calls": [call]}))
}

#[test]
fn every_recorded_stream_is_a_response_that_equals_the_whole_one() {
    let plan = plan(Dialect::Responses);
    let members = recorded_events::members();
    for case in cases::all().iter().filter(|it| it.answer.is_none()) {
        let events = events(&plan, &case.chunks);
        let data = data(&events);
        grammar::responses(&data).unwrap_or_else(|why| panic!("{}: {why}", case.id));
        for event in &data {
            for name in members.get(text(event, "type")).into_iter().flatten() {
                assert!(
                    event.get(name).is_some(),
                    "{}: {event} has no {name}",
                    case.id
                );
            }
        }
        let whole = plan.answer(&identity(), &gathered(&case.chunks)).unwrap();
        let last = &data.last().unwrap()["response"];
        let ran = whole.to_string().contains("encrypted_content");
        if ran {
            // What ran at the provider stands in the middle of a stream's text.
            assert_eq!(
                (&last["status"], &last["usage"]),
                (&whole["status"], &whole["usage"]),
                "{}",
                case.id
            );
        } else {
            assert_eq!(last, &whole, "{}", case.id);
        }
    }
}

#[test]
fn calls_that_come_mixed_are_told_one_after_the_other() {
    let chunks = [
        chunk(json!({"role": "assistant", "content": ""})),
        call(
            0,
            json!({"id": "a", "function": {"name": "f", "arguments": ""}}),
        ),
        call(
            1,
            json!({"id": "b", "function": {"name": "g", "arguments": "{\"y\":"}}),
        ),
        call(0, json!({"function": {"arguments": "{\"x\":"}})),
        call(1, json!({"function": {"arguments": "2}"}})),
        call(0, json!({"function": {"arguments": "1}"}})),
        end("tool_calls"),
        usage(),
    ];
    let events = data(&events(&plan(Dialect::Messages), &chunks));
    grammar::messages(&events).unwrap();
    let message = message_of(&events);
    let want = json!([{"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
        {"type": "tool_use", "id": "b", "name": "g", "input": {"y": 2}}]);
    assert_eq!(message["content"], want);
    assert_eq!(message["stop_reason"], "tool_use");
    let events = data(&super::events(&plan(Dialect::Responses), &chunks));
    grammar::responses(&events).unwrap();
}

#[test]
fn a_call_without_arguments_has_an_empty_object_of_them() {
    let chunks = [
        call(
            0,
            json!({"id": "a", "function": {"name": "f", "arguments": ""}}),
        ),
        end("tool_calls"),
        usage(),
    ];
    let message = message_of(&data(&events(&plan(Dialect::Messages), &chunks)));
    assert_eq!(message["content"][0]["input"], json!({}));
    let events = data(&events(&plan(Dialect::Responses), &chunks));
    assert_eq!(
        events.last().unwrap()["response"]["output"][0]["arguments"],
        "{}"
    );
}

#[test]
fn an_answer_that_says_nothing_is_one() {
    for dialect in [
        Dialect::Messages,
        Dialect::Responses,
        Dialect::GenerateContent,
        Dialect::Completions,
    ] {
        let mut stream = plan(dialect).stream(identity());
        let mut out = stream.push(&end("stop"));
        out.extend(stream.finish());
        assert!(stream.failure().is_none() && !out.is_empty(), "{dialect:?}");
    }
}

#[test]
fn the_limit_leaves_the_last_item_incomplete() {
    let chunks = [chunk(json!({"content": "ab"})), end("length"), usage()];
    let events = data(&events(&plan(Dialect::Responses), &chunks));
    let last = events.last().unwrap();
    assert_eq!(last["type"], "response.incomplete");
    assert_eq!(
        last["response"]["incomplete_details"]["reason"],
        "max_output_tokens"
    );
    assert_eq!(last["response"]["output"][0]["status"], "incomplete");
}

#[test]
fn an_answer_without_a_reason_is_whole_only_if_its_provider_said_so() {
    let said = chunk(json!({"content": "a"}));
    for dialect in Dialect::ALL {
        for (complete, fails) in [(false, true), (true, false)] {
            let mut stream = plan(dialect).stream(identity());
            stream.push(&said);
            if complete {
                stream.complete();
            }
            stream.finish();
            assert_eq!(stream.failure().is_some(), fails, "{dialect:?}");
        }
    }
}

#[test]
fn a_refusal_is_told_in_each_dialects_words() {
    let chunks = [
        chunk(json!({"refusal": "I will not."})),
        end("stop"),
        usage(),
    ];
    let message = message_of(&data(&events(&plan(Dialect::Messages), &chunks)));
    assert_eq!(message["content"][0]["text"], "I will not.");
    let events = data(&events(&plan(Dialect::Responses), &chunks));
    grammar::responses(&events).unwrap();
    let part = &events.last().unwrap()["response"]["output"][0]["content"][0];
    assert_eq!(part, &json!({"type": "refusal", "refusal": "I will not."}));
}

#[test]
fn free_text_tools_are_told_as_such() {
    let body = body(
        Dialect::Responses,
        &json!({"tools": [{"type": "custom", "name": "apply_patch"}]}),
    );
    let plan = bridged(Dialect::Responses, &body, Target::STRICT).plan;
    let chunks = [
        call(
            0,
            json!({"id": "a", "function": {"name": "apply_patch", "arguments": "{\"input\": \"*** Beg"}}),
        ),
        call(0, json!({"function": {"arguments": "in\\n\"}"}})),
        end("tool_calls"),
        usage(),
    ];
    let events = data(&events(&plan, &chunks));
    grammar::responses(&events).unwrap();
    let item = &events.last().unwrap()["response"]["output"][0];
    assert_eq!(
        (text(item, "type"), text(item, "input")),
        ("custom_tool_call", "*** Begin\n")
    );
}

#[test]
fn pings_are_anthropics_alone() {
    assert!(plan(Dialect::Messages).stream(identity()).ping().is_some());
    assert!(plan(Dialect::Responses).stream(identity()).ping().is_none());
}

#[test]
fn text_completions_stream_each_choice_with_its_prompt() {
    let body = body(
        Dialect::Completions,
        &json!({"echo": true, "n": 2, "stream_options": {"include_usage": true}}),
    );
    let plan = bridged(Dialect::Completions, &body, Target::STRICT).plan;
    let said = |index: u64, text: &str, reason: Value| json!({"choices": [{"index": index, "delta": {"content": text}, "finish_reason": reason}]});
    let chunks = [
        said(0, "a", Value::Null),
        said(1, "b", json!("stop")),
        said(0, "c", json!("length")),
        usage(),
    ];
    let events = events(&plan, &chunks);
    let texts: Vec<Value> = data(&events)
        .iter()
        .map(|it| json!([it["choices"][0]["index"], it["choices"][0]["text"]]))
        .collect();
    assert_eq!(
        texts[..3],
        [json!([0, "xa"]), json!([1, "xb"]), json!([0, "c"])]
    );
    assert_eq!(events.last(), Some(&Event::Done));
    assert_eq!(data(&events)[3]["usage"]["total_tokens"], 8);
}
