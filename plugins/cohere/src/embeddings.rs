//! Embeddings: texts in batches, images, and both in one input.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Step, fault, write_json};

use crate::path;

/// Cohere takes no more inputs in one request.
const MAX_BATCH: usize = 96;

/// Members that are read here. Any other goes on as it is (`truncate`, `max_tokens`).
const READ: [&str; 9] = [
    "dimensions",
    "embedding_types",
    "encoding_format",
    "input",
    "input_type",
    "metadata",
    "model",
    "user",
    "stream",
];

/// What has to be known when a batch's vectors come.
#[derive(Default, Serialize, Deserialize)]
pub struct Batch {
    pub base64: bool,
    /// The kinds of numbers, where the client named some.
    pub kinds: Option<Vec<String>>,
    pub count: usize,
}

/// How a batch is handed over.
enum Inputs<'b> {
    Texts(Vec<&'b str>),
    /// The third generation embeds one image in a request, and nothing beside it.
    Image(&'b str),
    Mixed(Vec<Value>),
}

pub fn request(call: &Call, body: &Map<String, Value>) -> Result<Step, Error> {
    let given = |name: &str| body.get(name).filter(|it| !it.is_null());
    let kinds: Option<Vec<String>> = match given("embedding_types") {
        Some(Value::Array(list)) => {
            let words = list.iter().filter_map(|it| it.as_str().map(str::to_owned));
            Some(words.collect())
        }
        Some(_) => return Err(fault::invalid_request("`embedding_types` is no list")),
        None => None,
    };
    let kinds = kinds.filter(|it| !it.is_empty());
    let base64 = given("encoding_format") == Some(&"base64".into());
    let config = call.config();
    let purpose = given("input_type").or_else(|| config.get("input_type"));
    let purpose = purpose.and_then(Value::as_str).unwrap_or("search_document");
    let outbound = |inputs: Inputs| {
        let mut sent = json!({"model": call.model, "input_type": purpose});
        sent["embedding_types"] = kinds.clone().map_or_else(|| json!(["float"]), Value::from);
        if let Some(dimensions) = given("dimensions") {
            sent["output_dimension"] = dimensions.clone();
        }
        for (name, value) in body
            .iter()
            .filter(|(name, _)| !READ.contains(&name.as_str()))
        {
            if !value.is_null() {
                sent[name] = value.clone();
            }
        }
        let count = match inputs {
            Inputs::Texts(texts) => {
                let count = texts.len();
                sent["texts"] = texts.into();
                count
            }
            Inputs::Image(image) => {
                sent["input_type"] = "image".into();
                sent["images"] = json!([image]);
                1
            }
            Inputs::Mixed(inputs) => {
                let count = inputs.len();
                sent["inputs"] = inputs.into();
                count
            }
        };
        let batch = Batch {
            base64,
            kinds: kinds.clone(),
            count,
        };
        Outbound::post(path::of(call, "/v2/embed"))
            .json(&sent)
            .state(write_json(&batch))
    };
    let mut all: Vec<Outbound> = batches(body.get("input"), &call.model)?
        .into_iter()
        .map(outbound)
        .collect();
    match all.pop() {
        Some(only) if all.is_empty() => Ok(only.send()),
        Some(last) => {
            all.push(last);
            Ok(Step::SendAll(all))
        }
        None => Err(fault::invalid_request("`input` is an empty list")),
    }
}

fn batches<'b>(input: Option<&'b Value>, model: &str) -> Result<Vec<Inputs<'b>>, Error> {
    let list = match input {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let texts: Option<Vec<&str>> = list
        .iter()
        .map(|it| it.as_str().filter(|it| !is_image(it)))
        .collect();
    if let Some(texts) = texts {
        return Ok(texts
            .chunks(MAX_BATCH)
            .map(|it| Inputs::Texts(it.to_vec()))
            .collect());
    }
    if model.starts_with("embed-") && model.contains("-v3") {
        let image = |it: &'b Value| {
            let missing = || {
                fault::unsupported(format!(
                    "`{model}` embeds texts or images, not both at once"
                ))
            };
            image_of(it).map(Inputs::Image).ok_or_else(missing)
        };
        return list.iter().map(image).collect();
    }
    let mixed: Result<Vec<Value>, Error> = list.iter().map(mixed).collect();
    Ok(mixed?
        .chunks(MAX_BATCH)
        .map(|it| Inputs::Mixed(it.to_vec()))
        .collect())
}

fn is_image(text: &str) -> bool {
    text.starts_with("data:image/")
}

/// An image alone: a data URI, or an object with it.
fn image_of(input: &Value) -> Option<&str> {
    let said = input.as_str().or_else(|| input.get("image")?.as_str());
    said.or_else(|| input.pointer("/image_url/url")?.as_str())
        .filter(|it| is_image(it))
}

/// One input of several parts: `{"content": [...]}` as it stands, `{"text", "image"}`, a text or an
/// image.
fn mixed(input: &Value) -> Result<Value, Error> {
    if input.get("content").is_some_and(Value::is_array) {
        return Ok(json!({"content": input.get("content")}));
    }
    let text = |text: &str| json!({"type": "text", "text": text});
    let image = |url: &str| json!({"type": "image_url", "image_url": {"url": url}});
    let member = |name: &str| input.get(name).and_then(Value::as_str);
    let url = input.pointer("/image_url/url").and_then(Value::as_str);
    let parts: Vec<Value> = match input.as_str() {
        Some(said) if is_image(said) => vec![image(said)],
        Some(said) => vec![text(said)],
        None => {
            let parts = member("text").map(text).into_iter();
            parts.chain(member("image").or(url).map(image)).collect()
        }
    };
    if parts.is_empty() {
        return Err(fault::unsupported(
            "Cohere embeds texts and images; numbers of tokens are not understood",
        ));
    }
    Ok(json!({ "content": parts }))
}
