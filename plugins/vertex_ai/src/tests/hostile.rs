//! Answers that are not as they should be.

use super::*;

fn json_reply(body: Value) -> Value {
    json!({"status": 200, "headers": {"content-type": "application/json"}, "body": {"json": body}})
}

fn sse(body: &str) -> Value {
    json!({"status": 200, "headers": {"content-type": "text/event-stream"}, "body": body})
}

#[test]
fn what_is_no_answer_is_the_upstreams_failure() {
    for (operation, model, body) in [
        ("chat", "gemini-2.5-pro", json!({"candidates": []})),
        ("chat", "gemini-2.5-pro", json!({})),
        ("chat", "claude-opus-4-6", json!({"usage": {}})),
        (
            "embeddings",
            "text-embedding-005",
            json!({"predictions": []}),
        ),
        (
            "embeddings",
            "text-embedding-005",
            json!({"predictions": [{"embeddings": {}}]}),
        ),
        (
            "count-tokens",
            "gemini-2.5-pro",
            json!({"totalTokens": "5"}),
        ),
        (
            "images.generate",
            "imagen-4.0-generate-001",
            json!({"predictions": []}),
        ),
    ] {
        let error = played(operation, model, false, json_reply(body.clone()))
            .unwrap()
            .error;
        assert_eq!(error.unwrap().kind, fault::kind::UPSTREAM, "{model} {body}");
    }
    let garbage =
        json!({"status": 200, "headers": {"content-type": "text/html"}, "body": "<html>"});
    for model in ["gemini-2.5-pro", "claude-opus-4-6"] {
        let error = played("chat", model, false, garbage.clone()).unwrap().error;
        assert_eq!(error.unwrap().kind, fault::kind::UPSTREAM, "{model}");
    }
}

#[test]
fn members_that_are_new_or_null_do_no_harm() {
    let google = json!({"candidates": [{"content": {"parts": [{"text": "hi", "new": 1}], "role": null}, "finishReason": "STOP", "new": {}}],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": null}, "new": []});
    let claude = json!({"id": "m", "content": [{"type": "text", "text": "hi", "citations": null}, {"type": "new"}], "stop_reason": "end_turn", "usage": null});
    for (model, body) in [("gemini-2.5-pro", google), ("claude-opus-4-6", claude)] {
        let response = played("chat", model, false, json_reply(body))
            .unwrap()
            .response
            .unwrap();
        assert_eq!(
            response["choices"][0]["message"]["content"], "hi",
            "{model}"
        );
    }
}

#[test]
fn an_error_in_the_middle_of_a_stream_fails_it_after_what_came() {
    let google = "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"hi\"}]}}]}\n\n\
        data: {\"error\": {\"code\": 429, \"message\": \"slow\", \"status\": \"RESOURCE_EXHAUSTED\"}}\n\n";
    let claude = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":1}}}\n\n\
        event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"slow\"}}\n\n";
    for (model, body) in [("gemini-2.5-pro", google), ("claude-opus-4-6", claude)] {
        let outcome = played("chat", model, true, sse(body)).unwrap();
        let error = outcome.error.unwrap();
        assert_eq!(
            (error.kind.as_str(), error.message.as_str()),
            (fault::kind::RATE_LIMIT, "slow"),
            "{model}"
        );
        assert!(!outcome.events.is_empty(), "{model}");
    }
}

#[test]
fn an_event_that_is_no_json_fails_the_stream() {
    for model in ["gemini-2.5-pro", "claude-opus-4-6"] {
        let failed = match played("chat", model, true, sse("data: {nonsense\n\n")) {
            Ok(outcome) => outcome.error.is_some(),
            Err(_) => true,
        };
        assert!(failed, "{model}");
    }
}

#[test]
fn refusals_of_each_dialect_have_their_kind() {
    let google = |status: u64, name: &str| json!({"error": {"code": status, "message": "m", "status": name}});
    for (status, body, want) in [
        (
            429,
            google(429, "RESOURCE_EXHAUSTED"),
            fault::kind::RATE_LIMIT,
        ),
        (
            403,
            json!([google(403, "PERMISSION_DENIED")]),
            fault::kind::PERMISSION,
        ),
        (404, google(404, "NOT_FOUND"), fault::kind::NOT_FOUND),
        (
            400,
            json!({"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens"}}),
            fault::kind::CONTEXT_WINDOW,
        ),
        (
            529,
            json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
            fault::kind::OVERLOADED,
        ),
        // A partner's own: the host reads it.
        (
            400,
            json!({"error": {"message": "m", "type": "invalid_request_error"}}),
            "",
        ),
        (422, json!({"object": "error", "message": "m"}), ""),
    ] {
        let reply = json!({"status": status, "headers": {}, "body": {"json": body}});
        let error = played("chat", "gemini-2.5-pro", false, reply)
            .unwrap()
            .error
            .unwrap();
        assert_eq!(error.kind, want, "{body}");
    }
}

#[test]
fn a_filtered_image_is_a_matter_of_policy_and_one_of_several_is_left_out() {
    let refused = json!({"raiFilteredReason": "blocked 1"});
    let made = json!({"bytesBase64Encoded": "QUJD", "mimeType": "image/png"});
    let of = |list: Value| {
        played(
            "images.generate",
            "imagen-4.0-generate-001",
            false,
            json_reply(json!({"predictions": list})),
        )
        .unwrap()
    };
    let error = of(json!([refused])).error.unwrap();
    assert_eq!(
        (error.kind.as_str(), error.message.as_str()),
        (fault::kind::CONTENT_POLICY, "blocked 1")
    );
    assert_eq!(
        of(json!([refused, made])).response.unwrap()["data"],
        json!([{"b64_json": "QUJD"}])
    );
    let gemini = json!({"candidates": [{"content": {"parts": [{"text": "here"}, {"inlineData": {"mimeType": "image/png", "data": "QUJD"}}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 1290}});
    let drawn = played(
        "images.generate",
        "gemini-2.5-flash-image",
        false,
        json_reply(gemini),
    )
    .unwrap()
    .response
    .unwrap();
    assert_eq!(drawn["data"], json!([{"b64_json": "QUJD"}]));
    // Where the kinds of tokens are not told, they are those of the image.
    let usage = &drawn["usage"];
    assert_eq!(
        (
            &usage["input_tokens"],
            &usage["output_tokens"],
            &usage["output_tokens_details"]["image_tokens"]
        ),
        (&json!(3), &json!(1290), &json!(1290))
    );
}
