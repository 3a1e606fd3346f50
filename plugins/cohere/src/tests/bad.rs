//! Answers that are not as they should be.

use super::oracle::choice;
use super::*;

fn start() -> Value {
    json!({"type": "message-start", "id": "r", "delta": {"message": {"role": "assistant"}}})
}

fn end(reason: &str) -> Value {
    json!({"type": "message-end", "delta": {"finish_reason": reason, "usage": {"tokens": {"input_tokens": 1.0, "output_tokens": 2.0}}}})
}

fn call_start(index: u64, name: &str) -> Value {
    json!({"type": "tool-call-start", "index": index, "delta": {"message": {"tool_calls": {"id": name, "function": {"name": name, "arguments": ""}}}}})
}

fn piece(index: u64, arguments: &str) -> Value {
    json!({"type": "tool-call-delta", "index": index, "delta": {"message": {"tool_calls": {"function": {"arguments": arguments}}}}})
}

#[test]
fn members_may_be_missing_or_more() {
    let answer = json!({"message": {"content": [{"type": "text", "text": "a"}, {"type": "new"}, null], "new": 1}, "new": {}});
    let outcome = answered(answer);
    let choice = choice(&outcome);
    assert_eq!(
        (&choice["message"]["content"], &choice["finish_reason"]),
        (&json!("a"), &json!("stop"))
    );
    assert!(outcome.response.unwrap().get("usage").is_none());
}

#[test]
fn what_is_no_answer_is_the_providers_failure() {
    for answer in [
        json!({}),
        json!([]),
        json!({"message": null}),
        json!({"id": "x", "message": "internal"}),
        json!("x"),
        json!({"choices": []}),
    ] {
        assert_eq!(
            answered(answer.clone()).error.unwrap().kind,
            fault::kind::UPSTREAM,
            "{answer}"
        );
    }
    let garbage = replay(&item("<html>", false), "chat", false);
    assert_eq!(garbage.error.unwrap().kind, fault::kind::UPSTREAM);
}

#[test]
fn an_answer_that_failed_is_never_taken_for_one() {
    for (reason, kind) in [
        ("ERROR", fault::kind::UPSTREAM),
        ("TIMEOUT", fault::kind::TIMEOUT),
    ] {
        let answer = json!({"finish_reason": reason, "message": {"content": [{"type": "text", "text": "half"}]}});
        assert_eq!(answered(answer).error.unwrap().kind, kind);
        assert_eq!(streamed(&[start(), end(reason)]).error.unwrap().kind, kind);
    }
}

#[test]
fn reasons_to_finish_are_told() {
    for (native, want) in [
        ("COMPLETE", "stop"),
        ("STOP_SEQUENCE", "stop"),
        ("MAX_TOKENS", "length"),
        ("ERROR_TOXIC", "content_filter"),
        ("NEW", "stop"),
    ] {
        let choice = choice(&streamed(&[start(), end(native)]));
        assert_eq!(
            (
                &choice["finish_reason"],
                &choice["provider_specific_fields"]["native_finish_reason"]
            ),
            (&json!(want), &json!(native))
        );
    }
}

#[test]
fn calls_of_one_number_stay_apart() {
    let outcome = streamed(&[
        start(),
        call_start(0, "f"),
        piece(0, "{\"a\":1}"),
        call_start(0, "g"),
        piece(0, "{\"b\":2}"),
        end("TOOL_CALL"),
    ]);
    let calls = choice(&outcome)["message"]["tool_calls"].clone();
    assert_eq!(
        (
            &calls[0]["function"]["arguments"],
            &calls[1]["function"]["arguments"]
        ),
        (&json!("{\"a\":1}"), &json!("{\"b\":2}"))
    );
    assert_eq!(outcome.usage.unwrap()["total_tokens"], 3);
}

#[test]
fn calls_side_by_side_are_told_apart_by_their_numbers() {
    let outcome = streamed(&[
        start(),
        call_start(0, "f"),
        call_start(1, "g"),
        piece(0, "{\"a\""),
        piece(1, "{}"),
        piece(0, ":1}"),
        end("TOOL_CALL"),
    ]);
    let calls = choice(&outcome)["message"]["tool_calls"].clone();
    assert_eq!(
        (
            &calls[0]["function"]["arguments"],
            &calls[1]["function"]["arguments"]
        ),
        (&json!("{\"a\":1}"), &json!("{}"))
    );
}

