//! Rerank: which documents answer a query best.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Response, Step, fault, parse_state, write_json};

use crate::{errors, path, usage};

/// Documents that are given back are kept in the state meanwhile, which has its limit.
const MAX_KEPT_BYTES: usize = 512 << 10;

#[derive(Default, Serialize, Deserialize)]
struct Asked {
    /// Documents to be given back: the second API no longer does it.
    documents: Option<Vec<Value>>,
}

pub fn request(call: &Call, mut body: Map<String, Value>) -> Result<Step, Error> {
    body.insert("model".into(), call.model.clone().into());
    let Some(Value::Array(documents)) = body.get("documents") else {
        return Err(fault::invalid_request("`documents` is no list"));
    };
    let fields = body.get("rank_fields").and_then(Value::as_array);
    let texts: Result<Vec<String>, Error> = documents.iter().map(|it| text(it, fields)).collect();
    let texts = texts?;
    let mut asked = Asked::default();
    if body.get("return_documents") == Some(&true.into()) {
        if documents
            .iter()
            .map(|it| it.to_string().len())
            .sum::<usize>()
            > MAX_KEPT_BYTES
        {
            return Err(fault::unsupported(
                "`return_documents` is for 512 KiB of documents at most: results have an `index`",
            ));
        }
        asked.documents = Some(documents.iter().map(given).collect());
    }
    body.insert("documents".into(), texts.into());
    for read in [
        "return_documents",
        "rank_fields",
        "metadata",
        "user",
        "stream",
    ] {
        body.shift_remove(read);
    }
    body.retain(|_, value| !value.is_null());
    let outbound = Outbound::post(path::of(call, "/v2/rerank")).json(&body.into());
    Ok(outbound.state(write_json(&asked)).send())
}

/// Cohere reads texts. An object is its text, or its members line by line, as Cohere advises.
fn text(document: &Value, fields: Option<&Vec<Value>>) -> Result<String, Error> {
    if let Some(text) = document.as_str() {
        return Ok(text.to_owned());
    }
    let members = document.as_object();
    let members = members
        .ok_or_else(|| fault::invalid_request("a document is neither a text nor an object"))?;
    let only_text = fields
        .is_none()
        .then(|| members.get("text")?.as_str())
        .flatten();
    if let Some(text) = only_text {
        return Ok(text.to_owned());
    }
    let wanted = |name: &str| fields.is_none_or(|it| it.iter().any(|it| it == name));
    let line = |(name, value): (&String, &Value)| {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        format!("{name}: {value}")
    };
    let lines: Vec<String> = members
        .iter()
        .filter(|(name, _)| wanted(name))
        .map(line)
        .collect();
    Ok(lines.join("\n"))
}

fn given(document: &Value) -> Value {
    match document {
        Value::String(text) => json!({ "text": text }),
        other => other.clone(),
    }
}

pub fn answer(reply: &Reply, answer: &Value) -> Result<Step, Error> {
    let asked: Asked = parse_state(&reply.state)?;
    let list = answer.get("results").and_then(Value::as_array);
    let list = list.ok_or_else(|| errors::instead_of_an_answer(answer))?;
    let mut results = list.clone();
    for result in &mut results {
        let index = result.get("index").and_then(Value::as_u64);
        let index = index.and_then(|it| usize::try_from(it).ok());
        if index.is_none() || !result.get("relevance_score").is_some_and(Value::is_number) {
            return Err(fault::upstream(
                "a result of the provider has no `index` or no `relevance_score`",
            ));
        }
        let kept = asked.documents.as_ref().zip(index);
        if let Some(document) = kept.and_then(|(all, at)| all.get(at)) {
            result["document"] = document.clone();
        }
    }
    let mut body = Map::new();
    if let Some(id) = answer.get("id").filter(|it| it.is_string()) {
        body.insert("id".into(), id.clone());
    }
    body.insert("results".into(), results.into());
    let meta = answer.get("meta").filter(|it| it.is_object());
    body.insert("meta".into(), meta.cloned().unwrap_or_else(|| json!({})));
    let response = Response::json(&body.into());
    let searches = usage::count(answer.pointer("/meta/billed_units/search_units"));
    Ok(match searches {
        Some(searches) => response.usage(&json!({ "searches": searches })),
        None => response,
    }
    .respond())
}
