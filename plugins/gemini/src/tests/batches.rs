//! Batches: lines become the requests that a single chat would be, in a file of Google's; its results
//! OpenAI's lines. `RUNNING` and `ENDED` are as recorded in 2026 (SOURCES.md), the latter with a file
//! of results in place of its own; answers to uploads and cancels are as the API's pages have them.

mod results;

use sluice_sdk::{Body, File, Payload, parse_state};
use sluice_wire::gemini::batch::Kept;

use super::requests::sent as single;
use super::*;

const RUNNING: &str = r#"{"name":"batches/gpv3pjje0g931jdhnalwqk9sv4pbqgjlqhi9","metadata":{"@type":"type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch","model":"models/gemini-3.5-flash","createTime":"2026-07-21T16:05:49.689379878Z","updateTime":"2026-07-21T16:05:49.689379878Z","batchStats":{"requestCount":"2","pendingRequestCount":"2"},"state":"BATCH_STATE_PENDING","name":"batches/gpv3pjje0g931jdhnalwqk9sv4pbqgjlqhi9"}}"#;
const ENDED: &str = r#"{"name":"batches/31u18uq6dr4ods3957z38i1mbfa581k01xcq","metadata":{"@type":"type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch","model":"models/gemini-2.5-flash","displayName":"ruby_llm_bf7406835d85c375","output":{"responsesFile":"files/batch-31u18uq6dr4ods3957z38i1mbfa581k01xcq"},"createTime":"2026-08-19T14:34:12.267870162Z","endTime":"2026-08-19T14:40:30.652367187Z","updateTime":"2026-08-19T14:40:30.652367227Z","batchStats":{"requestCount":"2","successfulRequestCount":"2"},"state":"BATCH_STATE_SUCCEEDED","name":"batches/31u18uq6dr4ods3957z38i1mbfa581k01xcq"},"done":true,"response":{"@type":"type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatchOutput","responsesFile":"files/batch-31u18uq6dr4ods3957z38i1mbfa581k01xcq"}}"#;
const ID: &str = "31u18uq6dr4ods3957z38i1mbfa581k01xcq";
const PLACE: &str = "https://generativelanguage.googleapis.com/upload/v1beta/files?upload_id=AJ5r&upload_protocol=resumable";

