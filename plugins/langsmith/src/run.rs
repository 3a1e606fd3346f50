//! A record as a run.

use serde_json::{Map, Value, json};
use sluice_records::{Moment, Record, shrink, without_nulls};

use crate::place::{self, Place};
use crate::settings::Settings;

/// A run has no more bytes than this.
const LONGEST: usize = 2_000_000;

/// What the request's metadata says of the run itself.
const OWN: [&str; 8] = [
    "run_id",
    "parent_run_id",
    "trace_id",
    "dotted_order",
    "run_name",
    "project_name",
    "tags",
    "session_id",
];

/// The run, written as a member of a list.
pub fn of_record(record: Record<'_>, settings: &Settings) -> String {
    let Place {
        id,
        trace,
        parent,
        order,
    } = place::of(record);
    let text =
        |name: &str, usual: &str| record.asked_text(name).unwrap_or_else(|| usual.to_owned());
    let mut run = without_nulls(json!({
        "id": id,
        "trace_id": trace,
        "parent_run_id": parent,
        "dotted_order": order,
        "name": text("run_name", &settings.run_name),
        "run_type": if is_embedding(record) { "embedding" } else { "llm" },
        "session_name": text("project_name", &settings.project),
        "start_time": record.started().iso(),
        "end_time": record.ended().iso(),
        "inputs": inputs(record),
        "outputs": outputs(record),
        "error": record.error(),
        "events": events(record),
        "tags": tags(record),
        "extra": {
            "metadata": metadata(record),
            "invocation_params": invocation(record)
        }
    }));
    let places = [
        "/inputs",
        "/outputs",
        "/error",
        "/extra/invocation_params",
        "/extra/metadata",
    ];
    shrink(&mut run, &places, LONGEST);
    // Both have to be objects still.
    for name in ["inputs", "outputs"] {
        if run[name].is_string() {
            run[name] = json!({ "text": run[name] });
        }
    }
    run.to_string()
}

fn is_embedding(record: Record<'_>) -> bool {
    record.text("call_type").contains("embedding")
}

/// Chats as their messages, which LangSmith shows as such; anything else as `input`.
fn inputs(record: Record<'_>) -> Value {
    let asked = record.get("messages");
    let is_chat = asked
        .as_array()
        .is_some_and(|all| all.iter().all(|it| it.get("role").is_some()));
    let mut inputs = match is_chat {
        true => json!({ "messages": asked }),
        false => json!({ "input": asked }),
    };
    let tools = &record.get("model_parameters")["tools"];
    if !tools.is_null() {
        inputs["tools"] = tools.clone();
    }
    inputs
}

/// The answer as it was, with the tokens and dollars where LangSmith looks for them. Vectors are
/// left out.
fn outputs(record: Record<'_>) -> Value {
    let mut outputs = match record.get("response") {
        _ if is_embedding(record) => Map::new(),
        Value::Object(members) => members.clone(),
        Value::Null => Map::new(),
        other => [("output".to_owned(), other.clone())].into_iter().collect(),
    };
    if record.count("total_tokens") > 0 || !record.is_failure() {
        outputs.insert("usage_metadata".into(), usage(record));
    }
    Value::Object(outputs)
}

fn usage(record: Record<'_>) -> Value {
    let (read, written) = record.cache_tokens();
    let reasoning = record
        .usage()
        .pointer("/completion_tokens_details/reasoning_tokens");
    let some = |count: u64| Some(count).filter(|it| *it > 0);
    let details = |members: Value| {
        let members = without_nulls(members);
        Some(members).filter(|it| it.as_object().is_some_and(|it| !it.is_empty()))
    };
    let part = |name: &str| record.get("cost_breakdown")[name].as_f64();
    without_nulls(json!({
        "input_tokens": record.count("prompt_tokens"),
        "output_tokens": record.count("completion_tokens"),
        "total_tokens": record.count("total_tokens"),
        "input_token_details": details(json!({"cache_read": some(read), "cache_creation": some(written)})),
        "output_token_details": details(json!({"reasoning": reasoning.and_then(Value::as_u64).and_then(some)})),
        "input_cost": part("input_cost"),
        "output_cost": part("output_cost"),
        "total_cost": record.dollars("response_cost")
    }))
}

/// LangSmith takes the time to the first token from here.
fn events(record: Record<'_>) -> Option<Value> {
    let first = record.first_came().map(Moment::iso)?;
    Some(json!([{"name": "new_token", "time": first}]))
}

fn tags(record: Record<'_>) -> Vec<String> {
    let mut tags = record.tags();
    let asked = record.asked("tags").as_array().into_iter().flatten();
    for tag in asked.filter_map(Value::as_str) {
        if !tags.iter().any(|it| it == tag) {
            tags.push(tag.to_owned());
        }
    }
    tags
}

/// What the client sent along, what the gateway knows of the caller, and LangSmith's own names of
/// the model.
fn metadata(record: Record<'_>) -> Value {
    let asked = record.metadata("requester_metadata").as_object();
    let mut metadata = asked.cloned().unwrap_or_default();
    metadata.retain(|name, _| !OWN.contains(&name.as_str()));
    let own = record.get("metadata").as_object();
    for (name, value) in own.into_iter().flatten() {
        if name != "requester_metadata" {
            metadata.insert(name.clone(), value.clone());
        }
    }
    for name in [
        "litellm_call_id",
        "call_type",
        "model_group",
        "cache_hit",
        "stream",
    ] {
        metadata.insert(name.into(), record.get(name).clone());
    }
    let parameters = record.get("model_parameters");
    let named = json!({
        "ls_provider": record.text("custom_llm_provider"),
        "ls_model_name": record.text("model"),
        "ls_temperature": parameters["temperature"],
        "ls_max_tokens": parameters["max_tokens"],
        // LangSmith shows the runs of one session as a thread.
        "session_id": record.session()
    });
    metadata.extend(named.as_object().cloned().unwrap_or_default());
    let error = record.get("error_information").clone();
    metadata.insert("error_information".into(), error);
    without_nulls(Value::Object(metadata))
}

fn invocation(record: Record<'_>) -> Value {
    let given = record.get("model_parameters").as_object();
    let mut given = given.cloned().unwrap_or_default();
    given.insert("model".into(), record.text("model").into());
    Value::Object(given)
}
