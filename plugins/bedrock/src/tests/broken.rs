//! Answers that are none, and streams that break.

use sluice_sdk::Payload;

use super::*;

const MODEL: &str = "amazon.nova-2-lite-v1:0";

fn frames(events: &[(&str, Value)]) -> Vec<Frame> {
    let frame = |(name, data): &(&str, Value)| Frame {
        event: (*name).to_owned(),
        data: Payload::Text(data.to_string()),
    };
    events.iter().map(frame).collect()
}

fn decode(events: &[(&str, Value)], last: bool) -> Decoded {
    let mut asking = call("chat", MODEL);
    asking.streaming = true;
    let body = json!({"messages": [{"role": "user", "content": "x"}]});
    let outbound = sent(&asking, &body);
    assert!(
        outbound
            .options
            .contains(&("framing".into(), "\"aws\"".into()))
    );
    Bedrock::decode(None, outbound.state, frames(events), last).unwrap()
}

fn said(piece: &str) -> (&'static str, Value) {
    (
        "contentBlockDelta",
        json!({"contentBlockIndex": 0, "delta": {"text": piece}, "p": "abc"}),
    )
}

fn stop(reason: &str) -> (&'static str, Value) {
    ("messageStop", json!({"stopReason": reason}))
}

fn gathered(decoded: &Decoded) -> Value {
    let events = decoded.events.iter();
    let events: Vec<Value> = events
        .map(|it| serde_json::from_str(it.text().unwrap()).unwrap())
        .collect();
    testing::gathered(&events, 0).unwrap()
}

#[test]
fn an_exception_in_a_stream_is_a_failure_of_its_kind() {
    for (name, kind) in [
        ("throttlingException", fault::kind::RATE_LIMIT),
        ("internalServerException", fault::kind::UPSTREAM),
        ("modelStreamErrorException", fault::kind::UPSTREAM),
        ("serviceUnavailableException", fault::kind::OVERLOADED),
        ("validationException", fault::kind::INVALID_REQUEST),
    ] {
        let event = format!("exception:{name}");
        let decoded = decode(
            &[said("Hel"), (event.as_str(), json!({"message": "what"}))],
            false,
        );
        let failure = decoded.failure.clone().unwrap();
        assert_eq!(
            (&*failure.kind, &*failure.message),
            (kind, "what"),
            "{name}"
        );
        assert_eq!(gathered(&decoded)["message"]["content"], "Hel");
    }
}

#[test]
fn a_stream_without_its_end_is_no_answer() {
    assert!(decode(&[said("Hel")], true).failure.is_some());
    assert!(decode(&[], true).failure.is_some());
    assert!(
        decode(&[("messageStop", json!({}))], true)
            .failure
            .is_some()
    );
    let whole = decode(&[said("Hello"), stop("end_turn")], true);
    assert!(whole.failure.is_none(), "counts may be missing");
}

#[test]
fn garbage_in_a_stream_is_a_failure() {
    let garbage = Frame {
        event: "contentBlockDelta".into(),
        data: Payload::Text("{\"delta".into()),
    };
    let mut asking = call("chat", MODEL);
    asking.streaming = true;
    let body = json!({"messages": [{"role": "user", "content": "x"}]});
    let state = sent(&asking, &body).state;
    let decoded = Bedrock::decode(None, state, vec![garbage], false).unwrap();
    assert_eq!(decoded.failure.unwrap().kind, fault::kind::UPSTREAM);
}

#[test]
fn a_piece_of_a_call_that_never_began_is_a_failure() {
    let piece = json!({"contentBlockIndex": 3, "delta": {"toolUse": {"input": "{}"}}});
    let decoded = decode(&[("contentBlockDelta", piece)], false);
    assert_eq!(decoded.failure.unwrap().kind, fault::kind::UPSTREAM);
}

#[test]
fn two_calls_of_one_index_stay_two() {
    let begin = |id: &str| {
        let start = json!({"toolUse": {"toolUseId": id, "name": "f"}});
        (
            "contentBlockStart",
            json!({"contentBlockIndex": 1, "start": start}),
        )
    };
    let piece = |text: &str| {
        let delta = json!({"toolUse": {"input": text}});
        (
            "contentBlockDelta",
            json!({"contentBlockIndex": 1, "delta": delta}),
        )
    };
    let events = [
        begin("a"),
        piece("{\"x\":1}"),
        begin("b"),
        piece("{}"),
        stop("tool_use"),
    ];
    let calls = gathered(&decode(&events, true))["message"]["tool_calls"].clone();
    assert_eq!(
        (&calls[0]["id"], &calls[1]["id"]),
        (&json!("a"), &json!("b"))
    );
    assert_eq!(calls[0]["function"]["arguments"], "{\"x\":1}");
}

