//! What is sent.

use super::asked::{Asked, body_of, patch_of, question};
use super::*;

#[test]
fn anthropics_dialect_has_its_version_in_the_body_and_no_model() {
    let sent = body_of(&Asked::of("chat", "claude-opus-4-6").sent(&question()));
    assert_eq!(sent["anthropic_version"], "vertex-2023-10-16");
    assert!(sent.get("model").is_none());
    let native = patch_of(&Asked::of("messages", "claude-opus-4-6").sent(&question()));
    assert_eq!(
        native,
        json!({"model": null, "anthropic_version": "vertex-2023-10-16"})
    );
    let count = patch_of(&Asked::of("count-tokens", "anthropic/claude-opus-4-6").sent(&question()));
    assert_eq!(
        count,
        json!({"model": "claude-opus-4-6", "anthropic_version": "vertex-2023-10-16"})
    );
}

#[test]
fn partners_get_the_names_they_know() {
    let mut body = question();
    body["max_completion_tokens"] = json!(9);
    body["seed"] = json!(7);
    body["stream_options"] = json!({"include_usage": true});
    let patch = |model: &str| {
        let asked = Asked {
            streaming: true,
            ..Asked::of("chat", model)
        };
        patch_of(&asked.sent(&body))
    };
    let limit = json!({"max_completion_tokens": null, "max_tokens": 9});
    let with = |more: Value| {
        let mut all = limit.clone();
        all.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        all
    };
    let mistral =
        json!({"model": "mistral-large", "stream_options": null, "random_seed": 7, "seed": null});
    assert_eq!(patch("mistral-large@2411"), with(mistral));
    let open = json!({"model": "meta/llama-3.3-70b-instruct-maas", "stream_options": {"include_usage": true}});
    assert_eq!(patch("meta/llama-3.3-70b-instruct-maas"), with(open));
    assert_eq!(
        patch("jamba-1.5-mini@001"),
        with(json!({"model": "jamba-1.5-mini", "stream_options": null}))
    );
}

#[test]
fn texts_are_sent_in_as_many_requests_as_the_model_needs() {
    let count = |model: &str, location: &str| {
        let config = json!({"vertex_project": "p", "vertex_location": location});
        let body = json!({"model": model, "input": vec!["a"; 6], "dimensions": 8, "task_type": "CLUSTERING"});
        match (Asked {
            config,
            ..Asked::of("embeddings", model)
        })
        .start(&body)
        .unwrap()
        {
            Step::Send(_) => 1,
            Step::SendAll(all) => all.len(),
            Step::Respond(_) => 0,
        }
    };
    assert_eq!(count("text-embedding-005", "us-central1"), 1);
    assert_eq!(count("text-embedding-005", "europe-west1"), 2);
    assert_eq!(count("gemini-embedding-001", "us-central1"), 6);
    let one = json!({"input": "a", "dimensions": 8, "task_type": "CLUSTERING", "title": "t"});
    let of = |model: &str| body_of(&Asked::of("embeddings", model).sent(&one));
    assert_eq!(
        of("text-embedding-005"),
        json!({"instances": [{"content": "a", "task_type": "CLUSTERING", "title": "t"}], "parameters": {"outputDimensionality": 8}})
    );
    assert_eq!(
        of("multimodalembedding@001"),
        json!({"instances": [{"text": "a"}], "parameters": {"dimension": 8}})
    );
    assert_eq!(
        of("gemini-embedding-2"),
        json!({"content": {"parts": [{"text": "a"}]}, "outputDimensionality": 8, "taskType": "CLUSTERING", "title": "t"})
    );
    for bad in [json!([]), json!([1, 2]), json!(null)] {
        assert!(
            Asked::of("embeddings", "text-embedding-005")
                .start(&json!({ "input": bad }))
                .is_err()
        );
    }
}

#[test]
fn media_are_embedded_by_what_they_are() {
    for (input, want) in [
        (
            "data:image/png;base64,QUJD",
            json!({"image": {"bytesBase64Encoded": "QUJD"}}),
        ),
        ("gs://b/a.png", json!({"image": {"gcsUri": "gs://b/a.png"}})),
        ("gs://b/a.MP4", json!({"video": {"gcsUri": "gs://b/a.MP4"}})),
    ] {
        let sent = body_of(
            &Asked::of("embeddings", "multimodalembedding").sent(&json!({ "input": input })),
        );
        assert_eq!(sent["instances"], json!([want]));
    }
}