fn call(operation: &str, params: &[(&str, &str)]) -> Call {
    let params = params
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Call {
        id: "t".into(),
        operation: operation.into(),
        provider: "gemini".into(),
        model: "gemini-*".into(),
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

fn text_of(step: Step) -> Value {
    match step {
        Step::Respond(Response {
            body: Payload::Text(told),
            ..
        }) => serde_json::from_str(&told).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn sent(step: Step) -> Outbound {
    match step {
        Step::Send(outbound) => outbound,
        other => panic!("{other:?}"),
    }
}

/// The text and the state that lines become.
fn lines(lines: &[Value], state: &str, last: bool) -> Result<(String, String), Error> {
    let asked = json!({"lines": lines, "state": state, "last": last});
    let told = text_of(Gemini::start(
        &call("batches.lines", &[]),
        &asked.to_string(),
    )?);
    let text = |name: &str| told[name].as_str().unwrap().to_owned();
    Ok((text("text"), text("state")))
}

fn state() -> String {
    lines(&[line(1, "0", chat("gemini-2.5-flash"))], "", true)
        .unwrap()
        .1
}

/// What follows the answer to a request.
fn then(
    call: &Call,
    before: &Outbound,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Step, Error> {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let reply = Reply {
        status: 200,
        headers: headers.collect(),
        body: Payload::Text(body.into()),
        state: before.state.clone(),
    };
    Gemini::resume(call, vec![reply])
}

fn started(call: &Call) -> Result<Outbound, Error> {
    Gemini::start(call, "{}").map(sent)
}

/// What is told of a batch that the API tells like this.
fn told(batch: &str) -> Result<Value, Error> {
    let get = call("batches.get", &[("id", "a")]);
    then(&get, &started(&get)?, &[], batch).map(text_of)
}

fn batch(counts: &str, state: &str) -> String {
    let batch = ENDED.replace(r#""requestCount":"2","successfulRequestCount":"2""#, counts);
    batch.replace("SUCCEEDED", state)
}

#[test]
fn lines_become_the_requests_that_single_chats_are() {
    let plain =
        json!({"model": "gemini-2.5-flash", "messages": [{"role": "user", "content": "é"}]});
    let (first, state) = lines(&[line(1, "a", chat("gemini-2.5-flash"))], "", false).unwrap();
    let (second, state) = lines(&[line(2, "b c", plain.clone())], &state, true).unwrap();
    let made: Vec<Value> = format!("{first}{second}")
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    let want = [("a", chat("")), ("b c", plain)]
        .map(|(key, chat)| json!({"key": key, "request": single("gemini-2.5-flash", chat)}));
    assert_eq!(made, want);
    let kept: Kept = parse_state(&state).unwrap();
    assert_eq!(
        (kept.model.as_str(), kept.requests),
        ("gemini-2.5-flash", 2)
    );
}

#[test]
fn a_line_that_cannot_be_translated_is_named() {
    let m = || chat("gemini-2.5-flash");
    let mut elsewhere = line(7, "x", m());
    elsewhere["url"] = "/v1/embeddings".into();
    for (wrong, said) in [
        (elsewhere, "`url`"),
        (line(7, "", m()), "`custom_id`"),
        (line(7, "x", json!([])), "`body`"),
        (
            line(7, "x", json!({"model": "gemini-2.5-flash"})),
            "`messages`",
        ),
        (line(7, "x", chat("gemini-2.5-pro")), "one model"),
    ] {
        let error = lines(&[line(6, "w", m()), wrong], "", true).unwrap_err();
        let named = error
            .message
            .starts_with("line 7 of the file (`custom_id` ");
        assert!(named && error.message.contains(said), "{}", error.message);
        assert_eq!(error.kind, "invalid-request");
    }
}

#[test]
fn a_batch_is_made_of_a_file_that_is_brought_first() {
    let mut create = call("batches.create", &[("state", &state())]);
    create.files.push(File {
        id: 3,
        field: "file".into(),
        filename: "a".into(),
        content_type: "application/json".into(),
        size: 9,
    });
    let asked = json!({"input_file_id": "f", "endpoint": "/v1/chat/completions", "completion_window": "24h"});
    let start = |asked: &Value| Gemini::start(&create, &asked.to_string()).map(sent);
    let place = start(&asked).unwrap();
    assert_eq!(
        (place.method.as_str(), place.url.as_str()),
        ("POST", "/upload/v1beta/files")
    );
    let header = |sent: &Outbound, name: &str| {
        let found = sent.headers.iter().find(|it| it.0 == name);
        found.map(|it| it.1.clone()).unwrap_or_default()
    };
    for (name, value) in [
        ("protocol", "resumable"),
        ("command", "start"),
        ("header-content-length", "9"),
        ("header-content-type", "application/jsonl"),
    ] {
        assert_eq!(header(&place, &format!("x-goog-upload-{name}")), value);
    }
    // The address is Google's own, the base is the deployment's.
    let bring = then(&create, &place, &[("X-Goog-Upload-URL", PLACE)], "").unwrap();
    let bring = sent(bring);
    let path = "/upload/v1beta/files?upload_id=AJ5r&upload_protocol=resumable";
    assert_eq!((bring.method.as_str(), bring.url.as_str()), ("POST", path));
    assert_eq!(header(&bring, "x-goog-upload-command"), "upload, finalize");
    assert_eq!(header(&bring, "x-goog-upload-offset"), "0");
    assert!(matches!(bring.body, Body::File(3)), "{:?}", bring.body);
    let made = then(&create, &bring, &[], r#"{"file": {"name": "files/abc"}}"#).unwrap();
    let made = sent(made);
    assert_eq!(
        made.url,
        "/v1beta/models/gemini-2.5-flash:batchGenerateContent"
    );
    let Body::Json(body) = &made.body else {
        panic!("{:?}", made.body);
    };
    let want =
        json!({"batch": {"displayName": "sluice-t", "inputConfig": {"fileName": "files/abc"}}});
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), want);
    let batch = text_of(then(&create, &made, &[], RUNNING).unwrap());
    assert_eq!(batch["id"], "gpv3pjje0g931jdhnalwqk9sv4pbqgjlqhi9");

    for (before, headers, body) in [
        (
            &place,
            vec![("x-goog-upload-url", "https://elsewhere/x")],
            "",
        ),
        (&place, Vec::new(), ""),
        (&bring, Vec::new(), "{}"),
        (&made, Vec::new(), "{}"),
    ] {
        let error = then(&create, before, &headers, body).unwrap_err();
        assert_eq!(error.kind, "upstream", "{}", error.message);
    }
    for (name, value) in [("endpoint", "/v1/embeddings"), ("completion_window", "7d")] {
        let mut other = asked.clone();
        other[name] = value.into();
        let refused = start(&other).unwrap_err();
        assert!(refused.message.contains(name), "{}", refused.message);
    }
}

#[test]
fn a_batch_is_told_in_openais_words() {
    let get = call("batches.get", &[("id", ID)]);
    let asked = started(&get).unwrap();
    assert_eq!(
        (asked.method.as_str(), asked.url),
        ("GET", format!("/v1beta/batches/{ID}"))
    );
    assert!(started(&call("batches.get", &[("id", "../x")])).is_err());
    let waiting = told(RUNNING).unwrap();
    assert_eq!(
        (
            &waiting["status"],
            &waiting["output_file_id"],
            &waiting["created_at"]
        ),
        (&json!("validating"), &json!(null), &json!(1_784_649_949))
    );
    assert_eq!(
        waiting["request_counts"],
        json!({"total": 2, "completed": 0, "failed": 0})
    );
    let running = told(&RUNNING.replace("BATCH_STATE_PENDING", "JOB_STATE_RUNNING")).unwrap();
    assert_eq!(running["status"], "in_progress");
    let ended = told(ENDED).unwrap();
    assert_eq!(
        (
            &ended["status"],
            &ended["output_file_id"],
            &ended["error_file_id"]
        ),
        (&json!("completed"), &json!(ID), &json!(null))
    );
    assert_eq!(
        (&ended["completed_at"], &ended["expired_at"]),
        (&json!(1_787_150_430), &json!(null))
    );
    let counts = r#""requestCount":"3","successfulRequestCount":"1","failedRequestCount":"2""#;
    let cancelled = told(&batch(counts, "CANCELLED")).unwrap();
    assert_eq!(
        (
            &cancelled["status"],
            &cancelled["cancelled_at"],
            &cancelled["error_file_id"]
        ),
        (
            &json!("cancelled"),
            &json!(1_787_150_430),
            &json!(format!("{ID}-failed"))
        )
    );
    let none = told(&batch(
        r#""requestCount":"2","failedRequestCount":"2""#,
        "EXPIRED",
    ))
    .unwrap();
    assert_eq!(
        (&none["status"], &none["output_file_id"]),
        (&json!("expired"), &json!(null))
    );
    for none in [
        "{}".to_owned(),
        r#"{"name": "batches/a"}"#.to_owned(),
        ENDED.replace("BATCH_STATE_SUCCEEDED", "BATCH_STATE_PAUSED"),
        ENDED.replace("BATCH_STATE_", ""),
    ] {
        assert_eq!(told(&none).unwrap_err().kind, "upstream", "{none}");
    }
}

/// What was recorded of batches, as it was recorded.
#[test]
fn recorded_batches_are_told() {
    let all = include_str!("../../../../tests/traffic/fixtures/gemini.jsonl").lines();
    let all = all.map(|it| serde_json::from_str::<Value>(it).unwrap());
    let of_batches = all.filter(|it| text(it, "body").contains("GenerateContentBatch"));
    let told: Vec<Value> = of_batches
        .map(|it| told(text(&it, "body")).unwrap())
        .collect();
    let seen: Vec<_> = told
        .iter()
        .map(|it| {
            (
                &it["status"],
                &it["output_file_id"],
                &it["request_counts"]["total"],
            )
        })
        .collect();
    let want = [
        (&json!("completed"), &json!(ID), &json!(2)),
        (&json!("validating"), &json!(null), &json!(2)),
    ];
    assert_eq!(seen, want);
}

#[test]
fn a_batch_has_not_ended_before_its_results_are_there() {
    let without = ENDED.replace("responsesFile", "later");
    let early = told(&without).unwrap();
    assert_eq!(
        (&early["status"], &early["output_file_id"]),
        (&json!("finalizing"), &json!(null))
    );
    // Nothing was answered, and there is nothing to wait for.
    let nothing = without.replace("successfulRequestCount", "failedRequestCount");
    assert_eq!(told(&nothing).unwrap()["status"], "completed");
    assert_eq!(
        told(&nothing.replace("\"done\":true", "\"done\":false")).unwrap()["status"],
        "finalizing"
    );
    let failed = r#"{"name":"batches/a","done":true,"error":{"code":3,"message":"bad line"},"metadata":{"state":"BATCH_STATE_FAILED","endTime":"2026-08-19T14:40:30Z"}}"#;
    let failed = told(failed).unwrap();
    assert_eq!(
        (&failed["status"], &failed["failed_at"]),
        (&json!("failed"), &json!(1_787_150_430))
    );
    assert_eq!(failed["errors"]["data"][0]["message"], "bad line");
}

#[test]
fn a_batch_that_is_to_be_cancelled_is_looked_at_once_more() {
    let cancel = call("batches.cancel", &[("id", "a")]);
    let asked = started(&cancel).unwrap();
    assert_eq!(
        (asked.method.as_str(), asked.url.as_str()),
        ("POST", "/v1beta/batches/a:cancel")
    );
    let looked = sent(then(&cancel, &asked, &[], "{}").unwrap());
    assert_eq!(
        (looked.method.as_str(), looked.url.as_str()),
        ("GET", "/v1beta/batches/a")
    );
    for (batch, status) in [
        (RUNNING.to_owned(), "cancelling"),
        (RUNNING.replace("PENDING", "CANCELLED"), "cancelled"),
        (ENDED.to_owned(), "completed"),
    ] {
        let told = text_of(then(&cancel, &looked, &[], &batch).unwrap());
        assert_eq!(told["status"], status);
    }
}