#[test]
fn a_call_that_never_began_is_the_providers_failure() {
    for wrong in [
        piece(3, "{}"),
        json!({"type": "tool-call-start", "index": 0, "delta": {"message": {}}}),
    ] {
        assert!(
            streamed(&[start(), wrong, end("TOOL_CALL")])
                .error
                .is_some()
        );
    }
}

#[test]
fn null_deltas_and_unknown_events_say_nothing() {
    let outcome = streamed(&[
        start(),
        json!({"type": "content-delta", "delta": null}),
        json!({"type": "debug", "prompt": "p"}),
        json!({"type": "citation-start", "delta": {"message": {"citations": null}}}),
        json!({"type": "content-delta", "delta": {"message": {"content": {"text": "a"}}}}),
        end("COMPLETE"),
    ]);
    assert!(outcome.error.is_none());
    assert_eq!(choice(&outcome)["message"]["content"], "a");
}

#[test]
fn an_error_in_the_middle_is_told_after_what_was_said() {
    let said = json!({"type": "content-delta", "delta": {"message": {"content": {"text": "a"}}}});
    let lines = format!(
        "data: {}\n\ndata: {said}\n\ndata: {}\n\n",
        start(),
        json!({"id": "x", "message": "too many tokens"})
    );
    let outcome = replay(&item(&lines, true), "chat", true);
    assert_eq!(outcome.error.unwrap().kind, fault::kind::CONTEXT_WINDOW);
    assert_eq!(outcome.events.len(), 2);
    let named = "event: error\ndata: {\"message\":\"internal\"}\n\n";
    let error = replay(&item(named, true), "chat", true).error.unwrap();
    assert_eq!(error.message, "internal");
    let garbage = replay(&item("data: {\"type\n\n", true), "chat", true);
    assert_eq!(garbage.error.unwrap().kind, fault::kind::UPSTREAM);
}

#[test]
fn nothing_at_all_is_no_answer() {
    assert!(streamed(&[]).error.is_some());
    assert!(streamed(&[start()]).error.is_some());
}

#[test]
fn a_whole_answer_to_a_stream_is_streamed() {
    let call =
        json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": "null"}});
    let cited = json!({"start": 0, "end": 1, "text": "a", "sources": [{"type": "document", "id": "d", "document": {"title": "T", "url": "https://a.example"}}]});
    let answer = json!({"id": "r", "finish_reason": "TOOL_CALL", "usage": {"billed_units": {"input_tokens": 1, "output_tokens": 1}},
        "message": {"content": [{"type": "text", "text": "a"}], "tool_calls": [call], "citations": [cited]}});
    let outcome = replay(&item(&answer.to_string(), true), "chat", true);
    assert!(outcome.error.is_some(), "SSE without lines holds nothing");
    let outcome = replay(&item(&format!("data: {answer}\n\n"), true), "chat", true);
    let choice = choice(&outcome);
    assert_eq!(
        choice["message"]["tool_calls"][0]["function"]["arguments"],
        "{}"
    );
    assert_eq!(
        choice["message"]["annotations"][0]["url_citation"],
        json!({"start_index": 0, "end_index": 1, "title": "T", "url": "https://a.example"})
    );
    assert_eq!(outcome.usage.unwrap()["total_tokens"], 2);
}

#[test]
fn what_is_no_text_is_not_counted() {
    let picture = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}});
    for (body, kind) in [
        (json!({}), fault::kind::INVALID_REQUEST),
        (
            json!({"messages": [{"role": "user", "content": ""}]}),
            fault::kind::INVALID_REQUEST,
        ),
        (
            json!({"messages": [{"role": "user", "content": [picture]}]}),
            fault::kind::UNSUPPORTED,
        ),
    ] {
        let refused = Cohere::start(&call("count-tokens", "command-r", false), &body.to_string());
        assert_eq!(refused.unwrap_err().kind, kind, "{body}");
    }
}
