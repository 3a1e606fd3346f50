//! Embeddings of providers that have another dialect for them than OpenAI's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Reply, Response, Step, fault};

use crate::place::{Base, escaped};
use crate::row::Row;

/// What the answer has to be known of the request.
fn state(count: usize, base64: bool) -> String {
    json!({"count": count, "base64": base64}).to_string()
}

/// The body, and the state for [`respond`]. None: the provider has OpenAI's dialect here.
pub fn request(call: &Call, row: &Row, body: &str) -> Result<Option<(Value, String)>, Error> {
    let Some(dialect) = row.embeddings.as_deref() else {
        return Ok(None);
    };
    if dialect == "feature-extraction" && speaks_openai(&Base::of(call, row)?) {
        return Ok(None);
    }
    Ok(Some(match dialect {
        "snowflake" => {
            let (mut sent, state) = of_texts(body, "text")?;
            sent["model"] = call.model.as_str().into();
            (sent, state)
        }
        _ => of_texts(body, "inputs")?,
    }))
}

/// The texts under a name, and the state for [`respond`].
pub fn of_texts(body: &str, name: &str) -> Result<(Value, String), Error> {
    let body: Map<String, Value> = sluice_sdk::parse_body(body)?;
    let texts = texts(body.get("input"))?;
    let base64 = body.get("encoding_format").and_then(Value::as_str) == Some("base64");
    let state = state(texts.len(), base64);
    Ok((json!({ name: texts }), state))
}

/// Hugging Face's own service has the model in the path; an endpoint of the operator's serves one
/// model at its root, or OpenAI's dialect under `/v1`.
pub fn feature_extraction(call: &Call, base: &Base) -> Result<String, Error> {
    if speaks_openai(base) {
        return Ok("/embeddings".to_owned());
    }
    if let Some(url) = base.url.as_ref().filter(|_| base.own) {
        return Ok(url.clone());
    }
    let model = call
        .model
        .strip_prefix("hf-inference/")
        .unwrap_or(&call.model);
    if model.matches('/').count() > 1 {
        return Err(fault::unsupported(format!(
            "embeddings of `{model}`: only `hf-inference` among Hugging Face's providers has them"
        )));
    }
    let origin = base.origin().unwrap_or_default();
    let model = escaped(model);
    Ok(format!(
        "{origin}/hf-inference/models/{model}/pipeline/feature-extraction"
    ))
}

fn speaks_openai(base: &Base) -> bool {
    base.own && base.url.as_deref().is_some_and(|it| it.ends_with("/v1"))
}

fn texts(input: Option<&Value>) -> Result<Vec<&str>, Error> {
    let list = match input {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    if list.is_empty() {
        return Err(fault::invalid_request(
            "`input` is missing, or an empty list",
        ));
    }
    let texts: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
    texts.ok_or_else(|| {
        fault::unsupported("`input` is numbers of tokens, which are not understood: give the text")
    })
}

/// The answer in OpenAI's form.
pub fn respond(reply: &Reply) -> Result<Step, Error> {
    let asked: Value = sluice_sdk::serde_json::from_str(&reply.state).unwrap_or_default();
    let count = asked.get("count").and_then(Value::as_u64).unwrap_or(0);
    let answer = reply.json()?;
    // Cloudflare's envelope.
    let answer = answer.get("result").unwrap_or(&answer);
    let list = match answer.get("data").unwrap_or(answer) {
        // One text may be answered by one vector.
        Value::Array(list) if count == 1 && list.first().is_some_and(Value::is_number) => {
            vec![answer.get("data").unwrap_or(answer)]
        }
        Value::Array(list) => list.iter().map(vector).collect(),
        _ => return Err(fault::upstream("the provider's answer has no vectors")),
    };
    if list.len() as u64 != count {
        return Err(fault::upstream(format!(
            "the provider's answer has {} vectors for {count} inputs",
            list.len()
        )));
    }
    let base64 = asked.get("base64") == Some(&Value::Bool(true));
    let mut data = Vec::with_capacity(list.len());
    for (index, vector) in list.into_iter().enumerate() {
        let numbers = vector.as_array().filter(|it| !it.is_empty());
        let numbers = numbers.filter(|it| it.iter().all(Value::is_number));
        let numbers = numbers.ok_or_else(|| {
            fault::upstream("an entry of the provider's answer is no vector of one text")
        })?;
        let embedding = if base64 {
            packed(numbers)
        } else {
            vector.clone()
        };
        data.push(json!({"object": "embedding", "index": index, "embedding": embedding}));
    }
    let mut body = json!({"object": "list", "data": data});
    if let Some(total) = answer
        .pointer("/usage/total_tokens")
        .and_then(Value::as_u64)
    {
        body["usage"] = json!({"prompt_tokens": total, "total_tokens": total});
    }
    Ok(Response::json(&body).respond())
}

/// Snowflake's entries are `{embedding: [vector]}`.
fn vector(entry: &Value) -> &Value {
    let inner = entry.get("embedding").unwrap_or(entry);
    match inner.get(0) {
        Some(only @ Value::Array(_)) if inner.get(1).is_none() => only,
        _ => inner,
    }
}

fn packed(numbers: &[Value]) -> Value {
    let numbers = numbers.iter().filter_map(Value::as_f64);
    let bytes: Vec<u8> = numbers.flat_map(|it| (it as f32).to_le_bytes()).collect();
    STANDARD.encode(bytes).into()
}
