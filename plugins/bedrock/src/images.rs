//! Images over InvokeModel: Amazon's models take a task, Stability's a ratio of sides.

use sluice_sdk::fault::{self, kind};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, Outbound, Reply, Response, Step};

use crate::answer::many;
use crate::family::Family;
use crate::place::Place;

/// Images of one call: Amazon's models make as many, Stability's one a request.
const MAX_IMAGES: u64 = 5;

/// Ratios of sides that Stability's models know.
const RATIOS: [(u64, u64); 9] = [
    (1, 1),
    (16, 9),
    (21, 9),
    (2, 3),
    (3, 2),
    (4, 5),
    (5, 4),
    (9, 16),
    (9, 21),
];

/// Members that are read or that the models have no place for.
const READ: [&str; 8] = [
    "model",
    "prompt",
    "n",
    "size",
    "quality",
    "response_format",
    "output_format",
    "user",
];

pub fn request(place: &Place, body: &Map<String, Value>) -> Result<Step, Error> {
    let prompt = prompt(body)?;
    let count = count(body)?;
    let size = size(body)?;
    let post = |document: &Value| place.sign(Outbound::post(place.model("invoke")).json(document));
    match place.family {
        Family::Titan | Family::Nova => many(vec![post(&amazon(prompt, count, size, body))]),
        Family::Stability if place.name.contains("stable-diffusion-xl") => Err(fault::unsupported(
            "Stable Diffusion XL has been taken from Bedrock",
        )),
        Family::Stability => {
            let document = stability(prompt, size, body)?;
            many((0..count).map(|_| post(&document)).collect())
        }
        _ => Err(fault::unsupported(format!(
            "`{}` makes no images",
            place.name
        ))),
    }
}

pub fn prompt(body: &Map<String, Value>) -> Result<&str, Error> {
    let prompt = body.get("prompt").and_then(Value::as_str);
    let prompt = prompt.ok_or_else(|| fault::invalid_request("`prompt` is no text"))?;
    if body.get("response_format") == Some(&"url".into()) {
        return Err(fault::unsupported(
            "Bedrock gives images as bytes: `response_format` has to be `b64_json`",
        ));
    }
    Ok(prompt)
}

pub fn count(body: &Map<String, Value>) -> Result<u64, Error> {
    let Some(given) = body.get("n").filter(|it| !it.is_null()) else {
        return Ok(1);
    };
    given
        .as_u64()
        .filter(|it| (1..=MAX_IMAGES).contains(it))
        .ok_or_else(|| fault::invalid_request(format!("`n` is no number from 1 to {MAX_IMAGES}")))
}

/// `1024x1024`; `auto` leaves it to the model.
pub fn size(body: &Map<String, Value>) -> Result<Option<(u64, u64)>, Error> {
    let Some(given) = body.get("size").filter(|it| !it.is_null()) else {
        return Ok(None);
    };
    let text = given.as_str().unwrap_or_default();
    let read = || {
        let (width, height) = text.split_once('x')?;
        let sides: (u64, u64) = (width.parse().ok()?, height.parse().ok()?);
        (sides.0 > 0 && sides.1 > 0).then_some(sides)
    };
    match read() {
        _ if text == "auto" => Ok(None),
        Some(sides) => Ok(Some(sides)),
        None => Err(fault::invalid_request(format!(
            "`size` is {given}, which is no size like `1024x1024`"
        ))),
    }
}

/// How many images Amazon's models make, and of what kind.
pub fn config(
    count: u64,
    size: Option<(u64, u64)>,
    body: &Map<String, Value>,
) -> Map<String, Value> {
    let mut config = Map::new();
    config.insert("numberOfImages".into(), count.into());
    if let Some((width, height)) = size {
        config.insert("width".into(), width.into());
        config.insert("height".into(), height.into());
    }
    let quality = match body.get("quality").and_then(Value::as_str) {
        Some("hd" | "high" | "premium") => "premium",
        Some("standard" | "low" | "medium") => "standard",
        _ => return config,
    };
    config.insert("quality".into(), quality.into());
    config
}

fn amazon(prompt: &str, count: u64, size: Option<(u64, u64)>, body: &Map<String, Value>) -> Value {
    let mut config = config(count, size, body);
    let mut params = Map::new();
    params.insert("text".into(), prompt.into());
    let mut document = Map::new();
    document.insert("taskType".into(), "TEXT_IMAGE".into());
    for (name, value) in own(body) {
        match name.as_str() {
            "negative_prompt" | "negativeText" => {
                params.insert("negativeText".into(), value.clone());
            }
            "cfgScale" | "seed" => drop(config.insert(name.clone(), value.clone())),
            "style" => drop(params.insert("style".into(), value.clone())),
            "imageGenerationConfig" => {
                config.extend(value.as_object().cloned().unwrap_or_default());
            }
            "textToImageParams" => params.extend(value.as_object().cloned().unwrap_or_default()),
            _ => drop(document.insert(name.clone(), value.clone())),
        }
    }
    document.insert("textToImageParams".into(), params.into());
    document.insert("imageGenerationConfig".into(), config.into());
    document.into()
}

fn stability(
    prompt: &str,
    size: Option<(u64, u64)>,
    body: &Map<String, Value>,
) -> Result<Value, Error> {
    let mut document = Map::new();
    document.insert("prompt".into(), prompt.into());
    document.insert("mode".into(), "text-to-image".into());
    if let Some((width, height)) = size {
        let fits = |(a, b): &&(u64, u64)| {
            width
                .checked_mul(*b)
                .is_some_and(|it| Some(it) == height.checked_mul(*a))
        };
        let (a, b) = RATIOS.iter().find(fits).ok_or_else(|| {
            fault::invalid_request(format!(
                "`size` is {width}x{height}, whose ratio of sides Stability's models do not know"
            ))
        })?;
        document.insert("aspect_ratio".into(), format!("{a}:{b}").into());
    }
    if let Some(format) = body.get("output_format").filter(|it| !it.is_null()) {
        document.insert("output_format".into(), format.clone());
    }
    for (name, value) in own(body) {
        document.insert(name.clone(), value.clone());
    }
    Ok(document.into())
}

/// The model's own parameters.
pub fn own(body: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    body.iter()
        .filter(|(name, value)| !READ.contains(&name.as_str()) && !value.is_null())
}

pub fn answer(replies: &[Reply]) -> Result<Step, Error> {
    let mut data = Vec::new();
    for reply in replies {
        let answer = reply.json()?;
        let refused = answer.get("error").and_then(Value::as_str);
        let reasons = answer.get("finish_reasons").and_then(Value::as_array);
        let filtered = reasons.into_iter().flatten().find_map(Value::as_str);
        if let Some(what) = refused.or(filtered).filter(|it| !it.is_empty()) {
            return Err(fault::error(kind::CONTENT_POLICY, what));
        }
        let images = crate::answer::list(&answer, "images")?;
        data.extend(
            images
                .iter()
                .filter(|it| it.is_string())
                .map(|it| json!({"b64_json": it})),
        );
    }
    if data.is_empty() {
        return Err(fault::upstream("the provider's answer has no image"));
    }
    let usage = json!({"images": data.len()});
    let document = json!({ "data": data });
    Ok(Response::json(&document).usage(&usage).respond())
}
