use sluice_sdk::serde_json::{Value, from_str, json};
use sluice_sdk::testing::{Played, inspection, run_guardrail_examples, span};
use sluice_sdk::{
    Body, Decision, Error, FetchRequest, FetchResponse, Guardrail, Span, Verdict, fault,
};

use crate::AzureContentSafety;
use crate::describe::{MODERATION, SHIELD};

#[test]
fn the_examples_hold() {
    run_guardrail_examples::<AzureContentSafety>().unwrap();
}

fn body(request: &FetchRequest) -> Value {
    let Body::Json(body) = &request.body else {
        panic!("{request:?}")
    };
    from_str(body).unwrap()
}

/// Flags texts with `attack` in them.
fn service() -> Played {
    Played::new(|request| {
        let body = body(request);
        let bad = |it: &Value| it.as_str().unwrap().contains("attack");
        let flag = |it: &Value| json!({"attackDetected": bad(it)});
        let answer = match body.get("text") {
            Some(text) => {
                let severity = if bad(text) { 4 } else { 0 };
                json!({"categoriesAnalysis": [{"category": "Violence", "severity": severity}]})
            }
            None => {
                let documents = body["documents"].as_array().unwrap().iter().map(flag);
                let mut answer = json!({"documentsAnalysis": documents.collect::<Vec<_>>()});
                if let Some(prompt) = body.get("userPrompt") {
                    answer["userPromptAnalysis"] = flag(prompt);
                }
                answer
            }
        };
        Ok(FetchResponse::json_of(200, &answer))
    })
}

fn look(played: &Played, name: &str, more: Value, spans: Vec<Span>) -> Result<Decision, Error> {
    let mut config = json!({"guardrail": name});
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    played.run(|| AzureContentSafety::inspect(&inspection("pre", &config, spans)))
}

fn says(answer: Value) -> Played {
    Played::new(move |_| Ok(FetchResponse::json_of(200, &answer)))
}

fn tool(text: &str) -> Span {
    Span {
        role: "tool".into(),
        channel: "tool-result".into(),
        ..span(text)
    }
}

fn blocks(decision: &Decision) -> bool {
    matches!(decision.verdict, Verdict::Block(_))
}

#[test]
fn long_conversations_are_few_requests_within_the_limits() {
    let played = service();
    let mut spans: Vec<Span> = (0..100).map(|at| span(&format!("question {at}"))).collect();
    spans.push(span(&"é ".repeat(12_000)));
    spans.extend((0..12).map(|_| tool(&"result ".repeat(300))));
    let decision = look(&played, SHIELD, json!({}), spans.clone()).unwrap();
    assert!(!blocks(&decision));
    let sent = played.sent();
    assert!((3..=6).contains(&sent.len()), "{}", sent.len());
    for request in &sent {
        let body = body(request);
        let length = |it: &Value| it.as_str().unwrap().chars().count();
        assert!(body.get("userPrompt").is_none_or(|it| length(it) <= 10_000));
        let documents = body["documents"].as_array().unwrap();
        assert!(documents.len() <= 5);
        assert!(documents.iter().map(length).sum::<usize>() <= 10_000);
    }
    spans.push(tool("an attack"));
    assert!(blocks(
        &look(&service(), SHIELD, json!({}), spans.clone()).unwrap()
    ));
    let played = service();
    assert!(blocks(
        &look(&played, MODERATION, json!({}), spans).unwrap()
    ));
    let longest = played
        .sent()
        .iter()
        .map(|it| body(it)["text"].as_str().unwrap().chars().count())
        .max();
    assert!(longest.unwrap() <= 10_000);
    for (name, times) in [(SHIELD, 100_000), (MODERATION, 100_000), (SHIELD, 500_000)] {
        let much = vec![span(&"x ".repeat(times))];
        let error = look(&service(), name, json!({}), much).unwrap_err();
        assert_eq!(error.kind, "invalid-request");
    }
}

#[test]
fn the_shield_looks_at_what_users_and_tools_say() {
    let of = |role: &str| Span {
        role: role.into(),
        ..span("attack")
    };
    for (role, want) in [
        ("user", true),
        ("input", true),
        ("tool", true),
        ("system", false),
        ("assistant", false),
    ] {
        let decision = look(&service(), SHIELD, json!({}), vec![of(role)]).unwrap();
        assert_eq!(blocks(&decision), want, "{role}");
        let decision = look(&service(), MODERATION, json!({}), vec![of(role)]).unwrap();
        assert!(blocks(&decision), "{role}");
    }
}

