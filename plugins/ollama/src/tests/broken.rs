//! What no server should send, and some do.

use super::*;

fn streamed(lines: &[Value]) -> Outcome {
    let body: String = lines.iter().map(|it| format!("{it}\n")).collect();
    answered("chat", true, 200, &json!(body))
}

fn piece(message: Value) -> Value {
    json!({"model": "m", "created_at": "t", "message": message, "done": false})
}

fn end() -> Value {
    json!({"message": {"role": "assistant", "content": ""}, "done": true, "done_reason": "stop", "eval_count": 2})
}

#[test]
fn a_stream_without_its_end_is_an_error() {
    let outcome = streamed(&[piece(json!({"content": "Hel"}))]);
    assert!(outcome.error.unwrap().message.contains("ended early"));
    assert_eq!(outcome.events.len(), 1);
    assert!(streamed(&[]).error.is_some());
}

#[test]
fn an_error_in_the_middle_of_a_stream_is_that_error() {
    let full = json!({"error": "the input length exceeds the context length"});
    let outcome = streamed(&[piece(json!({"content": "Hel"})), full]);
    assert_eq!(outcome.error.unwrap().kind, fault::kind::CONTEXT_WINDOW);
}

#[test]
fn garbage_and_lines_of_another_kind_are_the_upstreams_failure() {
    for line in [
        "{\"mess",
        "[]",
        "null",
        "{\"done\":true}",
        "{\"message\":\"hi\",\"done\":true}",
    ] {
        let error = answered("chat", true, 200, &json!(format!("{line}\n"))).error;
        assert_eq!(error.unwrap().kind, fault::kind::UPSTREAM, "{line}");
        let error = answered("chat", false, 200, &json!(line)).error;
        assert_eq!(error.unwrap().kind, fault::kind::UPSTREAM, "{line}");
    }
}

#[test]
fn half_an_answer_is_not_taken_for_a_whole_one() {
    for done in [json!(false), Value::Null] {
        let body =
            json!({"json": {"message": {"role": "assistant", "content": "Hel"}, "done": done}});
        assert!(answered("chat", false, 200, &body).error.is_some());
    }
}

#[test]
fn members_that_are_missing_null_or_new_do_no_harm() {
    let said = piece(
        json!({"role": null, "content": null, "thinking": null, "tool_calls": null, "new": 1}),
    );
    let outcome = streamed(&[said, piece(json!({"content": "Hi"})), end()]);
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
    assert_eq!(choice(&outcome)["message"]["content"], "Hi");
    assert_eq!(usage(&outcome)["prompt_tokens"], 0);
    let body = json!({"json": {"message": {}, "done": true}});
    let outcome = answered("chat", false, 200, &body);
    assert_eq!(choice(&outcome)["finish_reason"], "stop");
    assert!(usage(&outcome).is_null());
}

/// Servers number the calls of each line from 0, and older ones give no ids.
#[test]
fn calls_with_one_index_stay_apart() {
    let call = |city: &str| {
        let function = json!({"index": 0, "name": "f", "arguments": {"city": city}});
        piece(json!({"content": "", "tool_calls": [{ "function": function }]}))
    };
    let outcome = streamed(&[call("Oslo"), call("Rome"), end()]);
    let ours = choice(&outcome);
    let calls = list(&ours["message"]["tool_calls"]);
    assert_eq!(calls.len(), 2);
    assert_ne!(calls[0]["id"], calls[1]["id"]);
    assert_eq!(calls[1]["function"]["arguments"], r#"{"city":"Rome"}"#);
    assert_eq!(ours["finish_reason"], "tool_calls");
}

#[test]
fn a_call_without_a_name_is_the_upstreams_failure() {
    let call = piece(json!({"tool_calls": [{"function": {"arguments": {}}}]}));
    assert_eq!(streamed(&[call]).error.unwrap().kind, fault::kind::UPSTREAM);
}

#[test]
fn fewer_vectors_than_inputs_are_an_error() {
    let body = json!({"json": {"embeddings": []}});
    assert!(answered("embeddings", false, 200, &body).error.is_some());
    assert!(
        answered("embeddings", false, 200, &json!({"json": {}}))
            .error
            .is_some()
    );
}

#[test]
fn models_without_a_name_are_left_out() {
    let body = json!({"json": {"models": [{"name": "a:latest", "size": 1}, {}, {"name": 5}]}});
    let response = answered("models", false, 200, &body).response.unwrap();
    assert_eq!(list(&response["data"]).len(), 1);
    assert_eq!(response["data"][0]["id"], "a:latest");
}
