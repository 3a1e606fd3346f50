//! Images of a text: base64 in a document from some models, the picture itself from others.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, Outbound, Payload, Reply, Response, Step, fault};
use sluice_wire::base64;

use super::result;

/// Members that are read here. Any other is the model's own (`steps`, `seed`, `negative_prompt`).
const READ: [&str; 8] = [
    "metadata",
    "model",
    "n",
    "prompt",
    "quality",
    "response_format",
    "size",
    "user",
];

pub fn request(outbound: Outbound, body: &str) -> Result<Outbound, Error> {
    let body: Map<String, Value> = sluice_sdk::parse_body(body)?;
    let given = |name: &str| body.get(name).filter(|it| !it.is_null());
    let prompt = given("prompt").and_then(Value::as_str);
    let prompt = prompt.ok_or_else(|| fault::invalid_request("`prompt` is no text"))?;
    if given("n").is_some_and(|it| it.as_u64() != Some(1)) {
        return Err(fault::unsupported("`n` is 1: Cloudflare makes one image"));
    }
    if given("response_format").is_some_and(|it| it != "b64_json") {
        return Err(fault::unsupported(
            "`response_format` is `b64_json`: Cloudflare keeps no images",
        ));
    }
    let mut sent = json!({"prompt": prompt});
    if let Some(size) = given("size").filter(|it| **it != "auto") {
        let pair = size.as_str().and_then(|it| it.split_once('x'));
        let number = |text: &str| text.parse::<u32>().ok().filter(|it| *it > 0);
        let pair = pair.and_then(|(width, height)| Some((number(width)?, number(height)?)));
        let (width, height) = pair.ok_or_else(|| {
            fault::invalid_request("`size` is a width and a height, as `1024x1024`")
        })?;
        sent["width"] = width.into();
        sent["height"] = height.into();
    }
    for (name, value) in &body {
        if !READ.contains(&name.as_str()) && !value.is_null() {
            sent[name] = value.clone();
        }
    }
    Ok(outbound.json(&sent))
}

pub fn respond(reply: &Reply) -> Result<Step, Error> {
    let image = match &reply.body {
        Payload::Bytes(bytes) if !bytes.is_empty() => base64::encoded(bytes),
        _ => {
            let result = result(reply)?;
            let image = result.get("image").and_then(Value::as_str);
            image
                .ok_or_else(|| fault::upstream("the provider's answer has no `image`"))?
                .to_owned()
        }
    };
    Ok(Response::json(&json!({"data": [{"b64_json": image}]})).respond())
}
