//! Jina's requests.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error};

use crate::inputs::{self, Piece};

type Request = (&'static str, Map<String, Value>, usize);

pub fn embeddings(call: &Call, mut body: Map<String, Value>) -> Result<Request, Error> {
    let config = call.config();
    for name in ["task", "late_chunking", "normalized", "input_type"] {
        if let Some(value) = config.get(name).filter(|it| !it.is_null()) {
            body.entry(name).or_insert_with(|| value.clone());
        }
    }
    if body.shift_remove("encoding_format") == Some("base64".into()) {
        body.entry("embedding_type")
            .or_insert_with(|| "base64".into());
    }
    // The words of other providers for what a text is for.
    if let Some(purpose) = body.shift_remove("input_type") {
        let task = match purpose.as_str() {
            Some("query" | "search_query") => "retrieval.query".into(),
            Some("document" | "passage" | "search_document") => "retrieval.passage".into(),
            _ => purpose,
        };
        body.entry("task").or_insert(task);
    }
    let list = inputs::list(&body)?;
    let count = list.len();
    let texts = list
        .iter()
        .all(|it| it.as_str().is_some_and(|it| !inputs::is_image(it)));
    let input: Vec<Value> = if texts {
        list.to_vec()
    } else {
        list.iter().map(input).collect()
    };
    body.insert("input".into(), input.into());
    Ok(("/embeddings", body, count))
}

/// `{text}` or `{image}`, which is an address or base64 without its head; a document of several
/// pieces stays as it was written.
fn input(input: &Value) -> Value {
    match inputs::pieces(input).as_slice() {
        [Piece::Text(text)] => json!({ "text": text }),
        [Piece::Image(url)] => {
            let data = url.split_once(";base64,").filter(|_| inputs::is_image(url));
            json!({"image": data.map_or(*url, |(_, data)| data)})
        }
        _ => input.clone(),
    }
}

/// Documents may be texts, `{text}` and `{image}`.
pub fn rerank(body: Map<String, Value>) -> Map<String, Value> {
    body
}
