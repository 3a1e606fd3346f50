//! Speech of providers that answer it otherwise than as sound: as text in JSON, or by an address.

mod dashscope;
mod minimax;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{Call, Error, Outbound, Payload, Reply, Response, Step, fault};

use crate::errors;
use crate::object::{Object, text};
use crate::request;
use crate::row::Row;

/// Formats, and what their bytes are called.
const FORMATS: [(&str, &str); 5] = [
    ("mp3", "audio/mpeg"),
    ("opus", "audio/opus"),
    ("flac", "audio/flac"),
    ("wav", "audio/wav"),
    ("pcm", "audio/pcm"),
];

pub fn request(call: &Call, row: &Row, outbound: Outbound, body: &str) -> Result<Outbound, Error> {
    match row.speech.as_deref() {
        Some("dashscope") => dashscope::request(call, outbound, body),
        Some("minimax") => minimax::request(call, outbound, body),
        _ => in_document(call, row, outbound, body),
    }
}

pub fn respond(row: &Row, reply: &Reply) -> Result<Step, Error> {
    match row.speech.as_deref() {
        Some("dashscope") => dashscope::respond(reply),
        Some("minimax") => minimax::respond(reply),
        _ => of_document(reply),
    }
}

/// What is to be said.
fn text_of(asked: &Map<String, Value>) -> Result<&str, Error> {
    let text = asked.get("input").and_then(Value::as_str);
    text.ok_or_else(|| fault::invalid_request("`input` is missing, or no text"))
}

/// OpenAI's clients name voices of their own by an object.
fn voice_of(asked: &Map<String, Value>) -> Option<&str> {
    let voice = asked.get("voice")?;
    voice.as_str().or_else(|| voice.get("id")?.as_str())
}

/// What the bytes of a format are called.
fn kind_of(format: &str) -> Option<String> {
    let kind = FORMATS.iter().find(|(name, _)| *name == format);
    kind.map(|(_, kind)| (*kind).to_owned())
}

fn in_document(call: &Call, row: &Row, outbound: Outbound, body: &str) -> Result<Outbound, Error> {
    let mut patch = request::other(call, row, body)?;
    let body =
        Object::parse(body).ok_or_else(|| fault::invalid_request("the body is no JSON object"))?;
    let format = body
        .get("response_format")
        .map_or(Some("mp3".to_owned()), text);
    let format = format.unwrap_or_default();
    if !FORMATS.iter().any(|(name, _)| *name == format) {
        let all = FORMATS.map(|(name, _)| name).join(", ");
        return Err(fault::unsupported(format!(
            "`response_format` is `{format}`: {} makes {all}",
            row.title
        )));
    }
    // How the client is given it is the gateway's business.
    if body.has("stream_format") {
        patch.push(("stream_format".into(), None));
    }
    // OpenAI's clients name voices of their own by an object.
    let voice = body.get("voice").and_then(Object::parse);
    if let Some(id) = voice.as_ref().and_then(|it| it.get("id")) {
        patch.push(("voice".into(), Some(id.to_owned())));
    }
    Ok(outbound.patch(patch).state(format))
}

fn of_document(reply: &Reply) -> Result<Step, Error> {
    let answer = errors::document(reply)?;
    let sound = answer.get("audio_data").and_then(Value::as_str);
    let sound = sound.and_then(|it| STANDARD.decode(it).ok());
    let sound = sound.filter(|it| !it.is_empty()).ok_or_else(|| {
        fault::upstream("the provider's answer has no sound in base64 in `audio_data`")
    })?;
    Ok(Response {
        body: Payload::Bytes(sound),
        content_type: kind_of(&reply.state),
        headers: Vec::new(),
        usage: None,
    }
    .respond())
}
