//! A text as a document of SSML.

use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{Call, Error, fault};

/// LiteLLM's choice of voices for OpenAI's names; any other word is a voice of Azure's.
const VOICES: [(&str, &str); 6] = [
    ("alloy", "en-US-JennyNeural"),
    ("echo", "en-US-GuyNeural"),
    ("fable", "en-GB-RyanNeural"),
    ("nova", "en-US-AmberNeural"),
    ("onyx", "en-US-DavisNeural"),
    ("shimmer", "en-US-AriaNeural"),
];

/// Attributes of the way to speak, under Azure's own names.
const EXPRESSION: [&str; 3] = ["style", "styledegree", "role"];

pub fn document(call: &Call, asked: &Map<String, Value>) -> Result<String, Error> {
    let given = |name: &str| asked.get(name).filter(|it| !it.is_null());
    let text = given("input").and_then(Value::as_str);
    let text = text
        .filter(|it| !it.is_empty())
        .ok_or_else(|| fault::invalid_request("`input` is missing: the text to speak"))?;
    // A client that writes its own document means it as it is.
    if text.trim_start().starts_with("<speak") {
        return Ok(text.to_owned());
    }
    let config = call.config();
    let voice = given("voice").or_else(|| config.get("voice"));
    let word = voice.and_then(|it| it.as_str().or_else(|| it.get("id")?.as_str()));
    let word = word.unwrap_or("alloy");
    let voice = VOICES
        .iter()
        .find(|it| it.0 == word)
        .map_or(word, |it| it.1);
    let mut spoken = escaped(text);
    if let Some(speed) = given("speed") {
        spoken = format!("<prosody rate='{}'>{spoken}</prosody>", rate(speed)?);
    }
    let said = |name: &&str| {
        let value = given(name)?;
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        Some(format!(" {name}='{}'", escaped(&text)))
    };
    let expression: String = EXPRESSION.iter().filter_map(said).collect();
    if !expression.is_empty() {
        spoken = format!("<mstts:express-as{expression}>{spoken}</mstts:express-as>");
    }
    // The voice's own language is the first two parts of its name.
    let own: Vec<&str> = voice.splitn(3, '-').take(2).collect();
    let language = given("lang").and_then(Value::as_str);
    let language = escaped(language.unwrap_or(&own.join("-")));
    let voice = escaped(voice);
    Ok(format!(
        "<speak version='1.0' xmlns='http://www.w3.org/2001/10/synthesis' \
         xmlns:mstts='https://www.w3.org/2001/mstts' xml:lang='{language}'>\
         <voice name='{voice}' xml:lang='{language}'>{spoken}</voice></speak>"
    ))
}

/// A speed of 1.5 is a rate of half as much more.
fn rate(speed: &Value) -> Result<String, Error> {
    let number = speed.as_f64().filter(|it| (0.25..=4.0).contains(it));
    let number =
        number.ok_or_else(|| fault::invalid_request("`speed` is not a number from 0.25 to 4"))?;
    Ok(format!("{:+.0}%", (number - 1.0) * 100.0))
}

/// A text that ends no element and no attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&apos;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}
