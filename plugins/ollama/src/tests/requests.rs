//! Requests as the API takes them.

use sluice_sdk::{Body, Payload, Reply, Response};

use super::*;

fn call(operation: &str, model: &str, config: &Value) -> Call {
    Call {
        id: "t".into(),
        operation: operation.into(),
        provider: "ollama".into(),
        model: model.into(),
        streaming: false,
        config: config.to_string(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: Vec::new(),
        context: "{}".into(),
    }
}

fn start(operation: &str, model: &str, config: &Value, mut body: Value) -> Result<Step, Error> {
    body["model"] = json!(model);
    Ollama::start(&call(operation, model, config), &body.to_string())
}

fn body_of(step: Result<Step, Error>) -> Value {
    match step.unwrap() {
        Step::Send(Outbound {
            body: Body::Json(text),
            ..
        }) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The body we send for a chat.
pub fn sent(model: &str, body: Value) -> Value {
    body_of(start("chat", model, &json!({}), body))
}

fn asking(more: Value) -> Value {
    let mut body = json!({"messages": [{"role": "user", "content": "x"}]});
    let members = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    body
}

#[test]
fn effort_is_a_switch_and_a_level_only_where_the_model_knows_levels() {
    let effort = |word: &str| json!({ "reasoning_effort": word });
    for (model, more, want) in [
        ("qwen3", effort("low"), json!(true)),
        ("qwen3", effort("none"), json!(false)),
        ("gpt-oss:20b", effort("minimal"), json!("low")),
        ("me/gpt-oss:20b", effort("xhigh"), json!("high")),
        (
            "qwen3",
            json!({"reasoning_effort": {"effort": "high", "summary": "auto"}}),
            json!(true),
        ),
        (
            "qwen3",
            json!({"thinking": {"type": "enabled", "budget_tokens": 9}}),
            json!(true),
        ),
        (
            "qwen3",
            json!({"thinking": {"type": "disabled"}}),
            json!(false),
        ),
        (
            "qwen3",
            json!({"think": "max", "reasoning_effort": "low"}),
            json!("max"),
        ),
        ("qwen3", json!({"reasoning_effort": null}), Value::Null),
    ] {
        assert_eq!(
            sent(model, asking(more.clone()))["think"],
            want,
            "{model} {more}"
        );
    }
    assert!(start("chat", "m", &json!({}), asking(effort("banana"))).is_err());
}

#[test]
fn the_deployments_settings_hold_where_the_call_says_nothing() {
    let config = json!({"num_ctx": 8192, "keep_alive": "30m", "top_k": 5, "think": false, "temperature": null});
    let body = body_of(start(
        "chat",
        "m",
        &config,
        asking(json!({"top_k": 9, "options": {"min_p": 0.1}})),
    ));
    assert_eq!(
        body["options"],
        json!({"min_p": 0.1, "num_ctx": 8192, "top_k": 9})
    );
    assert_eq!(
        (&body["keep_alive"], &body["think"]),
        (&json!("30m"), &json!(false))
    );
}

#[test]
fn what_there_is_no_place_for_is_refused_by_its_name() {
    let part = |part: Value| json!({"messages": [{"role": "user", "content": [part]}]});
    for (body, word) in [
        (
            part(json!({"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}})),
            "input_audio",
        ),
        (
            part(json!({"type": "file", "file": {"file_data": "data:application/pdf;base64,AA"}})),
            "file",
        ),
        (
            part(json!({"type": "image_url", "image_url": {"url": "https://a.example/b.png"}})),
            "base64",
        ),
        (
            asking(json!({"tools": [{"type": "web_search"}]})),
            "web_search",
        ),
        (
            asking(json!({"response_format": {"type": "grammar"}})),
            "grammar",
        ),
        (
            json!({"messages": [{"role": "robot", "content": "x"}]}),
            "robot",
        ),
        (
            json!({"messages": [{"role": "user", "content": 5}]}),
            "content",
        ),
        (json!({"messages": "x"}), "messages"),
    ] {
        let refusal = start("chat", "m", &json!({}), body).unwrap_err();
        assert!(refusal.message.contains(word), "{}", refusal.message);
        assert_ne!(refusal.kind, fault::kind::UPSTREAM);
    }
}

#[test]
fn no_tool_may_be_called_where_none_is_chosen() {
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    let body = sent("m", asking(json!({"tools": tools, "tool_choice": "none"})));
    assert!(body["tools"].is_null());
    let body = sent("m", asking(json!({"tools": tools, "tool_choice": "auto"})));
    assert_eq!(body["tools"], tools);
}

#[test]
fn text_completions_take_one_text() {
    let generate = |body: Value| {
        start(
            "completions",
            "m",
            &json!({"template": "{{.Prompt}}"}),
            body,
        )
    };
    let body = body_of(generate(
        json!({"prompt": ["def f("], "suffix": ")", "max_tokens": 5, "logprobs": 2}),
    ));
    assert_eq!(
        body,
        json!({"model": "m", "prompt": "def f(", "stream": false, "suffix": ")", "template": "{{.Prompt}}",
            "logprobs": true, "top_logprobs": 2, "options": {"num_predict": 5}})
    );
    for prompt in [json!(["a", "b"]), json!([1, 2]), Value::Null] {
        assert!(generate(json!({ "prompt": prompt })).is_err());
    }
}

#[test]
fn embeddings_take_texts_and_nothing_else() {
    let embed = |body: Value| start("embeddings", "m", &json!({}), body);
    let body = body_of(embed(
        json!({"input": ["a", "b"], "dimensions": 3, "encoding_format": "base64"}),
    ));
    assert_eq!(
        body,
        json!({"model": "m", "input": ["a", "b"], "dimensions": 3})
    );
    for input in [json!([]), json!([[1, 2]]), json!([1]), Value::Null] {
        assert!(embed(json!({ "input": input })).is_err());
    }
}

/// The same conversations that go to every provider, as this one takes them. Parameters that
/// `describe` calls unsupported are gone before a plugin sees them.
#[test]
fn canonical_requests_are_what_the_api_takes() {
    let rows = include_str!("../../fixtures/requests.jsonl").lines();
    for row in rows.map(|it| serde_json::from_str::<Value>(it).unwrap()) {
        let case = text(&row, "case");
        let mut body = row["body"].clone();
        body["model"] = json!("llama3.1");
        let call = Call {
            streaming: body["stream"] == true,
            ..call("chat", "llama3.1", &json!({}))
        };
        let step = Ollama::start(&call, &body.to_string());
        match row["refused"].as_str() {
            Some(word) => assert!(step.unwrap_err().message.contains(word), "{case}"),
            None => assert_eq!(body_of(step), row["sent"], "{case}"),
        }
    }
}

#[test]
fn vectors_are_packed_for_clients_that_ask_for_base64() {
    let asked = json!({"input": "a", "encoding_format": "base64"});
    let Step::Send(sent) = start("embeddings", "m", &json!({}), asked).unwrap() else {
        panic!()
    };
    let reply = Reply {
        status: 200,
        headers: Vec::new(),
        body: Payload::Text(json!({"embeddings": [[1.0, -2.5, 0.0]]}).to_string()),
        state: sent.state,
    };
    let step = Ollama::resume(&call("embeddings", "m", &json!({})), vec![reply]).unwrap();
    let Step::Respond(Response {
        body: Payload::Text(text),
        ..
    }) = step
    else {
        panic!()
    };
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["data"][0]["embedding"], "AACAPwAAIMAAAAAA");
}
