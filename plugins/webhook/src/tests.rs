use sluice_sdk::serde_json::{Value, from_str, json};
use sluice_sdk::testing::{Played, inspection, run_guardrail_examples, span};
use sluice_sdk::{
    Body, Decision, Error, FetchRequest, FetchResponse, Guardrail, Inspection, Span, Verdict, fault,
};

use crate::Webhook;

#[test]
fn the_examples_hold() {
    run_guardrail_examples::<Webhook>().unwrap();
}

fn body(request: &FetchRequest) -> Value {
    let Body::Json(body) = &request.body else {
        panic!("{request:?}")
    };
    from_str(body).unwrap()
}

fn says(answer: Value) -> Played {
    Played::new(move |_| Ok(FetchResponse::json_of(200, &answer)))
}

fn look(played: &Played, asked: &Inspection) -> Result<Decision, Error> {
    played.run(|| Webhook::inspect(asked))
}

fn arguments(text: &str) -> Span {
    Span {
        channel: "tool-arguments".into(),
        ..span(text)
    }
}

#[test]
fn a_request_is_what_litellm_documents() {
    let played = says(json!({"action": "NONE"}));
    let call = json!({"id": "call_1", "type": "function",
        "function": {"name": "get_weather", "arguments": "{\"location\": \"Rome\"}"}});
    let tool = json!({"type": "function", "function": {"name": "get_weather"}});
    let messages =
        json!([{"role": "user", "content": "hi"}, {"role": "assistant", "tool_calls": [call]}]);
    let config = json!({
        "guardrail": "generic_guardrail_api",
        "headers": {"X-Service-Name": "my-app", "Content-Type": "text/plain"},
        "additional_provider_specific_params": {"threshold": 0.8},
        "extra_body": {"threshold": 0, "custom": true}
    });
    let spans = vec![span("hi"), arguments("{\"location\": \"Rome\"}")];
    let mut asked = inspection("pre", &config, spans);
    asked.subject =
        json!({"key_alias": "k", "team_id": "t", "end_user": null, "tags": []}).to_string();
    asked.request = Some(json!({"model": "m", "messages": messages, "tools": [tool]}).to_string());
    look(&played, &asked).unwrap();
    let sent = &played.sent()[0];
    let want = json!({
        "texts": ["hi", "Rome"],
        "request_data": {"user_api_key_alias": "k", "user_api_key_team_id": "t"},
        "input_type": "request", "litellm_call_id": "test", "litellm_trace_id": null,
        "additional_provider_specific_params": {"threshold": 0.8, "custom": true},
        "structured_messages": messages, "tools": [tool], "tool_calls": [call]
    });
    assert_eq!(body(sent), want);
    assert_eq!(sent.url, "/beta/litellm_basic_guardrail_api");
    assert_eq!(
        sent.headers,
        [("X-Service-Name".to_owned(), "my-app".to_owned())]
    );
    assert_eq!(sent.auth[0].scheme, "header");
}

#[test]
fn pictures_are_left_out_of_the_messages() {
    let played = says(json!({"action": "NONE"}));
    let image = |url: &str| json!({"type": "image_url", "image_url": {"url": url}});
    let long = "long ".repeat(2000);
    let text = json!({"type": "text", "text": long});
    let data = format!("data:image/png;base64,{}", "A".repeat(9000));
    let content = json!([text, image(&data), image("https://a.test/b.png")]);
    let mut asked = inspection("pre", &json!({}), vec![span(&long)]);
    asked.request = Some(json!({"messages": [{"role": "user", "content": content}]}).to_string());
    look(&played, &asked).unwrap();
    let sent = body(&played.sent()[0]);
    let want = json!([text, image(""), image("https://a.test/b.png")]);
    assert_eq!(sent["structured_messages"][0]["content"], want);
}

