//! Speech of MiniMax: the sound stands in the answer, in hexadecimal digits.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Payload, Reply, Response, Step, fault};

use super::{kind_of, text_of, voice_of};
use crate::errors;

const FORMATS: [&str; 4] = ["mp3", "pcm", "flac", "wav"];

/// OpenAI's voices, and those that LiteLLM has for them here.
const VOICES: [(&str, &str); 6] = [
    ("alloy", "male-qn-qingse"),
    ("echo", "male-qn-jingying"),
    ("fable", "female-shaonv"),
    ("onyx", "male-qn-badao"),
    ("nova", "female-yujie"),
    ("shimmer", "female-tianmei"),
];

/// Members that are read here, and those that are for the gateway alone.
const READ: [&str; 11] = [
    "audio_setting",
    "input",
    "metadata",
    "model",
    "output_format",
    "response_format",
    "speed",
    "stream_format",
    "user",
    "voice",
    "voice_setting",
];

pub fn request(call: &Call, outbound: Outbound, body: &str) -> Result<Outbound, Error> {
    let asked: Map<String, Value> = sluice_sdk::parse_body(body)?;
    let given = |name: &str| asked.get(name).filter(|it| !it.is_null());
    let format = given("response_format").map_or(Some("mp3"), Value::as_str);
    let format = format.filter(|it| FORMATS.contains(it)).ok_or_else(|| {
        let all = FORMATS.join(", ");
        fault::unsupported(format!("`response_format` is none of {all}"))
    })?;
    let mut body = json!({"model": call.model, "text": text_of(&asked)?, "stream": false,
        "output_format": "hex", "voice_setting": {}, "audio_setting": {"format": format}});
    if let Some(voice) = voice_of(&asked) {
        let known = VOICES.iter().find(|(name, _)| *name == voice);
        body["voice_setting"]["voice_id"] = known.map_or(voice, |it| it.1).into();
    }
    if let Some(speed) = given("speed") {
        body["voice_setting"]["speed"] = speed.clone();
    }
    for group in ["voice_setting", "audio_setting"] {
        for (name, value) in given(group)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            body[group][name] = value.clone();
        }
    }
    for (name, value) in &asked {
        if !READ.contains(&name.as_str()) && !value.is_null() {
            body[name] = value.clone();
        }
    }
    Ok(outbound.json(&body).state(format))
}

pub fn respond(reply: &Reply) -> Result<Step, Error> {
    let answer = errors::document(reply)?;
    let sound = answer.pointer("/data/audio").and_then(Value::as_str);
    let sound = sound.and_then(bytes).filter(|it| !it.is_empty());
    let sound = sound.ok_or_else(|| {
        fault::upstream("the provider's answer has no sound in hexadecimal digits")
    })?;
    let response = Response {
        body: Payload::Bytes(sound),
        content_type: kind_of(&reply.state),
        headers: Vec::new(),
        usage: None,
    };
    let paid = answer.pointer("/extra_info/usage_characters");
    Ok(match paid.filter(|it| it.is_u64()) {
        Some(characters) => response.usage(&json!({ "characters": characters })),
        None => response,
    }
    .respond())
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let value = |it: u8| char::from(it).to_digit(16);
    let pairs = digits.chunks_exact(2);
    let byte = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(value(*high)? << 4 | value(*low)?).ok(),
        _ => None,
    };
    pairs.map(byte).collect()
}
