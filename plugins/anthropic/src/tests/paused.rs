//! Turns that pause at the provider and go on with another request.

use super::oracle::of_ours;
use super::*;

fn run(streaming: bool, exchanges: Value, headers: Value) -> Outcome {
    let fixture = json!({
        "name": "pause", "provider": "anthropic", "operation": "chat", "model": "claude-x", "streaming": streaming,
        "headers": headers,
        "body": {"model": "claude-x", "messages": [{"role": "user", "content": "x"}],
            "tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        "exchanges": exchanges, "expect": {}
    });
    testing::replay::<Anthropic>(&serde_json::from_value(fixture).unwrap()).unwrap()
}

#[test]
fn a_paused_turn_goes_on_where_it_stopped() {
    let turn = |text: &str, reason: &str| {
        json!({"status": 200, "headers": {"content-type": "application/json"}, "body": {"json": {
        "id": "m", "model": "claude-x", "content": [{"type": "text", "text": text}], "stop_reason": reason, "usage": {"input_tokens": 1, "output_tokens": 2}}}})
    };
    let again = json!({"headers": {"anthropic-beta": "mine-1"}, "body": {"model": "claude-x", "max_tokens": 4096,
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "x"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "a"}]}],
        "tools": [{"type": "web_search_20250305", "name": "web_search"}]}});
    let exchanges = json!([{"reply": turn("a", "pause_turn")}, {"request": again, "reply": turn("b", "end_turn")}]);
    let gist = of_ours(&run(
        false,
        exchanges,
        json!([["anthropic-beta", "mine-1"]]),
    ));
    assert_eq!((gist.text.as_str(), gist.tokens[1]), ("ab", 4));
}

fn sse(events: &[Value]) -> Value {
    let lines = events
        .iter()
        .map(|event| format!("event: {}\ndata: {event}\n\n", text(event, "type")));
    json!({"status": 200, "headers": {"content-type": "text/event-stream"}, "body": lines.collect::<String>()})
}

fn block(index: u64, start: Value, deltas: &[Value]) -> Vec<Value> {
    let mut events =
        vec![json!({"type": "content_block_start", "index": index, "content_block": start})];
    let delta = |it: &Value| json!({"type": "content_block_delta", "index": index, "delta": it});
    events.extend(deltas.iter().map(delta));
    events.push(json!({"type": "content_block_stop", "index": index}));
    events
}

fn stream(blocks: Vec<Vec<Value>>, reason: &str) -> Value {
    let mut events = vec![
        json!({"type": "message_start", "message": {"usage": {"input_tokens": 3, "output_tokens": 1}}}),
    ];
    events.extend(blocks.into_iter().flatten());
    events.push(json!({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 5}}));
    events.push(json!({"type": "message_stop"}));
    sse(&events)
}

#[test]
fn a_paused_stream_goes_on_in_the_same_stream() {
    let first = stream(
        vec![
            block(
                0,
                json!({"type": "thinking", "thinking": "", "signature": ""}),
                &[
                    json!({"type": "thinking_delta", "thinking": "let "}),
                    json!({"type": "thinking_delta", "thinking": "me"}),
                    json!({"type": "signature_delta", "signature": "SIG"}),
                ],
            ),
            block(
                1,
                json!({"type": "server_tool_use", "id": "srv1", "name": "web_search", "input": {}}),
                &[
                    json!({"type": "input_json_delta", "partial_json": "{\"query\":"}),
                    json!({"type": "input_json_delta", "partial_json": "\"q\"}"}),
                ],
            ),
            block(
                2,
                json!({"type": "web_search_tool_result", "tool_use_id": "srv1", "content": [{"type": "web_search_result", "url": "https://e.test"}]}),
                &[],
            ),
            block(
                3,
                json!({"type": "text", "text": ""}),
                &[
                    json!({"type": "text_delta", "text": "It "}),
                    json!({"type": "text_delta", "text": "is"}),
                ],
            ),
        ],
        "pause_turn",
    );
    let again = json!({"url": "/v1/messages", "headers": {"anthropic-version": "2023-06-01"}, "body": {
        "model": "claude-x", "max_tokens": 4096, "stream": true,
        "tools": [{"type": "web_search_20250305", "name": "web_search"}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "x"}]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "let me", "signature": "SIG"},
                {"type": "server_tool_use", "id": "srv1", "name": "web_search", "input": {"query": "q"}},
                {"type": "web_search_tool_result", "tool_use_id": "srv1", "content": [{"type": "web_search_result", "url": "https://e.test"}]},
                {"type": "text", "text": "It is"}]}]}});
    let second = stream(
        vec![block(
            0,
            json!({"type": "text", "text": ""}),
            &[json!({"type": "text_delta", "text": " so."})],
        )],
        "end_turn",
    );
    let outcome = run(
        true,
        json!([{"reply": first}, {"request": again, "reply": second}]),
        json!([]),
    );
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
    let gist = of_ours(&outcome);
    assert_eq!(
        (gist.text.as_str(), gist.stop.as_str()),
        ("It is so.", "stop")
    );
    assert_eq!(
        (gist.server.len(), gist.tokens[0], gist.tokens[1]),
        (2, 6, 10)
    );
    let finishes = outcome
        .events
        .iter()
        .filter(|it| !it["choices"][0]["finish_reason"].is_null());
    assert_eq!(finishes.count(), 1);
}

/// Structured output by a tool: the client gets one JSON text, whatever the model says around it.
#[test]
fn structured_output_by_a_tool_is_the_text() {
    let said = json!({"type": "text", "text": ""});
    let words = json!({"type": "text_delta", "text": "Here it is:"});
    let tool = json!({"type": "tool_use", "id": "t", "name": "json_tool_call", "input": {}});
    let pieces = [
        json!({"type": "input_json_delta", "partial_json": ""}),
        json!({"type": "input_json_delta", "partial_json": "{\"a\":1}"}),
    ];
    let with = stream(
        vec![
            block(0, said.clone(), std::slice::from_ref(&words)),
            block(1, tool, &pieces),
        ],
        "tool_use",
    );
    let without = stream(vec![block(0, said, &[words])], "end_turn");
    for (reply, want) in [(with, "{\"a\":1}"), (without, "Here it is:")] {
        let fixture = json!({
            "name": "json", "provider": "anthropic", "operation": "chat", "model": "claude-3-7-sonnet", "streaming": true,
            "body": {"model": "m", "messages": [{"role": "user", "content": "x"}], "thinking": {"type": "enabled", "budget_tokens": 1024},
                "response_format": {"type": "json_schema", "json_schema": {"name": "r", "schema": {"type": "object", "properties": {}}}}},
            "exchanges": [{"reply": reply}], "expect": {}});
        let outcome =
            testing::replay::<Anthropic>(&serde_json::from_value(fixture).unwrap()).unwrap();
        let gist = of_ours(&outcome);
        assert_eq!(
            (gist.text.as_str(), gist.stop.as_str(), gist.calls.len()),
            (want, "stop", 0)
        );
    }
}
