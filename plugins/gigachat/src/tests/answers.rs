//! Answers, streams, vectors and errors.

use super::*;

fn corpus(kind: &str) -> Vec<Value> {
    let all = include_str!("../../fixtures/corpus.jsonl").lines();
    let items: Vec<Value> = all
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|it| it["kind"] == kind)
        .collect();
    assert!(!items.is_empty(), "{kind}");
    items
}

fn said(item: &Value) -> Value {
    serde_json::from_str(item["body"].as_str().unwrap()).unwrap()
}

#[test]
fn recorded_answers_come_through_and_what_was_cached_counts() {
    for item in corpus("chat") {
        let (said, ours) = (said(&item), answered("chat", false, 200, &item["body"]));
        let ours = ours.response.unwrap();
        let (a, b) = (&said["choices"][0], &ours["choices"][0]);
        assert_eq!(a["message"]["content"], b["message"]["content"]);
        assert_eq!(b["finish_reason"], "stop");
        let cached = said["usage"]["precached_prompt_tokens"].as_u64().unwrap();
        let prompt = said["usage"]["prompt_tokens"].as_u64().unwrap() + cached;
        assert_eq!(ours["usage"]["prompt_tokens"], prompt);
        assert_eq!(
            ours["usage"]["prompt_tokens_details"]["cached_tokens"],
            cached
        );
        assert!(ours["object"].is_null(), "the host's to say");
    }
    for item in corpus("chat-stream") {
        let ours = answered("chat", true, 200, &item["body"]);
        assert!(ours.error.is_none(), "{:?}", ours.error);
        let choice = testing::gathered(&ours.events, 0).unwrap();
        let content = choice["message"]["content"].as_str().unwrap();
        assert!(content.starts_with("$1\\, 2\\, 3$"), "{content}");
        assert_eq!(choice["finish_reason"], "stop");
        assert_eq!(ours.usage.unwrap()["total_tokens"], 44);
    }
}

#[test]
fn recorded_vectors_models_and_errors_come_through() {
    for item in corpus("embeddings") {
        let (said, ours) = (
            said(&item),
            answered("embeddings", false, 200, &item["body"]),
        );
        let ours = ours.response.unwrap();
        assert_eq!(ours["data"][0]["embedding"], said["data"][0]["embedding"]);
        let tokens = &said["data"][0]["usage"]["prompt_tokens"];
        assert_eq!(&ours["usage"]["prompt_tokens"], tokens);
    }
    for item in corpus("models") {
        let ours = answered("models", false, 200, &item["body"]).response;
        assert_eq!(ours.unwrap(), said(&item));
    }
    for item in corpus("errors") {
        let status = item["status"].as_u64().unwrap();
        let error = answered("models", false, status, &item["body"])
            .error
            .unwrap();
        assert_eq!(
            (error.kind.as_str(), error.status),
            ("", Some(404)),
            "the host's rules"
        );
    }
}

#[test]
fn an_input_that_is_too_long_is_told_as_that() {
    let body = json!({"json": {"status": 413, "message": "Payload too large"}});
    let error = answered("chat", false, 413, &body).error.unwrap();
    assert_eq!(error.kind, kind::CONTEXT_WINDOW);
    assert_eq!(error.message, "Payload too large");
}

#[test]
fn a_streamed_function_call_is_a_piece_of_a_tool_call() {
    let event = |delta: Value, finish: Value| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
        format!("data: {}\n\n", json!({"choices": [choice], "created": 9}))
    };
    let call = json!({"role": "assistant", "content": "", "function_call": {"name": "f", "arguments": {"a": 1}}});
    let body = event(call, json!("function_call")) + "data: [DONE]\n\n";
    let ours = answered("chat", true, 200, &json!(body));
    let choice = testing::gathered(&ours.events, 0).unwrap();
    let call = &choice["message"]["tool_calls"][0];
    assert_eq!(call["id"], "call_9");
    assert_eq!(
        call["function"],
        json!({"name": "f", "arguments": "{\"a\":1}"})
    );
    assert_eq!(choice["finish_reason"], "tool_calls");
}

#[test]
fn what_is_no_answer_is_the_upstreams_failure() {
    let half = json!({"choices": [{"index": 0, "message": {"content": "Hel"}}]});
    let broken = json!({"choices": [{"index": 0, "message": {}, "finish_reason": "error"}]});
    let nameless =
        json!({"choices": [{"message": {"function_call": {}}, "finish_reason": "function_call"}]});
    for body in [
        half,
        broken,
        nameless,
        json!({"choices": []}),
        json!({}),
        json!([]),
    ] {
        let error = answered("chat", false, 200, &json!({ "json": body })).error;
        assert_eq!(error.unwrap().kind, kind::UPSTREAM, "{body}");
    }
    for body in [json!({"data": []}), json!({"data": [{}]}), json!({})] {
        let error = answered("embeddings", false, 200, &json!({ "json": body })).error;
        assert_eq!(error.unwrap().kind, kind::UPSTREAM, "{body}");
    }
    let cut = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}\n\n";
    for text in [
        cut,
        "",
        "data: {\"cho\n\n",
        "data: {\"status\":500,\"message\":\"no\"}\n\n",
    ] {
        let error = answered("chat", true, 200, &json!(text)).error;
        assert_eq!(error.unwrap().kind, kind::UPSTREAM, "{text}");
    }
}

#[test]
fn a_refusal_of_the_filter_is_told() {
    let body = json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": "No."}, "finish_reason": "blacklist"}]});
    let ours = answered("chat", false, 200, &json!({ "json": body })).response;
    assert_eq!(
        ours.unwrap()["choices"][0]["finish_reason"],
        "content_filter"
    );
}

#[test]
fn vectors_are_packed_for_clients_that_ask_for_base64() {
    let fixture = json!({
        "name": "packed", "provider": "gigachat", "operation": "embeddings", "model": "m",
        "config": {}, "secrets": ["access_token"], "expect": {},
        "body": {"model": "m", "input": "a", "encoding_format": "base64"},
        "exchanges": [{"reply": {"status": 200, "headers": {"content-type": "application/json"},
            "body": {"json": {"data": [{"index": 0, "embedding": [1.0, -2.5, 0.0]}]}}}}]
    });
    let fixture = serde_json::from_value(fixture).unwrap();
    let document = testing::replay::<GigaChat>(&fixture)
        .unwrap()
        .response
        .unwrap();
    assert_eq!(document["data"][0]["embedding"], "AACAPwAAIMAAAAAA");
}
