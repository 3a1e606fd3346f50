//! The form that is sent.

use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{Body, Call, Error, File, Outbound, Part, PartData, Step, fault};

use crate::paths::{self, Path};

/// Members that are read here. Any other is a field of the form (`negative_prompt`, `seed`).
const READ: [&str; 9] = [
    "image",
    "mask",
    "metadata",
    "model",
    "n",
    "prompt",
    "response_format",
    "size",
    "user",
];

const RATIOS: [(&str, f64); 11] = [
    ("1:1", 1.0),
    ("16:9", 16.0 / 9.0),
    ("9:16", 9.0 / 16.0),
    ("4:3", 4.0 / 3.0),
    ("3:4", 3.0 / 4.0),
    ("21:9", 21.0 / 9.0),
    ("9:21", 9.0 / 21.0),
    ("3:2", 1.5),
    ("2:3", 2.0 / 3.0),
    ("5:4", 1.25),
    ("4:5", 0.8),
];

const MAX_IMAGES: u64 = 10;

pub fn request(call: &Call, body: &Map<String, Value>) -> Result<Step, Error> {
    let given = |name: &str| body.get(name).filter(|it| !it.is_null() && **it != "");
    let model = call.model.to_ascii_lowercase();
    let path = match call.operation.as_str() {
        "images.edit" => paths::editing(&model, given("strength").is_some()),
        _ => paths::making(&model),
    };
    if given("response_format").is_some_and(|it| it != "b64_json") {
        return Err(fault::unsupported(
            "`response_format` is `b64_json` only: Stability AI gives no addresses",
        ));
    }
    let mut parts = Vec::new();
    match (given("prompt"), path.prompt) {
        (Some(prompt), Some(name)) => parts.push(text(name, prompt)),
        (None, Some(_)) if call.operation == "images.generate" => {
            return Err(fault::invalid_request("`prompt` is missing"));
        }
        // Some edits need no wish, and say so if they get one: OpenAI's form always has it.
        _ => {}
    }
    if given("output_format").is_none() {
        parts.push(text("output_format", &"png".into()));
    }
    if path.url == "generate/sd3" {
        parts.push(text("model", &model.clone().into()));
        let mode = if path.images.is_empty() {
            "text-to-image"
        } else {
            "image-to-image"
        };
        parts.push(text("mode", &mode.into()));
    }
    if let Some(ratio) = given("size")
        .and_then(Value::as_str)
        .filter(|it| *it != "auto")
    {
        if !path.shaped {
            return Err(fault::unsupported(format!(
                "`{}` takes no `size`: the picture's own is kept",
                call.model
            )));
        }
        parts.push(text("aspect_ratio", &ratio_of(ratio)?.into()));
    }
    for (name, value) in body {
        let name = name.trim_end_matches("[]");
        if !READ.contains(&name) && !value.is_null() {
            parts.push(text(name, value));
        }
    }
    uploads(call, &path, &mut parts)?;
    let mut outbound = Outbound::post(format!("/v2beta/stable-image/{}", path.url))
        .header("accept", "application/json");
    outbound.body = Body::Multipart(parts);
    let count = match given("n") {
        None => 1,
        Some(n) => n.as_u64().or_else(|| n.as_str()?.parse().ok()).unwrap_or(0),
    };
    match count {
        1 => Ok(outbound.send()),
        // The same seed makes the same picture.
        2..=MAX_IMAGES => Ok(Step::SendAll(
            (0..count).map(|_| outbound.clone()).collect(),
        )),
        _ => Err(fault::invalid_request(format!(
            "`n` is from 1 to {MAX_IMAGES}"
        ))),
    }
}

fn text(name: &str, value: &Value) -> Part {
    let value = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    Part {
        name: name.to_owned(),
        filename: None,
        content_type: None,
        data: PartData::Text(value),
    }
}

fn uploads(call: &Call, path: &Path, parts: &mut Vec<Part>) -> Result<(), Error> {
    if call.operation != "images.edit" {
        return Ok(());
    }
    let part = |name: &str, file: &File| Part {
        name: name.to_owned(),
        filename: Some(file.filename.clone()),
        content_type: Some(file.content_type.clone()).filter(|it| !it.is_empty()),
        data: PartData::File(file.id),
    };
    let images: Vec<&File> = call
        .files
        .iter()
        .filter(|it| it.field.trim_end_matches("[]") == "image")
        .collect();
    if images.is_empty() {
        return Err(fault::invalid_request(
            "`image` is missing: the picture to edit",
        ));
    }
    if images.len() > path.images.len() {
        let most = path.images.len();
        return Err(fault::unsupported(format!(
            "`{}` takes {most} of `image`",
            call.model
        )));
    }
    parts.extend(
        path.images
            .iter()
            .zip(images)
            .map(|(name, file)| part(name, file)),
    );
    for file in call
        .files
        .iter()
        .filter(|it| it.field.trim_end_matches("[]") != "image")
    {
        if file.field == "mask" && !path.mask {
            return Err(fault::unsupported(format!(
                "`{}` takes no `mask`",
                call.model
            )));
        }
        parts.push(part(&file.field, file));
    }
    Ok(())
}

/// Stability has shapes, not sizes: the nearest is taken.
fn ratio_of(size: &str) -> Result<&'static str, Error> {
    let sides = size.split_once('x').and_then(|(width, height)| {
        Some((width.parse::<u32>().ok()?, height.parse::<u32>().ok()?))
    });
    let sides = sides.filter(|(width, height)| *width > 0 && *height > 0);
    let (width, height) = sides.ok_or_else(|| {
        fault::invalid_request(format!(
            "`size` is `{size}`: it is auto, or a width and a height as `1024x1024`"
        ))
    })?;
    let wanted = (f64::from(width) / f64::from(height)).ln();
    let far = |ratio: f64| (ratio.ln() - wanted).abs();
    let nearest = RATIOS.iter().min_by(|a, b| far(a.1).total_cmp(&far(b.1)));
    Ok(nearest.map_or("1:1", |(name, _)| name))
}
