//! Speech of Alibaba's Model Studio: the answer says where the sound lies.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Response, Step, fault};

use super::{text_of, voice_of};
use crate::errors;

/// The hosts of its storage.
const STORAGE: &str = ".aliyuncs.com";

/// Members that are read here, and those that are for the gateway alone.
const READ: [&str; 7] = [
    "input",
    "metadata",
    "model",
    "response_format",
    "stream_format",
    "user",
    "voice",
];

pub fn request(call: &Call, outbound: Outbound, body: &str) -> Result<Outbound, Error> {
    let asked: Map<String, Value> = sluice_sdk::parse_body(body)?;
    let format = asked.get("response_format").filter(|it| !it.is_null());
    if format.is_some_and(|it| it != "wav") {
        return Err(fault::unsupported(
            "`response_format` is `wav` only: Model Studio makes no other",
        ));
    }
    let mut input = json!({"text": text_of(&asked)?});
    if let Some(voice) = voice_of(&asked) {
        input["voice"] = voice.into();
    }
    for (name, value) in &asked {
        if !READ.contains(&name.as_str()) && !value.is_null() {
            input[name] = value.clone();
        }
    }
    Ok(outbound.json(&json!({"model": call.model, "input": input})))
}

/// The sound itself, once it is fetched; its usage is the state until then.
pub fn respond(reply: &Reply) -> Result<Step, Error> {
    if !reply.state.is_empty() {
        let usage = sluice_sdk::serde_json::from_str(&reply.state).unwrap_or(Value::Null);
        let response = Response {
            body: reply.body.clone(),
            content_type: Some("audio/wav".to_owned()),
            headers: Vec::new(),
            usage: None,
        };
        return Ok(response.usage(&usage).respond());
    }
    let answer = errors::document(reply)?;
    let url = answer.pointer("/output/audio/url").and_then(Value::as_str);
    let url = url.ok_or_else(|| fault::upstream("the provider's answer has no sound"))?;
    let usage = answer.get("usage").cloned().unwrap_or_else(|| json!({}));
    let fetch = Outbound::get(address(url)?).auth("none", &[]);
    Ok(fetch.state(usage.to_string()).send())
}

/// Addresses are signed, so that no key goes there, and come without encryption, which the storage
/// has too.
fn address(url: &str) -> Result<String, Error> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let host = rest.map(|it| it.split(['/', '?', '#']).next().unwrap_or_default());
    let plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'-');
    match rest.zip(host) {
        Some((rest, host)) if host.ends_with(STORAGE) && host.bytes().all(plain) => {
            Ok(format!("https://{rest}"))
        }
        _ => Err(fault::upstream(
            "the provider's sound lies at a host that is not its own",
        )),
    }
}
