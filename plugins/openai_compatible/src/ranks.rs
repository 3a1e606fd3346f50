//! Rerank: Cohere's dialect, which most have, and three others.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Reply, Response, Step, fault};

use crate::errors;
use crate::object::Object;
use crate::place::{Base, escaped};
use crate::request::sent_model;
use crate::row::Row;

/// Cohere's dialect but for the name of the answer's list.
pub const DATA: &str = "data";

/// Where NVIDIA serves the rerankers of its catalogue.
const NIM: &str = "https://ai.api.nvidia.com/v1/retrieval";

pub fn url(call: &Call, row: &Row, base: &Base) -> Result<String, Error> {
    let own = base.url.as_ref().filter(|_| base.own);
    match (row.rerank.as_deref(), own) {
        (Some("nim"), None) => {
            // Points of a version are written `_` there.
            let model = escaped(&call.model).replace('.', "_");
            Ok(format!("{NIM}/{model}/reranking"))
        }
        (Some("nim"), Some(_)) => Ok("/ranking".to_owned()),
        (Some("deepinfra"), _) => {
            let origin = base.origin().unwrap_or_default();
            Ok(format!("{origin}/v1/inference/{}", escaped(&call.model)))
        }
        (_, Some(url)) => {
            let root = url.strip_suffix("/v1").unwrap_or(url);
            Ok(format!("{root}/rerank"))
        }
        (_, None) => Err(fault::unsupported(format!(
            "{} reranks on endpoints of your own only: set `api_base`",
            row.name
        ))),
    }
}

/// The body, and the state for [`respond`]. None: it is Cohere's dialect, and the client's own body.
pub fn request(call: &Call, row: &Row, body: &str) -> Result<Option<(Value, String)>, Error> {
    let Some(dialect) = row.rerank.as_deref().filter(|it| *it != DATA) else {
        return Ok(None);
    };
    let body: Map<String, Value> = sluice_sdk::parse_body(body)?;
    let query = body.get("query").and_then(Value::as_str);
    let query = query.ok_or_else(|| fault::invalid_request("`query` is missing, or no text"))?;
    let documents = body.get("documents").and_then(Value::as_array);
    let texts: Option<Vec<&str>> = documents
        .into_iter()
        .flatten()
        .map(|it| it.as_str().or_else(|| it.get("text")?.as_str()))
        .collect();
    let texts = texts.filter(|it| !it.is_empty()).ok_or_else(|| {
        fault::invalid_request(
            "`documents` is missing, empty, or has one that is neither a text nor `{text}`",
        )
    })?;
    let returns = body.get("return_documents") == Some(&Value::Bool(true));
    let kept = if returns { texts.clone() } else { Vec::new() };
    let state = json!({"top_n": body.get("top_n"), "count": texts.len(), "texts": kept});
    let passages: Vec<Value> = texts.iter().map(|it| json!({"text": it})).collect();
    let sent = match dialect {
        "nim" => {
            json!({"model": sent_model(row, &call.model), "query": {"text": query}, "passages": passages})
        }
        // As many queries as documents.
        "deepinfra" => json!({"queries": vec![query; texts.len()], "documents": texts}),
        _ => json!({"query": query, "texts": texts}),
    };
    Ok(Some((sent, state.to_string())))
}

/// The answer in Cohere's form, best first.
pub fn respond(row: &Row, reply: &Reply) -> Result<Step, Error> {
    let answer = reply.json()?;
    let refused = reply.text().and_then(Object::parse);
    if let Some(error) = refused.and_then(|it| errors::in_answer(&it)) {
        return Err(error);
    }
    let asked: Value = sluice_sdk::serde_json::from_str(&reply.state).unwrap_or_default();
    let mut results = match row.rerank.as_deref() {
        Some("deepinfra") => scored(answer.get("scores"))?,
        Some("nim") => listed(answer.get("rankings"))?,
        Some("tei") => listed(Some(&answer))?,
        _ => listed(answer.get("data").or_else(|| answer.get("results")))?,
    };
    if let Some(count) = asked.get("count").and_then(Value::as_u64) {
        if results.iter().any(|(index, ..)| *index >= count) {
            return Err(fault::upstream(
                "the provider ranked a document that is not there",
            ));
        }
        results.sort_by(|(_, one, _), (_, other, _)| other.total_cmp(one));
    }
    if let Some(top) = asked.get("top_n").and_then(Value::as_u64) {
        results.truncate(usize::try_from(top).unwrap_or(usize::MAX));
    }
    let results = results.into_iter().map(|(index, score, document)| {
        let mut result = json!({"index": index, "relevance_score": score});
        let kept = usize::try_from(index)
            .ok()
            .and_then(|it| asked.get("texts")?.get(it));
        if let Some(document) = document.or_else(|| kept.map(|it| json!({"text": it}))) {
            result["document"] = document;
        }
        result
    });
    let mut body = json!({"results": results.collect::<Vec<_>>()});
    for name in ["id", "meta", "usage"] {
        if let Some(value) = answer.get(name).filter(|it| !it.is_null()) {
            body[name] = value.clone();
        }
    }
    // Alibaba tells the total alone, and all of it is input.
    let total = answer
        .pointer("/usage/total_tokens")
        .filter(|it| it.is_u64());
    if let Some(total) = total.filter(|_| answer.pointer("/usage/prompt_tokens").is_none()) {
        body["usage"]["prompt_tokens"] = total.clone();
    }
    if let Some(tokens) = answer.get("input_tokens").and_then(Value::as_u64) {
        body["usage"] = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    }
    Ok(Response::json(&body).respond())
}

/// Index, score, and the document where the provider gives it back.
type Result3 = (u64, f64, Option<Value>);

fn scored(list: Option<&Value>) -> Result<Vec<Result3>, Error> {
    let list = list.and_then(Value::as_array).ok_or_else(no_results)?;
    let entries = (0u64..).zip(list);
    entries
        .map(|(index, score)| Ok((index, score.as_f64().ok_or_else(no_results)?, None)))
        .collect()
}

fn listed(list: Option<&Value>) -> Result<Vec<Result3>, Error> {
    let list = list.and_then(Value::as_array).ok_or_else(no_results)?;
    let read = |entry: &Value| {
        let index = entry.get("index")?.as_u64()?;
        let names = ["relevance_score", "score", "logit"];
        let score = names.iter().find_map(|it| entry.get(*it)?.as_f64())?;
        let document = match entry.get("document").or_else(|| entry.get("text")) {
            Some(Value::String(text)) => Some(json!({"text": text})),
            Some(Value::Object(members)) if !members.is_empty() => Some(members.clone().into()),
            _ => None,
        };
        Some((index, score, document))
    };
    list.iter()
        .map(|it| read(it).ok_or_else(no_results))
        .collect()
}

fn no_results() -> Error {
    fault::upstream("the provider's answer has no list of indexes and scores")
}
