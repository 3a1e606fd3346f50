//! Batches: lines become the requests that a single chat would be, results OpenAI's lines. Answers
//! are as recorded in 2026 (SOURCES.md).

use sluice_sdk::{Body, File, Outbound, Payload, Response};

use super::requests::sent;
use super::*;

const RUNNING: &str = r#"{"id":"msgbatch_01GUqGVJfUzZfBnjRymfPdV3","type":"message_batch","processing_status":"in_progress","request_counts":{"processing":2,"succeeded":0,"errored":0,"canceled":0,"expired":0},"ended_at":null,"created_at":"2026-08-19T14:44:51.493319+00:00","expires_at":"2026-08-20T14:44:51.493319+00:00","archived_at":null,"cancel_initiated_at":null,"results_url":null}"#;
const ENDED: &str = r#"{"id":"msgbatch_01GUqGVJfUzZfBnjRymfPdV3","type":"message_batch","processing_status":"ended","request_counts":{"processing":0,"succeeded":2,"errored":0,"canceled":0,"expired":0},"ended_at":"2026-08-19T14:46:57.158324+00:00","created_at":"2026-08-19T14:44:51.493319+00:00","expires_at":"2026-08-20T14:44:51.493319+00:00","archived_at":null,"cancel_initiated_at":null,"results_url":"https://api.anthropic.com/v1/messages/batches/msgbatch_01GUqGVJfUzZfBnjRymfPdV3/results"}"#;
const RESULT: &str = r#"{"custom_id":"TODO","result":{"type":"succeeded","message":{"model":"claude-haiku-4-5-20251001","id":"msg_01D4KRa3XNc3cEX1QnWvEkRL","type":"message","role":"assistant","content":[{"type":"text","text":"Why did the scarecrow win an award? He was outstanding in his field!"}],"stop_reason":"end_turn","stop_sequence":null,"stop_details":null,"usage":{"input_tokens":15,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":20,"service_tier":"batch","inference_geo":"not_available"}}}}"#;

fn call(operation: &str, params: &[(&str, &str)]) -> Call {
    let params = params
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Call {
        id: "t".into(),
        operation: operation.into(),
        provider: "anthropic".into(),
        model: "claude-*".into(),
        streaming: false,
        config: "{}".into(),
        secrets: vec!["api_key".into()],
        params: params.collect(),
        headers: Vec::new(),
        files: Vec::new(),
        context: "{}".into(),
    }
}

