//! Speech: what the task is asked for, and the sound, which lies at an address.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Response, Step, fault};

/// OpenAI's voices, and Runway's that LiteLLM has for them.
const VOICES: [(&str, &str); 6] = [
    ("alloy", "Maya"),
    ("echo", "James"),
    ("fable", "Bernard"),
    ("onyx", "Vincent"),
    ("nova", "Serene"),
    ("shimmer", "Ella"),
];

/// Where Runway keeps what was made (seen 2025 and 2026).
pub const STORAGE: &str = "dnznrvs05pmza.cloudfront.net";

/// What is not sent on: it is read here, or for the gateway alone.
const READ: [&str; 7] = [
    "input",
    "metadata",
    "model",
    "response_format",
    "stream_format",
    "user",
    "voice",
];

pub fn request(call: &Call, asked: Map<String, Value>) -> Result<Value, Error> {
    let given = |name: &str| asked.get(name).filter(|it| !it.is_null());
    let text = given("input").and_then(Value::as_str);
    let text = text.ok_or_else(|| fault::invalid_request("`input` is not a text"))?;
    if given("response_format").is_some_and(|it| *it != "mp3") {
        return Err(fault::unsupported(
            "`response_format` is `mp3` only: Runway makes no other",
        ));
    }
    let voice = match given("voice") {
        Some(Value::String(name)) => {
            let known = VOICES.iter().find(|(ours, _)| ours == name);
            json!({"type": "runway-preset", "presetId": known.map_or(name.as_str(), |it| it.1)})
        }
        // One of Runway's own form.
        Some(Value::Object(voice)) => voice.clone().into(),
        _ => return Err(fault::invalid_request("`voice` is missing")),
    };
    let mut body = json!({"model": call.model, "promptText": text, "voice": voice});
    for (name, value) in &asked {
        if !READ.contains(&name.as_str()) && !value.is_null() {
            body[name] = value.clone();
        }
    }
    Ok(body)
}

/// The address is signed, so that no key goes there.
pub fn fetch(url: &str) -> Result<Outbound, Error> {
    let rest = url.strip_prefix("https://");
    let host = rest.map(|it| it.split(['/', '?', '#']).next().unwrap_or_default());
    if host == Some(STORAGE) {
        return Ok(Outbound::get(url).auth("none", &[]));
    }
    Err(fault::upstream(
        "the provider's sound lies at a host that is not known as its own",
    ))
}

/// What it costs, the gateway counts by the text.
pub fn respond(reply: &Reply) -> Step {
    Response {
        body: reply.body.clone(),
        content_type: Some("audio/mpeg".to_owned()),
        headers: Vec::new(),
        usage: None,
    }
    .respond()
}
