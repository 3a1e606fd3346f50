//! Voyage's requests. Models with context and models for images have paths of their own.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, fault};

use crate::inputs::{self, Piece};

type Request = (&'static str, Map<String, Value>, usize);

pub fn embeddings(call: &Call, mut body: Map<String, Value>) -> Result<Request, Error> {
    rename(&mut body, "dimensions", "output_dimension");
    let base64 = body.shift_remove("encoding_format") == Some("base64".into());
    configured(call, &mut body);
    let list = inputs::list(&body)?;
    if call.model.starts_with("voyage-multimodal") {
        let contents: Vec<Value> = list.iter().map(content).collect();
        let count = contents.len();
        body.shift_remove("input");
        body.insert("inputs".into(), contents.into());
        if base64 {
            body.insert("output_encoding".into(), "base64".into());
        }
        return Ok(("/multimodalembeddings", body, count));
    }
    let texts = |it: &Value| it.as_str().is_some_and(|it| !inputs::is_image(it));
    if base64 {
        body.insert("encoding_format".into(), "base64".into());
    }
    let list = inputs::list(&body)?;
    if call.model.starts_with("voyage-context") {
        // Each text is a document; a list of texts is the chunks of one.
        let documents: Vec<Value> = list
            .iter()
            .map(|it| {
                if it.is_array() {
                    it.clone()
                } else {
                    json!([it])
                }
            })
            .collect();
        let chunks = documents.iter().filter_map(Value::as_array);
        let count = chunks.map(Vec::len).sum();
        body.shift_remove("input");
        body.insert("inputs".into(), documents.into());
        return Ok(("/contextualizedembeddings", body, count));
    }
    if !list.iter().all(texts) {
        return Err(fault::unsupported(format!(
            "`{}` embeds texts only",
            call.model
        )));
    }
    let count = list.len();
    Ok(("/embeddings", body, count))
}

/// What the deployment says where the request does not.
fn configured(call: &Call, body: &mut Map<String, Value>) {
    let config = call.config();
    for name in ["input_type", "truncation", "output_dtype"] {
        if let Some(value) = config.get(name).filter(|it| !it.is_null()) {
            body.entry(name).or_insert_with(|| value.clone());
        }
    }
}

fn rename(body: &mut Map<String, Value>, from: &str, to: &str) {
    if let Some(value) = body.shift_remove(from) {
        body.entry(to).or_insert(value);
    }
}

fn content(input: &Value) -> Value {
    let piece = |piece: Piece| match piece {
        Piece::Text(text) => json!({"type": "text", "text": text}),
        Piece::Image(url) if inputs::is_image(url) => {
            json!({"type": "image_base64", "image_base64": url})
        }
        Piece::Image(url) => json!({"type": "image_url", "image_url": url}),
        Piece::Own(own) => own.clone(),
    };
    let pieces: Vec<Value> = inputs::pieces(input).into_iter().map(piece).collect();
    json!({ "content": pieces })
}

pub fn rerank(mut body: Map<String, Value>) -> Result<Map<String, Value>, Error> {
    rename(&mut body, "top_n", "top_k");
    let documents = body.get("documents").and_then(Value::as_array);
    let text = |it: &Value| match it.as_str().or_else(|| it.get("text")?.as_str()) {
        Some(text) => Ok(Value::from(text)),
        None => Err(fault::unsupported(
            "Voyage ranks texts: a document is a text, or has a `text`",
        )),
    };
    let documents: Result<Vec<Value>, Error> = documents.into_iter().flatten().map(text).collect();
    body.insert("documents".into(), documents?.into());
    Ok(body)
}
