//! Text completions of models that fill in, and of their neighbours that chat.

use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{Outcome, replay};

use super::operations::played;
use super::*;

const MISTRAL: &str = "https://api.mistral.ai/v1";

/// Mistral's documented answer.
fn said(text: &str) -> Value {
    json!({"id": "5b35cc2e69bf4ba9a11373ee1f1937f8", "object": "chat.completion", "created": 1702256327,
        "model": "codestral-2508", "usage": {"prompt_tokens": 8, "completion_tokens": 9, "total_tokens": 17},
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text, "tool_calls": null, "prefix": false}}]})
}

#[test]
fn code_is_filled_in_between_prompt_and_suffix() {
    let body = json!({"model": "codestral-2508", "prompt": "def f(", "suffix": "return a", "max_tokens": 9,
        "seed": 7, "stop": ["\n\n"], "echo": true, "user": "u"});
    let sent = json!({"model": "codestral-2508", "prompt": "def f(", "suffix": "return a", "max_tokens": 9,
        "random_seed": 7, "stop": ["\n\n"]});
    for (provider, base) in [
        ("mistral", MISTRAL),
        ("codestral", "https://codestral.mistral.ai/v1"),
        (
            "text-completion-codestral",
            "https://codestral.mistral.ai/v1",
        ),
    ] {
        let call = [provider, "completions", "codestral-2508"];
        let outcome = played(
            call,
            base,
            body.clone(),
            "/fim/completions",
            &sent,
            &said("a):\n"),
        );
        let answer = outcome.unwrap().response.unwrap();
        assert_eq!(answer["object"], "text_completion");
        assert_eq!(answer["choices"][0]["text"], "def f(a):\n", "{provider}");
        assert!(answer["choices"][0].get("message").is_none());
        assert_eq!(answer["usage"]["total_tokens"], 17);
    }
}

#[test]
fn a_model_that_fills_nothing_in_and_what_is_no_prompt_are_refused() {
    let refused = |model: &str, body: Value| {
        let call = ["mistral", "completions", model];
        let outcome = played(call, MISTRAL, body, "", &json!({}), &json!({}));
        outcome.unwrap().error.unwrap()
    };
    // By this kind the gateway knows to ask a chat.
    let large = refused("mistral-large-latest", json!({"prompt": "a"}));
    assert_eq!(large.kind, "unsupported");
    for prompt in [json!(["a", "b"]), json!([1, 2]), json!({}), Value::Null] {
        let error = refused("codestral-latest", json!({"prompt": prompt}));
        assert!(error.message.contains("`prompt`"), "{}", error.message);
    }
}

#[test]
fn inception_answers_with_the_text_itself() {
    let call = ["text-completion-inception", "completions", "mercury-edit-2"];
    let body = json!({"model": "mercury-edit-2", "prompt": "a", "suffix": "c"});
    let answer = json!({"id": "i", "object": "text_completion", "choices": [{"index": 0, "text": "b", "finish_reason": "stop"}]});
    let base = "https://api.inceptionlabs.ai/v1";
    let outcome = played(call, base, body.clone(), "/fim/completions", &body, &answer).unwrap();
    assert_eq!(outcome.response.unwrap()["choices"][0]["text"], "b");
}

fn streamed(chunks: &[Value]) -> Outcome {
    let lines: String = chunks.iter().map(|it| format!("data: {it}\n\n")).collect();
    let fixture = json!({
        "name": "stream", "provider": "mistral", "operation": "completions", "model": "codestral-latest", "streaming": true,
        "context": {"base_url": MISTRAL}, "expect": {},
        "body": {"model": "codestral-latest", "prompt": "a", "stream": true, "echo": true, "stream_options": {"include_usage": true}},
        "exchanges": [{"request": {"url": "/fim/completions", "body": {"model": "codestral-latest", "prompt": "a", "stream": true}},
            "reply": {"status": 200, "headers": {"content-type": "text/event-stream"}, "body": lines}}]
    });
    replay::<OpenAiCompatible>(&serde_json::from_value(fixture).unwrap()).unwrap()
}

#[test]
fn a_stream_is_texts_and_its_prompt_comes_once() {
    let chunk = |delta: Value, reason: Value| {
        json!({"id": "i", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
    };
    let mut last = chunk(json!({"content": "c"}), json!("length"));
    last["usage"] = json!({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3});
    let chunks = [
        chunk(json!({"role": "assistant", "content": ""}), Value::Null),
        chunk(json!({"content": "b"}), Value::Null),
        last,
    ];
    let outcome = streamed(&chunks);
    assert_eq!(outcome.error, None);
    let events = &outcome.events;
    let text: String = events
        .iter()
        .filter_map(|it| it["choices"][0]["text"].as_str())
        .collect();
    assert_eq!(text, "abc");
    assert!(
        events
            .iter()
            .all(|it| it["object"] == "text_completion" && it["choices"][0].get("delta").is_none())
    );
    assert_eq!(
        events.last().unwrap()["choices"][0]["finish_reason"],
        "length"
    );
    assert_eq!(outcome.usage.unwrap()["total_tokens"], 3);
    let cut = streamed(&chunks[..2]);
    assert_eq!(cut.error.unwrap().kind, "upstream");
}
