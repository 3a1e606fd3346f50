//! Requests and written answers: nothing was recorded of SAP.

use sluice_sdk::fault::kind;
use sluice_sdk::serde_json::{self, json};
use sluice_sdk::testing::{self, Outcome};
use sluice_sdk::{Body, Payload};

use super::*;

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<Sap>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

fn call(operation: &str, base: &str, config: Value, streaming: bool) -> Call {
    Call {
        id: "t".into(),
        operation: operation.into(),
        provider: "sap".into(),
        model: "gpt-5".into(),
        streaming,
        config: config.to_string(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: Vec::new(),
        context: json!({ "base_url": base }).to_string(),
    }
}

fn started(call: &Call, body: &Value) -> Result<Outbound, Error> {
    match Sap::start(call, &body.to_string())? {
        Step::Send(outbound) => Ok(outbound),
        other => panic!("{other:?}"),
    }
}

fn hi() -> Value {
    json!({"messages": [{"role": "user", "content": "x"}]})
}

fn body_of(outbound: &Outbound) -> Value {
    match &outbound.body {
        Body::Json(text) => serde_json::from_str(text).unwrap(),
        other => panic!("{other:?}"),
    }
}

const BASE: &str = "https://api.ai.test.hana.ondemand.com";

#[test]
fn the_deployment_is_named_or_in_the_base_url() {
    let named =
        json!({"deployment_id": "d7", "resource_group": "g", "aicore_auth_url": "https://a.test"});
    let sent = started(&call("chat", BASE, named, false), &hi()).unwrap();
    assert_eq!(sent.url, "/v2/inference/deployments/d7/v2/completion");
    assert_eq!(sent.headers, [("ai-resource-group".into(), "g".into())]);
    let token = (
        "token-url".to_owned(),
        "https://a.test/oauth/token".to_owned(),
    );
    assert_eq!(
        (sent.auth[0].scheme.as_str(), &sent.auth[0].params[0]),
        ("oauth2", &token)
    );
    let sent = started(
        &call(
            "chat",
            &format!("{BASE}/v2/"),
            json!({"deployment_id": "d7"}),
            false,
        ),
        &hi(),
    );
    assert_eq!(sent.unwrap().url, "/inference/deployments/d7/v2/completion");
    let own = format!("{BASE}/v2/inference/deployments/d9");
    let sent = started(
        &call("embeddings", &own, json!({}), false),
        &json!({"input": "a"}),
    )
    .unwrap();
    assert_eq!((sent.url.as_str(), sent.auth.len()), ("/v2/embeddings", 0));
    let odd = call("chat", BASE, json!({"deployment_id": "../x"}), false);
    assert!(started(&odd, &hi()).is_err());
}

#[test]
fn a_group_without_a_deployment_is_told() {
    let call = call("chat", BASE, json!({}), true);
    let look = started(&call, &hi()).unwrap();
    let reply = |answer: Value| Reply {
        status: 200,
        headers: Vec::new(),
        body: Payload::Text(answer.to_string()),
        state: look.state.clone(),
    };
    let error = Sap::resume(&call, vec![reply(json!({"resources": []}))]).unwrap_err();
    assert_eq!(error.kind, kind::NOT_FOUND);
    assert!(error.message.contains("`default`"), "{}", error.message);
    let found = reply(json!({"resources": [{"id": "d1"}]}));
    let Step::Send(next) = Sap::resume(&call, vec![found]).unwrap() else {
        panic!()
    };
    assert_eq!(next.reply, sluice_sdk::ReplyMode::Frames);
    assert_eq!(body_of(&next)["config"]["stream"]["enabled"], true);
}

#[test]
fn what_a_template_would_read_goes_as_a_value() {
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    let body = json!({"model": "m", "user": "u", "max_tokens": 9, "model_version": "1", "tools": tools,
        "response_format": {"type": "json_object"}, "messages": [
            {"role": "developer", "content": "{{?a}}", "name": "n"},
            {"role": "user", "content": [{"type": "text", "text": "{{?b}} c"}, {"type": "image_url", "image_url": {"url": "https://a.test"}}]}]});
    let config = json!({"deployment_id": "d"});
    let sent = body_of(&started(&call("chat", BASE, config, false), &body).unwrap());
    let parts = json!([{"type": "text", "text": "{{?text0}}"}, {"type": "image_url", "image_url": {"url": "https://a.test"}}]);
    let want = json!({
        "config": {"modules": {"prompt_templating": {
            "prompt": {"template": [{"role": "user", "content": parts}], "tools": tools, "response_format": {"type": "json_object"}},
            "model": {"name": "gpt-5", "version": "1", "params": {"max_tokens": 9}}}}},
        "messages_history": [{"role": "system", "content": "{{?a}}"}],
        "placeholder_values": {"text0": "{{?b}} c"}
    });
    assert_eq!(sent, want);
    let empty = call("chat", BASE, json!({"deployment_id": "d"}), false);
    assert!(started(&empty, &json!({"messages": []})).is_err());
}

fn answered(operation: &str, streaming: bool, body: &Value) -> Outcome {
    let kind = if streaming {
        "text/event-stream"
    } else {
        "application/json"
    };
    let fixture = json!({
        "name": operation, "provider": "sap", "operation": operation, "model": "m", "streaming": streaming,
        "config": {"deployment_id": "d"}, "expect": {},
        "body": {"messages": [{"role": "user", "content": "x"}], "input": "x", "encoding_format": "base64"},
        "exchanges": [{"reply": {"status": 200, "headers": {"content-type": kind}, "body": body}}]
    });
    testing::replay::<Sap>(&serde_json::from_value(fixture).unwrap()).unwrap()
}

#[test]
fn a_stream_is_whole_when_each_choice_has_its_reason() {
    let chunk = |delta: Value, finish: &str, usage: Value| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
        let result = json!({"id": "c", "choices": [choice], "usage": usage});
        format!(
            "data: {}\n\n",
            json!({"request_id": "r", "final_result": result})
        )
    };
    let first = chunk(
        json!({"role": "assistant", "content": "Hi"}),
        "",
        Value::Null,
    );
    let end = chunk(json!({"content": ""}), "stop", json!({"total_tokens": 5}));
    let templating =
        "data: {\"request_id\":\"r\",\"intermediate_results\":{\"templating\":[]}}\n\n";
    let outcome = answered(
        "chat",
        true,
        &json!(format!("{templating}{first}{end}data: [DONE]\n\n")),
    );
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
    assert_eq!(outcome.usage.unwrap()["total_tokens"], 5);
    let choice = testing::gathered(&outcome.events, 0).unwrap();
    assert_eq!(
        (&choice["message"]["content"], &choice["finish_reason"]),
        (&json!("Hi"), &json!("stop"))
    );
    let broken = "data: {\"error\":{\"code\":429,\"message\":\"slow\"}}\n\n";
    for (text, says) in [
        (first.clone(), "ended early"),
        (format!("{first}{broken}"), "slow"),
    ] {
        let error = answered("chat", true, &json!(text)).error.unwrap();
        assert!(error.message.contains(says), "{}", error.message);
    }
}

