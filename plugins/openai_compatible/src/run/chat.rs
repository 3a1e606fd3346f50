//! Chats: OpenAI's messages and tools go there nearly as they are; the answer is a text and calls,
//! without a word of why it ended.

use std::collections::BTreeMap;

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Call, Error, Outbound, Payload, Reply, Response, Step, fault, parse_state};

use crate::object::{Object, items, list, says_nothing};
use crate::row::Row;
use crate::stream::Stream;
use crate::{answer, errors, request as openai};

/// How many tokens a model answers with at most where the request does not say it.
const USUAL_LIMIT: u64 = 256;

pub fn request(call: &Call, row: &Row, outbound: Outbound, body: &str) -> Result<Outbound, Error> {
    // Most models take a message's content as one text.
    let row = Row {
        text_only: true,
        renamed: BTreeMap::from([("max_completion_tokens".into(), "max_tokens".into())]),
        format_tool: None,
        ..row.clone()
    };
    let mut patch = openai::chat(call, &row, body)?.patch;
    patch.retain(|(name, _)| !matches!(&**name, "model" | "stream_options"));
    patch.push(("model".into(), None));
    let members =
        Object::parse(body).ok_or_else(|| fault::invalid_request("the body is no JSON object"))?;
    if members.has("stream_options") {
        patch.push(("stream_options".into(), None));
    }
    if let Some(format) = members.get("response_format").and_then(schema) {
        patch.push(("response_format".into(), Some(format)));
    }
    let changed = patch.iter().position(|(name, _)| name == "messages");
    let messages = match changed {
        Some(at) => patch.remove(at).1,
        None => members.get("messages").map(str::to_owned),
    };
    let spoken = messages.as_deref().and_then(never_null);
    if let Some(messages) = spoken.or(messages.filter(|_| changed.is_some())) {
        patch.push(("messages".into(), Some(messages)));
    }
    let limit = ["max_tokens", "max_completion_tokens"]
        .iter()
        .find_map(|it| members.count(it));
    let limit = limit.unwrap_or(USUAL_LIMIT);
    let outbound = outbound.patch(patch);
    Ok(if call.streaming {
        let mut stream = Stream::begin(&row, &call.id);
        stream.run = Some(limit);
        outbound.frames().state(stream.state())
    } else {
        outbound.state(limit.to_string())
    })
}

/// The format with the schema itself where OpenAI has it named, if that changes it.
fn schema(raw: &str) -> Option<String> {
    let mut format = Object::parse(raw)?;
    let named = format.get("json_schema").and_then(Object::parse)?;
    let schema = named.get("schema")?.to_owned();
    format.set("json_schema", schema);
    format.rewritten()
}

/// The messages with a text in each, if one had none: a turn of calls alone.
fn never_null(raw: &str) -> Option<String> {
    let mut changed = false;
    let mut messages = Vec::new();
    for raw in items(raw)? {
        let silent = Object::parse(raw).filter(|it| it.get("content").is_none());
        messages.push(match silent {
            Some(mut message) => {
                changed = true;
                message.put("content", "");
                message.write()
            }
            None => raw.to_owned(),
        });
    }
    changed.then(|| list(&messages))
}

pub fn respond(row: &Row, reply: &Reply, call: &str) -> Result<Step, Error> {
    let limit: u64 = parse_state(&reply.state)?;
    let raw = reply
        .text()
        .ok_or_else(|| fault::upstream("the provider's answer is not text"))?;
    let envelope = Object::parse(raw)
        .ok_or_else(|| fault::upstream("the provider's answer is no JSON object"))?;
    if let Some(error) = errors::in_answer(&envelope) {
        return Err(error);
    }
    let result = envelope.get("result").unwrap_or(raw);
    let result = Object::parse(result)
        .ok_or_else(|| fault::upstream("the provider's answer has no `result`"))?;
    let whole = match result.has("choices") {
        // Newer models answer as OpenAI does, in the envelope.
        true => result.write(),
        false => completion(&result, limit)?,
    };
    let whole = Reply {
        body: Payload::Text(whole),
        ..reply.clone()
    };
    Ok(Response {
        body: Payload::Text(answer::canonical(row, &whole, call)?),
        content_type: None,
        headers: Vec::new(),
        usage: None,
    }
    .respond())
}

