//! Rerank: the ranking service of Discovery Engine, which has an address of its own
//! (`RankService` in googleapis' google/cloud/discoveryengine/v1/rank_service.proto).

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Response, Step, fault, parse_state, write_json};

use crate::place;

const HOST: &str = "https://discoveryengine.googleapis.com";

/// The service takes no more in one request (docs.cloud.google.com/generative-ai-app-builder/docs/ranking,
/// November 2026).
const MAX_RECORDS: usize = 1000;

/// Documents in a query that is charged once (cloud.google.com/generative-ai-app-builder/pricing).
const DOCUMENTS_IN_A_QUERY: usize = 100;

/// What has to be known when the ranks come.
#[derive(Default, Serialize, Deserialize)]
struct Asked {
    count: usize,
    /// The documents, if the client wants them back.
    documents: Vec<Value>,
}

/// Whether a model ranks.
pub fn ranks(model: &str) -> bool {
    model.starts_with("semantic-ranker")
}

pub fn request(call: &Call, model: &str, body: &Map<String, Value>) -> Result<Step, Error> {
    let given = |name: &str| body.get(name).filter(|it| !it.is_null());
    let query = given("query").and_then(Value::as_str);
    let query = query.ok_or_else(|| fault::invalid_request("`query` is no text"))?;
    let documents = given("documents").and_then(Value::as_array);
    let documents = documents
        .filter(|it| !it.is_empty())
        .ok_or_else(|| fault::invalid_request("`documents` is no list, or an empty one"))?;
    if documents.len() > MAX_RECORDS {
        return Err(fault::invalid_request(format!(
            "`documents` has {} documents: Google ranks {MAX_RECORDS} at once",
            documents.len()
        )));
    }
    let records: Result<Vec<Value>, Error> = documents.iter().enumerate().map(record).collect();
    let mut sent = json!({"model": model, "query": query, "records": records?,
        "ignoreRecordDetailsInResponse": true});
    if let Some(top) = given("top_n") {
        let top = top.as_u64().filter(|it| *it > 0);
        sent["topN"] = top
            .ok_or_else(|| fault::invalid_request("`top_n` is no number above 0"))?
            .into();
    }
    let kept = given("return_documents") == Some(&true.into());
    let asked = Asked {
        count: documents.len(),
        documents: if kept { documents.clone() } else { Vec::new() },
    };
    let project = place::project(call)?;
    let host = place::own_host(call, HOST);
    let url = format!(
        "{host}/v1/projects/{project}/locations/global/rankingConfigs/default_ranking_config:rank"
    );
    let outbound = Outbound::post(url).json(&sent);
    Ok(outbound.state(write_json(&asked)).send())
}

/// A text, or an object with its `text` and perhaps a `title`.
fn record((at, document): (usize, &Value)) -> Result<Value, Error> {
    let text = document.as_str().or_else(|| document.get("text")?.as_str());
    let title = document.get("title").and_then(Value::as_str);
    if text.is_none() && title.is_none() {
        return Err(fault::invalid_request(
            "a document is neither a text nor an object with a `text`",
        ));
    }
    let mut record = json!({"id": at.to_string()});
    for (name, value) in [("title", title), ("content", text)] {
        if let Some(value) = value {
            record[name] = value.into();
        }
    }
    Ok(record)
}

pub fn answer(replies: &[Reply]) -> Result<Step, Error> {
    let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
    let asked: Asked = parse_state(&reply.state)?;
    let answer = reply.json()?;
    let records = answer.get("records").and_then(Value::as_array);
    let records =
        records.ok_or_else(|| fault::upstream("the provider's answer has no list `records`"))?;
    let mut results = Vec::new();
    for record in records {
        let index = record.get("id").and_then(Value::as_str);
        let index = index.and_then(|it| it.parse::<usize>().ok());
        let index = index.filter(|it| *it < asked.count).ok_or_else(|| {
            fault::upstream("a record of the provider's is none of those that were sent")
        })?;
        // A score of nothing is left out, as every zero of Google's JSON.
        let score = record.get("score").and_then(Value::as_f64).unwrap_or(0.0);
        let mut result = json!({"index": index, "relevance_score": score});
        if let Some(document) = asked.documents.get(index) {
            result["document"] = match document {
                Value::String(text) => json!({ "text": text }),
                other => other.clone(),
            };
        }
        results.push(result);
    }
    let units = asked.count.div_ceil(DOCUMENTS_IN_A_QUERY).max(1);
    let document = json!({"results": results, "meta": {"billed_units": {"search_units": units}}});
    Ok(Response::json(&document).respond())
}
