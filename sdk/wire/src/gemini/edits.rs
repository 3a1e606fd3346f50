//! Images changed: inline beside the prompt for Gemini's image models, as numbered references for
//! Imagen (cloud.google.com/vertex-ai/generative-ai/docs/model-reference/imagen-api-edit).

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, File, fault};

use super::images::{self, Asked};
use crate::uploads;

/// Google takes 20 MB in one request, and base64 makes four bytes of three.
const MAX_BYTES: u64 = 14 << 20;

/// How far beyond its edge a mask reaches, as a share of the image; LiteLLM's choice.
const DILATION: f64 = 0.03;

/// What a request for changed images asks of a model. Only some places have Imagen's edits.
pub fn edit(model: &str, call: &Call, body: &Map<String, Value>) -> Result<Vec<Asked>, Error> {
    let prompt = images::prompt(body)?;
    let count = images::count(body)?;
    let files = |field: &'static str| call.files.iter().filter(move |it| it.field == field);
    if files("image").next().is_none() {
        return Err(fault::invalid_request(
            "`image` is missing: the picture to edit",
        ));
    }
    let gemini = images::is_gemini(model);
    // Each of Gemini's images is a request of its own with all pictures in it.
    let times = if gemini { count } else { 1 };
    let bytes = call
        .files
        .iter()
        .map(|it| it.size)
        .fold(0, u64::saturating_add);
    if bytes.saturating_mul(times) > MAX_BYTES {
        return Err(fault::invalid_request(format!(
            "the pictures have {bytes} bytes, to be sent {times} times: together they may have {MAX_BYTES}"
        )));
    }
    if gemini {
        if files("mask").next().is_some() {
            return Err(fault::unsupported(
                "Gemini's models take no `mask`: the prompt says what is to change",
            ));
        }
        let parts: Result<Vec<Value>, Error> = files("image").map(inline).collect();
        let mut parts = parts?;
        parts.push(json!({ "text": prompt }));
        return images::drawn(parts, count, body);
    }
    let pictures: Vec<&File> = files("image").collect();
    let mask = files("mask").next();
    let instance = json!({"prompt": prompt, "referenceImages": references(&pictures, mask)?});
    // The picture's own shape is kept.
    let mut parameters = images::parameters(None, body);
    let mode = if mask.is_some() {
        "EDIT_MODE_INPAINT_INSERTION"
    } else {
        "EDIT_MODE_DEFAULT"
    };
    parameters.entry("editMode").or_insert_with(|| mode.into());
    Ok(images::predicted(&instance, &parameters, count))
}

fn inline(file: &File) -> Result<Value, Error> {
    let data = uploads::base64(file)?;
    Ok(json!({"inlineData": {"mimeType": mime(file, "image/png"), "data": data}}))
}

/// What a file is: as it was sent, or by its name's end.
pub(super) fn mime(file: &File, otherwise: &str) -> String {
    const BY_END: [(&str, &str); 14] = [
        ("png", "image/png"),
        ("jpg", "image/jpeg"),
        ("jpeg", "image/jpeg"),
        ("webp", "image/webp"),
        ("heic", "image/heic"),
        ("heif", "image/heif"),
        ("wav", "audio/wav"),
        ("mp3", "audio/mp3"),
        ("mpga", "audio/mpeg"),
        ("m4a", "audio/m4a"),
        ("mp4", "audio/mp4"),
        ("ogg", "audio/ogg"),
        ("flac", "audio/flac"),
        ("webm", "audio/webm"),
    ];
    let sent = file
        .content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    if !matches!(
        sent,
        "" | "application/octet-stream" | "multipart/form-data"
    ) {
        return sent.to_owned();
    }
    let end = file.filename.rsplit('.').next().unwrap_or_default();
    let end = end.to_ascii_lowercase();
    let known = BY_END.iter().find(|(name, _)| *name == end);
    known.map_or(otherwise, |(_, kind)| kind).to_owned()
}

fn references(pictures: &[&File], mask: Option<&File>) -> Result<Vec<Value>, Error> {
    let mut all = Vec::new();
    for file in pictures {
        all.push(
            json!({"referenceType": "REFERENCE_TYPE_RAW", "referenceId": all.len() + 1,
            "referenceImage": {"bytesBase64Encoded": uploads::base64(file)?}}),
        );
    }
    if let Some(file) = mask {
        all.push(
            json!({"referenceType": "REFERENCE_TYPE_MASK", "referenceId": all.len() + 1,
            "referenceImage": {"bytesBase64Encoded": uploads::base64(file)?},
            "maskImageConfig": {"maskMode": "MASK_MODE_USER_PROVIDED", "dilation": DILATION}}),
        );
    }
    Ok(all)
}
