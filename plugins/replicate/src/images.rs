//! Images as predictions.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, fault};

/// Families that take a ratio where others take width and height.
const BY_RATIO: [&str; 5] = [
    "black-forest-labs/",
    "google/",
    "ideogram-ai/",
    "openai/",
    "recraft-ai/",
];

pub fn input(call: &Call, asked: Map<String, Value>) -> Result<Map<String, Value>, Error> {
    if !asked.get("prompt").is_some_and(Value::is_string) {
        return Err(fault::invalid_request("`prompt` is not a text"));
    }
    let mut input = Map::new();
    for (name, value) in asked {
        match (name.as_str(), &value) {
            ("model" | "user" | "stream", _) | (_, Value::Null) => {}
            ("response_format", Value::String(format)) if format == "url" => {}
            ("response_format", _) => {
                return Err(fault::unsupported("replicate gives images as URLs only"));
            }
            ("n", _) => drop(input.insert("num_outputs".into(), value)),
            ("size", Value::String(size)) if size == "auto" => {}
            ("size", Value::String(text)) => {
                let (width, height) = size(text)?;
                if BY_RATIO.iter().any(|it| call.model.starts_with(it)) {
                    let common = divisor(width, height).max(1);
                    let ratio = format!("{}:{}", width / common, height / common);
                    input.insert("aspect_ratio".into(), ratio.into());
                } else {
                    input.insert("width".into(), width.into());
                    input.insert("height".into(), height.into());
                }
            }
            ("size", _) => return Err(fault::invalid_request("`size` is not a text")),
            _ => drop(input.insert(name, value)),
        }
    }
    Ok(input)
}

fn size(text: &str) -> Result<(u64, u64), Error> {
    let number = |it: &str| it.parse::<u64>().ok().filter(|it| *it > 0);
    let sides = text.split_once('x');
    let sides = sides.and_then(|(width, height)| Some((number(width)?, number(height)?)));
    sides.ok_or_else(|| fault::invalid_request(format!("`size` cannot be `{text}`")))
}

fn divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { divisor(b, a % b) }
}

pub fn answer(prediction: &Value) -> Result<Value, Error> {
    let output = prediction.get("output");
    let urls: Option<Vec<&str>> = match output {
        Some(Value::String(one)) => Some(vec![one]),
        Some(Value::Array(several)) => several.iter().map(Value::as_str).collect(),
        _ => None,
    };
    let urls = urls.filter(|it| !it.is_empty());
    let urls = urls
        .ok_or_else(|| fault::upstream("the provider's prediction has no images as its output"))?;
    let data: Vec<Value> = urls.iter().map(|url| json!({ "url": url })).collect();
    Ok(json!({ "data": data }))
}
