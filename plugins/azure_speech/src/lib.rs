//! Azure's speech service: texts become sound through a document of SSML.

mod describe;
mod ssml;

use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{
    Body, Call, Error, Outbound, Payload, Provider, Step, fault, parse_body, provider,
};

/// The provider.
pub struct AzureSpeech;

/// Where the service takes texts.
const PATH: &str = "/cognitiveservices/v1";

/// OpenAI's formats; any other word with a rate in it is a format of Azure's.
const FORMATS: [(&str, &str); 4] = [
    ("mp3", "audio-24khz-48kbitrate-mono-mp3"),
    ("opus", "ogg-48khz-16bit-mono-opus"),
    ("pcm", "raw-24khz-16bit-mono-pcm"),
    ("wav", "riff-24khz-16bit-mono-pcm"),
];

impl Provider for AzureSpeech {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        if call.operation != "audio.speech" {
            let other = &call.operation;
            return Err(fault::unsupported(format!(
                "azure_speech has no operation `{other}`"
            )));
        }
        let asked: Map<String, Value> = parse_body(body)?;
        let mut outbound = Outbound::post(url(call)?)
            .header("content-type", "application/ssml+xml")
            .header("x-microsoft-outputformat", format(&asked)?)
            .header("user-agent", "sluice")
            .canonical();
        outbound.body = Body::Raw(Payload::Text(ssml::document(call, &asked)?));
        Ok(outbound.send())
    }
}

/// The region's address, or a path on the deployment's own. A base URL of the region's other
/// services leads to that of speech.
fn url(call: &Call) -> Result<String, Error> {
    const OTHER: &str = ".api.cognitive.microsoft.com";
    let (config, context) = (call.config(), call.context());
    let base = context.get("base_url").and_then(Value::as_str);
    let base = base.map(|it| it.trim_end_matches('/'));
    let other = base.and_then(|it| it.strip_prefix("https://")?.strip_suffix(OTHER));
    let setting = config.get("azure_speech_region").and_then(Value::as_str);
    let region = match (base, other) {
        (Some(base), None) if base.ends_with(PATH) => return Ok(base.to_owned()),
        (Some(_), None) => return Ok(PATH.to_owned()),
        (_, region) => region.or(setting),
    };
    let plain = |it: &&str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric());
    let region = region.filter(plain).ok_or_else(|| {
        fault::invalid_request(
            "azure_speech needs an `api_base`, or `azure_speech_region` in the deployment's settings",
        )
    })?;
    Ok(format!("https://{region}.tts.speech.microsoft.com{PATH}"))
}

fn format(asked: &Map<String, Value>) -> Result<&str, Error> {
    let wanted = asked.get("response_format").filter(|it| !it.is_null());
    let word = wanted
        .map_or(Some("mp3"), Value::as_str)
        .unwrap_or_default();
    let known = FORMATS.iter().find(|(name, _)| *name == word);
    let plain = |it: char| it.is_ascii_alphanumeric() || it == '-';
    match known {
        Some((_, format)) => Ok(format),
        None if word.contains("khz-") && word.chars().all(plain) => Ok(word),
        None => Err(fault::unsupported(format!(
            "`response_format` is `{word}`: Azure makes mp3, opus, pcm, wav and its own formats"
        ))),
    }
}

provider!(AzureSpeech);

#[cfg(test)]
mod tests;
