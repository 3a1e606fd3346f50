//! What is handed in.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, File, Outbound, Step, fault, write_json};
use sluice_wire::uploads;

use crate::poll::State;

/// Members that are read here. Any other goes on as it is (`seed`, `safety_tolerance`).
const READ: [&str; 10] = [
    "image",
    "mask",
    "metadata",
    "model",
    "n",
    "prompt",
    "quality",
    "response_format",
    "size",
    "user",
];

/// More than this many images in one call is no use that is meant.
const MAX_IMAGES: u64 = 10;

/// Numbers, which come as texts from a form.
const NUMBERS: [&str; 10] = [
    "bottom",
    "guidance",
    "height",
    "image_prompt_strength",
    "left",
    "right",
    "safety_tolerance",
    "seed",
    "steps",
    "top",
];

pub fn submit(call: &Call, body: &Map<String, Value>) -> Result<Step, Error> {
    let given = |name: &str| body.get(name).filter(|it| !it.is_null() && **it != "");
    let path = call
        .model
        .chars()
        .all(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '.' | '_'));
    if !path || call.model.is_empty() || call.model.contains("..") {
        return Err(fault::invalid_request(format!(
            "`{}` is no model of Black Forest Labs",
            call.model
        )));
    }
    if given("response_format").is_some_and(|it| it != "url") {
        return Err(fault::unsupported(
            "`response_format` is `url` only: Black Forest Labs answers with an address",
        ));
    }
    let mut sent = Map::new();
    if let Some(prompt) = given("prompt") {
        sent.insert("prompt".into(), prompt.clone());
    }
    size(&call.model, given("size"), &mut sent)?;
    match given("quality").and_then(Value::as_str) {
        None | Some("auto" | "standard") => {}
        Some("hd") if call.model.contains("ultra") => drop(sent.insert("raw".into(), true.into())),
        Some(other) => {
            return Err(fault::unsupported(format!(
                "`{}` has no quality `{other}`",
                call.model
            )));
        }
    }
    if call.operation == "images.edit" {
        uploads(call, &mut sent)?;
    }
    for (name, value) in body {
        if READ.contains(&name.trim_end_matches("[]")) || value.is_null() {
            continue;
        }
        let number = value.as_str().filter(|_| NUMBERS.contains(&name.as_str()));
        let number = number.and_then(|it| {
            it.parse::<u64>()
                .map(Value::from)
                .or_else(|_| it.parse::<f64>().map(Value::from))
                .ok()
        });
        sent.insert(name.clone(), number.unwrap_or_else(|| value.clone()));
    }
    let count = match given("n") {
        None => 1,
        Some(n) => n.as_u64().or_else(|| n.as_str()?.parse().ok()).unwrap_or(0),
    };
    if count == 0 || count > MAX_IMAGES {
        return Err(fault::invalid_request(format!(
            "`n` is from 1 to {MAX_IMAGES}"
        )));
    }
    let state = write_json(&State::default());
    let one = Outbound::post(format!("/v1/{}", call.model))
        .json(&sent.into())
        .state(state);
    if count == 1 {
        return Ok(one.send());
    }
    Ok(Step::SendAll((0..count).map(|_| one.clone()).collect()))
}

/// Some models take a width and a height, others a ratio.
fn size(model: &str, size: Option<&Value>, sent: &mut Map<String, Value>) -> Result<(), Error> {
    let Some(size) = size.and_then(Value::as_str).filter(|it| *it != "auto") else {
        return Ok(());
    };
    let sides = size.split_once('x').and_then(|(width, height)| {
        Some((width.parse::<u32>().ok()?, height.parse::<u32>().ok()?))
    });
    let sides = sides.filter(|(width, height)| *width > 0 && *height > 0);
    let (width, height) = sides.ok_or_else(|| {
        fault::invalid_request(format!(
            "`size` is `{size}`: it is auto, or a width and a height as `1024x1024`"
        ))
    })?;
    if model.contains("ultra") || model.contains("kontext") {
        let shared = divisor(width, height);
        let ratio = format!("{}:{}", width / shared, height / shared);
        sent.insert("aspect_ratio".into(), ratio.into());
    } else {
        sent.insert("width".into(), width.into());
        sent.insert("height".into(), height.into());
    }
    Ok(())
}

fn divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// The images: one to fill in or to extend, or several to go by.
fn uploads(call: &Call, sent: &mut Map<String, Value>) -> Result<(), Error> {
    let field = |it: &File| it.field.trim_end_matches("[]").to_owned();
    let images: Vec<&File> = call
        .files
        .iter()
        .filter(|it| field(it) == "image")
        .collect();
    if images.is_empty() {
        return Err(fault::invalid_request(
            "`image` is missing: the picture to edit",
        ));
    }
    let whole = call.model.contains("fill") || call.model.contains("expand");
    if whole && images.len() > 1 {
        return Err(fault::unsupported(format!(
            "`{}` edits one `image`",
            call.model
        )));
    }
    for (at, image) in images.into_iter().enumerate() {
        let name = match at {
            0 if whole => "image".to_owned(),
            0 => "input_image".to_owned(),
            more => format!("input_image_{}", more + 1),
        };
        sent.insert(name, uploads::base64(image)?.into());
    }
    if let Some(mask) = call.files.iter().find(|it| field(it) == "mask") {
        if !call.model.contains("fill") {
            return Err(fault::unsupported(format!(
                "`{}` takes no `mask`",
                call.model
            )));
        }
        sent.insert("mask".into(), json!(uploads::base64(mask)?));
    }
    Ok(())
}
