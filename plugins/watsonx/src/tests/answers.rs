//! Answers, streams and errors.

use super::*;

fn corpus(kind: &str) -> Vec<Value> {
    let all = include_str!("../../fixtures/corpus.jsonl").lines();
    all.map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|it| it["kind"] == kind)
        .collect()
}

#[test]
fn recorded_generations_come_through() {
    let mut seen = 0;
    for item in corpus("completions") {
        let said: Value = serde_json::from_str(text(&item, "body")).unwrap();
        let response = answered("completions", false, 200, &item["body"])
            .response
            .unwrap();
        assert_eq!(
            response["choices"][0]["text"],
            said["results"][0]["generated_text"]
        );
        assert_eq!(response["choices"][0]["finish_reason"], "stop");
        assert_eq!(
            response["usage"]["prompt_tokens"],
            said["results"][0]["input_token_count"]
        );
        seen += 1;
    }
    for item in corpus("completions-stream") {
        let events = text(&item, "body")
            .lines()
            .filter_map(|it| it.strip_prefix("data: "));
        let events: Vec<Value> = events.map(|it| serde_json::from_str(it).unwrap()).collect();
        let theirs: String = events
            .iter()
            .map(|it| text(&it["results"][0], "generated_text"))
            .collect();
        let outcome = answered("completions", true, 200, &item["body"]);
        assert!(outcome.error.is_none(), "{:?}", outcome.error);
        let ours: String = outcome
            .events
            .iter()
            .map(|it| text(&it["choices"][0], "text"))
            .collect();
        assert_eq!(ours, theirs);
        let usage = outcome.usage.unwrap();
        let last = &events.last().unwrap()["results"][0];
        assert_eq!(usage["completion_tokens"], last["generated_token_count"]);
        assert_eq!(
            usage["prompt_tokens"],
            events[0]["results"][0]["input_token_count"]
        );
        seen += 1;
    }
    assert_eq!(seen, 2);
}

#[test]
fn recorded_models_are_listed() {
    for item in corpus("models") {
        let said: Value = serde_json::from_str(text(&item, "body")).unwrap();
        let response = answered("models", false, 200, &item["body"])
            .response
            .unwrap();
        assert_eq!(
            list(&response["data"]).len(),
            list(&said["resources"]).len()
        );
        assert_eq!(response["data"][0]["id"], said["resources"][0]["model_id"]);
    }
}

fn chunk(index: u64, delta: Value, finish: Value) -> Value {
    json!({"id": "c1", "model_id": "m", "model": "m", "created": 5, "created_at": "t",
        "choices": [{"index": index, "delta": delta, "finish_reason": finish}]})
}

fn counted() -> Value {
    json!({"id": "c1", "model_id": "m", "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}})
}

fn streamed(events: &[Value]) -> Outcome {
    let body = events
        .iter()
        .zip(1..)
        .map(|(event, id)| format!("id: {id}\nevent: message\ndata: {event}\n\n"));
    answered("chat", true, 200, &json!(body.collect::<String>()))
}

#[test]
fn a_stream_is_whole_when_each_choice_has_its_reason() {
    let hi = chunk(
        0,
        json!({"role": "assistant", "content": "Hi"}),
        Value::Null,
    );
    let outcome = streamed(&[
        hi.clone(),
        chunk(0, json!({"content": ""}), json!("stop")),
        counted(),
    ]);
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
    assert_eq!(outcome.usage.unwrap()["total_tokens"], 13);
    let ours = testing::gathered(&outcome.events, 0).unwrap();
    assert_eq!(
        (&ours["message"]["content"], &ours["finish_reason"]),
        (&json!("Hi"), &json!("stop"))
    );
    let other = chunk(1, json!({"content": "Yo"}), Value::Null);
    for events in [
        vec![],
        vec![hi.clone()],
        vec![hi.clone(), chunk(0, json!({"content": ""}), json!(""))],
        vec![hi, other, chunk(0, json!({}), json!("stop")), counted()],
    ] {
        let error = streamed(&events).error.unwrap();
        assert!(error.message.contains("ended early"), "{}", error.message);
    }
}

#[test]
fn pieces_of_tool_calls_are_relayed_by_their_index() {
    let call = |piece: Value| chunk(0, json!({"tool_calls": [piece]}), Value::Null);
    let outcome = streamed(&[
        call(
            json!({"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"a\""}}),
        ),
        call(json!({"index": 0, "function": {"name": "", "arguments": ":1}"}})),
        call(
            json!({"index": 1, "id": "b", "type": "function", "function": {"name": "g", "arguments": "{}"}}),
        ),
        chunk(0, json!({"content": null}), json!("tool_calls")),
    ]);
    let ours = testing::gathered(&outcome.events, 0).unwrap();
    let calls = list(&ours["message"]["tool_calls"]);
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0]["function"]["arguments"], r#"{"a":1}"#);
}

