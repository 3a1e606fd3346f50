//! Images: Imagen's `predict`, and `generateContent` of Gemini's image models.

use sluice_sdk::fault::{self, kind};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Reply, Response, Step};
use sluice_wire::gemini::errors;

use crate::embeddings::many;
use crate::family::Model;
use crate::google;

/// Images in one call, of Imagen's and of all together.
const MAX_IMAGES: u64 = 10;
const MAX_SAMPLES: u64 = 4;

/// Ratios of sides that the models know.
const RATIOS: [(&str, f64); 5] = [
    ("1:1", 1.0),
    ("3:4", 0.75),
    ("4:3", 4.0 / 3.0),
    ("9:16", 0.5625),
    ("16:9", 16.0 / 9.0),
];

pub fn request(call: &Call, model: Model<'_>, body: &Map<String, Value>) -> Result<Step, Error> {
    let prompt = body.get("prompt").and_then(Value::as_str);
    let prompt = prompt.ok_or_else(|| fault::invalid_request("`prompt` is no text"))?;
    if body.get("response_format") == Some(&"url".into()) {
        return Err(fault::unsupported(
            "Vertex AI gives images as bytes: `response_format` has to be `b64_json`",
        ));
    }
    let count = match body.get("n") {
        None | Some(Value::Null) => 1,
        Some(given) => given
            .as_u64()
            .filter(|it| (1..=MAX_IMAGES).contains(it))
            .ok_or_else(|| {
                fault::invalid_request(format!("`n` is no number from 1 to {MAX_IMAGES}"))
            })?,
    };
    let ratio = ratio(body)?;
    let mut requests = Vec::new();
    if model.name.starts_with("gemini") {
        let mut config = json!({"responseModalities": ["TEXT", "IMAGE"]});
        if let Some(ratio) = ratio {
            config["imageConfig"] = json!({ "aspectRatio": ratio });
        }
        let sent = json!({"contents": [{"role": "user", "parts": [{"text": prompt}]}],
            "generationConfig": config});
        for _ in 0..count {
            requests.push(google::post(call, model, "generateContent")?.json(&sent));
        }
    } else {
        let mut left = count;
        while left > 0 {
            let samples = left.min(MAX_SAMPLES);
            left -= samples;
            let sent = imagen(prompt, samples, ratio, body);
            requests.push(google::post(call, model, "predict")?.json(&sent));
        }
    }
    many(requests).ok_or_else(|| fault::internal("no image is asked for"))
}

fn imagen(prompt: &str, samples: u64, ratio: Option<&str>, body: &Map<String, Value>) -> Value {
    let mut parameters = Map::new();
    parameters.insert("sampleCount".into(), samples.into());
    if let Some(ratio) = ratio {
        parameters.insert("aspectRatio".into(), ratio.into());
    }
    if let Some(format) = body.get("output_format").and_then(Value::as_str) {
        let mime = format!("image/{format}");
        parameters.insert("outputOptions".into(), json!({ "mimeType": mime }));
    }
    const READ: [&str; 7] = [
        "model",
        "prompt",
        "n",
        "size",
        "response_format",
        "output_format",
        "user",
    ];
    // Imagen's own parameters are let through.
    for (name, value) in body
        .iter()
        .filter(|(name, _)| !READ.contains(&name.as_str()))
    {
        if !value.is_null() {
            parameters
                .entry(name.clone())
                .or_insert_with(|| value.clone());
        }
    }
    json!({"instances": [{"prompt": prompt}], "parameters": parameters})
}

/// The nearest ratio to `size`.
fn ratio(body: &Map<String, Value>) -> Result<Option<&'static str>, Error> {
    let size = match body.get("size") {
        None | Some(Value::Null) => return Ok(None),
        Some(size) if size == "auto" => return Ok(None),
        Some(size) => size,
    };
    let sides = size.as_str().and_then(|it| it.split_once('x'));
    let sides = sides.and_then(|(width, height)| {
        Some((width.parse::<u32>().ok()?, height.parse::<u32>().ok()?))
    });
    let Some((width, height)) = sides.filter(|(width, height)| *width > 0 && *height > 0) else {
        let message = format!("`size` is {size}, which is no size like `1024x1024`");
        return Err(fault::invalid_request(message));
    };
    let wanted = f64::from(width) / f64::from(height);
    let far = |ratio: f64| (ratio / wanted).ln().abs();
    let nearest = RATIOS.iter().min_by(|a, b| far(a.1).total_cmp(&far(b.1)));
    Ok(nearest.map(|(name, _)| *name))
}

pub fn answer(replies: &[Reply]) -> Result<Response, Error> {
    let mut data = Vec::new();
    let mut refused = None;
    let mut tokens = [0_u64; 2];
    for reply in replies {
        let answer = reply.json()?;
        if let Some(error) = errors::find(&answer) {
            return Err(errors::of(error));
        }
        for image in images(&answer) {
            match image {
                Image::Data(bytes) => data.push(json!({ "b64_json": bytes })),
                Image::Refused(why) => refused = Some(why),
            }
        }
        let counted = |name: &str| answer.pointer(&format!("/usageMetadata/{name}"))?.as_u64();
        let input = counted("promptTokenCount").unwrap_or(0);
        let output = counted("candidatesTokenCount").unwrap_or(0);
        tokens = [
            tokens[0].saturating_add(input),
            tokens[1].saturating_add(output),
        ];
    }
    if data.is_empty() {
        return Err(match refused {
            Some(why) => fault::error(kind::CONTENT_POLICY, why),
            None => fault::upstream("the provider's answer has no image"),
        });
    }
    let [input, output] = tokens;
    let mut result = json!({ "data": data });
    if input > 0 || output > 0 {
        result["usage"] = json!({"input_tokens": input, "output_tokens": output,
            "total_tokens": input.saturating_add(output)});
    }
    Ok(Response::json(&result))
}

enum Image {
    Data(Value),
    Refused(String),
}

fn images(answer: &Value) -> Vec<Image> {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let mut found = Vec::new();
    for prediction in list(answer.get("predictions")) {
        if let Some(bytes) = prediction.get("bytesBase64Encoded") {
            found.push(Image::Data(bytes.clone()));
        } else if let Some(why) = prediction.get("raiFilteredReason").and_then(Value::as_str) {
            found.push(Image::Refused(why.to_owned()));
        }
    }
    for candidate in list(answer.get("candidates")) {
        let parts = list(candidate.pointer("/content/parts"));
        let bytes = parts.iter().filter_map(|it| it.pointer("/inlineData/data"));
        found.extend(bytes.map(|it| Image::Data(it.clone())));
        let reason = candidate.get("finishReason").and_then(Value::as_str);
        if let Some(reason) = reason.filter(|it| *it != "STOP") {
            found.push(Image::Refused(format!("the image was refused: {reason}")));
        }
    }
    if let Some(reason) = answer.pointer("/promptFeedback/blockReason") {
        found.push(Image::Refused(format!("the prompt was refused: {reason}")));
    }
    found
}
