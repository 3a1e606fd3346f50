//! What goes wrong on the way is never a whole answer.

use super::*;
use crate::{Failure, RefusalKind};

const DIALECTS: [Dialect; 4] = Dialect::ALL;

fn said() -> Value {
    json!({"choices": [{"index": 0, "delta": {"content": "half"}, "finish_reason": null}]})
}

/// Whether events say that an answer ended well.
fn is_clean(events: &[Event]) -> bool {
    let text = events.iter().map(Event::sse).collect::<String>();
    [
        "message_stop",
        "response.completed",
        "response.incomplete",
        "finishReason\"",
        "[DONE]",
    ]
    .iter()
    .any(|word| text.contains(word))
}

fn is_error(dialect: Dialect, event: &Event) -> bool {
    match (dialect, event) {
        (Dialect::Messages, Event::Named("error", data)) => data["error"]["type"].is_string(),
        (Dialect::Responses, Event::Named("response.failed", data)) => {
            data["response"]["error"]["code"].is_string()
        }
        (Dialect::GenerateContent, Event::Data(data)) => data["error"]["status"].is_string(),
        (Dialect::Completions, Event::Data(data)) => data["error"]["message"].is_string(),
        _ => false,
    }
}

#[test]
fn a_stream_that_was_cut_off_ends_with_an_error() {
    for dialect in DIALECTS {
        let mut stream = plan(dialect).stream(identity());
        let mut out = stream.push(&said());
        out.extend(stream.finish());
        assert!(!is_clean(&out), "{dialect:?}: {out:?}");
        assert!(
            is_error(dialect, out.last().unwrap()),
            "{dialect:?}: {out:?}"
        );
        assert_eq!(stream.failure().unwrap().status, 502);
        assert!(stream.push(&said()).is_empty() && stream.finish().is_empty());
    }
}

#[test]
fn an_error_in_the_middle_is_told_in_the_dialect_and_nothing_follows() {
    for dialect in DIALECTS {
        let mut stream = plan(dialect).stream(identity());
        let mut out = stream.push(&said());
        out.extend(stream.push(&json!({"error": {"message": "overloaded", "code": 503}})));
        assert!(
            is_error(dialect, out.last().unwrap()),
            "{dialect:?}: {out:?}"
        );
        assert!(stream.finish().is_empty() && stream.is_ended());
        assert_eq!(stream.failure().unwrap().status, 503);
    }
}

#[test]
fn the_gateways_own_failure_is_told_in_the_dialect() {
    for dialect in DIALECTS {
        let mut stream = plan(dialect).stream(identity());
        let mut out = stream.push(&said());
        let mut failure = Failure::new(429, "slow down");
        failure.retry_after = Some(3);
        out.extend(stream.fail(&failure));
        assert!(
            is_error(dialect, out.last().unwrap()),
            "{dialect:?}: {out:?}"
        );
        assert!(stream.fail(&failure).is_empty());
    }
}

#[test]
fn an_answer_without_choices_or_reason_is_no_answer() {
    for dialect in DIALECTS {
        for answer in [
            json!({}),
            json!({"choices": []}),
            json!({"choices": 5}),
            json!({"choices": [{"message": {"content": "x"}}]}),
            json!({"choices": [{"message": {"content": "x"}, "finish_reason": null}]}),
            json!({"error": {"message": "m"}}),
        ] {
            assert!(
                plan(dialect).answer(&identity(), &answer).is_err(),
                "{dialect:?}: {answer}"
            );
        }
    }
}

#[test]
fn arguments_that_are_no_json_are_no_call() {
    let answer = |reason: &str| {
        json!({"choices": [{"message": {"tool_calls": [
        {"id": "c", "function": {"name": "f", "arguments": "{\"a\": "}}]}, "finish_reason": reason}]})
    };
    for dialect in [Dialect::Messages, Dialect::GenerateContent] {
        let failure = plan(dialect)
            .answer(&identity(), &answer("tool_calls"))
            .unwrap_err();
        assert!(failure.message.contains("`f`"), "{}", failure.message);
        assert!(plan(dialect).answer(&identity(), &answer("length")).is_ok());
    }
}

#[test]
fn a_call_that_goes_on_after_its_end_is_an_error() {
    let call = |index: u64, arguments: &str| {
        json!({"choices": [{"index": 0, "delta": {"tool_calls": [
        {"index": index, "id": "c", "function": {"name": if arguments == "{}" {"f"} else {""}, "arguments": arguments}}]}}]})
    };
    let mut stream = plan(Dialect::Messages).stream(identity());
    stream.push(&call(0, "{}"));
    stream.push(&call(1, "{}"));
    stream.push(&call(0, "}"));
    assert!(stream.failure().is_some());
}

