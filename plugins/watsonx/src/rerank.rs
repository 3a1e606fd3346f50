//! Rerank through `/ml/v1/text/rerank`.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, fault, parse_state, write_json};

use crate::embeddings::parameters;
use crate::place::Place;

#[derive(Default, Serialize, Deserialize)]
struct Asked {
    documents: usize,
}

pub fn request(place: &Place, mut asked: Map<String, Value>) -> Result<(Value, String), Error> {
    let Some(query) = asked.shift_remove("query").filter(Value::is_string) else {
        return Err(fault::invalid_request("`query` is not a text"));
    };
    let documents = asked.shift_remove("documents").unwrap_or_default();
    let documents = documents.as_array().map(Vec::as_slice).unwrap_or_default();
    let input = |it: &Value| {
        let text = it.as_str().or_else(|| it.get("text")?.as_str())?;
        Some(json!({ "text": text }))
    };
    let inputs: Option<Vec<Value>> = documents.iter().map(input).collect();
    let inputs = inputs.filter(|it| !it.is_empty()).ok_or_else(|| {
        fault::invalid_request("`documents` is no list of texts or objects with a `text`")
    })?;
    let mut returned = Map::new();
    returned.insert(
        "inputs".into(),
        (asked.get("return_documents") == Some(&true.into())).into(),
    );
    if let Some(top) = asked.get("top_n").filter(|it| !it.is_null()) {
        returned.insert("top_n".into(), top.clone());
    }
    let state = write_json(&Asked {
        documents: inputs.len(),
    });
    let mut parameters = parameters(asked, &["return_documents", "top_n"])?;
    if let Some(limit) = parameters.shift_remove("max_tokens_per_doc") {
        parameters.insert("truncate_input_tokens".into(), limit);
    }
    parameters.insert("return_options".into(), returned.into());
    let mut body = place.body()?;
    body.insert("query".into(), query);
    body.insert("inputs".into(), inputs.into());
    body.insert("parameters".into(), parameters.into());
    Ok((body.into(), state))
}

pub fn answer(answer: &Value, state: &str) -> Result<Value, Error> {
    let asked: Asked = parse_state(state)?;
    let results = answer.get("results").and_then(Value::as_array);
    let read = |it: &Value| {
        let index = it.get("index")?.as_u64()?;
        usize::try_from(index)
            .ok()
            .filter(|it| *it < asked.documents)?;
        let mut result = json!({"index": index, "relevance_score": it.get("score")?.as_f64()?});
        if let Some(document) = it.get("input").filter(|it| it.is_object()) {
            result["document"] = document.clone();
        }
        Some(result)
    };
    let results: Option<Vec<Value>> = results.and_then(|it| it.iter().map(read).collect());
    let results = results.ok_or_else(|| {
        fault::upstream("the provider's answer has no `results` for the documents")
    })?;
    let mut document = json!({ "results": results });
    if let Some(tokens) = answer.get("input_token_count") {
        document["meta"] = json!({"tokens": {"input_tokens": tokens}});
    }
    Ok(document)
}