/// Everything that a batch may ask and that changes on its way.
fn chat(model: &str) -> Value {
    json!({"model": model, "max_completion_tokens": 9, "stop": "x", "messages": [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        "tools": [{"type": "function", "function": {"name": "files.read", "parameters": {"type": "object"}}}]})
}

fn line(number: u64, custom_id: &str, body: Value) -> Value {
    json!({"line": number, "custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body})
}

/// The text and the state that lines become.
fn lines(lines: &[Value], state: &str, last: bool) -> Result<(String, String), Error> {
    let asked = json!({"lines": lines, "state": state, "last": last});
    match Anthropic::start(&call("batches.lines", &[]), &asked.to_string())? {
        Step::Respond(Response {
            body: Payload::Text(told),
            ..
        }) => {
            let told: Value = serde_json::from_str(&told).unwrap();
            let text = |name: &str| told[name].as_str().unwrap().to_owned();
            Ok((text("text"), text("state")))
        }
        other => panic!("{other:?}"),
    }
}

fn outbound(call: &Call, body: Value) -> Result<Outbound, Error> {
    match Anthropic::start(call, &body.to_string())? {
        Step::Send(outbound) => Ok(outbound),
        other => panic!("{other:?}"),
    }
}

fn answered(call: &Call, body: &str) -> Result<Value, Error> {
    let reply = Reply {
        status: 200,
        headers: Vec::new(),
        body: Payload::Text(body.into()),
        state: String::new(),
    };
    match Anthropic::resume(call, vec![reply])? {
        Step::Respond(Response {
            body: Payload::Text(told),
            ..
        }) => Ok(serde_json::from_str(&told).unwrap()),
        other => panic!("{other:?}"),
    }
}

/// The lines of one of a batch's files, of these results.
fn results(file: &str, state: &str, told: &[&str]) -> Result<Vec<Value>, Error> {
    let asked = call("files.content", &[("id", file), ("state", state)]);
    let sent = outbound(&asked, json!({}))?;
    assert_eq!(sent.url, "/v1/messages/batches/msgbatch_1/results");
    assert_eq!(
        sent.options,
        [("framing".to_owned(), "\"lines\"".to_owned())]
    );
    let frames = told.iter().map(|it| Frame {
        event: String::new(),
        data: Payload::Text((*it).to_owned()),
    });
    let decoded = Anthropic::decode(None, sent.state.clone(), frames.collect(), true)?;
    assert_eq!(decoded.state, sent.state);
    let events = decoded
        .events
        .iter()
        .map(|it| serde_json::from_str(it.text().unwrap()).unwrap());
    Ok(events.collect())
}

#[test]
fn lines_become_the_requests_that_single_chats_are() {
    let (first, state) = lines(&[line(1, "a", chat("claude-haiku-4-5"))], "", false).unwrap();
    let with_file = json!({"model": "claude-opus-4-6", "messages": [{"role": "user", "content": [
        {"type": "file", "file": {"file_id": "file_1"}}]}]});
    let (second, state) = lines(&[line(2, "b c", with_file.clone())], &state, true).unwrap();
    let made: Value = serde_json::from_str(&format!("{first}{second}")).unwrap();
    let without_model = |mut chat: Value| {
        chat.as_object_mut().unwrap().remove("model");
        chat
    };
    let want = json!({"requests": [
        {"custom_id": "a", "params": sent("claude-haiku-4-5", without_model(chat("")))},
        {"custom_id": "esc_b_20c", "params": sent("claude-opus-4-6", without_model(with_file))}
    ]});
    assert_eq!(made, want);
    // The batch is made of what they became, with what they need.
    let mut create = call("batches.create", &[("state", &state)]);
    create.files.push(File {
        id: 3,
        field: "file".into(),
        filename: "a".into(),
        content_type: "application/json".into(),
        size: 9,
    });
    let asked = json!({"input_file_id": "f", "endpoint": "/v1/chat/completions", "completion_window": "24h"});
    let sent = outbound(&create, asked.clone()).unwrap();
    assert_eq!(
        (sent.method.as_str(), sent.url.as_str()),
        ("POST", "/v1/messages/batches")
    );
    assert!(matches!(sent.body, Body::File(3)), "{:?}", sent.body);
    let beta = (
        "anthropic-beta".to_owned(),
        "files-api-2025-04-14".to_owned(),
    );
    assert!(sent.headers.contains(&beta), "{:?}", sent.headers);
    for (name, value) in [("endpoint", "/v1/embeddings"), ("completion_window", "7d")] {
        let mut other = asked.clone();
        other[name] = value.into();
        let refused = outbound(&create, other).unwrap_err();
        assert!(refused.message.contains(name), "{}", refused.message);
    }
}

/// A body that the API took, recorded in 2026, and the lines that it comes from.
#[test]
fn lines_become_a_body_that_was_taken() {
    let taken = r#"{"requests":[{"custom_id":"0","params":{"model":"claude-haiku-4-5","messages":[{"role":"user","content":[{"type":"text","text":"What is 2 + 2?"}]}],"max_tokens":64000,"system":[{"type":"text","text":"Be terse."}]}},{"custom_id":"1","params":{"model":"claude-haiku-4-5","messages":[{"role":"user","content":[{"type":"text","text":"Name the largest planet in our solar system. One word."}]}],"max_tokens":64000}}]}"#;
    let chat = |messages: Value| json!({"model": "claude-haiku-4-5", "messages": messages});
    let asked = [
        line(
            1,
            "0",
            chat(
                json!([{"role": "system", "content": "Be terse."}, {"role": "user", "content": "What is 2 + 2?"}]),
            ),
        ),
        line(
            2,
            "1",
            chat(
                json!([{"role": "user", "content": "Name the largest planet in our solar system. One word."}]),
            ),
        ),
    ];
    let (made, _) = lines(&asked, "", true).unwrap();
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(read(&made), read(taken));
}

#[test]
fn a_line_that_cannot_be_translated_is_named() {
    let tool = |name: &str| {
        let mut chat = chat("m");
        chat["tools"][0]["function"]["name"] = name.into();
        chat
    };
    let mut elsewhere = line(7, "x", chat("m"));
    elsewhere["url"] = "/v1/embeddings".into();
    for (wrong, said) in [
        (elsewhere, "`url`"),
        (line(7, "", chat("m")), "`custom_id`"),
        (line(7, "x", json!([])), "`body`"),
        (line(7, "x", json!({"model": "m"})), "`messages`"),
    ] {
        let error = lines(&[line(6, "w", chat("m")), wrong], "", true).unwrap_err();
        let is_named = error
            .message
            .starts_with("line 7 of the file (`custom_id` ");
        assert!(
            is_named && error.message.contains(said),
            "{}",
            error.message
        );
        assert_eq!(error.kind, "invalid-request");
    }
    // Two names of tools that would be one.
    let both = [line(1, "a", tool("a.b")), line(2, "b", tool("a:b"))];
    let error = lines(&both, "", true).unwrap_err();
    assert!(error.message.contains("`a_b`"), "{}", error.message);
}

#[test]
fn a_batch_is_told_in_openais_words() {
    let get = call("batches.get", &[("id", "msgbatch_1")]);
    let sent = outbound(&get, json!({})).unwrap();
    assert_eq!(
        (sent.method.as_str(), sent.url.as_str()),
        ("GET", "/v1/messages/batches/msgbatch_1")
    );
    let cancel = call("batches.cancel", &[("id", "msgbatch_1")]);
    let sent = outbound(&cancel, json!({})).unwrap();
    assert_eq!(
        (sent.method.as_str(), sent.url.as_str()),
        ("POST", "/v1/messages/batches/msgbatch_1/cancel")
    );
    assert!(outbound(&call("batches.get", &[("id", "../x")]), json!({})).is_err());
    let running = answered(&get, RUNNING).unwrap();
    assert_eq!(
        (
            &running["status"],
            &running["output_file_id"],
            &running["created_at"]
        ),
        (&json!("in_progress"), &json!(null), &json!(1_787_150_691))
    );
    let id = "msgbatch_01GUqGVJfUzZfBnjRymfPdV3";
    let ended = answered(&get, ENDED).unwrap();
    assert_eq!(
        (
            &ended["status"],
            &ended["output_file_id"],
            &ended["error_file_id"]
        ),
        (&json!("completed"), &json!(id), &json!(null))
    );
    assert_eq!(
        ended["request_counts"],
        json!({"total": 2, "completed": 2, "failed": 0})
    );
    assert_eq!(ended["completed_at"], 1_787_150_817);
    let part = |from: &str, to: &str, more: &str| {
        let some = ENDED.replace(r#""errored":0"#, r#""errored":1"#);
        let some = some.replace(from, to);
        answered(&get, &some.replace("\"archived_at\":null,", more)).unwrap()
    };
    let cancelled = part(
        r#""cancel_initiated_at":null"#,
        r#""cancel_initiated_at":"2026-08-19T14:45:00Z""#,
        "",
    );
    assert_eq!(
        (&cancelled["status"], &cancelled["error_file_id"]),
        (&json!("cancelled"), &json!(format!("{id}-failed")))
    );
    let expired = part(r#""succeeded":2"#, r#""succeeded":0"#, "");
    assert_eq!(
        (&expired["status"], &expired["output_file_id"]),
        (&json!("completed"), &json!(null))
    );
    let expired = part(r#""expired":0"#, r#""expired":1"#, "");
    assert_eq!(
        (&expired["status"], &expired["expired_at"]),
        (&json!("expired"), &json!(1_787_150_817))
    );
    let cancelling = RUNNING.replace("in_progress", "canceling");
    assert_eq!(answered(&get, &cancelling).unwrap()["status"], "cancelling");
    for none in ["{}", r#"{"id": "a", "processing_status": "paused"}"#] {
        assert_eq!(answered(&get, none).unwrap_err().kind, "upstream");
    }
}

#[test]
fn results_are_openais_lines_and_failures_stand_in_a_file_of_their_own() {
    let (_, state) = lines(&[line(1, "TODO", chat("claude-haiku-4-5"))], "", true).unwrap();
    let called = r#"{"custom_id":"esc_b_20c","result":{"type":"succeeded","message":{"id":"msg_2","model":"m","content":[{"type":"tool_use","id":"t","name":"files_read","input":{}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":2}}}}"#;
    let errored = r#"{"custom_id":"e","result":{"type":"errored","error":{"type":"error","request_id":"req_1","error":{"type":"invalid_request_error","message":"prompt is too long"}}}}"#;
    let canceled = r#"{"custom_id":"c","result":{"type":"canceled"}}"#;
    let expired = r#"{"custom_id":"x","result":{"type":"expired"}}"#;
    let told = [RESULT, called, errored, canceled, expired, ""];
    let done = results("msgbatch_1", &state, &told).unwrap();
    assert_eq!(done.len(), 2);
    let body = &done[0]["response"]["body"];
    assert_eq!(
        (
            &done[0]["custom_id"],
            &done[0]["error"],
            &done[0]["response"]["status_code"]
        ),
        (&json!("TODO"), &json!(null), &json!(200))
    );
    assert_eq!(
        (
            &body["object"],
            &body["model"],
            &body["choices"][0]["finish_reason"]
        ),
        (
            &json!("chat.completion"),
            &json!("claude-haiku-4-5-20251001"),
            &json!("stop")
        )
    );
    assert_eq!(
        body["choices"][0]["message"]["content"],
        "Why did the scarecrow win an award? He was outstanding in his field!"
    );
    assert_eq!(
        (
            &body["usage"]["prompt_tokens"],
            &body["usage"]["completion_tokens"]
        ),
        (&json!(15), &json!(20))
    );
    assert!(body["created"].as_u64() > Some(1_700_000_000));
    // Names are the client's own again, of the request and of its tool.
    let function = "/response/body/choices/0/message/tool_calls/0/function/name";
    assert_eq!(
        (&done[1]["custom_id"], done[1].pointer(function)),
        (&json!("b c"), Some(&json!("files.read")))
    );
    let failed = results("msgbatch_1-failed", &state, &told).unwrap();
    let names: Vec<&Value> = failed.iter().map(|it| &it["custom_id"]).collect();
    assert_eq!(names, ["e", "c", "x"]);
    assert_eq!(
        failed[0]["response"],
        json!({"status_code": 400, "request_id": "req_1", "body": {"error": {
            "message": "prompt is too long", "type": "invalid_request_error", "param": null, "code": null}}})
    );
    let codes: Vec<&Value> = failed[1..].iter().map(|it| &it["error"]["code"]).collect();
    assert_eq!(codes, ["batch_cancelled", "batch_expired"]);
    assert!(failed[1]["response"].is_null());
    for none in ["{", "{}", r#"{"custom_id":"a","result":{"type":"lost"}}"#] {
        assert_eq!(
            results("msgbatch_1", &state, &[none]).unwrap_err().kind,
            "upstream"
        );
    }
}

#[test]
fn files_of_results_are_told_by_their_batch_and_stay_with_it() {
    let id = "msgbatch_01GUqGVJfUzZfBnjRymfPdV3";
    let get = call("files.get", &[("id", id)]);
    let sent = outbound(&get, json!({})).unwrap();
    assert_eq!(sent.url, format!("/v1/messages/batches/{id}"));
    let file = answered(&get, ENDED).unwrap();
    assert_eq!(
        (&file["id"], &file["purpose"], &file["created_at"]),
        (&json!(id), &json!("batch_output"), &json!(1_787_150_817))
    );
    // Nothing failed.
    let failed = call("files.get", &[("id", &format!("{id}-failed"))]);
    assert_eq!(answered(&failed, ENDED).unwrap_err().kind, "not-found");
    let delete = call("files.delete", &[("id", id)]);
    assert_eq!(
        outbound(&delete, json!({})).unwrap_err().kind,
        "unsupported"
    );
}
