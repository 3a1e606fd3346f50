//! A transcription as an address with a body.

use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{Body, Call, Error, Outbound, fault, write_json};

use crate::Asked;

/// Formats that tell who spoke when, or what was said when.
const TIMED: [&str; 4] = ["verbose_json", "srt", "vtt", "diarized_json"];

pub fn transcribe(call: &Call, body: &Map<String, Value>) -> Result<Outbound, Error> {
    let file = call.files.iter().find(|it| it.field == "file");
    let file =
        file.ok_or_else(|| fault::invalid_request("`file` is missing: the sound to transcribe"))?;
    let given = |name: &str| body.get(name).filter(|it| !it.is_null() && **it != "");
    let format = sluice_transcript::format(body).map_err(fault::invalid_request)?;
    let config = call.config();
    let mut query = vec![("model".to_owned(), call.model.clone())];
    let language = given("language")
        .or_else(|| config.get("language"))
        .and_then(Value::as_str);
    query.extend(language.map(|it| ("language".to_owned(), it.to_owned())));
    // Options of Deepgram's own go into the address.
    for (name, value) in sluice_transcript::own(body) {
        let name = name.trim_end_matches("[]");
        match value {
            Value::Array(list) => query.extend(list.iter().map(|it| (name.to_owned(), text(it)))),
            Value::Object(_) => {
                return Err(fault::invalid_request(format!(
                    "`{name}` is an object: options are texts, numbers and lists"
                )));
            }
            value => query.push((name.to_owned(), text(value))),
        }
    }
    let mut default = |name: &str, when: bool| {
        if when && !query.iter().any(|(known, _)| known == name) {
            query.push((name.to_owned(), "true".to_owned()));
        }
    };
    default("punctuate", true);
    default("utterances", TIMED.contains(&format));
    let named = body.contains_key("diarize_model");
    default("diarize", format == "diarized_json" && !named);
    let pairs: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
        .collect();
    let asked = Asked {
        format: format.to_owned(),
        language: language.map(str::to_owned),
    };
    let mut outbound =
        Outbound::post(format!("/listen?{}", pairs.join("&"))).state(write_json(&asked));
    outbound.body = Body::File(file.id);
    Ok(outbound)
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

pub fn escaped(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}
