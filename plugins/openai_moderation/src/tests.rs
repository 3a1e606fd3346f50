use sluice_sdk::serde_json::{Value, from_str, json};
use sluice_sdk::testing::{Played, inspection, run_guardrail_examples, span};
use sluice_sdk::{Body, Decision, Error, FetchRequest, FetchResponse, Guardrail, Verdict, fault};

use crate::OpenAiModeration;

#[test]
fn the_examples_hold() {
    run_guardrail_examples::<OpenAiModeration>().unwrap();
}

fn inputs(request: &FetchRequest) -> Vec<String> {
    let Body::Json(body) = &request.body else {
        panic!("{request:?}")
    };
    let body: Value = from_str(body).unwrap();
    let inputs = body["input"].as_array().unwrap().iter();
    inputs.map(|it| it.as_str().unwrap().to_owned()).collect()
}

fn result(violence: f64, flagged: bool) -> Value {
    json!({"flagged": flagged, "categories": {"violence": flagged, "illicit": null},
        "category_scores": {"violence": violence, "hate": 0.2, "illicit": null}})
}

/// A classifier that flags texts with `attack` in them.
fn classifier() -> Played {
    Played::new(|request| {
        let results = inputs(request).into_iter().map(|it| {
            let bad = it.contains("attack");
            result(if bad { 0.9 } else { 0.4 }, bad)
        });
        Ok(FetchResponse::json_of(
            200,
            &json!({"id": "modr-1", "model": "m", "results": results.collect::<Vec<_>>()}),
        ))
    })
}

fn look(played: &Played, config: Value, texts: &[&str]) -> Result<Decision, Error> {
    let spans = texts.iter().map(|it| span(it)).collect();
    played.run(|| OpenAiModeration::inspect(&inspection("pre", &config, spans)))
}

fn code(decision: &Decision) -> &str {
    match &decision.verdict {
        Verdict::Block(refusal) => &refusal.code,
        Verdict::Allow => "allow",
        other => panic!("{other:?}"),
    }
}

#[test]
fn many_texts_are_few_requests_and_the_first_that_is_flagged_ends_it() {
    let played = classifier();
    let mut texts = vec!["fine"; 70];
    assert_eq!(code(&look(&played, json!({}), &texts).unwrap()), "allow");
    let sent = played.sent();
    let counts: Vec<_> = sent.iter().map(|it| inputs(it).len()).collect();
    assert_eq!(counts, [32, 32, 6]);
    let played = classifier();
    texts[40] = "attack";
    assert_eq!(
        code(&look(&played, json!({}), &texts).unwrap()),
        "moderation"
    );
    assert_eq!(played.sent().len(), 2);
}

#[test]
fn a_long_text_is_asked_about_in_pieces() {
    let played = classifier();
    let long = "é ".repeat(3000) + "attack";
    assert_eq!(
        code(&look(&played, json!({}), &[&long]).unwrap()),
        "moderation"
    );
    let sent = inputs(&played.sent()[0]);
    assert!(sent.len() > 3 && sent.iter().all(|it| it.chars().count() <= 2000));
    for length in [2_000_000, 5_000_000] {
        let much = "x".repeat(length);
        let error = look(&classifier(), json!({}), &[&much]).unwrap_err();
        assert_eq!(error.kind, "invalid-request");
    }
}

#[test]
fn nothing_is_asked_about_nothing() {
    let played = Played::silent();
    assert_eq!(
        code(&look(&played, json!({}), &["", " \n"]).unwrap()),
        "allow"
    );
}

#[test]
fn a_threshold_stands_in_the_place_of_the_flag() {
    let config = |score: f64| json!({"category_thresholds": {"violence": score}});
    let cases = [
        (0.3, "fine", "moderation"),
        (0.5, "fine", "allow"),
        (0.95, "attack", "allow"),
    ];
    for (score, text, want) in cases {
        let decision = look(&classifier(), config(score), &[text]).unwrap();
        assert_eq!(code(&decision), want, "{score} {text}");
    }
    let config = json!({"category_thresholds": {"illicit": 0.5}});
    let error = look(&classifier(), config, &["fine"]).unwrap_err();
    assert_eq!(error.kind, "invalid-request", "no score: it cannot look");
}

#[test]
fn what_is_logged_says_categories_and_scores_and_no_text() {
    let decision = look(&classifier(), json!({}), &["plan an attack"]).unwrap();
    let Verdict::Block(refusal) = decision.verdict else {
        panic!("it passes")
    };
    assert_eq!(
        refusal.message,
        "Violated OpenAI moderation policy: violence"
    );
    let detail: Value = from_str(&refusal.detail.unwrap()).unwrap();
    let want = json!({"violated_categories": ["violence"], "category_scores": {"violence": 0.9}});
    assert_eq!(detail, want);
    let decision = look(&classifier(), json!({}), &["fine"]).unwrap();
    let findings: Value = from_str(&decision.findings.unwrap()).unwrap();
    assert_eq!(
        findings,
        json!({"category_scores": {"hate": 0.2, "violence": 0.4}})
    );
}

#[test]
fn a_flag_without_a_category_blocks() {
    let played = Played::new(|_| {
        let results = json!([{"flagged": true, "categories": {}, "category_scores": {}}]);
        Ok(FetchResponse::json_of(200, &json!({"results": results})))
    });
    assert_eq!(
        code(&look(&played, json!({}), &["x"]).unwrap()),
        "moderation"
    );
}

#[test]
fn a_service_that_fails_lets_nothing_pass() {
    let cases = [
        (
            401,
            r#"{"error": {"code": "invalid_api_key"}}"#,
            "authentication",
        ),
        (
            429,
            r#"{"error": {"code": "rate_limit_exceeded"}}"#,
            "rate-limit",
        ),
        (500, "", "upstream"),
        (503, "", "overloaded"),
        (200, "", "upstream"),
        (200, "<html>", "upstream"),
        (200, "{}", "upstream"),
        (200, r#"{"results": []}"#, "upstream"),
        (200, r#"{"results": [{}]}"#, "upstream"),
        (
            200,
            r#"{"results": [{"flagged": "no", "categories": {}, "category_scores": {}}]}"#,
            "upstream",
        ),
        (
            200,
            r#"{"results": [{"flagged": false, "category_scores": {}}]}"#,
            "upstream",
        ),
    ];
    for (status, body, kind) in cases {
        let played = Played::new(move |_| Ok(FetchResponse::text_of(status, body)));
        let error = look(&played, json!({}), &["my secret"]).unwrap_err();
        assert_eq!(error.kind, kind, "{status} {body}");
        assert!(!error.message.contains("secret"));
    }
    let late = Played::new(|_| Err(fault::error(fault::kind::TIMEOUT, "no answer in time")));
    assert_eq!(look(&late, json!({}), &["x"]).unwrap_err().kind, "timeout");
}
