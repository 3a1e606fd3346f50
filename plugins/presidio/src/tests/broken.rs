//! A Presidio that fails: an error of the right kind, and never a text that passes.

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::testing::{Played, span};
use sluice_sdk::{FetchResponse, fault};

use super::look;

fn kind(played: &Played, config: Value) -> String {
    let error = look(played, "pre", config, vec![span("I am Ada")]).unwrap_err();
    assert!(!error.message.contains("Ada"), "{}", error.message);
    error.kind
}

fn analyzer_says(status: u16, body: &'static str) -> String {
    let played = Played::new(move |_| Ok(FetchResponse::text_of(status, body)));
    kind(&played, json!({}))
}

#[test]
fn a_status_is_an_error_of_its_kind() {
    for (status, wanted) in [
        (400, "invalid-request"),
        (401, "authentication"),
        (403, "permission"),
        (404, "not-found"),
        (413, "invalid-request"),
        (429, "rate-limit"),
        (500, "upstream"),
        (503, "overloaded"),
        (504, "timeout"),
    ] {
        let body = r#"{"error": "I am Ada is no text"}"#;
        assert_eq!(analyzer_says(status, body), wanted, "{status}");
    }
}

#[test]
fn an_answer_that_is_none_is_the_analyzers_fault() {
    for body in [
        "",
        "<html>",
        "null",
        "{}",
        r#"{"error": "No text provided"}"#,
        "[7]",
        r#"[{"entity_type": "PERSON", "start": 5, "end": 8}]"#,
        r#"[{"entity_type": "PERSON", "start": 5, "end": 9, "score": 1}]"#,
        r#"[{"entity_type": "PERSON", "start": 8, "end": 5, "score": 1}]"#,
        r#"[{"entity_type": "PERSON", "start": -1, "end": 5, "score": 1}]"#,
        r#"[[{"entity_type": "PERSON", "start": 5, "end": 8, "score": 1}]]"#,
    ] {
        assert_eq!(analyzer_says(200, body), "upstream", "{body}");
    }
}

#[test]
fn a_request_that_the_host_does_not_answer_is_the_hosts_error() {
    let played = Played::new(|_| Err(fault::error(fault::kind::TIMEOUT, "no answer in time")));
    assert_eq!(kind(&played, json!({})), "timeout");
}

#[test]
fn an_anonymizer_that_fails_lets_nothing_pass() {
    for (status, body, wanted) in [
        (
            422,
            r#"{"error": "Invalid input, text can not be empty"}"#,
            "invalid-request",
        ),
        (200, r#"{"items": []}"#, "upstream"),
        (200, r#"{"text": null}"#, "upstream"),
        (200, "{\"text\": \"a\\u001eb\"}", "upstream"),
    ] {
        let played = Played::new(move |request| {
            Ok(match request.url.as_str() {
                "/analyze" => FetchResponse::json_of(
                    200,
                    &json!([{"entity_type": "PERSON", "score": 1.0, "start": 5, "end": 8}]),
                ),
                _ => FetchResponse::text_of(status, body),
            })
        });
        let config = json!({"presidio_anonymizer_api_base": "localhost:5001"});
        assert_eq!(kind(&played, config), wanted, "{body}");
    }
}
