//! Rerank: the agents' service takes the models of Amazon and Cohere in one form. Answers of
//! InvokeModel, which has Cohere's own, are read as well.

use sluice_sdk::serde_json::{self, Map, Value, json};
use sluice_sdk::{Error, Outbound, Reply, Response, Step, fault};

use crate::answer::list;
use crate::place::Place;

/// Documents of one search: what exceeds them is charged as another.
const SEARCH_UNIT: u64 = 100;

pub fn request(place: &Place, body: &Map<String, Value>) -> Result<Step, Error> {
    let query = body.get("query").and_then(Value::as_str);
    let query = query.ok_or_else(|| fault::invalid_request("`query` is no text"))?;
    let documents = body.get("documents").and_then(Value::as_array);
    let documents = documents
        .filter(|it| !it.is_empty())
        .ok_or_else(|| fault::invalid_request("`documents` is no list, or an empty one"))?;
    let sources: Result<Vec<Value>, Error> = documents.iter().map(source).collect();
    let top = match body.get("top_n").filter(|it| !it.is_null()) {
        None => documents.len() as u64,
        Some(given) => given
            .as_u64()
            .filter(|it| *it > 0)
            .ok_or_else(|| fault::invalid_request("`top_n` is no number above 0"))?
            .min(documents.len() as u64),
    };
    let mut model = json!({"modelArn": place.arn()});
    if let Some(limit) = body.get("max_tokens_per_doc").filter(|it| !it.is_null()) {
        model["additionalModelRequestFields"] = json!({"max_tokens_per_doc": limit});
    }
    let document = json!({
        "queries": [{"type": "TEXT", "textQuery": {"text": query}}],
        "sources": sources?,
        "rerankingConfiguration": {"type": "BEDROCK_RERANKING_MODEL",
            "bedrockRerankingConfiguration": {"numberOfResults": top, "modelConfiguration": model}}
    });
    let kept = body.get("return_documents") == Some(&true.into());
    let state = json!({"count": documents.len(), "documents": if kept { documents.as_slice() } else { &[] }});
    let outbound = Outbound::post(place.agents("/rerank")).json(&document);
    Ok(place.sign(outbound).state(state.to_string()).send())
}

fn source(document: &Value) -> Result<Value, Error> {
    let text = document.as_str().or_else(|| document.get("text")?.as_str());
    let inline = match (text, document) {
        (Some(text), _) => json!({"type": "TEXT", "textDocument": {"text": text}}),
        (None, Value::Object(_)) => json!({"type": "JSON", "jsonDocument": document}),
        _ => {
            return Err(fault::invalid_request(
                "a document is neither a text nor an object",
            ));
        }
    };
    Ok(json!({"type": "INLINE", "inlineDocumentSource": inline}))
}

pub fn answer(replies: &[Reply]) -> Result<Step, Error> {
    let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
    let kept: Value = serde_json::from_str(&reply.state).unwrap_or_default();
    let answer = reply.json()?;
    let mut results = Vec::new();
    for result in list(&answer, "results")? {
        let score = result
            .get("relevanceScore")
            .or_else(|| result.get("relevance_score"));
        let index = result.get("index").and_then(Value::as_u64);
        let (Some(index), Some(score)) = (index, score) else {
            return Err(fault::upstream(
                "a result of the provider's has no index or no score",
            ));
        };
        let mut result = json!({"index": index, "relevance_score": score});
        let place = usize::try_from(index).unwrap_or(usize::MAX);
        if let Some(document) = kept.get("documents").and_then(|it| it.get(place)) {
            result["document"] = match document {
                Value::String(text) => json!({ "text": text }),
                other => other.clone(),
            };
        }
        results.push(result);
    }
    let count = kept.get("count").and_then(Value::as_u64).unwrap_or(1);
    let units = count.div_ceil(SEARCH_UNIT).max(1);
    let document = json!({"results": results, "meta": {"billed_units": {"search_units": units}}});
    Ok(Response::json(&document).respond())
}
