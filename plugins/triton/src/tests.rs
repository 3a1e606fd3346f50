//! Requests and written answers: nothing was recorded of Triton.

use sluice_sdk::fault::kind;
use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{self, Outcome};

use super::*;

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<Triton>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

/// A call, whose request has to go to `url` with `sent`, and what its answer comes to.
fn played(
    operation: &str,
    base: &str,
    asked: Value,
    url: &str,
    sent: &Value,
    reply: Value,
) -> Outcome {
    let streaming = asked["stream"] == true;
    let kind = if streaming {
        "text/event-stream"
    } else {
        "application/json"
    };
    let mut body = json!({"model": "m"});
    body.as_object_mut()
        .unwrap()
        .extend(asked.as_object().unwrap().clone());
    let fixture = json!({
        "name": operation, "provider": "triton", "operation": operation, "model": "m", "streaming": streaming,
        "context": {"base_url": base}, "body": body, "expect": {},
        "exchanges": [{"request": {"url": url, "body": sent},
            "reply": {"status": 200, "headers": {"content-type": kind}, "body": reply}}]
    });
    testing::replay::<Triton>(&serde_json::from_value(fixture).unwrap()).unwrap()
}

fn text_of(outcome: &Outcome) -> &str {
    outcome.response.as_ref().unwrap()["choices"][0]["text"]
        .as_str()
        .unwrap()
}

#[test]
fn the_address_is_the_servers_or_the_models_own() {
    let asked = json!({"prompt": "Say", "top_k": 3});
    let parameters = json!({"top_k": 3, "max_tokens": 2000});
    let sent = json!({"text_input": "Say", "parameters": parameters, "stream": false});
    let reply = json!({"json": {"text_output": "Say hello"}});
    for (base, url) in [
        ("http://t.test:8000", "/v2/models/m/generate"),
        ("http://t.test/own/generate", "http://t.test/own/generate"),
    ] {
        let outcome = played(
            "completions",
            base,
            asked.clone(),
            url,
            &sent,
            reply.clone(),
        );
        assert_eq!(
            text_of(&outcome),
            " hello",
            "without the prompt that was repeated"
        );
    }
    let tensor = |name: &str, kind: &str, value: Value| json!({"name": name, "shape": [1], "datatype": kind, "data": [value]});
    let sent = json!({"inputs": [tensor("text_input", "BYTES", json!("Say")), tensor("top_k", "INT32", json!(3)),
        tensor("max_tokens", "INT32", json!(2000))]});
    let url = "http://t.test/own/infer";
    let reply = json!({"json": {"outputs": [{"name": "o", "data": ["hel", "lo"]}]}});
    let outcome = played("completions", url, asked, url, &sent, reply);
    assert_eq!(text_of(&outcome), "hello");
}

#[test]
fn a_stream_is_whole_when_it_ends_and_an_error_in_it_is_told() {
    let asked = json!({"messages": [{"role": "user", "content": "x"}], "stream": true, "max_completion_tokens": 5});
    let sent = json!({"text_input": "x", "parameters": {"max_tokens": 5}, "stream": true});
    let url = "/v2/models/m/generate_stream";
    let stream = |events: &[Value]| {
        json!(
            events
                .iter()
                .map(|it| format!("data: {it}\n\n"))
                .collect::<String>()
        )
    };
    let said = [json!({"text_output": "Hel"}), json!({"text_output": "lo"})];
    let outcome = played(
        "chat",
        "http://t.test",
        asked.clone(),
        url,
        &sent,
        stream(&said),
    );
    let choice = testing::gathered(&outcome.events, 0).unwrap();
    assert_eq!(
        (&choice["message"]["content"], &choice["finish_reason"]),
        (&json!("Hello"), &json!("stop"))
    );
    let broken = [
        json!({"text_output": "Hel"}),
        json!({"error": "out of memory"}),
    ];
    let outcome = played("chat", "http://t.test", asked, url, &sent, stream(&broken));
    assert_eq!(outcome.error.unwrap().message, "out of memory");
    let own = "http://t.test/generate";
    let asked = json!({"prompt": "x", "stream": true, "max_tokens": 5});
    let outcome = played(
        "completions",
        own,
        asked,
        "http://t.test/generate_stream",
        &sent,
        stream(&said),
    );
    assert_eq!(outcome.events.len(), 3);
    assert_eq!(outcome.events[1]["choices"][0]["text"], "lo");
}

#[test]
fn vectors_are_the_rows_of_a_tensor() {
    let sent = json!({"inputs": [{"name": "input_text", "shape": [2], "datatype": "BYTES", "data": ["a", "b"]}]});
    let reply = |shape: Value| json!({"json": {"outputs": [{"name": "o", "shape": shape, "data": [1.0, 2.0, 3.0, 4.0]}]}});
    let asked = json!({"input": ["a", "b"]});
    let url = "/v2/models/m/infer";
    let outcome = played(
        "embeddings",
        "http://t.test",
        asked.clone(),
        url,
        &sent,
        reply(json!([2, 2])),
    );
    let response = outcome.response.unwrap();
    assert_eq!(response["data"][1]["embedding"], json!([3.0, 4.0]));
    assert_eq!(response["usage"]["prompt_tokens"], 2);
    let packed = played(
        "embeddings",
        "http://t.test",
        json!({"input": ["a", "b"], "encoding_format": "base64"}),
        url,
        &sent,
        reply(json!([2, 2])),
    );
    assert_eq!(
        packed.response.unwrap()["data"][1]["embedding"],
        "AABAQAAAgEA="
    );
    for shape in [json!([2, 3]), json!([4]), json!([1, 4]), Value::Null] {
        let outcome = played(
            "embeddings",
            "http://t.test",
            asked.clone(),
            url,
            &sent,
            reply(shape),
        );
        assert_eq!(outcome.error.unwrap().kind, kind::UPSTREAM);
    }
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let start = |operation: &str, model: &str, base: &str, body: Value| {
        let call = Call {
            id: "t".into(),
            operation: operation.into(),
            provider: "triton".into(),
            model: model.into(),
            streaming: body["stream"] == true,
            config: "{}".into(),
            secrets: Vec::new(),
            params: Vec::new(),
            headers: Vec::new(),
            files: Vec::new(),
            context: json!({ "base_url": base }).to_string(),
        };
        Triton::start(&call, &body.to_string())
            .map(|_| ())
            .unwrap_err()
    };
    let server = "http://t.test";
    let prompt = json!({"prompt": "x"});
    start("completions", "../secret", server, prompt.clone());
    start("completions", "m", server, json!({"prompt": ["a", "b"]}));
    start(
        "completions",
        "m",
        server,
        json!({"prompt": "x", "parameters": 1}),
    );
    start(
        "completions",
        "m",
        "http://t.test/infer",
        json!({"prompt": "x", "stream": true}),
    );
    start(
        "embeddings",
        "m",
        "http://t.test/generate",
        json!({"model": "m", "input": "a"}),
    );
    start("rerank", "m", server, prompt);
}
