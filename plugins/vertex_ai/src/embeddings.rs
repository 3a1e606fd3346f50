//! Embeddings: `predict` of text models and of the multimodal one, `embedContent` of newer ones.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Step, fault, parse_state, write_json};
use sluice_wire::vectors;

use crate::family::Model;
use crate::google;
use crate::place::Place;

/// Texts in one request, in the region with the most room and in all others.
const MAX_BATCH: usize = 250;
const MAX_BATCH_ELSEWHERE: usize = 5;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Media,
    /// `embedContent`.
    Content,
}

impl Kind {
    fn of(model: &str) -> Self {
        if model.starts_with("multimodalembedding") {
            Self::Media
        } else if model.starts_with("gemini-embedding-2") {
            Self::Content
        } else {
            Self::Text
        }
    }
}

/// What has to be known when a batch's vectors come.
#[derive(Default, Serialize, Deserialize)]
struct Batch {
    /// An estimate, for models that tell no usage.
    tokens: u64,
    inputs: usize,
    base64: bool,
}

pub fn request(call: &Call, model: Model<'_>, body: &Map<String, Value>) -> Result<Step, Error> {
    let inputs = vectors::inputs(body)?;
    let kind = Kind::of(model.name);
    let size = match kind {
        // These take one at a time.
        Kind::Media | Kind::Content => 1,
        Kind::Text if model.name.starts_with("gemini-embedding") => 1,
        Kind::Text if Place::of(call)?.location == "us-central1" => MAX_BATCH,
        Kind::Text => MAX_BATCH_ELSEWHERE,
    };
    let mut requests = Vec::new();
    for inputs in inputs.chunks(size) {
        let (verb, sent) = match kind {
            Kind::Text => ("predict", texts(inputs, body)),
            Kind::Media => ("predict", media(inputs, body)),
            Kind::Content => ("embedContent", content(inputs, body)),
        };
        let batch = Batch {
            tokens: inputs.iter().map(|it| vectors::estimate(it)).sum(),
            inputs: inputs.len(),
            base64: vectors::wants_base64(body),
        };
        let outbound = google::post(call, model, verb)?.json(&sent);
        requests.push(outbound.state(write_json(&batch)));
    }
    many(requests).ok_or_else(|| fault::invalid_request("`input` is an empty list"))
}

/// One request is sent as it is, several side by side.
pub fn many(mut requests: Vec<Outbound>) -> Option<Step> {
    match requests.len() {
        0 => None,
        1 => requests.pop().map(Outbound::send),
        _ => Some(Step::SendAll(requests)),
    }
}

fn given<'b>(body: &'b Map<String, Value>, name: &str) -> Option<&'b Value> {
    body.get(name).filter(|it| !it.is_null())
}

fn texts(inputs: &[&str], body: &Map<String, Value>) -> Value {
    let one = |text: &&str| {
        let mut one = json!({ "content": text });
        for name in ["task_type", "title"] {
            if let Some(value) = given(body, name) {
                one[name] = value.clone();
            }
        }
        one
    };
    let mut sent = json!({"instances": inputs.iter().map(one).collect::<Vec<_>>()});
    for (from, to) in [
        ("dimensions", "outputDimensionality"),
        ("auto_truncate", "autoTruncate"),
    ] {
        if let Some(value) = given(body, from) {
            sent["parameters"][to] = value.clone();
        }
    }
    sent
}

/// A text, an image as a data URI, or a file in a bucket.
fn media(inputs: &[&str], body: &Map<String, Value>) -> Value {
    let one = |input: &&str| {
        let data = input
            .strip_prefix("data:")
            .and_then(|it| it.split_once(','));
        match data {
            Some((kind, data)) if kind.starts_with("image/") => {
                json!({"image": {"bytesBase64Encoded": data}})
            }
            _ if !input.starts_with("gs://") => json!({ "text": input }),
            _ if is_video(input) => json!({"video": {"gcsUri": input}}),
            _ => json!({"image": {"gcsUri": input}}),
        }
    };
    let mut sent = json!({"instances": inputs.iter().map(one).collect::<Vec<_>>()});
    if let Some(value) = given(body, "dimensions") {
        sent["parameters"]["dimension"] = value.clone();
    }
    sent
}

fn is_video(url: &str) -> bool {
    let end = url.rsplit('.').next().unwrap_or_default();
    matches!(
        end.to_ascii_lowercase().as_str(),
        "mp4" | "mov" | "avi" | "mkv" | "webm" | "flv" | "mpg" | "mpeg" | "wmv"
    )
}

fn content(inputs: &[&str], body: &Map<String, Value>) -> Value {
    let part = |text: &&str| json!({ "text": text });
    let mut sent = json!({"content": {"parts": inputs.iter().map(part).collect::<Vec<_>>()}});
    for (from, to) in [
        ("dimensions", "outputDimensionality"),
        ("task_type", "taskType"),
        ("title", "title"),
        ("auto_truncate", "autoTruncate"),
    ] {
        if let Some(value) = given(body, from) {
            sent[to] = value.clone();
        }
    }
    sent
}

pub fn answer(replies: &[Reply]) -> Result<Value, Error> {
    let mut data: Vec<Value> = Vec::new();
    let mut tokens = 0_u64;
    for reply in replies {
        let batch: Batch = parse_state(&reply.state)?;
        let answer = reply.json()?;
        let (found, counted) = read(&answer);
        if found.len() != batch.inputs {
            return Err(fault::upstream(format!(
                "the provider gave {} vectors for {} inputs",
                found.len(),
                batch.inputs
            )));
        }
        tokens = tokens.saturating_add(counted.unwrap_or(batch.tokens));
        for values in found {
            let embedding = if batch.base64 {
                vectors::base64(values).into()
            } else {
                values.clone()
            };
            data.push(json!({"object": "embedding", "index": data.len(), "embedding": embedding}));
        }
    }
    Ok(json!({"object": "list", "data": data,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}))
}

/// The vectors of an answer, and its tokens where it tells them.
fn read(answer: &Value) -> (Vec<&Value>, Option<u64>) {
    const PLACES: [&str; 5] = [
        "/embeddings/values",
        "/textEmbedding",
        "/imageEmbedding",
        "/videoEmbeddings/0/embedding",
        "/embedding/values",
    ];
    let predictions = answer.get("predictions").and_then(Value::as_array);
    let found: Vec<&Value> = match predictions {
        Some(list) => list
            .iter()
            .filter_map(|it| PLACES.iter().find_map(|place| it.pointer(place)))
            .collect(),
        None => PLACES
            .iter()
            .find_map(|place| answer.pointer(place))
            .into_iter()
            .collect(),
    };
    let each = predictions.into_iter().flatten();
    let mut counts = each
        .filter_map(|it| it.pointer("/embeddings/statistics/token_count")?.as_f64())
        .peekable();
    let told = counts.peek().is_some();
    let sum = counts.map(|it| it as u64).fold(0, u64::saturating_add);
    let whole = answer
        .pointer("/usageMetadata/promptTokenCount")
        .and_then(Value::as_u64);
    (found, whole.or(told.then_some(sum)))
}
