//! Images: Imagen's `predict`, and `generateContent` of Gemini's image models
//! (ai.google.dev/gemini-api/docs/imagen and /image-generation; Vertex AI has both in one form).

use sluice_sdk::fault::{self, kind};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, Reply, Response};

use crate::gemini::{errors, usage};

pub use super::edits::edit;

/// What neither family can be told.
pub const UNSUPPORTED: [&str; 7] = [
    "background",
    "moderation",
    "output_compression",
    "partial_images",
    "quality",
    "style",
    "input_fidelity",
];

/// What Gemini's models cannot be told besides: Imagen's parameters, in OpenAI's name or its own.
pub const GEMINIS_UNSUPPORTED: [&str; 11] = [
    "output_format",
    "addWatermark",
    "aspectRatio",
    "editMode",
    "enhancePrompt",
    "guidanceScale",
    "negativePrompt",
    "outputOptions",
    "personGeneration",
    "safetySetting",
    "seed",
];

/// The models that [`is_gemini`] knows, as a pattern.
pub const GEMINIS: &str = "*gemini*";

/// Images in one call, of Imagen's and of all together.
const MAX_IMAGES: u64 = 10;
const MAX_SAMPLES: u64 = 4;

/// Ratios of sides that Imagen knows.
const IMAGENS_RATIOS: [(u16, u16); 5] = [(1, 1), (3, 4), (4, 3), (9, 16), (16, 9)];

/// Ratios of sides that Gemini's models know.
const GEMINIS_RATIOS: [(u16, u16); 10] = [
    (1, 1),
    (2, 3),
    (3, 2),
    (3, 4),
    (4, 3),
    (4, 5),
    (5, 4),
    (9, 16),
    (16, 9),
    (21, 9),
];

/// A request to a model: the method, and the body.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub verb: &'static str,
    pub body: Value,
}

/// Whether the model speaks `generateContent`; others take `predict`.
pub fn is_gemini(model: &str) -> bool {
    model.contains("gemini")
}

/// What a request for new images asks of a model; several where one makes too few.
pub fn generate(model: &str, body: &Map<String, Value>) -> Result<Vec<Asked>, Error> {
    let prompt = prompt(body)?;
    let count = count(body)?;
    if is_gemini(model) {
        let parts = vec![json!({ "text": prompt })];
        return drawn(parts, count, body);
    }
    let instance = json!({ "prompt": prompt });
    let parameters = parameters(ratio(body, &IMAGENS_RATIOS)?, body);
    Ok(predicted(&instance, &parameters, count))
}

pub(super) fn prompt(body: &Map<String, Value>) -> Result<&str, Error> {
    let prompt = body.get("prompt").and_then(Value::as_str);
    let prompt = prompt.filter(|it| !it.is_empty());
    let prompt = prompt.ok_or_else(|| fault::invalid_request("`prompt` is no text"))?;
    if body.get("response_format") == Some(&"url".into()) {
        return Err(fault::unsupported(
            "Google gives images as bytes: `response_format` has to be `b64_json`",
        ));
    }
    Ok(prompt)
}

pub(super) fn count(body: &Map<String, Value>) -> Result<u64, Error> {
    let Some(given) = body.get("n").filter(|it| !it.is_null()) else {
        return Ok(1);
    };
    given
        .as_u64()
        .filter(|it| (1..=MAX_IMAGES).contains(it))
        .ok_or_else(|| fault::invalid_request(format!("`n` is no number from 1 to {MAX_IMAGES}")))
}

/// `generateContent`, once for each image: these models make one at a time. Their own `imageConfig`
/// goes on.
pub(super) fn drawn(
    parts: Vec<Value>,
    count: u64,
    body: &Map<String, Value>,
) -> Result<Vec<Asked>, Error> {
    let mut image = match body.get("imageConfig").filter(|it| !it.is_null()) {
        None => Map::new(),
        Some(Value::Object(own)) => own.clone(),
        Some(_) => return Err(fault::invalid_request("`imageConfig` is no object")),
    };
    if let Some(ratio) = ratio(body, &GEMINIS_RATIOS)? {
        image.entry("aspectRatio").or_insert_with(|| ratio.into());
    }
    let mut config = json!({"responseModalities": ["TEXT", "IMAGE"]});
    if !image.is_empty() {
        config["imageConfig"] = image.into();
    }
    let one = Asked {
        verb: "generateContent",
        body: json!({"contents": [{"role": "user", "parts": parts}], "generationConfig": config}),
    };
    Ok((0..count).map(|_| one.clone()).collect())
}