#[test]
fn odd_members_of_answers_are_no_trouble() {
    for dialect in DIALECTS {
        for message in [
            json!({"content": 5, "tool_calls": null, "reasoning_content": []}),
            json!({"content": "x", "tool_calls": {}, "thinking_blocks": "x", "annotations": [null, 7]}),
            json!({"content": "x", "provider_specific_fields": {"citations": [7, null], "server_blocks": [null]}}),
        ] {
            let answer =
                json!({"choices": [{"message": message, "finish_reason": "stop"}], "usage": "x"});
            assert!(
                plan(dialect).answer(&identity(), &answer).is_ok(),
                "{dialect:?}: {answer}"
            );
        }
    }
}

#[test]
fn requests_of_wrong_types_are_refused_with_their_member() {
    for (dialect, more, param) in [
        (Dialect::Messages, json!({"messages": 5}), "messages"),
        (
            Dialect::Messages,
            json!({"messages": [{"role": "boss", "content": "x"}]}),
            "messages.0.role",
        ),
        (
            Dialect::Messages,
            json!({"messages": [{"role": "user"}]}),
            "messages.0.content",
        ),
        (Dialect::Messages, json!({"max_tokens": "9"}), "max_tokens"),
        (Dialect::Messages, json!({"system": 5}), "system"),
        (
            Dialect::Messages,
            json!({"stop_sequences": [5]}),
            "stop_sequences",
        ),
        (Dialect::Messages, json!({"tools": [{}]}), "tools.0"),
        (Dialect::Responses, json!({"input": 5}), "input"),
        (
            Dialect::Responses,
            json!({"input": [{"role": "boss", "content": "x"}]}),
            "input[0]",
        ),
        (
            Dialect::Responses,
            json!({"input": [{"type": "function_call_output", "output": "x"}]}),
            "input[0]",
        ),
        (
            Dialect::Responses,
            json!({"instructions": []}),
            "instructions",
        ),
        (Dialect::Responses, json!({"store": "yes"}), "store"),
        (
            Dialect::Responses,
            json!({"tools": [{"name": "f"}]}),
            "tools[0]",
        ),
        (Dialect::GenerateContent, json!({"contents": 5}), "contents"),
        (
            Dialect::GenerateContent,
            json!({"contents": []}),
            "contents",
        ),
        (
            Dialect::GenerateContent,
            json!({"contents": [{"parts": 5}]}),
            "contents[0].parts",
        ),
        (
            Dialect::GenerateContent,
            json!({"contents": [{"role": "user", "parts": [{"functionResponse": {"name": "f"}}]}]}),
            "contents[0].parts[0]",
        ),
        (
            Dialect::GenerateContent,
            json!({"contents": [{"role": 5, "parts": [{"text": "x"}]}]}),
            "contents[0].role",
        ),
        (
            Dialect::GenerateContent,
            json!({"systemInstruction": 5}),
            "systemInstruction",
        ),
        (
            Dialect::GenerateContent,
            json!({"systemInstruction": {"parts": "x"}}),
            "systemInstruction.parts",
        ),
        (Dialect::GenerateContent, json!({"tools": [5]}), "tools"),
        (
            Dialect::GenerateContent,
            json!({"toolConfig": "x"}),
            "toolConfig",
        ),
        (
            Dialect::GenerateContent,
            json!({"generationConfig": "x"}),
            "generationConfig",
        ),
        (
            Dialect::GenerateContent,
            json!({"generationConfig": {"stopSequences": 5}}),
            "generationConfig.stopSequences",
        ),
        (
            Dialect::GenerateContent,
            json!({"tools": {"functionDeclarations": "x"}}),
            "tools[0].functionDeclarations[0]",
        ),
        (
            Dialect::GenerateContent,
            json!({"generationConfig": {"temperature": "hot"}}),
            "generationConfig.temperature",
        ),
        (Dialect::Completions, json!({"prompt": 5}), "prompt"),
        (Dialect::Completions, json!({"logprobs": true}), "logprobs"),
    ] {
        let body = body(dialect, &more);
        let refusal = request(dialect, body.as_object().unwrap(), &Options::default()).unwrap_err();
        assert_eq!(
            (refusal.kind, refusal.param.as_deref()),
            (RefusalKind::Invalid, Some(param)),
            "{body}"
        );
        let status = Failure::from(refusal).status;
        assert_eq!(status, 400);
    }
}

#[test]
fn members_of_chat_do_not_come_in_through_text_completions() {
    let more = json!({"messages": {}, "tools": [{"type": "function"}]});
    let got = bridged(
        Dialect::Completions,
        &body(Dialect::Completions, &more),
        Target::STRICT,
    );
    assert_eq!(got.chat["messages"][0]["content"], "x");
    let notes: Vec<&str> = got.notes.iter().map(|it| it.param.as_str()).collect();
    assert_eq!(notes, ["messages", "tools"]);
}
