use sluice_sdk::serde_json::{Value, from_str, json};
use sluice_sdk::testing::{Played, inspection, run_guardrail_examples, span};
use sluice_sdk::{Body, Decision, Error, FetchResponse, Guardrail, Span, Verdict, fault};

use crate::Lakera;

#[test]
fn the_examples_hold() {
    run_guardrail_examples::<Lakera>().unwrap();
}

fn says(answer: Value) -> Played {
    Played::new(move |_| Ok(FetchResponse::json_of(200, &answer)))
}

fn look(played: &Played, stage: &str, config: Value, spans: Vec<Span>) -> Result<Decision, Error> {
    played.run(|| Lakera::inspect(&inspection(stage, &config, spans)))
}

fn by(role: &str, text: &str) -> Span {
    Span {
        role: role.into(),
        ..span(text)
    }
}

fn found(detector: &str, message: usize, start: usize, end: usize) -> Value {
    json!({"start": start, "end": end, "text": "…", "detector_type": detector, "labels": [], "message_id": message})
}

fn detected(names: &[&str]) -> Value {
    let all = names.iter();
    all.map(|it| json!({"detector_type": it, "detected": true}))
        .collect()
}

#[test]
fn instructions_come_first_and_masks_go_to_the_texts_they_are_of() {
    let arguments = Span {
        channel: "tool-arguments".into(),
        ..by("assistant", r#"{"to": "é \"Ada\"", "n": 7}"#)
    };
    let spans = vec![
        by("user", "I am Ada"),
        arguments,
        by("tool", "ok"),
        by("system", "Be kind"),
        by("input", "x"),
    ];
    let played = says(
        json!({"flagged": true, "breakdown": detected(&["pii/name"]), "payload": [
        found("pii/name", 1, 5, 8), found("pii/name", 2, 3, 6), found("pii/name", 2, 2, 4)]}),
    );
    let decision = look(&played, "pre", json!({"metadata": {"user": "u"}}), spans).unwrap();
    let Verdict::Edit(edits) = decision.verdict else {
        panic!("no edit")
    };
    let edits: Vec<_> = edits.iter().map(|it| (it.span, it.text.as_str())).collect();
    let want = [
        (0, "I am [MASKED NAME]"),
        (1, r#"{"to": "é [MASKED NAME]\"", "n": 7}"#),
    ];
    assert_eq!(edits, want);
    let Body::Json(body) = &played.sent()[0].body else {
        panic!("no body")
    };
    let body: Value = from_str(body).unwrap();
    let roles: Vec<_> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["role"])
        .collect();
    assert_eq!(
        roles,
        ["system", "user", "assistant", "assistant", "tool", "user"]
    );
    assert_eq!(body["metadata"], json!({"user": "u"}));
    assert!(body.get("project_id").is_none());
}

#[test]
fn what_is_more_than_personal_data_or_nowhere_to_be_found_blocks() {
    let place = || json!([found("pii/name", 0, 0, 3)]);
    for answer in [
        json!({"flagged": true}),
        json!({"flagged": true, "breakdown": detected(&["pii/name"]), "payload": []}),
        json!({"flagged": true, "breakdown": [], "payload": place()}),
        json!({"flagged": true, "breakdown": detected(&["pii/name", "prompt_attack"]), "payload": place()}),
        json!({"flagged": true, "breakdown": detected(&["pii/name", "pii/email"]), "payload": place()}),
        json!({"flagged": true, "breakdown": detected(&["pii/name"]), "payload": [found("pii/name", 0, 0, 99)]}),
        json!({"flagged": true, "breakdown": detected(&["pii/name"]), "payload": [found("pii/name", 9, 0, 1)]}),
        json!({"flagged": true, "breakdown": detected(&["pii/name"]), "payload": [{"detector_type": "pii/name"}]}),
    ] {
        let decision = look(&says(answer.clone()), "pre", json!({}), vec![span("Ada")]).unwrap();
        assert!(matches!(decision.verdict, Verdict::Block(_)), "{answer}");
    }
}

#[test]
fn a_monitor_lets_pass_and_tells() {
    let answer =
        json!({"flagged": true, "breakdown": detected(&["prompt_attack", "unknown_links"])});
    let config = json!({"on_flagged": "monitor"});
    let decision = look(
        &says(answer.clone()),
        "pre",
        config,
        vec![span("my secret")],
    )
    .unwrap();
    assert_eq!(decision.verdict, Verdict::Allow);
    let findings: Value = from_str(&decision.findings.unwrap()).unwrap();
    let want = json!({"flagged": true, "detectors": ["prompt_attack", "unknown_links"]});
    assert_eq!(findings, want);
    let decision = look(&says(answer), "pre", json!({}), vec![span("my secret")]).unwrap();
    let Verdict::Block(refusal) = decision.verdict else {
        panic!("it passes")
    };
    assert!(!(refusal.message + &refusal.detail.unwrap()).contains("secret"));
}

#[test]
fn beside_the_model_nothing_is_masked() {
    let answer = json!({"flagged": true, "breakdown": detected(&["pii/name"]), "payload": [found("pii/name", 0, 0, 3)]});
    let decision = look(&says(answer), "during", json!({}), vec![span("Ada")]).unwrap();
    assert_eq!(decision.verdict, Verdict::Allow);
    assert!(decision.findings.unwrap().contains("pii/name"));
}

#[test]
fn texts_that_no_look_can_send_are_refused() {
    let much = span(&"x".repeat(5 << 20));
    let error = look(&Played::silent(), "pre", json!({}), vec![much]).unwrap_err();
    assert_eq!(error.kind, "invalid-request");
}

#[test]
fn definitions_of_tools_keep_their_choices() {
    let choice = Span {
        pointer: "/tools/0/input_schema/properties/who/enum/0".into(),
        ..by("system", "Ada")
    };
    let answer = json!({"flagged": true, "breakdown": detected(&["pii/name"]),
        "payload": [found("pii/name", 0, 0, 3), found("pii/name", 1, 0, 3)]});
    let decision = look(&says(answer), "pre", json!({}), vec![span("Ada"), choice]).unwrap();
    let Verdict::Edit(edits) = decision.verdict else {
        panic!("no edit")
    };
    assert_eq!((edits.len(), edits[0].span), (1, 0));
}

#[test]
fn what_is_to_be_skipped_is_not_sent() {
    let config =
        json!({"skip_system_message_in_guardrail": true, "skip_tool_message_in_guardrail": true});
    let spans = vec![by("system", "a"), by("tool", "b")];
    let decision = look(&Played::silent(), "pre", config, spans).unwrap();
    assert_eq!(decision.verdict, Verdict::Allow);
}

#[test]
fn a_service_that_fails_lets_nothing_pass() {
    for (status, text, kind) in [
        (
            400,
            r#"{"error": {"message": "my secret"}}"#,
            "invalid-request",
        ),
        (401, "", "authentication"),
        (403, "", "permission"),
        (413, "", "invalid-request"),
        (429, "", "rate-limit"),
        (500, "", "upstream"),
        (503, "", "overloaded"),
        (200, "", "upstream"),
        (200, "<html>", "upstream"),
        (200, "[]", "upstream"),
        (200, "{}", "upstream"),
        (200, r#"{"flagged": "no"}"#, "upstream"),
    ] {
        let played = Played::new(move |_| Ok(FetchResponse::text_of(status, text)));
        let error = look(&played, "pre", json!({}), vec![span("my secret")]).unwrap_err();
        assert_eq!(error.kind, kind, "{status} {text}");
        assert!(!error.message.contains("secret"));
    }
    let late = Played::new(|_| Err(fault::error(fault::kind::TIMEOUT, "no answer in time")));
    let error = look(&late, "pre", json!({}), vec![span("x")]).unwrap_err();
    assert_eq!(error.kind, "timeout");
}
