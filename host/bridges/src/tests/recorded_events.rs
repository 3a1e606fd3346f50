//! Recorded events of the dialects' own servers, judged by the rules that ours are judged by.

use super::grammar::{messages, responses};
use super::*;

/// The events of a recorded stream of Anthropic's.
fn recorded(item: &Value) -> Vec<Value> {
    let body = item["body"].as_str().unwrap_or_default();
    let lines = body.lines().filter_map(|it| it.strip_prefix("data:"));
    lines
        .filter_map(|it| serde_json::from_str(it.trim()).ok())
        .collect()
}

#[test]
fn recorded_streams_of_anthropic_keep_to_the_grammar() {
    let all = lines(include_str!(
        "../../../../plugins/anthropic/fixtures/corpus.jsonl"
    ));
    let mut seen = 0;
    for item in all.iter().filter(|it| it["kind"] == "chat-stream") {
        let events = recorded(item);
        let whole = events.last().is_some_and(|it| it["type"] == "message_stop");
        if whole {
            seen += 1;
            messages(&events).unwrap_or_else(|why| panic!("{}: {why}", item["id"]));
        }
    }
    assert!(seen > 25, "{seen}");
}

#[test]
fn recorded_responses_keep_to_the_grammar() {
    let all = lines(include_str!("../../fixtures/responses-events.jsonl"));
    let mut seen = 0;
    for item in &all {
        let events = list(&item["events"]);
        let deprived = events.iter().any(|it| it.get("sequence_number").is_none());
        if !deprived {
            seen += 1;
            responses(events).unwrap_or_else(|why| panic!("{}: {why}", item["id"]));
        }
    }
    assert!(seen > 40, "{seen} of {}", all.len());
}

/// The members that every recorded event of a type has.
pub fn members() -> std::collections::HashMap<String, Vec<String>> {
    let mut known: std::collections::HashMap<String, Vec<String>> =
        std::collections::HashMap::new();
    for item in lines(include_str!("../../fixtures/responses-events.jsonl")) {
        for event in list(&item["events"]) {
            let names: Vec<String> = list(&event["members"])
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect();
            let kind = text(event, "type").to_owned();
            known
                .entry(kind)
                .and_modify(|had| had.retain(|it| names.contains(it)))
                .or_insert(names);
        }
    }
    known
}
