//! What is asked.

use sluice_sdk::serde_json::{Map, Value, from_str, json};
use sluice_sdk::{Error, FetchRequest, Inspection, fault, stage};

use crate::settings::Settings;

/// Longest text in a part of a message that is no text, in bytes. Pictures and sound as base64 would
/// make a body that the gateway does not send, and the contract has no place for them here.
const LONGEST_MEDIUM: usize = 4096;

/// What the gateway tells of a caller, and LiteLLM's names for it.
const CALLER: [(&str, &str); 7] = [
    ("key_hash", "user_api_key_hash"),
    ("key_alias", "user_api_key_alias"),
    ("user_id", "user_api_key_user_id"),
    ("team_id", "user_api_key_team_id"),
    ("team_alias", "user_api_key_team_alias"),
    ("end_user", "user_api_key_end_user_id"),
    ("organization_id", "user_api_key_org_id"),
];

/// Most text in one request, in bytes. It goes there twice, in `texts` and in the messages, and the
/// gateway sends 8 MiB at most.
const LONGEST: usize = 3 << 20;
/// Longest documents of a call, in bytes, pictures included: a component's memory has an end.
const LONGEST_DOCUMENTS: usize = 20 << 20;

/// # Errors
/// The texts are more than one look can send, or the documents more than it can read.
pub fn judge(inspection: &Inspection, texts: usize) -> Result<(), Error> {
    let documents = [&inspection.request, &inspection.response].into_iter();
    let documents: usize = documents.flatten().map(String::len).sum();
    if texts > LONGEST || documents > LONGEST_DOCUMENTS {
        return Err(fault::invalid_request(format!(
            "one look can send {LONGEST} bytes of text and read documents of {LONGEST_DOCUMENTS} bytes; \
             there are {texts} and {documents}"
        )));
    }
    Ok(())
}

/// # Errors
/// A header is one that only the gateway sets.
pub fn of(settings: &Settings, body: &Value) -> Result<FetchRequest, Error> {
    let mut request = FetchRequest::post(settings.endpoint_path.as_str()).json(body);
    for (name, value) in &settings.headers {
        if name.eq_ignore_ascii_case("authorization") {
            return Err(fault::invalid_request(
                "`headers` has `authorization`, which only the gateway sets: give the service's key \
                 as `api_key`, which goes there as `x-api-key`",
            ));
        }
        // The gateway says what the body is.
        if !name.eq_ignore_ascii_case("content-type") {
            request = request.header(name, value.as_str());
        }
    }
    Ok(request)
}

pub fn body(inspection: &Inspection, settings: &Settings, texts: &[&str]) -> Value {
    let is_request = inspection.stage != stage::POST;
    let mut body = json!({
        "texts": texts,
        "request_data": caller(inspection),
        "input_type": if is_request { "request" } else { "response" },
        "litellm_call_id": inspection.id,
        "litellm_trace_id": null,
        "additional_provider_specific_params": params(settings),
    });
    // Documents of other operations are not in the dialect that the service expects.
    if inspection.operation == "chat" {
        let read = |document: &Option<String>| {
            let document = document.as_deref();
            document.and_then(|it| from_str::<Value>(it).ok())
        };
        let more = match is_request {
            true => of_request(read(&inspection.request)),
            false => of_answer(read(&inspection.response)),
        };
        for (name, value) in more {
            body[name] = value;
        }
    }
    body
}

fn caller(inspection: &Inspection) -> Value {
    let subject = inspection.subject();
    let told = CALLER.iter().filter_map(|(name, litellms)| {
        let value = subject.get(*name).filter(|it| !it.is_null())?;
        Some(((*litellms).to_owned(), value.clone()))
    });
    Value::Object(told.collect())
}

/// The client's parameters beside the operator's, and never over them.
fn params(settings: &Settings) -> Map<String, Value> {
    let mut params = settings.extra_body.clone();
    params.extend(settings.additional_provider_specific_params.clone());
    params
}

type Members = Vec<(&'static str, Value)>;

/// The messages, the tools and the calls of tools in a request.
fn of_request(request: Option<Value>) -> Members {
    let Some(mut request) = request else {
        return Vec::new();
    };
    let mut take = |name: &str| request.get_mut(name).map(Value::take);
    let (mut messages, tools) = (take("messages"), take("tools"));
    let parts = messages.as_mut().and_then(Value::as_array_mut);
    let parts = parts.into_iter().flatten();
    let parts = parts.filter_map(|it| it.get_mut("content")?.as_array_mut());
    for part in parts.flatten().filter(|it| it["type"] != "text") {
        leave_out_media(part);
    }
    let calls = messages.as_ref().and_then(Value::as_array);
    let calls = calls.into_iter().flatten().flat_map(calls_of);
    let calls: Vec<Value> = calls.cloned().collect();
    let members = [
        ("structured_messages", messages),
        ("tools", tools),
        ("tool_calls", some(calls)),
    ];
    present(members)
}

/// Empties what is too long to be anything but bytes.
fn leave_out_media(value: &mut Value) {
    match value {
        Value::String(text) if text.len() > LONGEST_MEDIUM => text.clear(),
        Value::Array(list) => list.iter_mut().for_each(leave_out_media),
        Value::Object(members) => members.values_mut().for_each(leave_out_media),
        _ => {}
    }
}

/// The calls of tools in an answer.
fn of_answer(answer: Option<Value>) -> Members {
    let choices = answer.as_ref().and_then(|it| it.get("choices")?.as_array());
    let messages = choices
        .into_iter()
        .flatten()
        .filter_map(|it| it.get("message"));
    let calls = messages.flat_map(calls_of).cloned().collect();
    present([("tool_calls", some(calls))])
}

fn calls_of(message: &Value) -> impl Iterator<Item = &Value> {
    let calls = message.get("tool_calls").and_then(Value::as_array);
    calls.into_iter().flatten()
}

fn some(list: Vec<Value>) -> Option<Value> {
    (!list.is_empty()).then(|| list.into())
}

fn present<const N: usize>(members: [(&'static str, Option<Value>); N]) -> Members {
    let all = members.into_iter();
    let all = all.filter_map(|(name, value)| Some((name, value.filter(|it| !it.is_null())?)));
    all.collect()
}
