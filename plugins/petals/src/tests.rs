//! What is sent, and what written answers come to: nothing was recorded of Petals.

use sluice_sdk::fault::kind;
use sluice_sdk::{Payload, serde_json, testing};

use super::*;

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<Petals>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

fn call(operation: &str, base: &str) -> Call {
    Call {
        id: "t".into(),
        operation: operation.into(),
        provider: "petals".into(),
        model: "m".into(),
        streaming: false,
        config: "{}".into(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: Vec::new(),
        context: json!({ "base_url": base }).to_string(),
    }
}

/// The address and the fields that are sent, as text.
fn sent(base: &str, body: Value) -> (String, String) {
    match Petals::start(&call("completions", base), &body.to_string()).unwrap() {
        Step::Send(Outbound {
            url,
            body: Body::Form(fields),
            ..
        }) => {
            let fields = fields.iter().map(|(name, value)| format!("{name}={value}"));
            (url, fields.collect::<Vec<_>>().join("&"))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_form_has_the_text_and_what_is_to_be_sampled() {
    let (url, fields) = sent(
        "http://p.test",
        json!({"prompt": "x", "max_tokens": 5, "top_p": 0.9, "user": "u"}),
    );
    assert_eq!(url, "/api/v1/generate");
    assert_eq!(
        fields,
        "model=m&inputs=x&max_new_tokens=5&do_sample=1&top_p=0.9"
    );
    let own = "http://p.test/api/v1/generate";
    let (url, fields) = sent(own, json!({"prompt": "x", "temperature": 0, "top_k": null}));
    assert_eq!(
        (url.as_str(), fields.as_str()),
        (own, "model=m&inputs=x&max_new_tokens=256")
    );
}

fn answered(answer: &Value) -> Result<Step, Error> {
    let reply = Reply {
        status: 200,
        headers: Vec::new(),
        body: Payload::Text(answer.to_string()),
        state: String::new(),
    };
    Petals::resume(&call("completions", ""), vec![reply])
}

#[test]
fn a_failure_is_told_by_its_last_line() {
    let failed =
        json!({"ok": false, "traceback": "Traceback:\n  File x\nValueError: no such model\n"});
    let error = answered(&failed).unwrap_err();
    assert_eq!(
        (error.kind.as_str(), error.message.as_str()),
        (kind::UPSTREAM, "ValueError: no such model")
    );
    for answer in [json!({"ok": false}), json!({"ok": true}), json!([])] {
        assert_eq!(answered(&answer).unwrap_err().kind, kind::UPSTREAM);
    }
    let Step::Respond(Response {
        body: Payload::Text(text),
        ..
    }) = answered(&json!({"outputs": "y"})).unwrap()
    else {
        panic!()
    };
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["choices"][0]["text"], "y");
    assert!(Petals::start(&call("rerank", ""), "{}").is_err());
}
