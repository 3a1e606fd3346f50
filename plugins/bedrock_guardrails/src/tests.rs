use sluice_sdk::serde_json::{Value, from_str, json};
use sluice_sdk::testing::{Played, inspection, run_guardrail_examples, span};
use sluice_sdk::{
    Auth, Body, Decision, Error, FetchRequest, FetchResponse, Guardrail, Span, Verdict, fault,
};

use crate::BedrockGuardrails;

#[test]
fn the_examples_hold() {
    run_guardrail_examples::<BedrockGuardrails>().unwrap();
}

fn config() -> Value {
    json!({"guardrailIdentifier": "abc", "guardrailVersion": 1, "aws_region_name": "eu-west-1"})
}

fn blocks(request: &FetchRequest) -> Vec<String> {
    let Body::Json(body) = &request.body else {
        panic!("{request:?}")
    };
    let body: Value = from_str(body).unwrap();
    let content = body["content"].as_array().unwrap().iter();
    let text = |it: &Value| it["text"]["text"].as_str().unwrap().to_owned();
    content.map(text).collect()
}

/// A guardrail that masks every `Ada`, and blocks `attack`.
fn service() -> Played {
    Played::new(|request| {
        let blocks = blocks(request);
        let has = |word: &str| blocks.iter().any(|it| it.contains(word));
        let mut answer = json!({"action": "NONE", "outputs": [], "assessments": [], "usage": {}});
        if has("attack") {
            answer = json!({"action": "GUARDRAIL_INTERVENED", "outputs": [{"text": "No."}],
                "assessments": [{"wordPolicy": {"customWords": [{"match": "attack", "action": "BLOCKED"}], "managedWordLists": []}}]});
        } else if has("Ada") {
            let outputs = blocks
                .iter()
                .map(|it| json!({"text": it.replace("Ada", "{NAME}")}));
            answer = json!({"action": "GUARDRAIL_INTERVENED", "outputs": outputs.collect::<Vec<_>>(),
                "assessments": [{"sensitiveInformationPolicy": {"regexes": null,
                    "piiEntities": [{"match": "Ada", "type": "NAME", "action": "ANONYMIZED"}]}}]});
        }
        Ok(FetchResponse::json_of(200, &answer))
    })
}

fn look(played: &Played, stage: &str, config: Value, spans: Vec<Span>) -> Result<Decision, Error> {
    played.run(|| BedrockGuardrails::inspect(&inspection(stage, &config, spans)))
}

