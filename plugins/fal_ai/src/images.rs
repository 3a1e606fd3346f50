//! Pictures. Models take their size as a width and a height, or as a ratio.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, File, Response, Step, fault};
use sluice_wire::uploads;

/// Models that take a ratio.
const BY_RATIO: [&str; 6] = ["banana", "bria", "imagen", "ultra", "gemini", "kontext"];

/// Ratios that all of these know, by width and height.
const RATIOS: [(&str, f64); 5] = [
    ("16:9", 16.0 / 9.0),
    ("4:3", 4.0 / 3.0),
    ("1:1", 1.0),
    ("3:4", 3.0 / 4.0),
    ("9:16", 9.0 / 16.0),
];

/// Members that are read here, and those that are for the gateway alone.
const READ: [&str; 9] = [
    "image",
    "image[]",
    "mask",
    "metadata",
    "model",
    "n",
    "response_format",
    "size",
    "user",
];

pub fn request(call: &Call, asked: Map<String, Value>) -> Result<Value, Error> {
    let given = |name: &str| asked.get(name).filter(|it| !it.is_null());
    let mut body = Map::new();
    if let Some(count) = given("n") {
        body.insert("num_images".into(), count.clone());
    }
    match given("response_format").map(Value::as_str) {
        None | Some(Some("url")) => {}
        // The picture comes in the answer.
        Some(Some("b64_json")) => drop(body.insert("sync_mode".into(), true.into())),
        Some(_) => {
            return Err(fault::invalid_request(
                "`response_format` is `url` or `b64_json`",
            ));
        }
    }
    if let Some(size) = given("size").filter(|it| **it != "auto") {
        let (name, value) = size_of(&call.model, size)?;
        body.insert(name.to_owned(), value);
    }
    let own = |(name, value): &(String, Value)| !READ.contains(&name.as_str()) && !value.is_null();
    body.extend(asked.into_iter().filter(own));
    Ok(body.into())
}

/// `1024x768`, or a word of the model's own.
fn size_of(model: &str, size: &Value) -> Result<(&'static str, Value), Error> {
    let Some(text) = size.as_str() else {
        return Ok(("image_size", size.clone()));
    };
    let pair = text.split_once('x');
    let sides = pair.and_then(|(width, height)| {
        let side = |it: &str| it.parse::<u32>().ok().filter(|it| *it > 0);
        Some((side(width)?, side(height)?))
    });
    let by_ratio = BY_RATIO.iter().any(|it| model.contains(it));
    match sides {
        Some((width, height)) if by_ratio => {
            let wanted = (f64::from(width) / f64::from(height)).ln();
            let far = |ratio: f64| (ratio.ln() - wanted).abs();
            let nearest = RATIOS
                .iter()
                .min_by(|a, b| far(a.1).total_cmp(&far(b.1)))
                .map_or("1:1", |it| it.0);
            Ok(("aspect_ratio", nearest.into()))
        }
        Some((width, height)) => Ok(("image_size", json!({"width": width, "height": height}))),
        None if text.contains(':') => Ok(("aspect_ratio", text.into())),
        None if text.contains('x') => Err(fault::invalid_request(format!(
            "`size` is `{text}`: it is a width and a height, as in `1024x1024`"
        ))),
        None => Ok(("image_size", text.into())),
    }
}

/// The same with the uploads as data in the document.
pub fn edit(call: &Call, asked: Map<String, Value>) -> Result<Value, Error> {
    let mut body = request(call, asked)?;
    let of = |field: &'static str| {
        let named = move |it: &&File| it.field.trim_end_matches("[]") == field;
        call.files.iter().filter(named)
    };
    let images: Result<Vec<String>, Error> = of("image").map(data_uri).collect();
    let images = images?;
    if images.is_empty() {
        return Err(fault::invalid_request(
            "`image` is missing: the picture to edit",
        ));
    }
    body["image_urls"] = images.into();
    if let Some(mask) = of("mask").next() {
        body["mask_url"] = data_uri(mask)?.into();
    }
    Ok(body)
}

fn data_uri(file: &File) -> Result<String, Error> {
    let kind = match file.content_type.as_str() {
        "" | "application/octet-stream" => "image/png",
        kind => kind,
    };
    Ok(format!("data:{kind};base64,{}", uploads::base64(file)?))
}

pub fn answer(answer: &Value) -> Result<Step, Error> {
    let several = answer.get("images").and_then(Value::as_array);
    let one = answer.get("image").map(std::slice::from_ref);
    let made = several.map(Vec::as_slice).or(one).unwrap_or_default();
    let url = |it: &Value| {
        let url = it.as_str().or_else(|| it.get("url")?.as_str())?;
        // Asked for within the answer, it is a data URI.
        Some(match url.split_once(";base64,") {
            Some((kind, data)) if kind.starts_with("data:") => json!({ "b64_json": data }),
            _ => json!({ "url": url }),
        })
    };
    let data: Option<Vec<Value>> = made.iter().map(url).collect();
    let data = data.filter(|it| !it.is_empty());
    let mut data = data.ok_or_else(|| fault::upstream("the provider's answer has no `images`"))?;
    if let Some(prompt) = answer.get("revised_prompt").filter(|it| it.is_string())
        && let Some(first) = data.first_mut()
    {
        first["revised_prompt"] = prompt.clone();
    }
    let count = data.len();
    let created = sluice_sdk::host::now_ms() / 1000;
    let response = Response::json(&json!({"created": created, "data": data}));
    Ok(response.usage(&json!({ "images": count })).respond())
}