#[test]
fn vectors_come_as_they_were_asked_for() {
    let result = json!({"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [1.0]}], "usage": {"prompt_tokens": 1, "total_tokens": 1}});
    let outcome = answered(
        "embeddings",
        false,
        &json!({"json": {"final_result": result}}),
    );
    assert_eq!(
        outcome.response.unwrap()["data"][0]["embedding"],
        "AACAPw=="
    );
    let own = call("embeddings", BASE, json!({"deployment_id": "d"}), false);
    let sent = started(
        &own,
        &json!({"input": ["a"], "dimensions": 3, "type": "query"}),
    )
    .unwrap();
    let want = json!({"config": {"modules": {"embeddings": {"model": {"name": "gpt-5", "version": "latest", "params": {"dimensions": 3}}}}},
        "input": {"text": ["a"], "type": "query"}});
    assert_eq!(body_of(&sent), want);
}

#[test]
fn what_is_no_answer_is_the_upstreams_failure() {
    for body in [
        json!({}),
        json!({"final_result": {}}),
        json!({"final_result": {"choices": []}}),
    ] {
        let body = json!({ "json": body });
        for operation in ["chat", "embeddings"] {
            let error = answered(operation, false, &body).error.unwrap();
            assert_eq!(error.kind, kind::UPSTREAM, "{operation} {body}");
        }
    }
}
