//! Text to speech. The sound is relayed as it comes; the gateway counts the characters itself.

use sluice_sdk::fault;
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound};

/// LiteLLM's choice of voices for OpenAI's names; any other word is an id of ElevenLabs's.
const VOICES: [(&str, &str); 10] = [
    ("alloy", "21m00Tcm4TlvDq8ikWAM"),
    ("amber", "5Q0t7uMcjvnagumLfvZi"),
    ("ash", "AZnzlk1XvdvUeBnXmlld"),
    ("august", "D38z5RcWu1voky8WS1ja"),
    ("blue", "2EiwWnXFnvU5JabPnv8n"),
    ("coral", "9BWtsMINqrJLrRacOk9x"),
    ("lily", "EXAVITQu4vr4xnSDxMaL"),
    ("onyx", "29vD33N1CtxCmqQRPOHJ"),
    ("sage", "CwhRBWXzGAHq8TQ4Fs17"),
    ("verse", "CYw3kZ02Hs0563khs1Fj"),
];

/// OpenAI's formats, as near as there are: its `pcm` has 24 kHz.
const FORMATS: [(&str, &str); 4] = [
    ("mp3", "mp3_44100_128"),
    ("opus", "opus_48000_128"),
    ("pcm", "pcm_24000"),
    ("wav", "wav_24000"),
];

/// Options that stand in the address.
const QUERY: [&str; 2] = ["enable_logging", "optimize_streaming_latency"];

/// Members that are read here. Any other goes on as it is (`language_code`, `seed`).
const READ: [&str; 10] = [
    "input",
    "metadata",
    "model",
    "output_format",
    "response_format",
    "speed",
    "stream_format",
    "user",
    "voice",
    "voice_settings",
];

pub fn request(call: &Call, body: Map<String, Value>) -> Result<Outbound, Error> {
    let given = |name: &str| body.get(name).filter(|it| !it.is_null());
    let text = given("input")
        .and_then(Value::as_str)
        .filter(|it| !it.is_empty());
    let text = text.ok_or_else(|| fault::invalid_request("`input` is no text"))?;
    if given("stream_format").is_some_and(|it| it != "audio") {
        return Err(fault::unsupported(
            "`stream_format` is `audio` only: ElevenLabs sends no events here",
        ));
    }
    let voice = voice(call, given("voice"))?;
    let format = format(given("output_format").or_else(|| given("response_format")))?;
    let mut query = format!("output_format={format}");
    for name in QUERY {
        if let Some(value) = given(name) {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            if !value.chars().all(|it| it.is_ascii_alphanumeric()) {
                return Err(fault::invalid_request(format!(
                    "`{name}` is neither a word nor a number"
                )));
            }
            query.push_str(&format!("&{name}={value}"));
        }
    }
    let mut sent = json!({"text": text, "model_id": call.model});
    let mut settings = given("voice_settings")
        .cloned()
        .unwrap_or_else(|| json!({}));
    if let Some(speed) = given("speed") {
        let members = settings.as_object_mut();
        let members =
            members.ok_or_else(|| fault::invalid_request("`voice_settings` is no object"))?;
        members.insert("speed".into(), speed.clone());
    }
    if settings.as_object().is_none_or(|it| !it.is_empty()) {
        sent["voice_settings"] = settings;
    }
    for (name, value) in &body {
        if !READ.contains(&name.as_str()) && !QUERY.contains(&name.as_str()) && !value.is_null() {
            sent[name] = value.clone();
        }
    }
    let url = format!("/v1/text-to-speech/{voice}?{query}");
    Ok(Outbound::post(url).json(&sent).canonical())
}

fn voice(call: &Call, voice: Option<&Value>) -> Result<String, Error> {
    let config = call.config();
    let voice = voice.or_else(|| config.get("voice"));
    let member = |name: &str| voice?.get(name)?.as_str();
    let word = voice
        .and_then(Value::as_str)
        .or_else(|| member("id"))
        .or_else(|| member("voice_id"));
    let word = word.map(str::trim).unwrap_or_default();
    let known = VOICES
        .iter()
        .find(|(name, _)| word.eq_ignore_ascii_case(name));
    let id = known.map_or(word, |(_, id)| id);
    // It stands in the path.
    if id.is_empty()
        || !id
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '_'))
    {
        return Err(fault::invalid_request(
            "`voice` is neither one of OpenAI's voices nor the id of a voice",
        ));
    }
    Ok(id.to_owned())
}

fn format(wanted: Option<&Value>) -> Result<&str, Error> {
    let word = wanted
        .map_or(Some("mp3"), Value::as_str)
        .unwrap_or_default();
    let known = FORMATS.iter().find(|(name, _)| *name == word);
    // ElevenLabs's own names have the rate in them: `ulaw_8000`.
    let own = word.contains('_')
        && word
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || it == '_');
    match known {
        Some((_, format)) => Ok(format),
        None if own => Ok(word),
        None => Err(fault::unsupported(format!(
            "`response_format` is `{word}`: ElevenLabs makes mp3, opus, pcm, wav and its own formats"
        ))),
    }
}
