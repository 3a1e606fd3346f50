//! The trace of a record. Several records may belong to one.

use serde_json::{Map, Value, json};
use sluice_records::Record;

use crate::events::{LONGEST_NAME, as_id, input, output};
use crate::settings::Settings;

/// What may be updated of a trace that is there already, by the name in the request's
/// `update_trace_keys` and as the API has it.
const UPDATES: [(&str, &str); 6] = [
    ("name", "name"),
    ("user_id", "userId"),
    ("metadata", "metadata"),
    ("version", "version"),
    ("release", "release"),
    ("tags", "tags"),
];

/// The trace that a record belongs to: the one that the request names, else that of the call with
/// its retries and fallbacks.
pub fn id(record: Record<'_>) -> String {
    let named = existing(record).or_else(|| record.asked_text("trace_id"));
    let own = Some(record.text("trace_id")).filter(|it| !it.is_empty());
    let id = named.or_else(|| own.map(str::to_owned));
    let id = as_id(&id.unwrap_or_else(|| record.call_id().to_owned()));
    match id.is_empty() {
        true => record.name(),
        false => id,
    }
}

fn existing(record: Record<'_>) -> Option<String> {
    record.asked_text("existing_trace_id")
}

pub fn body(record: Record<'_>, id: &str, settings: &Settings) -> Value {
    if existing(record).is_some() {
        return update(record, id);
    }
    let name = record
        .asked_text("trace_name")
        .unwrap_or_else(|| format!("litellm-{}", record.text("call_type")));
    let user = record
        .asked_text("trace_user_id")
        .unwrap_or_else(|| record.end_user().to_owned());
    let version = record.asked_text("trace_version");
    json!({
        "id": id,
        "timestamp": record.started().iso(),
        "name": name.chars().take(LONGEST_NAME).collect::<String>(),
        "userId": Some(user).filter(|it| !it.is_empty()),
        "sessionId": record.session().map(|it| as_id(&it)),
        "input": input(record),
        "output": output(record),
        "version": version.or_else(|| record.asked_text("version")),
        "release": record.asked_text("trace_release").or_else(|| settings.release.clone()),
        "metadata": record.asked("trace_metadata"),
        "public": record.asked("trace_public").as_bool(),
        "tags": tags(record, settings),
        "environment": settings.environment
    })
}

/// A trace of the client's own is not written over, but for what the request lists.
fn update(record: Record<'_>, id: &str) -> Value {
    let keys = record.asked("update_trace_keys").as_array();
    let mut body = Map::new();
    body.insert("id".into(), id.into());
    for key in keys.into_iter().flatten().filter_map(Value::as_str) {
        let bare = key.strip_prefix("trace_").unwrap_or(key);
        match bare {
            "input" => drop(body.insert("input".into(), input(record))),
            "output" => drop(body.insert("output".into(), output(record))),
            _ => {
                let known = UPDATES.iter().find(|(name, _)| *name == bare);
                let asked = match record.asked(key) {
                    Value::Null => record.asked(&format!("trace_{bare}")),
                    found => found,
                };
                if let Some((_, name)) = known.filter(|_| !asked.is_null()) {
                    body.insert((*name).to_owned(), asked.clone());
                }
            }
        }
    }
    Value::Object(body)
}

/// The request's tags, and those that the operator wants of every trace.
fn tags(record: Record<'_>, settings: &Settings) -> Vec<String> {
    let mut tags = record.tags();
    let asked = record.asked("tags").as_array().into_iter().flatten();
    tags.extend(asked.filter_map(Value::as_str).map(str::to_owned));
    for name in &settings.default_tags {
        let found = match record.metadata(name) {
            Value::Null => record.get(name),
            found => found,
        };
        let value = match found {
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => found.to_string(),
            _ => continue,
        };
        tags.push(format!("{name}:{value}"));
    }
    let mut seen = std::collections::BTreeSet::new();
    tags.retain(|it| seen.insert(it.clone()));
    tags
}