#[test]
fn an_error_in_the_middle_of_a_stream_is_that_error() {
    let hi = chunk(0, json!({"content": "Hi"}), Value::Null);
    let broken = json!({"errors": [{"code": "rate_limit_reached_requests", "message": "slow"}], "status_code": 429});
    let outcome = streamed(&[hi, broken]);
    assert_eq!(outcome.error.unwrap().kind, kind::RATE_LIMIT);
    assert_eq!(outcome.events.len(), 1);
}

#[test]
fn what_is_no_answer_is_the_upstreams_failure() {
    for (operation, body) in [
        ("chat", json!("{\"cho")),
        ("chat", json!({"json": {"choices": []}})),
        ("chat", json!({"json": {"choices": null}})),
        ("chat", json!({"json": {"choices": [{"index": 0}]}})),
        ("completions", json!({"json": {"results": []}})),
        (
            "completions",
            json!({"json": {"results": [{"generated_text": "a", "stop_reason": "not_finished"}]}}),
        ),
        (
            "completions",
            json!({"json": {"results": [{"generated_text": "a", "stop_reason": "error"}]}}),
        ),
        ("embeddings", json!({"json": {"results": []}})),
        ("embeddings", json!({"json": {"results": [{}]}})),
        (
            "rerank",
            json!({"json": {"results": [{"index": 2, "score": 1.0}]}}),
        ),
        ("rerank", json!({"json": {}})),
    ] {
        let error = answered(operation, false, 200, &body).error.unwrap();
        assert_eq!(error.kind, kind::UPSTREAM, "{operation} {body}");
    }
    for event in ["{\"cho", "[]", "7"] {
        let body = json!(format!("event: message\ndata: {event}\n\n"));
        assert_eq!(
            answered("chat", true, 200, &body).error.unwrap().kind,
            kind::UPSTREAM,
            "{event}"
        );
    }
}

#[test]
fn members_that_are_new_or_null_go_on() {
    let body = json!({"json": {"model_id": "m", "system": {"warnings": []}, "new": 1,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": null, "new": 2}, "finish_reason": "stop"}]}});
    let response = answered("chat", false, 200, &body).response.unwrap();
    assert_eq!(
        (&response["new"], &response["choices"][0]["message"]["new"]),
        (&json!(1), &json!(2))
    );
    assert!(response["model_id"].is_null() && response["system"].is_null());
}

#[test]
fn documents_are_ranked_and_vectors_counted() {
    let body = json!({"json": {"results": [{"index": 1, "score": 0.9, "input": {"text": "b"}}, {"index": 0, "score": -1}], "input_token_count": 7}});
    let response = answered("rerank", false, 200, &body).response.unwrap();
    assert_eq!(
        response["results"],
        json!([{"index": 1, "relevance_score": 0.9, "document": {"text": "b"}}, {"index": 0, "relevance_score": -1.0}])
    );
    let body = json!({"json": {"results": [{"embedding": [0.5, 1]}], "input_token_count": 2}});
    let response = answered("embeddings", false, 200, &body).response.unwrap();
    assert_eq!(response["data"][0]["embedding"], json!([0.5, 1]));
    assert_eq!(response["usage"]["prompt_tokens"], 2);
}

#[test]
fn errors_say_what_ibm_says() {
    let body = json!({"json": {"errors": [{"code": "authentication_token_expired", "message": "expired"}], "trace": "t", "status_code": 401}});
    let error = answered("chat", false, 401, &body).error.unwrap();
    assert_eq!(
        (error.kind.as_str(), error.message.as_str()),
        (kind::AUTHENTICATION, "expired")
    );
    let body = json!({"json": {"errorCode": "BXNIM0415E", "errorMessage": "Provided API key could not be found."}});
    assert_eq!(
        answered("chat", false, 400, &body).error.unwrap().kind,
        kind::AUTHENTICATION
    );
}

#[test]
fn vectors_are_packed_for_clients_that_ask_for_base64() {
    let fixture = json!({
        "name": "packed", "provider": "watsonx", "operation": "embeddings", "model": "m",
        "config": {"project_id": "p"}, "secrets": ["token"], "expect": {},
        "body": {"model": "m", "input": "a", "encoding_format": "base64"},
        "exchanges": [{"reply": {"status": 200, "headers": {"content-type": "application/json"},
            "body": {"json": {"results": [{"embedding": [1.0, -2.5, 0.0]}]}}}}]
    });
    let fixture = serde_json::from_value(fixture).unwrap();
    let document = testing::replay::<Watsonx>(&fixture)
        .unwrap()
        .response
        .unwrap();
    assert_eq!(document["data"][0]["embedding"], "AACAPwAAIMAAAAAA");
}