#[test]
fn members_that_are_null_or_new_do_no_harm() {
    let events = [
        (
            "messageStart",
            json!({"role": "assistant", "new": {"a": 1}}),
        ),
        (
            "contentBlockDelta",
            json!({"contentBlockIndex": 0, "delta": null}),
        ),
        (
            "contentBlockDelta",
            json!({"contentBlockIndex": 0, "delta": {"text": null, "novel": {}}}),
        ),
        ("somethingNew", json!({"b": 2})),
        said("Hello"),
        ("contentBlockStop", json!({"contentBlockIndex": 0})),
        stop("end_turn"),
        ("metadata", json!({"usage": null})),
    ];
    let decoded = decode(&events, true);
    assert!(decoded.failure.is_none() && decoded.usage.is_none());
    let choice = gathered(&decoded);
    assert_eq!(choice["message"]["content"], "Hello");
    assert_eq!(choice["finish_reason"], "stop");
}

#[test]
fn an_answer_that_is_none_is_the_upstreams_failure() {
    for body in [
        "",
        "<html>",
        "[]",
        "{}",
        "{\"output\": {\"message\": null}}",
    ] {
        let item =
            json!({"status": 200, "headers": {"content-type": "application/json"}, "body": body});
        for operation in ["chat", "embeddings", "rerank"] {
            let model = match operation {
                "chat" => MODEL,
                "embeddings" => "amazon.titan-embed-text-v2:0",
                _ => "amazon.rerank-v1:0",
            };
            let error = replay(&item, model, operation, false)
                .unwrap()
                .error
                .unwrap();
            assert_eq!(error.kind, fault::kind::UPSTREAM, "{operation}: {body}");
        }
    }
}

#[test]
fn an_empty_answer_is_an_answer() {
    let body =
        json!({"output": {"message": {"content": []}}, "stopReason": "end_turn"}).to_string();
    let item = json!({"status": 200, "headers": {}, "body": body});
    let response = replay(&item, MODEL, "chat", false)
        .unwrap()
        .response
        .unwrap();
    assert_eq!(response["choices"][0]["message"]["content"], "");
}

#[test]
fn what_ran_at_the_provider_is_no_call_of_the_clients_in_a_stream_either() {
    let begin = |index: u64, start: Value| {
        (
            "contentBlockStart",
            json!({"contentBlockIndex": index, "start": start}),
        )
    };
    let piece = |index: u64, delta: Value| {
        (
            "contentBlockDelta",
            json!({"contentBlockIndex": index, "delta": delta}),
        )
    };
    let used =
        json!({"toolUse": {"toolUseId": "s", "name": "nova_grounding", "type": "server_tool_use"}});
    let web = json!({"title": "t", "location": {"web": {"url": "https://a.example", "domain": "a.example"}}});
    let events = [
        begin(0, used),
        piece(0, json!({"toolUse": {"input": "{\"q\":1}"}})),
        ("contentBlockStop", json!({"contentBlockIndex": 0})),
        begin(
            1,
            json!({"toolResult": {"toolUseId": "s", "status": "success"}}),
        ),
        piece(1, json!({"toolResult": [{"text": "r"}]})),
        ("contentBlockStop", json!({"contentBlockIndex": 1})),
        piece(2, json!({"text": "Hello"})),
        piece(2, json!({"citation": web})),
        stop("end_turn"),
    ];
    let choice = gathered(&decode(&events, true));
    let message = &choice["message"];
    assert!(message.get("tool_calls").is_none());
    let own = &message["provider_specific_fields"]["blocks"];
    assert_eq!(own[0]["toolUse"]["input"], json!({"q": 1}));
    assert_eq!(own[1]["toolResult"]["content"], json!([{"text": "r"}]));
    assert_eq!(
        message["annotations"][0]["url_citation"]["url"],
        "https://a.example"
    );
    assert_eq!(choice["finish_reason"], "stop");
}

#[test]
fn the_answer_of_a_format_is_streamed_as_text() {
    let format =
        json!({"type": "json_schema", "json_schema": {"name": "r", "schema": {"type": "object"}}});
    let mut asking = call("chat", MODEL);
    asking.streaming = true;
    let body = json!({"messages": [{"role": "user", "content": "x"}], "response_format": format});
    let state = sent(&asking, &body).state;
    let start = json!({"toolUse": {"toolUseId": "a", "name": "json_tool_call"}});
    let events = [
        (
            "contentBlockStart",
            json!({"contentBlockIndex": 0, "start": start}),
        ),
        (
            "contentBlockDelta",
            json!({"contentBlockIndex": 0, "delta": {"toolUse": {"input": "{}"}}}),
        ),
        stop("tool_use"),
    ];
    let choice = gathered(&Bedrock::decode(None, state, frames(&events), true).unwrap());
    assert_eq!(
        (&choice["message"]["content"], &choice["finish_reason"]),
        (&json!("{}"), &json!("stop"))
    );
}