/// A result as a completion of OpenAI's.
fn completion(result: &Object<'_>, limit: u64) -> Result<String, Error> {
    if !result.has("response") && result.get("tool_calls").is_none() {
        return Err(fault::upstream(
            "the provider's answer has neither `response` nor `tool_calls`",
        ));
    }
    let mut message = Object::default();
    message.put("role", "assistant");
    message.set(
        "content",
        result
            .get("response")
            .map_or_else(|| "null".to_owned(), said),
    );
    let calls = calls(result);
    if let Some(calls) = &calls {
        message.set("tool_calls", calls.as_str());
    }
    let mut choice = Object::default();
    choice.put("index", 0);
    choice.set("message", message.write());
    choice.put("finish_reason", reason(calls.is_some(), result, limit));
    let mut whole = Object::default();
    whole.set("choices", list(&[choice.write()]));
    if let Some(usage) = result.get("usage") {
        whole.set("usage", usage);
    }
    Ok(whole.write())
}

/// Why an answer ended, which is not told: at calls, at the limit, or by itself.
fn reason(calls: bool, result: &Object<'_>, limit: u64) -> &'static str {
    let usage = result.get("usage").and_then(Object::parse);
    let tokens = usage.and_then(|it| it.count("completion_tokens"));
    match tokens {
        _ if calls => "tool_calls",
        Some(tokens) if tokens == limit => "length",
        _ => "stop",
    }
}

/// A text as it is; a document (JSON mode), or a number that a stream was cut into, as its text.
fn said(raw: &str) -> String {
    match raw.starts_with('"') {
        true => raw.to_owned(),
        false => json!(raw).to_string(),
    }
}

/// The calls in OpenAI's form, if there are any: some models name function and arguments alone.
fn calls(part: &Object<'_>) -> Option<String> {
    let raw = part.get("tool_calls").filter(|it| !says_nothing(it))?;
    let calls: Vec<String> = items(raw)?.into_iter().map(call).collect();
    (!calls.is_empty()).then(|| list(&calls))
}

fn call(raw: &str) -> String {
    let Some(call) = Object::parse(raw).filter(|it| !it.has("function") && it.has("name")) else {
        return raw.to_owned();
    };
    let mut function = Object::default();
    for name in ["name", "arguments"] {
        if let Some(raw) = call.get(name) {
            function.set(name, raw);
        }
    }
    let mut named = Object::default();
    if let Some(id) = call.get("id") {
        named.set("id", id);
    }
    named.put("type", "function");
    named.set("function", function.write());
    named.write()
}

/// An event as a chunk of OpenAI's. The event with the usage is the last, and the answer is whole
/// with it. None: it is one already.
pub fn chunk(event: &Object<'_>, called: bool, limit: u64) -> Option<String> {
    if event.has("choices") {
        return None;
    }
    let mut delta = Object::default();
    if let Some(raw) = event.get("response") {
        delta.set("content", said(raw));
    }
    let calls = calls(event);
    if let Some(calls) = &calls {
        delta.set("tool_calls", calls.as_str());
    }
    let mut choice = Object::default();
    choice.put("index", 0);
    choice.set("delta", delta.write());
    let ends = event.get("usage").is_some();
    let reason = ends.then(|| reason(called || calls.is_some(), event, limit));
    choice.put("finish_reason", reason.map_or(Value::Null, Value::from));
    let mut chunk = event.clone();
    for name in ["response", "tool_calls", "p"] {
        chunk.take(name);
    }
    chunk.set("choices", list(&[choice.write()]));
    Some(chunk.write())
}
