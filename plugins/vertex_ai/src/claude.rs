//! Anthropic's models: their own dialect, with the model in the address.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, fault};
use sluice_wire::anthropic::{Envelope, request};

use crate::family::Model;
use crate::place::{self, Place};

/// The version of the dialect here; it stands in the body, not in a header.
const VERSION: &str = "vertex-2023-10-16";

/// A chat, translated.
pub fn chat(call: &Call, model: Model<'_>, body: Map<String, Value>) -> Result<Outbound, Error> {
    // An organization's policy has output formats switched off unless it says otherwise.
    let mut translated = request::from_chat_without_formats(call, body)?;
    if let Some(members) = translated.body.as_object_mut() {
        members.shift_remove("model");
        members.insert("anthropic_version".into(), VERSION.into());
    }
    let betas = std::mem::take(&mut translated.betas);
    let envelope = envelope(call, model.name, verb(call), betas)?;
    Ok(translated.outbound(envelope, call.streaming))
}

/// Messages as the client wrote them.
pub fn messages(call: &Call, model: Model<'_>) -> Result<Outbound, Error> {
    let envelope = envelope(call, model.name, verb(call), Vec::new())?;
    Ok(envelope
        .post()
        .patch(vec![("model".into(), None), version()])
        .canonical())
}

/// The model stays in the body: the address is that of the counter.
pub fn count(call: &Call, model: Model<'_>) -> Result<Outbound, Error> {
    let envelope = envelope(call, "count-tokens", "rawPredict", Vec::new())?;
    let model = json!(model.name).to_string();
    let patch = vec![("model".into(), Some(model)), version()];
    Ok(envelope.post().patch(patch).canonical())
}

/// The tokens of a chat.
pub fn count_chat(
    call: &Call,
    model: Model<'_>,
    body: Map<String, Value>,
) -> Result<Outbound, Error> {
    let mut translated = request::from_chat_without_formats(call, body)?;
    if let Some(members) = translated.body.as_object_mut() {
        members.insert("model".into(), model.name.into());
        members.insert("anthropic_version".into(), VERSION.into());
    }
    let betas = std::mem::take(&mut translated.betas);
    let envelope = envelope(call, "count-tokens", "rawPredict", betas)?;
    Ok(envelope.post().json(&translated.counted()).canonical())
}

fn version() -> (String, Option<String>) {
    ("anthropic_version".into(), Some(json!(VERSION).to_string()))
}

fn verb(call: &Call) -> &'static str {
    if call.streaming {
        "streamRawPredict"
    } else {
        "rawPredict"
    }
}

fn envelope(call: &Call, name: &str, verb: &str, betas: Vec<String>) -> Result<Envelope, Error> {
    if place::has_key(call) {
        return Err(fault::invalid_request(
            "Anthropic's models at Vertex AI take no API key: give `vertex_credentials`",
        ));
    }
    let url = Place::of(call)?.model("v1", "anthropic", name, verb);
    Ok(Envelope::new(url).betas(call, betas))
}
