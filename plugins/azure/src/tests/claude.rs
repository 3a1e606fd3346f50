//! Anthropic's models of Foundry, whose answers are translated here.

use super::*;

fn claude(streaming: bool, reply: Value) -> Outcome {
    let call = json!({"provider": "azure_ai", "model": "claude-opus-4-6", "streaming": streaming,
        "context": {"base_url": "https://r.services.ai.azure.com"},
        "body": {"model": "claude-opus-4-6", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}});
    played(call, json!({ "reply": reply })).unwrap()
}

fn sse(events: &[Value]) -> Value {
    let lines = events
        .iter()
        .map(|it| format!("event: {}\ndata: {it}\n\n", text(it, "type")));
    json!({"status": 200, "headers": {"content-type": "text/event-stream"}, "body": lines.collect::<String>()})
}

fn events() -> Vec<Value> {
    vec![
        json!({"type": "message_start", "message": {"usage": {"input_tokens": 3, "output_tokens": 1, "cache_read_input_tokens": 2}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "t", "name": "f", "input": {}}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{\"a\":1}"}}),
        json!({"type": "content_block_stop", "index": 1}),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 7}}),
        json!({"type": "message_stop"}),
    ]
}

#[test]
fn a_stream_is_translated_with_calls_and_usage() {
    let outcome = claude(true, sse(&events()));
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
    let choice = testing::gathered(&outcome.events, 0).unwrap();
    assert_eq!(choice["message"]["content"], "hi");
    assert_eq!(
        choice["message"]["tool_calls"][0]["function"],
        json!({"name": "f", "arguments": "{\"a\":1}"})
    );
    assert_eq!(choice["finish_reason"], "tool_calls");
    let usage = outcome.usage.unwrap();
    assert_eq!(
        (&usage["prompt_tokens"], &usage["completion_tokens"]),
        (&json!(5), &json!(7))
    );
}

#[test]
fn a_stream_that_is_cut_off_or_fails_is_never_complete() {
    let all = events();
    for end in 1..all.len() {
        assert!(claude(true, sse(&all[..end])).error.is_some(), "{end}");
    }
    let mut failing = all[..3].to_vec();
    failing.push(
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
    );
    assert_eq!(
        claude(true, sse(&failing)).error.unwrap().kind,
        fault::kind::OVERLOADED
    );
}

#[test]
fn what_is_no_answer_is_the_upstreams_failure() {
    for body in ["{}", "[]", "nonsense", "{\"content\": null}"] {
        let reply =
            json!({"status": 200, "headers": {"content-type": "application/json"}, "body": body});
        assert_eq!(
            claude(false, reply).error.unwrap().kind,
            fault::kind::UPSTREAM,
            "{body}"
        );
    }
}

#[test]
fn anthropics_refusals_have_their_kind_and_the_platforms_are_the_hosts_to_read() {
    let of = |status: u64, body: Value| {
        claude(
            false,
            json!({"status": status, "headers": {}, "body": {"json": body}}),
        )
        .error
        .unwrap()
        .kind
    };
    let own = |name: &str, message: &str| json!({"type": "error", "error": {"type": name, "message": message}});
    assert_eq!(
        of(
            400,
            own("invalid_request_error", "prompt is too long: 9 > 5")
        ),
        fault::kind::CONTEXT_WINDOW
    );
    assert_eq!(
        of(429, own("rate_limit_error", "slow")),
        fault::kind::RATE_LIMIT
    );
    assert_eq!(
        of(
            401,
            json!({"error": {"code": "401", "message": "Access denied"}})
        ),
        ""
    );
    assert_eq!(
        of(401, json!({"statusCode": 401, "message": "Unauthorized"})),
        ""
    );
}
