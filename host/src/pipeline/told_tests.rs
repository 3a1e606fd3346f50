//! Tests: what a stream tells beside its text, and what its client is told of it.

use serde_json::Value;

use super::request::Operation;
use super::writer::tests::writer;
use super::writer::{CostOf, Event};
use crate::domain::Usd;

fn event(name: &str, data: &str) -> Event {
    Event {
        name: name.into(),
        data: data.into(),
    }
}

#[test]
fn the_usage_is_read_with_the_tier_and_the_citations_of_its_stream() {
    let mut out = String::new();
    let mut writer = writer(Operation::Chat, false);
    for chunk in [
        r#"{"id":"chatcmpl-9","service_tier":"flex","choices":[{"delta":{"annotations":[{"type":"url_citation"}]}}]}"#,
        r#"{"id":"other","choices":[],"usage":{"prompt_tokens":3}}"#,
    ] {
        writer.write(&event("", chunk), &mut out).unwrap();
    }
    let usage = writer.usage().unwrap();
    assert_eq!(usage.service_tier.as_deref(), Some("flex"));
    assert!(usage.cites_web);
    assert_eq!(writer.provider_id(), Some("chatcmpl-9"));
}

#[test]
fn a_response_tells_its_id_first_and_its_searches_last() {
    let mut writer = writer(Operation::Responses, false);
    for (name, response) in [
        ("response.created", r#"{"id":"resp_1","output":[]}"#),
        (
            "response.completed",
            r#"{"id":"resp_1","service_tier":"priority","output":[{"type":"web_search_call"}],"usage":{"input_tokens":1,"output_tokens":1}}"#,
        ),
    ] {
        let told = format!(r#"{{"response":{response}}}"#);
        writer
            .write(&event(name, &told), &mut String::new())
            .unwrap();
        assert_eq!(writer.provider_id(), Some("resp_1"));
    }
    let usage = writer.usage().unwrap();
    assert_eq!(usage.service_tier.as_deref(), Some("priority"));
    assert_eq!(usage.web_searches, 1);
}

#[test]
fn a_client_that_is_told_the_cost_finds_it_in_the_last_usage() {
    let cost = || -> CostOf {
        Box::new(|usage| {
            Some(Usd::from_pico(
                i128::from(usage.output_tokens) * 250_000_000_000,
            ))
        })
    };
    let last = |out: &str| -> Value {
        let mut data = out.lines().filter_map(|it| it.strip_prefix("data: {"));
        serde_json::from_str(&format!("{{{}", data.next_back().unwrap())).unwrap()
    };
    let mut chat = writer(Operation::Chat, true);
    chat.tell_cost(cost());
    let mut out = String::new();
    let chunk = r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;
    chat.write(&event("", chunk), &mut out).unwrap();
    assert_eq!(last(&out)["usage"]["cost"], 0.5);

    let mut plugins = writer(Operation::Chat, true);
    plugins.tell_cost(cost());
    plugins.learn_usage(r#"{"prompt_tokens":3,"completion_tokens":2}"#.into());
    let mut out = String::new();
    plugins.end(&mut out);
    assert_eq!(last(&out)["usage"]["cost"], 0.5);

    let mut messages = writer(Operation::Messages, false);
    messages.tell_cost(cost());
    let mut out = String::new();
    let delta = r#"{"type":"message_delta","usage":{"input_tokens":3,"output_tokens":2}}"#;
    messages
        .write(&event("message_delta", delta), &mut out)
        .unwrap();
    assert_eq!(last(&out)["usage"]["cost"], 0.5);
}
