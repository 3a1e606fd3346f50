//! Runway: pictures and speech. A task is made, and asked after until it has ended.

mod describe;
mod speech;
mod task;

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Provider, Reply, Step, fault, parse_body, provider};

/// The provider.
pub struct Runway;

/// The version of the API, which each request has to name.
const VERSION: &str = "2024-11-06";

/// What is not sent on: it is read here, or for the gateway alone.
const READ: [&str; 7] = [
    "metadata",
    "model",
    "n",
    "prompt",
    "response_format",
    "size",
    "user",
];

impl Provider for Runway {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let (path, body) = match call.operation.as_str() {
            "images.generate" => ("/v1/text_to_image", request(call, parse_body(body)?)?),
            "audio.speech" => (
                "/v1/text_to_speech",
                speech::request(call, parse_body(body)?)?,
            ),
            other => {
                let message = format!("runwayml has no operation `{other}`");
                return Err(fault::unsupported(message));
            }
        };
        Ok(versioned(Outbound::post(path).json(&body)).send())
    }

    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        task::next(call, &replies)
    }
}

fn versioned(outbound: Outbound) -> Outbound {
    outbound.header("x-runway-version", VERSION)
}

fn request(call: &Call, asked: Map<String, Value>) -> Result<Value, Error> {
    let given = |name: &str| asked.get(name).filter(|it| !it.is_null());
    let prompt = given("prompt").and_then(Value::as_str);
    let prompt = prompt.ok_or_else(|| fault::invalid_request("`prompt` is not a text"))?;
    if given("response_format").is_some_and(|it| *it != "url") {
        return Err(fault::unsupported(
            "`response_format` is `url` only: Runway gives addresses",
        ));
    }
    let mut body =
        json!({"model": call.model, "promptText": prompt, "ratio": ratio(given("size"))?});
    for (name, value) in &asked {
        if !READ.contains(&name.as_str()) && !value.is_null() {
            body[name] = value.clone();
        }
    }
    Ok(body)
}

/// `1024x1024` is `1024:1024`. The API has no default of its own; which ones a model makes, it says.
fn ratio(size: Option<&Value>) -> Result<String, Error> {
    let text = size.map_or(Some("auto"), Value::as_str).unwrap_or_default();
    if text == "auto" {
        return Ok("1920:1080".to_owned());
    }
    let sides = text.split_once(['x', ':']);
    let number = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    match sides {
        Some((width, height)) if number(width) && number(height) => Ok(format!("{width}:{height}")),
        _ => Err(fault::invalid_request(format!(
            "`size` is `{text}`: it is a width and a height, as in `1024x1024`"
        ))),
    }
}

provider!(Runway);

#[cfg(test)]
mod tests;
