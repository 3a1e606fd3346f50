//! The events of one record: its trace, a span for each guardrail that looked, its generation.

use serde_json::{Value, json};
use sluice_records::{Moment, Record, ids, shrink, without_nulls};

use crate::settings::Settings;
use crate::{generation, trace};

/// An event has no more bytes than this; a record has a trace, a generation, and a few spans.
const LONGEST_EVENT: usize = 1_200_000;
const LONGEST_SPAN: usize = 100_000;
const MOST_SPANS: usize = 8;

/// The longest id that the server takes, and the longest name of a trace, in letters.
const LONGEST_ID: usize = 800;
pub const LONGEST_NAME: usize = 1000;

/// What a mask leaves, in LiteLLM's word.
const MASKED: &str = "redacted-by-litellm";

/// The events, written one after the other as members of a list.
pub fn of_record(record: Record<'_>, settings: &Settings) -> String {
    let trace = trace::id(record);
    let mut events = vec![event(
        record,
        "trace-create",
        "trace",
        trace::body(record, &trace, settings),
        LONGEST_EVENT,
    )];
    for (at, span) in guardrails(record).into_iter().enumerate() {
        let body = guardrail_body(record, span, (&trace, at), settings);
        let of = format!("guardrail.{at}");
        events.push(event(record, "span-create", &of, body, LONGEST_SPAN));
    }
    let body = generation::body(record, &trace, settings);
    events.push(event(
        record,
        "generation-create",
        "generation",
        body,
        LONGEST_EVENT,
    ));
    events.join(",")
}

/// What the id of an event is made of, besides the record's name.
pub fn all_parts() -> impl Iterator<Item = String> {
    let spans = (0..MOST_SPANS).map(|at| format!("guardrail.{at}"));
    ["trace", "generation"]
        .map(str::to_owned)
        .into_iter()
        .chain(spans)
}

/// The id by which the server knows an event that it has seen already.
pub fn event_id(record: &str, of: &str) -> String {
    ids::uuid(&[record, "event", of])
}

fn event(record: Record<'_>, kind: &str, of: &str, body: Value, most: usize) -> String {
    let mut event = json!({
        "id": event_id(&record.name(), of),
        "timestamp": record.ended().iso(),
        "type": kind,
        "body": without_nulls(body)
    });
    let places = [
        "/body/input",
        "/body/output",
        "/body/metadata",
        "/body/statusMessage",
        "/body/modelParameters",
    ];
    shrink(&mut event, &places, most);
    event.to_string()
}

/// What was asked, as the generation and the trace have it: with the tools that were offered.
pub fn input(record: Record<'_>) -> Value {
    if is_masked(record, "mask_input") {
        return MASKED.into();
    }
    let asked = record.get("messages");
    if asked.is_null() {
        return Value::Null;
    }
    let mut input = json!({ "messages": asked });
    for offered in ["tools", "functions"] {
        let given = &record.get("model_parameters")[offered];
        if !given.is_null() {
            input[offered] = given.clone();
        }
    }
    input
}

/// What was answered.
pub fn output(record: Record<'_>) -> Value {
    match is_masked(record, "mask_output") {
        true => MASKED.into(),
        false => record.output(),
    }
}

fn is_masked(record: Record<'_>, name: &str) -> bool {
    let asked = record.asked(name);
    asked.as_bool().unwrap_or(false) || asked.as_str() == Some("true")
}

/// A name that the server takes as an id.
pub fn as_id(text: &str) -> String {
    let letters = text.chars().filter(|it| *it != '\r');
    letters.take(LONGEST_ID).collect()
}

/// A record has one report of guardrails, or a list of them.
fn guardrails(record: Record<'_>) -> Vec<&Value> {
    let all = match record.get("guardrail_information") {
        Value::Array(all) => all.iter().collect(),
        one if one.is_object() => vec![one],
        _ => Vec::new(),
    };
    all.into_iter().take(MOST_SPANS).collect()
}

fn guardrail_body(
    record: Record<'_>,
    report: &Value,
    (trace, at): (&str, usize),
    settings: &Settings,
) -> Value {
    let moment = |name: &str| {
        let found = report[name].as_f64().and_then(Moment::of_seconds);
        found.map(Moment::iso)
    };
    json!({
        "id": ids::uuid(&[&record.name(), "guardrail", &at.to_string()]),
        "traceId": trace,
        "name": "guardrail",
        "startTime": moment("start_time").unwrap_or_else(|| record.started().iso()),
        "endTime": moment("end_time"),
        "input": report["guardrail_request"],
        "output": report["guardrail_response"],
        "metadata": {
            "guardrail_name": report["guardrail_name"],
            "guardrail_mode": report["guardrail_mode"],
            "guardrail_status": report["guardrail_status"],
            "guardrail_masked_entity_count": report["masked_entity_count"]
        },
        "environment": settings.environment
    })
}
