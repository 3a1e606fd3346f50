//! The generation of a record: the model's part.

use serde_json::{Map, Value, json};
use sluice_records::{Record, ids, without_nulls};

use crate::events::{as_id, input, output};
use crate::settings::Settings;

pub fn body(record: Record<'_>, trace: &str, settings: &Settings) -> Value {
    let own = ids::uuid(&[&record.name(), "generation"]);
    let (prompt_name, prompt_version) = prompt(record).unzip();
    json!({
        "id": record.asked_text("generation_id").map_or(own, |it| as_id(&it)),
        "traceId": trace,
        "parentObservationId": record.asked_text("parent_observation_id"),
        "name": name(record),
        "startTime": record.started().iso(),
        "completionStartTime": record.first_came().map(sluice_records::Moment::iso),
        "endTime": record.ended().iso(),
        "model": record.text("model"),
        "modelParameters": parameters(record),
        "input": input(record),
        "output": output(record),
        "usageDetails": usage(record),
        "costDetails": cost(record),
        "level": if record.is_failure() { "ERROR" } else { "DEFAULT" },
        "statusMessage": record.error(),
        "promptName": prompt_name,
        "promptVersion": prompt_version,
        "version": record.asked_text("version"),
        "metadata": metadata(record),
        "environment": settings.environment
    })
}

fn name(record: Record<'_>) -> String {
    let alias = record.metadata_text("user_api_key_alias");
    let usual = match alias {
        "" => format!("litellm-{}", record.text("call_type")),
        alias => format!("litellm:{alias}"),
    };
    record.asked_text("generation_name").unwrap_or(usual)
}

/// The server takes text, numbers, booleans, lists and objects of text; anything else goes as the
/// text of its JSON. What was offered to the model is part of the input.
fn parameters(record: Record<'_>) -> Map<String, Value> {
    let given = record.get("model_parameters").as_object();
    let given = given.into_iter().flatten();
    let wanted =
        given.filter(|(name, it)| !it.is_null() && !matches!(name.as_str(), "tools" | "functions"));
    wanted
        .map(|(name, value)| {
            let fits = match value {
                Value::Array(items) => items.iter().all(Value::is_string),
                Value::Object(members) => members.values().all(Value::is_string),
                _ => true,
            };
            let value = if fits {
                value.clone()
            } else {
                value.to_string().into()
            };
            (name.clone(), value)
        })
        .collect()
}

/// Langfuse adds up all that is called input, so what came from a cache is taken out of it.
fn usage(record: Record<'_>) -> Value {
    let (prompt, completion) = (
        record.count("prompt_tokens"),
        record.count("completion_tokens"),
    );
    let (read, written) = record.cache_tokens();
    let some = |count: u64| Some(count).filter(|it| *it > 0);
    without_nulls(json!({
        "input": prompt.saturating_sub(read).saturating_sub(written),
        "output": completion,
        "total": record.count("total_tokens"),
        "cache_read_input_tokens": some(read),
        "cache_creation_input_tokens": some(written)
    }))
}

/// In dollars, none below zero.
fn cost(record: Record<'_>) -> Value {
    let parts = record.get("cost_breakdown");
    let part = |name: &str| parts[name].as_f64().filter(|it| *it >= 0.0);
    without_nulls(json!({
        "input": part("input_cost"),
        "output": part("output_cost"),
        "total": record.dollars("response_cost")
    }))
}

/// The prompt of Langfuse's own that was used. A name without a version is refused by the server.
fn prompt(record: Record<'_>) -> Option<(String, u64)> {
    let named = record.asked("prompt");
    let managed = record.metadata("prompt_management_metadata");
    let (name, version) = match managed["prompt_integration"].as_str() {
        Some("langfuse") if !named.is_object() => {
            (&managed["prompt_id"], &managed["prompt_version"])
        }
        _ => (&named["name"], &named["version"]),
    };
    let version = version.as_u64().filter(|it| *it > 0)?;
    Some((
        name.as_str().filter(|it| !it.is_empty())?.to_owned(),
        version,
    ))
}

fn metadata(record: Record<'_>) -> Value {
    let own = record.get("metadata").as_object();
    let mut metadata = own.cloned().unwrap_or_default();
    for name in [
        "litellm_call_id",
        "model_group",
        "api_base",
        "cache_hit",
        "cache_key",
    ] {
        metadata.insert(name.into(), record.get(name).clone());
    }
    let cost = record.get("response_cost").clone();
    metadata.insert("litellm_response_cost".into(), cost);
    let hidden = record.get("hidden_params").clone();
    metadata.insert("hidden_params".into(), hidden);
    let error = record.get("error_information").clone();
    metadata.insert("error_information".into(), error);
    without_nulls(Value::Object(metadata))
}