/// `predict`, as often as it takes.
pub(super) fn predicted(
    instance: &Value,
    parameters: &Map<String, Value>,
    count: u64,
) -> Vec<Asked> {
    let mut all = Vec::new();
    let mut left = count;
    while left > 0 {
        let samples = left.min(MAX_SAMPLES);
        left -= samples;
        let mut parameters = parameters.clone();
        parameters.insert("sampleCount".into(), samples.into());
        all.push(Asked {
            verb: "predict",
            body: json!({"instances": [instance], "parameters": parameters}),
        });
    }
    all
}

/// Imagen's parameters: its own are let through.
pub(super) fn parameters(ratio: Option<String>, body: &Map<String, Value>) -> Map<String, Value> {
    const READ: [&str; 10] = [
        "model",
        "prompt",
        "n",
        "size",
        "response_format",
        "output_format",
        "user",
        "image",
        "mask",
        "metadata",
    ];
    let mut parameters = Map::new();
    if let Some(ratio) = ratio {
        parameters.insert("aspectRatio".into(), ratio.into());
    }
    if let Some(format) = body.get("output_format").and_then(Value::as_str) {
        let mime = format!("image/{format}");
        parameters.insert("outputOptions".into(), json!({ "mimeType": mime }));
    }
    for (name, value) in body {
        if !READ.contains(&name.as_str()) && !value.is_null() {
            let place = parameters.entry(name.clone());
            place.or_insert_with(|| value.clone());
        }
    }
    parameters
}

/// The nearest of these ratios to `size`.
fn ratio(body: &Map<String, Value>, known: &[(u16, u16)]) -> Result<Option<String>, Error> {
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
    let far = |(a, b): &(u16, u16)| (f64::from(*a) / f64::from(*b) / wanted).ln().abs();
    let nearest = known.iter().min_by(|a, b| far(a).total_cmp(&far(b)));
    Ok(nearest.map(|(a, b)| format!("{a}:{b}")))
}

/// The images of all answers, and the tokens where they tell any.
pub fn answer(replies: &[Reply]) -> Result<Response, Error> {
    let mut data = Vec::new();
    let mut refused = None;
    let mut used = Map::new();
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
        if let Some(counted) = answer.get("usageMetadata") {
            add(&mut used, tokens(counted));
        }
    }
    if data.is_empty() {
        return Err(match refused {
            Some(why) => fault::error(kind::CONTENT_POLICY, why),
            None => fault::upstream("the provider's answer has no image"),
        });
    }
    let mut result = json!({ "data": data });
    if !used.is_empty() {
        result["usage"] = used.into();
    }
    Ok(Response::json(&result))
}

/// The usage as OpenAI's images tell it. Images cost more a token than texts do.
fn tokens(counted: &Value) -> Map<String, Value> {
    let whole = usage::canonical(counted);
    let mut used = Map::new();
    for (from, to) in [
        ("prompt_tokens", "input_tokens"),
        ("completion_tokens", "output_tokens"),
        ("total_tokens", "total_tokens"),
        ("prompt_tokens_details", "input_tokens_details"),
        ("completion_tokens_details", "output_tokens_details"),
    ] {
        used.insert(to.to_owned(), whole.get(from).cloned().unwrap_or_default());
    }
    let told = counted.get("candidatesTokensDetails").is_some();
    let details = used.get_mut("output_tokens_details");
    if let Some(details) = details.and_then(Value::as_object_mut).filter(|_| !told) {
        // Where an answer tells no kinds, all but the thoughts is image.
        let made = counted.get("candidatesTokenCount").cloned();
        details.insert("image_tokens".into(), made.unwrap_or_else(|| 0.into()));
    }
    used
}

/// Adds the numbers of one usage to another's.
fn add(sum: &mut Map<String, Value>, more: Map<String, Value>) {
    for (name, value) in more {
        match (sum.get_mut(&name), value) {
            (Some(Value::Object(inner)), Value::Object(more)) => add(inner, more),
            (Some(known), value) => {
                let both = known.as_u64().zip(value.as_u64());
                if let Some((a, b)) = both {
                    *known = a.saturating_add(b).into();
                }
            }
            (None, value) => {
                sum.insert(name, value);
            }
        }
    }
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
        // Sketches on the way are thoughts.
        let shown = parts
            .iter()
            .filter(|it| it.get("thought") != Some(&true.into()));
        let bytes = shown.filter_map(|it| it.pointer("/inlineData/data"));
        found.extend(bytes.map(|it| Image::Data(it.clone())));
        let reason = candidate.get("finishReason").and_then(Value::as_str);
        if let Some(reason) = reason.filter(|it| !matches!(*it, "STOP" | "MAX_TOKENS")) {
            found.push(Image::Refused(format!("the image was refused: {reason}")));
        }
    }
    if let Some(reason) = answer.pointer("/promptFeedback/blockReason") {
        found.push(Image::Refused(format!("the prompt was refused: {reason}")));
    }
    found
}