fn texts(decision: &Decision) -> Vec<(u32, &str)> {
    match &decision.verdict {
        Verdict::Edit(edits) => edits.iter().map(|it| (it.span, it.text.as_str())).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_gateway_signs_for_the_region() {
    let played = service();
    look(&played, "pre", config(), vec![span("hi")]).unwrap();
    let sent = &played.sent()[0];
    let param = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let want = Auth {
        scheme: "sigv4".into(),
        params: vec![param("service", "bedrock"), param("region", "eu-west-1")],
    };
    assert_eq!(sent.auth, [want]);
    assert!(sent.headers.is_empty());
    assert_eq!(
        sent.url,
        "https://bedrock-runtime.eu-west-1.amazonaws.com/guardrail/abc/version/1/apply"
    );
}

#[test]
fn an_endpoint_of_ones_own_stands_in_the_place_of_the_regions() {
    let played = service();
    let mut config = config();
    config["aws_bedrock_runtime_endpoint"] = "https://vpce-1.vpce.amazonaws.com/".into();
    look(&played, "pre", config, vec![span("hi")]).unwrap();
    let url = &played.sent()[0].url;
    assert_eq!(
        url,
        "https://vpce-1.vpce.amazonaws.com/guardrail/abc/version/1/apply"
    );
    let config = json!({"guardrailIdentifier": "abc", "guardrailVersion": "DRAFT"});
    let error = look(&played, "pre", config, vec![span("hi")]).unwrap_err();
    assert!(error.message.contains("aws_region_name"));
    let config = json!({"guardrailIdentifier": "abc", "guardrailVersion": "1", "aws_region_name": "a.evil.test/"});
    assert!(look(&played, "pre", config, vec![span("hi")]).is_err());
}

#[test]
fn many_and_long_texts_are_requests_of_25_text_units_and_masks_come_back_to_their_places() {
    let played = service();
    let long = "é Ada, ".repeat(9000);
    let mut spans: Vec<Span> = (0..50).map(|at| span(&format!("text {at}"))).collect();
    spans.push(span(&long));
    spans.push(Span {
        channel: "tool-arguments".into(),
        ..span(r#"{"to": "Ada \"C\""}"#)
    });
    let decision = look(&played, "pre", config(), spans).unwrap();
    let edited = texts(&decision);
    assert_eq!(edited.len(), 2);
    assert_eq!(
        (edited[0].0, edited[0].1),
        (50, &*"é {NAME}, ".repeat(9000))
    );
    assert_eq!(edited[1], (51, r#"{"to": "{NAME} \"C\""}"#));
    let sent = played.sent();
    let sizes = sent.iter().map(|it| blocks(it).concat().chars().count());
    assert!(sent.len() >= 3 && sizes.max().unwrap() <= 25_000);
    let much = span(&"x ".repeat(300_000));
    let error = look(&played, "pre", config(), vec![much]).unwrap_err();
    assert_eq!(error.kind, "invalid-request");
}

#[test]
fn beside_the_model_it_blocks_and_masks_nothing() {
    let decision = look(&service(), "during", config(), vec![span("Ada")]).unwrap();
    assert_eq!(decision.verdict, Verdict::Allow);
    assert!(decision.findings.unwrap().contains("NAME"));
    let decision = look(&service(), "during", config(), vec![span("attack")]).unwrap();
    assert!(matches!(decision.verdict, Verdict::Block(_)));
}

#[test]
fn definitions_of_tools_are_looked_at_and_keep_their_choices() {
    let choice = |text: &str| Span {
        role: "system".into(),
        pointer: "/tools/0/function/parameters/properties/who/enum/0".into(),
        ..span(text)
    };
    let spans = vec![span("Ada"), choice("Ada")];
    let decision = look(&service(), "pre", config(), spans).unwrap();
    assert_eq!(texts(&decision), [(0, "{NAME}")]);
    let decision = look(&service(), "pre", config(), vec![choice("attack")]).unwrap();
    assert!(matches!(decision.verdict, Verdict::Block(_)));
}

#[test]
fn only_the_newest_message_of_the_user_is_asked_about() {
    let at = |role: &str, pointer: &str, text: &str| Span {
        role: role.into(),
        pointer: pointer.into(),
        ..span(text)
    };
    let spans = || {
        vec![
            at("user", "/messages/0/content", "attack"),
            at("user", "/messages/2/content/0/text", "I am"),
            at("user", "/messages/2/content/1/text", "Ada"),
            at("system", "/tools/0/function/description", "attack"),
        ]
    };
    let mut config = config();
    config["experimental_use_latest_role_message_only"] = true.into();
    let played = service();
    let decision = look(&played, "pre", config.clone(), spans()).unwrap();
    assert_eq!(texts(&decision), [(2, "{NAME}")]);
    assert_eq!(blocks(&played.sent()[0]), ["I am", "Ada"]);
    let inputs = vec![
        at("input", "/input/0", "attack"),
        at("input", "/input/1", "b"),
    ];
    let decision = look(&service(), "pre", config.clone(), inputs).unwrap();
    assert!(
        matches!(decision.verdict, Verdict::Block(_)),
        "each of them is the newest"
    );
    let decision = look(&service(), "post", config, spans()).unwrap();
    assert!(
        matches!(decision.verdict, Verdict::Block(_)),
        "an answer is looked at whole"
    );
}

#[test]
fn a_block_says_what_the_operator_wrote_and_the_log_has_no_text() {
    let decision = look(&service(), "pre", config(), vec![span("my attack")]).unwrap();
    let Verdict::Block(refusal) = decision.verdict else {
        panic!("it passes")
    };
    assert_eq!((&*refusal.message, &*refusal.code), ("No.", "wordPolicy"));
    let detail: Value = from_str(&refusal.detail.unwrap()).unwrap();
    let want = json!({"interventions": [{"policy": "wordPolicy", "action": "BLOCKED"}]});
    assert_eq!(detail, want);
}

fn answered(status: u16, body: &'static str) -> Result<Decision, Error> {
    let played = Played::new(move |_| Ok(FetchResponse::text_of(status, body)));
    look(&played, "pre", config(), vec![span("my secret"), span("b")])
}

#[test]
fn an_intervention_that_is_not_only_a_mask_blocks() {
    for body in [
        r#"{"action": "GUARDRAIL_INTERVENED"}"#,
        r#"{"action": "GUARDRAIL_INTERVENED", "outputs": [{"text": "No."}], "assessments": []}"#,
        // One text in the place of two.
        r#"{"action": "GUARDRAIL_INTERVENED", "outputs": [{"text": "x"}], "assessments": [
            {"sensitiveInformationPolicy": {"piiEntities": [{"type": "NAME", "action": "ANONYMIZED"}]}}]}"#,
        // A mask, and a block beside it.
        r#"{"action": "GUARDRAIL_INTERVENED", "outputs": [{"text": "x"}, {"text": "y"}], "assessments": [
            {"sensitiveInformationPolicy": {"piiEntities": [{"type": "NAME", "action": "ANONYMIZED"}]}},
            {"contextualGroundingPolicy": {"filters": [{"type": "GROUNDING", "threshold": 0.7, "score": 0.1, "action": "BLOCKED"}]}}]}"#,
    ] {
        let decision = answered(200, body).unwrap();
        assert!(matches!(decision.verdict, Verdict::Block(_)), "{body}");
    }
}

#[test]
fn a_service_that_fails_lets_nothing_pass() {
    for (status, body, kind) in [
        (
            400,
            r#"{"message": "The guardrail identifier or version is not valid"}"#,
            "invalid-request",
        ),
        (401, "", "authentication"),
        (
            403,
            r#"{"message": "The security token included in the request is invalid."}"#,
            "permission",
        ),
        (404, "", "not-found"),
        (429, r#"{"message": "Too many requests"}"#, "rate-limit"),
        (500, "", "upstream"),
        (503, "", "overloaded"),
        (200, "", "upstream"),
        (200, "<html>", "upstream"),
        (200, "{}", "upstream"),
        (200, r#"{"action": "LATER", "outputs": []}"#, "upstream"),
        (200, r#"{"action": "NONE", "outputs": [7]}"#, "upstream"),
        (
            200,
            r#"{"Output": {"__type": "com.amazon.coral.service#UnknownOperationException"}, "Version": "1.0"}"#,
            "upstream",
        ),
    ] {
        let error = answered(status, body).unwrap_err();
        assert_eq!(error.kind, kind, "{status} {body}");
        assert!(!error.message.contains("secret"));
    }
    let late = Played::new(|_| Err(fault::error(fault::kind::TIMEOUT, "no answer in time")));
    let error = look(&late, "pre", config(), vec![span("x")]).unwrap_err();
    assert_eq!(error.kind, "timeout");
}
