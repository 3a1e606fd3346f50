//! Embeddings over InvokeModel: Titan and Nova take one text a call, Cohere a batch.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, Outbound, Reply, Response, Step, fault, parse_state, write_json};
use sluice_wire::vectors;

use crate::answer::{counted, many};
use crate::family::Family;
use crate::place::Place;

/// Cohere takes no more texts in one call.
const MAX_BATCH: usize = 96;

/// What has to be known when the vectors come.
#[derive(Default, Serialize, Deserialize)]
struct Batch {
    /// An estimate, for answers that tell no count.
    tokens: u64,
    base64: bool,
    texts: usize,
}

pub fn request(place: &Place, body: &Map<String, Value>) -> Result<Step, Error> {
    let inputs = vectors::inputs(body)?;
    let base64 = vectors::wants_base64(body);
    let post = |texts: &[&str], document: &Value| {
        let tokens = texts.iter().map(|text| vectors::estimate(text)).sum();
        let batch = Batch {
            tokens,
            base64,
            texts: texts.len(),
        };
        let outbound = Outbound::post(place.model("invoke")).json(document);
        place.sign(outbound).state(write_json(&batch))
    };
    let requests = match place.family {
        Family::Cohere => inputs
            .chunks(MAX_BATCH)
            .map(|texts| post(texts, &cohere(texts, body)))
            .collect(),
        Family::Nova | Family::Nova2 => inputs
            .iter()
            .map(|text| post(&[text], &nova(text, body)))
            .collect(),
        Family::Titan => {
            let mut requests = Vec::with_capacity(inputs.len());
            for text in &inputs {
                requests.push(post(&[text], &titan(place, text, body)?));
            }
            requests
        }
        _ => {
            return Err(fault::unsupported(format!(
                "`{}` is no embedding model that Bedrock answers at once",
                place.name
            )));
        }
    };
    many(requests)
}

/// Members that are read or that Bedrock has no place for.
const READ: [&str; 5] = ["model", "input", "dimensions", "encoding_format", "user"];

/// The model's own parameters are let through.
fn own(document: &mut Map<String, Value>, body: &Map<String, Value>) {
    let own = body
        .iter()
        .filter(|(name, value)| !READ.contains(&name.as_str()) && !value.is_null());
    for (name, value) in own {
        document.insert(name.clone(), value.clone());
    }
}

fn dimensions(body: &Map<String, Value>) -> Option<&Value> {
    body.get("dimensions").filter(|it| !it.is_null())
}

fn titan(place: &Place, text: &str, body: &Map<String, Value>) -> Result<Value, Error> {
    let mut document = Map::new();
    document.insert("inputText".into(), text.into());
    if let Some(length) = dimensions(body) {
        if place.name.contains("embed-image") {
            document.insert(
                "embeddingConfig".into(),
                json!({"outputEmbeddingLength": length}),
            );
        } else if place.name.contains("embed-text-v1") || place.name.contains("embed-g1") {
            return Err(fault::unsupported(
                "Titan's first embedding model has one length: `dimensions` cannot be set",
            ));
        } else {
            document.insert("dimensions".into(), length.clone());
        }
    }
    own(&mut document, body);
    Ok(document.into())
}

fn cohere(texts: &[&str], body: &Map<String, Value>) -> Value {
    let mut document = Map::new();
    document.insert("texts".into(), texts.to_vec().into());
    document.insert("input_type".into(), "search_document".into());
    if let Some(length) = dimensions(body) {
        document.insert("output_dimension".into(), length.clone());
    }
    own(&mut document, body);
    document.into()
}

fn nova(text: &str, body: &Map<String, Value>) -> Value {
    let mut params = json!({"embeddingPurpose": "GENERIC_INDEX",
        "text": {"value": text, "truncationMode": "NONE"}});
    for (from, to) in [
        ("dimensions", "embeddingDimension"),
        ("embeddingPurpose", "embeddingPurpose"),
    ] {
        if let Some(value) = body.get(from).filter(|it| !it.is_null()) {
            params[to] = value.clone();
        }
    }
    if let Some(mode) = body.get("truncationMode").filter(|it| it.is_string()) {
        params["text"]["truncationMode"] = mode.clone();
    }
    json!({"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": params})
}

pub fn answer(replies: &[Reply]) -> Result<Step, Error> {
    let mut data: Vec<Value> = Vec::new();
    let mut tokens = 0u64;
    for reply in replies {
        let batch: Batch = parse_state(&reply.state)?;
        let answer = reply.json()?;
        let told = answer.get("inputTextTokenCount").and_then(Value::as_u64);
        let told = told.or_else(|| counted(reply)).unwrap_or(batch.tokens);
        tokens = tokens.saturating_add(told);
        let vectors = of(&answer);
        if vectors.len() != batch.texts {
            return Err(fault::upstream(format!(
                "the provider gave {} vectors for {} texts",
                vectors.len(),
                batch.texts
            )));
        }
        for vector in vectors {
            let embedding = if batch.base64 && vector.is_array() {
                vectors::base64(vector).into()
            } else {
                vector.clone()
            };
            data.push(json!({"object": "embedding", "index": data.len(), "embedding": embedding}));
        }
    }
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    let document = json!({"object": "list", "data": data, "usage": usage});
    Ok(Response::json(&document).respond())
}

/// The vectors: `embedding`, a list in `embeddings`, lists by type, or objects that hold one each.
fn of(answer: &Value) -> Vec<&Value> {
    if let Some(one) = answer.get("embedding").filter(|it| it.is_array()) {
        return vec![one];
    }
    let list = match answer
        .get("embeddings")
        .or_else(|| answer.get("embeddingsByType"))
    {
        Some(Value::Object(types)) => {
            let float = types.get("float");
            float.or_else(|| types.values().next())
        }
        list => list,
    };
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.map(|it| it.get("embedding").unwrap_or(it))
        .filter(|it| it.is_array())
        .collect()
}