#[test]
fn an_answer_has_its_calls_and_no_tools() {
    let played = says(json!({"action": "NONE"}));
    let call =
        json!({"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let mut asked = inspection("post", &json!({}), vec![span("hi")]);
    asked.request = Some(json!({"tools": [{}], "messages": []}).to_string());
    asked.response = Some(json!({"choices": [{"message": {"tool_calls": [call]}}]}).to_string());
    look(&played, &asked).unwrap();
    let body = body(&played.sent()[0]);
    assert_eq!(
        (&body["input_type"], &body["tool_calls"]),
        (&json!("response"), &json!([call]))
    );
    assert!(body.get("tools").is_none() && body.get("structured_messages").is_none());
    // Of another dialect there are the texts.
    asked.operation = "messages".into();
    look(&played, &asked).unwrap();
    assert!(
        super::tests::body(&played.sent()[1])
            .get("tool_calls")
            .is_none()
    );
}

#[test]
fn without_a_key_it_asks_without_one() {
    let played = Played::new(|request| match request.auth[0].scheme.as_str() {
        "header" => Err(fault::error(
            fault::kind::AUTHENTICATION,
            "there is no `api_key`",
        )),
        _ => Ok(FetchResponse::json_of(200, &json!({"action": "NONE"}))),
    });
    let asked = |config: Value| inspection("pre", &config, vec![span("hi")]);
    look(&played, &asked(json!({}))).unwrap();
    assert_eq!(played.sent().len(), 2);
    look(&played, &asked(json!({"auth": "none"}))).unwrap();
    assert_eq!(
        played.sent().len(),
        3,
        "at once, where the operator says so"
    );
}

#[test]
fn a_key_in_the_headers_is_refused_with_the_cure() {
    let config = json!({"headers": {"Authorization": "Bearer x"}});
    let error = look(
        &Played::silent(),
        &inspection("pre", &config, vec![span("hi")]),
    )
    .unwrap_err();
    assert_eq!(error.kind, "invalid-request");
    assert!(error.message.contains("api_key"));
}

fn decided(stage: &str, answer: Value, spans: Vec<Span>) -> Result<Decision, Error> {
    look(&says(answer), &inspection(stage, &json!({}), spans))
}

#[test]
fn changed_texts_go_back_to_their_places_and_arguments_stay_json() {
    let answer = json!({"action": "GUARDRAIL_INTERVENED", "texts": ["a", "<\"1\">"], "images": []});
    let spans = vec![span("a"), span(" "), arguments(r#"{"to": "Ada"}"#)];
    let decision = decided("pre", answer.clone(), spans.clone()).unwrap();
    let Verdict::Edit(edits) = decision.verdict else {
        panic!("no edit")
    };
    assert_eq!(
        (edits[0].span, &*edits[0].text),
        (2, r#"{"to": "<\"1\">"}"#)
    );
    assert_eq!(edits.len(), 1);
    let beside = decided("during", answer, spans).unwrap();
    assert_eq!(
        beside.verdict,
        Verdict::Allow,
        "beside the model nothing can change"
    );
    assert!(beside.findings.unwrap().contains("\"texts\":1"));
}

#[test]
fn texts_that_no_look_can_send_are_refused() {
    let played = Played::silent();
    let much = inspection("pre", &json!({}), vec![span(&"x".repeat(4 << 20))]);
    assert_eq!(look(&played, &much).unwrap_err().kind, "invalid-request");
    let mut large = inspection("pre", &json!({}), vec![span("x")]);
    large.request = Some("x".repeat(22 << 20));
    assert_eq!(look(&played, &large).unwrap_err().kind, "invalid-request");
}

#[test]
fn a_block_gives_the_services_reason_or_one() {
    for (reason, want) in [
        (
            json!("Tool 'delete_data' is not allowed"),
            "Tool 'delete_data' is not allowed",
        ),
        (json!(null), "Content violates policy"),
        (json!(" "), "Content violates policy"),
    ] {
        let answer = json!({"action": "BLOCKED", "blocked_reason": reason});
        let decision = decided("pre", answer, vec![span("x")]).unwrap();
        let Verdict::Block(refusal) = decision.verdict else {
            panic!("it passes")
        };
        assert_eq!((&*refusal.message, &*refusal.code), (want, "blocked"));
    }
}

#[test]
fn what_cannot_be_put_back_is_an_error() {
    for (answer, kind) in [
        (json!({"action": "GUARDRAIL_INTERVENED"}), "upstream"),
        (
            json!({"action": "GUARDRAIL_INTERVENED", "texts": []}),
            "upstream",
        ),
        (
            json!({"action": "GUARDRAIL_INTERVENED", "texts": ["a", "b"]}),
            "upstream",
        ),
        (
            json!({"action": "GUARDRAIL_INTERVENED", "texts": [7]}),
            "upstream",
        ),
        (
            json!({"action": "GUARDRAIL_INTERVENED", "texts": ["a"], "tools": [{}]}),
            "unsupported",
        ),
        (
            json!({"action": "GUARDRAIL_INTERVENED", "images": ["aGk="]}),
            "unsupported",
        ),
    ] {
        let error = decided("pre", answer.clone(), vec![span("x")]).unwrap_err();
        assert_eq!(error.kind, kind, "{answer}");
    }
}

#[test]
fn a_service_that_fails_lets_nothing_pass() {
    for (status, text, kind) in [
        (400, "", "invalid-request"),
        (401, "", "authentication"),
        (403, r#"{"error": "Invalid bearer token"}"#, "permission"),
        (404, "", "not-found"),
        (429, "", "rate-limit"),
        (500, r#"{"error": "my secret"}"#, "upstream"),
        (502, "", "overloaded"),
        (504, "", "timeout"),
        (200, "", "upstream"),
        (200, "<html>", "upstream"),
        (200, "[]", "upstream"),
        (200, "{}", "upstream"),
        (200, r#"{"action": "none"}"#, "upstream"),
        (200, r#"{"action": null, "texts": ["x"]}"#, "upstream"),
    ] {
        let played = Played::new(move |_| Ok(FetchResponse::text_of(status, text)));
        let asked = inspection("pre", &json!({}), vec![span("my secret")]);
        let error = look(&played, &asked).unwrap_err();
        assert_eq!(error.kind, kind, "{status} {text}");
        assert!(!error.message.contains("secret"));
        assert_eq!(
            played.sent().len(),
            1,
            "what the service refuses is not asked again"
        );
    }
    let late = Played::new(|_| Err(fault::error(fault::kind::TIMEOUT, "no answer in time")));
    let asked = inspection("pre", &json!({}), vec![span("x")]);
    assert_eq!(look(&late, &asked).unwrap_err().kind, "timeout");
}