#[test]
fn thresholds_are_of_a_category_or_of_all() {
    let answer = json!({"categoriesAnalysis": [{"category": "Hate", "severity": 2}, {"category": "Violence", "severity": 4}]});
    for (config, want) in [
        (json!({}), true),
        (json!({"severity_threshold": 4}), true),
        (json!({"severity_threshold": 6}), false),
        (
            json!({"severity_threshold": 6, "severity_threshold_by_category": {"Hate": 2}}),
            true,
        ),
        (
            json!({"severity_threshold_by_category": {"Hate": 4, "Violence": 6}}),
            false,
        ),
        (json!({"severity_threshold_by_category": {"Hate": 4}}), true),
    ] {
        let decision = look(
            &says(answer.clone()),
            MODERATION,
            config.clone(),
            vec![span("x")],
        )
        .unwrap();
        assert_eq!(blocks(&decision), want, "{config}");
    }
}

#[test]
fn what_stands_on_a_blocklist_is_blocked_and_its_text_is_not_told() {
    let played = says(json!({"categoriesAnalysis": [], "blocklistsMatch": [
        {"blocklistName": "names", "blocklistItemId": "7", "blocklistItemText": "secret"}]}));
    let config = json!({"blocklistNames": ["names"], "haltOnBlocklistHit": true, "categories": ["Hate"],
        "outputType": "EightSeverityLevels", "api_version": "2023-10-01"});
    let decision = look(&played, MODERATION, config, vec![span("a secret")]).unwrap();
    let Verdict::Block(refusal) = decision.verdict else {
        panic!("it passes")
    };
    let said = refusal.message + &refusal.detail.unwrap();
    assert!(
        said.contains("names") && said.contains("\"7\"") && !said.contains("secret"),
        "{said}"
    );
    let sent = &played.sent()[0];
    let want = json!({"text": "a secret", "haltOnBlocklistHit": true, "outputType": "EightSeverityLevels",
        "categories": ["Hate"], "blocklistNames": ["names"]});
    assert_eq!(body(sent), want);
    assert_eq!(
        sent.url,
        "/contentsafety/text:analyze?api-version=2023-10-01"
    );
}

#[test]
fn a_service_that_fails_lets_nothing_pass() {
    for name in [SHIELD, MODERATION] {
        for (status, text, kind) in [
            (
                400,
                r#"{"error": {"code": "InvalidRequestBody", "message": "my secret"}}"#,
                "invalid-request",
            ),
            (401, "", "authentication"),
            (403, "", "permission"),
            (
                404,
                r#"{"error": {"code": "404", "message": "Resource not found"}}"#,
                "not-found",
            ),
            (429, "", "rate-limit"),
            (500, "", "upstream"),
            (503, "", "overloaded"),
            (200, "", "upstream"),
            (200, "<html>", "upstream"),
            (200, "[]", "upstream"),
            (200, "{}", "upstream"),
            (
                200,
                r#"{"userPromptAnalysis": {"attackDetected": "no"}}"#,
                "upstream",
            ),
            (
                200,
                r#"{"userPromptAnalysis": {"attackDetected": false}, "documentsAnalysis": [{}]}"#,
                "upstream",
            ),
            (
                200,
                r#"{"categoriesAnalysis": [{"category": "Hate"}]}"#,
                "upstream",
            ),
        ] {
            let played = Played::new(move |_| Ok(FetchResponse::text_of(status, text)));
            let error = look(&played, name, json!({}), vec![span("my secret")]).unwrap_err();
            assert_eq!(error.kind, kind, "{name} {status} {text}");
            assert!(!error.message.contains("secret"));
        }
        let late = Played::new(|_| Err(fault::error(fault::kind::TIMEOUT, "no answer in time")));
        let error = look(&late, name, json!({}), vec![span("x")]).unwrap_err();
        assert_eq!(error.kind, "timeout");
        let silent = Played::silent();
        assert!(!blocks(
            &look(&silent, name, json!({}), vec![span(" ")]).unwrap()
        ));
    }
    assert!(
        look(
            &Played::silent(),
            "azure.nothing",
            json!({}),
            vec![span("x")]
        )
        .is_err()
    );
}

#[test]
fn an_answer_about_other_documents_is_none() {
    let played = says(json!({"documentsAnalysis": [{"attackDetected": false}]}));
    let error = look(&played, SHIELD, json!({}), vec![tool("a"), tool("b")]).unwrap_err();
    assert_eq!(error.kind, "upstream");
}
