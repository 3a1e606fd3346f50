//! Results of batches. `RESULT` is one of those that were recorded with `ENDED`, as a line of a file.

use super::*;

const RESULT: &str = r#"{"key":"0","response":{"candidates":[{"content":{"parts":[{"text":"4"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":13,"candidatesTokenCount":1,"totalTokenCount":57,"promptTokensDetails":[{"modality":"TEXT","tokenCount":13}],"thoughtsTokenCount":43,"serviceTier":"standard"},"modelVersion":"gemini-2.5-flash","responseId":"xr-FavMd3JGa2Q-swqfYBw"}}"#;

/// The state of reading one of a batch's files.
fn reading(file: &str, batch: &str) -> Result<String, Error> {
    let asked = call("files.content", &[("id", file), ("state", &state())]);
    let first = started(&asked)?;
    assert_eq!(first.url, format!("/v1beta/batches/{ID}"));
    let sent = sent(then(&asked, &first, &[], batch)?);
    let name = format!("/download/v1beta/files/batch-{ID}:download?alt=media");
    assert_eq!((sent.method.as_str(), sent.url), ("GET", name));
    let framing = ("framing".to_owned(), "\"lines\"".to_owned());
    assert_eq!(sent.options, [framing]);
    Ok(sent.state)
}

fn frames(told: &[&str]) -> Vec<Frame> {
    let frame = |it: &&str| Frame {
        event: String::new(),
        data: Payload::Text((*it).to_owned()),
    };
    told.iter().map(frame).collect()
}

/// The lines of one of a batch's files, of these results, and how they end.
fn results(file: &str, batch: &str, told: &[&str]) -> Result<(Vec<Value>, Option<Error>), Error> {
    let mut state = reading(file, batch)?;
    let mut lines = Vec::new();
    for one in frames(told) {
        let decoded = Gemini::decode(None, state, vec![one], false)?;
        lines.extend(
            decoded
                .events
                .iter()
                .map(|it| serde_json::from_str::<Value>(it.text().unwrap()).unwrap()),
        );
        state = decoded.state;
    }
    let end = Gemini::decode(None, state, Vec::new(), true)?;
    Ok((lines, end.failure))
}

#[test]
fn results_are_openais_lines_and_failures_stand_in_a_file_of_their_own() {
    let counts = r#""requestCount":"5","successfulRequestCount":"2","failedRequestCount":"3""#;
    let batch = batch(counts, "SUCCEEDED");
    let blocked = r#"{"response":{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4}},"key":"b c"}"#;
    let refused = r#"{"key":"e","error":{"code":3,"message":"The input token count exceeds the maximum number of tokens allowed."}}"#;
    let busy = r#"{"key":"r","error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED"}}"#;
    let cancelled = r#"{"key":"c","error":{"code":1,"message":"The operation was cancelled."}}"#;
    let all = [RESULT, blocked, refused, "", busy, cancelled];
    let (done, failure) = results(ID, &batch, &all).unwrap();
    assert_eq!((done.len(), failure), (2, None));
    let body = &done[0]["response"]["body"];
    assert_eq!(
        (
            &done[0]["custom_id"],
            &done[0]["error"],
            &done[0]["response"]["status_code"]
        ),
        (&json!("0"), &json!(null), &json!(200))
    );
    assert_eq!(
        (
            &body["object"],
            &body["model"],
            &body["choices"][0]["message"]["content"]
        ),
        (
            &json!("chat.completion"),
            &json!("gemini-2.5-flash"),
            &json!("4")
        )
    );
    // Thoughts are paid as what was written.
    assert_eq!(
        (
            &body["usage"]["prompt_tokens"],
            &body["usage"]["completion_tokens"]
        ),
        (&json!(13), &json!(44))
    );
    assert!(body["created"].as_u64() > Some(1_700_000_000));
    assert_eq!(done[1]["custom_id"], "b c");
    assert_eq!(
        done[1]["response"]["body"]["choices"][0]["finish_reason"],
        "content_filter"
    );
    let (failed, failure) = results(&format!("{ID}-failed"), &batch, &all).unwrap();
    assert_eq!(failure, None);
    let names: Vec<&Value> = failed.iter().map(|it| &it["custom_id"]).collect();
    assert_eq!(names, ["e", "r", "c"]);
    assert_eq!(
        failed[0]["response"],
        json!({"status_code": 400, "request_id": null, "body": {"error": {
            "message": "The input token count exceeds the maximum number of tokens allowed.",
            "type": "INVALID_ARGUMENT", "param": null, "code": null}}})
    );
    assert_eq!(failed[1]["response"]["status_code"], 429);
    assert_eq!(
        (&failed[2]["error"]["code"], &failed[2]["response"]),
        (&json!("batch_cancelled"), &json!(null))
    );
}

#[test]
fn results_that_are_cut_off_are_no_results() {
    // In a line, and between two.
    for none in [
        &RESULT[..RESULT.len() - 2],
        "{}",
        r#"{"key":"a"}"#,
        r#"{"response":{}}"#,
        r#"{"key":"a","response":{},"error":{}}"#,
    ] {
        assert_eq!(
            results(ID, ENDED, &[none]).unwrap_err().kind,
            "upstream",
            "{none}"
        );
    }
    for file in [ID.to_owned(), format!("{ID}-failed")] {
        let batch = batch(
            r#""requestCount":"2","successfulRequestCount":"1","failedRequestCount":"1""#,
            "SUCCEEDED",
        );
        let (_, failure) = results(&file, &batch, &[RESULT]).unwrap();
        let failure = failure.unwrap();
        assert!(failure.message.contains("1 of 2"), "{}", failure.message);
    }
}

#[test]
fn files_of_results_are_told_by_their_batch() {
    let get = call("files.get", &[("id", ID)]);
    let asked = started(&get).unwrap();
    let file = text_of(then(&get, &asked, &[], ENDED).unwrap());
    assert_eq!(
        (&file["id"], &file["purpose"], &file["created_at"]),
        (&json!(ID), &json!("batch_output"), &json!(1_787_150_430))
    );
    // Nothing failed, so no file says so.
    let failed = format!("{ID}-failed");
    for operation in ["files.get", "files.content"] {
        let get = call(operation, &[("id", &failed), ("state", &state())]);
        let asked = started(&get).unwrap();
        let error = then(&get, &asked, &[], ENDED).unwrap_err();
        assert_eq!(error.kind, "not-found", "{operation}");
    }
    let content = call("files.content", &[("id", ID), ("state", &state())]);
    let asked = started(&content).unwrap();
    for name in ["files/../x", "files/a?b", "https://elsewhere/a", "files/"] {
        let batch = ENDED.replace(&format!("files/batch-{ID}"), name);
        let error = then(&content, &asked, &[], &batch).unwrap_err();
        assert_eq!(error.kind, "upstream", "{name}");
    }
}
