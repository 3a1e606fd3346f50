//! Amazon Polly: speech. The model is the engine, and the gateway signs.

mod describe;

use sluice_sdk::fault::{self, ErrorExt as _, kind};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Provider, Reply, Step, parse_body, provider};

/// The provider.
pub struct Polly;

/// Where nothing else is said, as LiteLLM has it.
const DEFAULT_REGION: &str = "us-east-1";

const ENGINES: [&str; 4] = ["standard", "neural", "long-form", "generative"];

/// LiteLLM's choice of voices for OpenAI's names; any other word is a voice of Polly's.
const VOICES: [(&str, &str); 6] = [
    ("alloy", "Joanna"),
    ("echo", "Matthew"),
    ("fable", "Amy"),
    ("nova", "Ivy"),
    ("onyx", "Brian"),
    ("shimmer", "Kendra"),
];

/// Polly's formats. Its `pcm` has 16 kHz at most.
const FORMATS: [&str; 4] = ["mp3", "ogg_opus", "ogg_vorbis", "pcm"];

/// Polly's own options, under LiteLLM's names and Polly's.
const OPTIONS: [(&str, &str); 3] = [
    ("language_code", "LanguageCode"),
    ("lexicon_names", "LexiconNames"),
    ("sample_rate", "SampleRate"),
];

impl Provider for Polly {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        if call.operation != "audio.speech" {
            let other = &call.operation;
            return Err(fault::unsupported(format!(
                "aws_polly has no operation `{other}`"
            )));
        }
        let body = request(call, &parse_body(body)?)?;
        let (url, region) = place(call)?;
        let signed = [("service", "polly"), ("region", region.as_str())];
        Ok(Outbound::post(url)
            .json(&body)
            .auth("sigv4", &signed)
            .canonical()
            .send())
    }

    /// AWS names what went wrong in a header.
    fn map_error(_call: &Call, reply: &Reply) -> Option<Error> {
        let name = reply.header("x-amzn-errortype").unwrap_or_default();
        let name = name.split([':', '#']).next().unwrap_or_default();
        let kind = match name {
            "TextLengthExceededException" => kind::CONTEXT_WINDOW,
            "ThrottlingException" | "TooManyRequestsException" => kind::RATE_LIMIT,
            "AccessDeniedException" => kind::PERMISSION,
            "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "ExpiredTokenException"
            | "MissingAuthenticationTokenException" => kind::AUTHENTICATION,
            _ => return None,
        };
        let document = reply.json().ok()?;
        let message = document.get("message").or_else(|| document.get("Message"));
        let message = message.and_then(Value::as_str).unwrap_or(name);
        let error = fault::error(kind, message).with_status(reply.status);
        Some(error.with_detail(&document))
    }
}

/// The address, a path where the deployment has its own base URL, and the region.
fn place(call: &Call) -> Result<(String, String), Error> {
    let config = call.config();
    let region = config.get("aws_region_name").and_then(Value::as_str);
    let region = region.filter(|it| !it.is_empty()).unwrap_or(DEFAULT_REGION);
    let plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    if !region.bytes().all(plain) {
        return Err(fault::invalid_request(format!(
            "`aws_region_name` is {region:?}, which is no region"
        )));
    }
    let own_base = call.context().get("base_url").is_some_and(Value::is_string);
    let china = if region.starts_with("cn-") { ".cn" } else { "" };
    let host = format!("https://polly.{region}.amazonaws.com{china}");
    let base = if own_base { "" } else { host.as_str() };
    Ok((format!("{base}/v1/speech"), region.to_owned()))
}

fn request(call: &Call, asked: &Map<String, Value>) -> Result<Value, Error> {
    let given = |name: &str| asked.get(name).filter(|it| !it.is_null());
    let text = given("input").and_then(Value::as_str);
    let text = text
        .filter(|it| !it.is_empty())
        .ok_or_else(|| fault::invalid_request("`input` is missing: the text to speak"))?;
    let engine = call.model.rsplit('/').next().unwrap_or_default();
    if !ENGINES.contains(&engine) {
        let all = ENGINES.join(", ");
        return Err(fault::error(
            kind::NOT_FOUND,
            format!("`{engine}` is no engine of Polly's: there are {all}"),
        ));
    }
    let voice = given("voice");
    let word = voice.and_then(|it| it.as_str().or_else(|| it.get("id")?.as_str()));
    let word = word.unwrap_or("Joanna");
    let known = VOICES.iter().find(|(name, _)| *name == word);
    let format = given("response_format").map_or(Some("mp3"), Value::as_str);
    let format = format.unwrap_or_default();
    if !FORMATS.contains(&format) {
        let all = FORMATS.join(", ");
        return Err(fault::unsupported(format!(
            "`response_format` is `{format}`: Polly makes {all}"
        )));
    }
    // Texts with marks of their own begin with their root.
    let marked = text.trim_start().starts_with("<speak");
    let mut body = json!({
        "Engine": engine,
        "OutputFormat": format,
        "Text": text,
        "TextType": if marked { "ssml" } else { "text" },
        "VoiceId": known.map_or(word, |it| it.1)
    });
    for (name, own) in OPTIONS {
        if let Some(value) = given(name).or_else(|| given(own)) {
            body[own] = value.clone();
        }
    }
    Ok(body)
}

provider!(Polly);

#[cfg(test)]
mod tests;