#[test]
fn images_are_asked_for_by_ratio_and_number() {
    let of = |more: Value| {
        let mut body = json!({"prompt": "p"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        Asked::of("images.generate", "imagen-4.0-generate-001").start(&body)
    };
    let sent = |more: Value| match of(more).unwrap() {
        Step::Send(outbound) => body_of(&outbound),
        other => panic!("{other:?}"),
    };
    let want = json!({"instances": [{"prompt": "p"}], "parameters": {"sampleCount": 2, "aspectRatio": "16:9", "outputOptions": {"mimeType": "image/jpeg"}, "personGeneration": "dont_allow"}});
    assert_eq!(
        sent(
            json!({"n": 2, "size": "1792x1024", "output_format": "jpeg", "personGeneration": "dont_allow"})
        ),
        want
    );
    assert_eq!(
        sent(json!({"size": "auto"}))["parameters"],
        json!({"sampleCount": 1})
    );
    assert!(matches!(of(json!({"n": 9})).unwrap(), Step::SendAll(all) if all.len() == 3));
    for bad in [
        json!({"n": 0}),
        json!({"n": 11}),
        json!({"n": "2"}),
        json!({"size": "big"}),
        json!({"size": "0x5"}),
        json!({"response_format": "url"}),
        json!({"prompt": 5}),
    ] {
        assert!(of(bad.clone()).is_err(), "{bad}");
    }
}

#[test]
fn a_request_of_anthropics_form_is_counted_by_what_it_says() {
    let body = json!({"model": "m", "system": "Be brief.", "messages": [
        {"role": "user", "content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}}, {"type": "text", "text": "what"}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "f", "input": {"city": "Oslo"}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "cold"}]}]}],
        "tools": [{"name": "f", "description": "d", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}]});
    let want = json!({
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": "QUJD"}}, {"text": "what"}]},
            {"role": "model", "parts": [{"text": "f\nOslo"}]},
            {"role": "user", "parts": [{"text": "cold"}]}],
        "tools": [{"functionDeclarations": [{"name": "f", "description": "d", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}]}]});
    assert_eq!(
        body_of(&Asked::of("count-tokens", "gemini-2.5-pro").sent(&body)),
        want
    );
}

/// `cases.jsonl`: a chat, and the bodies that a Google and an Anthropic model get for it; or the
/// kind of the refusal.
#[test]
fn canonical_chats_become_what_the_models_take() {
    let lines = include_str!("../../fixtures/cases.jsonl").lines();
    let mut seen = 0;
    for line in lines {
        let case: Value = serde_json::from_str(line).unwrap();
        for (name, model) in [
            ("google", "gemini-2.5-pro"),
            ("claude", "claude-sonnet-4-5"),
        ] {
            assert_eq!(
                body_for(&case, model),
                case[name],
                "{} {name}",
                case["case"]
            );
        }
        seen += 1;
    }
    assert_eq!(seen, 25);
}

/// As the host hands it on: without what `describe` says is not taken.
fn body_for(case: &Value, model: &str) -> Value {
    let mut asked = Asked::of("chat", model);
    asked.streaming = case["chat"]["stream"] == true;
    let mut chat = case["chat"].clone();
    let (lacks, ignored): (&[&str], &[&str]) = if model.starts_with("claude") {
        (&anthropic::UNSUPPORTED, &["stream_options", "service_tier"])
    } else {
        (&gemini::UNSUPPORTED, &gemini::IGNORED)
    };
    let left_out = |name: &str| lacks.contains(&name) || ignored.contains(&name);
    chat.as_object_mut()
        .unwrap()
        .retain(|name, _| !left_out(name));
    match asked.start(&chat) {
        Ok(Step::Send(outbound)) => body_of(&outbound),
        Ok(other) => panic!("{other:?}"),
        Err(error) => error.kind.into(),
    }
}
