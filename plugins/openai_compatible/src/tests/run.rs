//! Cloudflare's own dialect: where it is asked, and what its answers say.

use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{Outcome, replay};

use super::operations::played;
use super::*;

const HOME: &str = "https://api.cloudflare.com/client/v4";
const LLAMA: &str = "run/@cf/meta/llama-4-scout-17b-16e-instruct";

fn ran(operation: &str, model: &str, body: Value, sent: &Value, answer: &Value) -> Outcome {
    let url = format!("/accounts/a/ai/run/{}", model.trim_start_matches("run/"));
    let answer = json!({"result": answer, "success": true, "errors": [], "messages": []});
    played(
        ["cloudflare", operation, model],
        HOME,
        body,
        &url,
        sent,
        &answer,
    )
    .unwrap_or_else(|what| panic!("{operation}: {what}"))
}

#[test]
fn a_chat_goes_without_its_model_and_every_turn_has_a_text() {
    let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let body = json!({"model": LLAMA, "max_completion_tokens": 9, "messages": [
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": null, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "1"}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}});
    let sent = json!({"max_tokens": 9, "messages": [
        {"role": "user", "content": "a\nb"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "1"}],
        "response_format": {"type": "json_schema", "json_schema": schema}});
    let usage = json!({"prompt_tokens": 3, "completion_tokens": 9, "total_tokens": 12});
    let answer = json!({"response": {"a": "b"}, "tool_calls": [], "usage": usage});
    let outcome = ran("chat", LLAMA, body, &sent, &answer);
    let response = outcome.response.unwrap();
    let choice = &response["choices"][0];
    assert_eq!(choice["message"]["content"], r#"{"a":"b"}"#);
    assert_eq!(choice["finish_reason"], "length", "nine of nine tokens");
    assert_eq!(response["usage"]["total_tokens"], 12);
}

#[test]
fn calls_without_ids_get_some() {
    let body = json!({"model": LLAMA, "messages": []});
    let answer = json!({"response": null, "tool_calls": [
        {"name": "f", "arguments": {"x": 1}}, {"name": "f", "arguments": {}}]});
    let outcome = ran("chat", LLAMA, body, &json!({"messages": []}), &answer);
    let response = outcome.response.unwrap();
    let message = &response["choices"][0]["message"];
    let calls = message["tool_calls"].as_array().unwrap();
    assert_eq!(calls[0]["function"]["arguments"], r#"{"x":1}"#);
    assert!(calls[0]["id"] != calls[1]["id"] && calls[1]["type"] == "function");
    assert_eq!(response["choices"][0]["finish_reason"], "tool_calls");
}

#[test]
fn newer_models_answer_as_openai_does_in_the_envelope() {
    let body = json!({"model": "run/@cf/qwen/q", "messages": []});
    let message = json!({"role": "assistant", "content": "a"});
    let answer = json!({"id": "i", "choices": [{"index": 0, "message": message, "finish_reason": "length"}]});
    let outcome = ran(
        "chat",
        "run/@cf/qwen/q",
        body,
        &json!({"messages": []}),
        &answer,
    );
    let choice = outcome.response.unwrap()["choices"][0].take();
    assert_eq!(
        (&choice["message"]["content"], &choice["finish_reason"]),
        (&json!("a"), &json!("length"))
    );
}

#[test]
fn an_envelope_without_an_answer_is_a_failure() {
    for answer in [
        json!({"success": true, "result": {}}),
        json!({"success": true, "result": null}),
        json!({"success": false, "errors": [{"code": 3040, "message": "Capacity temporarily exceeded"}], "result": {}}),
        json!([]),
    ] {
        for (operation, body) in [
            ("chat", json!({"model": LLAMA, "messages": []})),
            ("embeddings", json!({"model": LLAMA, "input": "a"})),
            ("images.generate", json!({"model": LLAMA, "prompt": "a"})),
        ] {
            let fixture = json!({
                "name": "broken", "provider": "cloudflare", "operation": operation, "model": LLAMA,
                "config": {"account_id": "a"}, "body": body, "expect": {},
                "exchanges": [{"reply": {"status": 200, "body": {"json": answer}}}]
            });
            let outcome = replay::<OpenAiCompatible>(&serde_json::from_value(fixture).unwrap());
            let error = outcome.unwrap().error.unwrap();
            let kinds = ["upstream", "overloaded"];
            assert!(
                kinds.contains(&error.kind.as_str()),
                "{operation} {answer}: {error:?}"
            );
        }
    }
}

fn streamed(events: &[Value]) -> Outcome {
    let lines: String = events.iter().map(|it| format!("data: {it}\n\n")).collect();
    let fixture = json!({
        "name": "stream", "provider": "cloudflare", "operation": "chat", "model": LLAMA, "streaming": true,
        "config": {"account_id": "a"}, "body": {"model": LLAMA, "messages": [], "stream": true,
            "stream_options": {"include_usage": true}}, "expect": {},
        "exchanges": [{"request": {"body": {"messages": [], "stream": true}},
            "reply": {"status": 200, "headers": {"content-type": "text/event-stream"}, "body": lines}}]
    });
    replay::<OpenAiCompatible>(&serde_json::from_value(fixture).unwrap()).unwrap()
}

#[test]
fn a_stream_is_whole_with_its_usage_and_cut_off_without() {
    let said = [
        json!({"response": 4, "p": "ab"}),
        json!({"response": "2", "p": "abc"}),
    ];
    let usage = json!({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3});
    let mut whole = said.to_vec();
    whole.push(json!({"response": "", "usage": usage}));
    let outcome = streamed(&whole);
    let text: String = outcome
        .events
        .iter()
        .filter_map(|it| it["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!((text.as_str(), outcome.error), ("42", None));
    assert_eq!(outcome.usage.unwrap()["total_tokens"], 3);
    let cut = streamed(&said);
    assert_eq!(cut.error.unwrap().kind, "upstream");
    let failed = streamed(&[said[0].clone(), json!({"error": "gone", "code": 5000})]);
    assert!(failed.error.unwrap().message.contains("gone"));
}

#[test]
fn vectors_are_of_texts() {
    let model = "run/@cf/baai/bge-small-en-v1.5";
    let sent = json!({"text": ["a", "b"]});
    let answer = json!({"shape": [2, 2], "data": [[1.0, 2.0], [3.0, 4.0]], "pooling": "mean"});
    let body = json!({"model": model, "input": ["a", "b"]});
    let outcome = ran("embeddings", model, body, &sent, &answer);
    assert_eq!(
        outcome.response.unwrap()["data"][1]["embedding"],
        json!([3.0, 4.0])
    );
    let packed = json!({"model": model, "input": ["a", "b"], "encoding_format": "base64"});
    let outcome = ran("embeddings", model, packed, &sent, &answer);
    assert_eq!(
        outcome.response.unwrap()["data"][0]["embedding"],
        "AACAPwAAAEA="
    );
}

#[test]
fn images_come_as_base64_whichever_way_they_are_sent() {
    let model = "@cf/black-forest-labs/flux-1-schnell";
    let body = json!({"model": model, "prompt": "a", "size": "512x768", "steps": 4, "response_format": "b64_json"});
    let sent = json!({"prompt": "a", "width": 512, "height": 768, "steps": 4});
    let outcome = ran(
        "images.generate",
        model,
        body,
        &sent,
        &json!({"image": "QUJD"}),
    );
    let image = json!({"data": [{"b64_json": "QUJD"}]});
    assert_eq!(outcome.response, Some(image));
    let fixture = json!({
        "name": "png", "provider": "cloudflare", "operation": "images.generate", "model": model,
        "config": {"account_id": "a"}, "body": {"prompt": "a"}, "expect": {},
        "exchanges": [{"reply": {"status": 200, "headers": {"content-type": "image/png"}, "body": {"base64": "iVBO/w=="}}}]
    });
    let outcome = replay::<OpenAiCompatible>(&serde_json::from_value(fixture).unwrap()).unwrap();
    assert_eq!(outcome.response.unwrap()["data"][0]["b64_json"], "iVBO/w==");
}

#[test]
fn what_cannot_run_is_refused_before_it_is_sent() {
    let config = json!({"account_id": "a"});
    for (operation, model, config, body, says) in [
        ("chat", "run/a b", &config, json!({"messages": []}), "a b"),
        ("chat", "run/../x", &config, json!({"messages": []}), "../x"),
        (
            "chat",
            LLAMA,
            &json!({}),
            json!({"messages": []}),
            "account_id",
        ),
        (
            "images.generate",
            "@cf/x",
            &config,
            json!({"prompt": "a", "n": 2}),
            "`n`",
        ),
        (
            "images.generate",
            "@cf/x",
            &config,
            json!({"prompt": "a", "size": "big"}),
            "`size`",
        ),
        (
            "images.generate",
            "@cf/x",
            &config,
            json!({"prompt": "a", "response_format": "url"}),
            "b64_json",
        ),
        ("images.generate", "@cf/x", &config, json!({}), "`prompt`"),
        (
            "audio.transcribe",
            "@cf/openai/whisper",
            &config,
            json!({}),
            "`file`",
        ),
    ] {
        let fixture = json!({
            "name": "refused", "provider": "cloudflare", "operation": operation, "model": model,
            "config": config, "body": body, "exchanges": [], "expect": {}
        });
        let outcome = replay::<OpenAiCompatible>(&serde_json::from_value(fixture).unwrap());
        let message = outcome.unwrap().error.unwrap().message;
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn the_list_of_models_names_them() {
    let answer = json!({"success": true, "errors": [], "messages": [],
        "result": [{"id": "uuid", "name": "@cf/a/b", "task": {"name": "Text Generation"}}, {"id": "nameless"}]});
    let fixture = json!({
        "name": "models", "provider": "cloudflare", "operation": "models", "model": "", "config": {"account_id": "a"},
        "body": {}, "expect": {}, "exchanges": [{"request": {"method": "GET", "url": "/accounts/a/ai/models/search"},
            "reply": {"status": 200, "body": {"json": answer}}}]
    });
    let outcome = replay::<OpenAiCompatible>(&serde_json::from_value(fixture).unwrap()).unwrap();
    let listed = outcome.response.unwrap();
    assert_eq!(
        listed["data"],
        json!([{"id": "@cf/a/b", "object": "model", "owned_by": "cloudflare"}])
    );
}
