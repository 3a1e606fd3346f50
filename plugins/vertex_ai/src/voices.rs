//! Cloud Text-to-Speech (`TextToSpeech.SynthesizeSpeech` in googleapis'
//! google/cloud/texttospeech/v1/cloud_tts.proto). It chooses by the voice: the model's name only
//! says that it is meant, and what it costs. The gateway counts the characters.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Payload, Reply, Response, Step, fault};
use sluice_wire::gemini::speech;
use sluice_wire::{base64, wav};

use crate::place;

const HOST: &str = "https://texttospeech.googleapis.com";

/// LiteLLM's choice of voices for OpenAI's names; any other word is a voice of Google's.
const VOICES: [(&str, &str); 6] = [
    ("alloy", "en-US-Studio-O"),
    ("echo", "en-US-Studio-M"),
    ("fable", "en-GB-Studio-B"),
    ("nova", "en-US-Studio-O"),
    ("onyx", "en-US-Wavenet-D"),
    ("shimmer", "en-US-Wavenet-F"),
];

const DEFAULT_VOICE: &str = "en-US-Studio-O";
const DEFAULT_LANGUAGE: &str = "en-US";

/// OpenAI's formats, Google's name for each, and its content type.
const FORMATS: [(&str, &str, &str); 4] = [
    ("wav", "LINEAR16", "audio/wav"),
    ("pcm", "LINEAR16", "audio/pcm"),
    ("mp3", "MP3", "audio/mpeg"),
    ("opus", "OGG_OPUS", "audio/ogg"),
];

/// Samples a second of OpenAI's `pcm`, which nothing in it tells.
const PCM_RATE: u32 = 24_000;

pub fn request(call: &Call, body: &Map<String, Value>) -> Result<Step, Error> {
    let text = speech::text(body)?;
    let given = |name: &str| body.get(name).filter(|it| !it.is_null());
    let format = given("response_format");
    let format = format
        .map_or(Some("wav"), Value::as_str)
        .unwrap_or_default();
    let known = FORMATS.iter().find(|(name, ..)| *name == format);
    let (_, encoding, _) = known.ok_or_else(|| {
        let all = FORMATS.map(|it| it.0).join(", ");
        fault::unsupported(format!(
            "`response_format` is `{format}`: Google Cloud makes {all}"
        ))
    })?;
    let mut audio = json!({"audioEncoding": encoding});
    if format == "pcm" {
        audio["sampleRateHertz"] = PCM_RATE.into();
    }
    if let Some(speed) = given("speed") {
        audio["speakingRate"] = speed.clone();
    }
    if let Some(own) = given("audioConfig") {
        audio = own.clone();
    }
    // Texts with marks of their own begin with their root.
    let marked = text.trim_start().starts_with("<speak") || given("use_ssml") == Some(&true.into());
    let input = if marked { "ssml" } else { "text" };
    let sent = json!({"input": {input: text}, "voice": voice(body), "audioConfig": audio});
    let host = place::own_host(call, HOST);
    let mut outbound = Outbound::post(format!("{host}/v1/text:synthesize"));
    outbound.auth = place::auth(call);
    if let Ok(project) = place::project(call) {
        // A person's credential has no project that could be charged.
        outbound = outbound.header("x-goog-user-project", project);
    }
    Ok(outbound.json(&sent).state(format).send())
}

/// A voice by its name, which begins with its language, or as Google's own object.
fn voice(body: &Map<String, Value>) -> Value {
    if let Some(own) = body
        .get("voice")
        .filter(|it| it.get("languageCode").is_some())
    {
        return own.clone();
    }
    let word = speech::voice(body).unwrap_or(DEFAULT_VOICE);
    let known = VOICES.iter().find(|(name, _)| *name == word);
    let name = known.map_or(word, |(_, own)| own);
    let mut parts = name.split('-');
    let language = match (parts.next(), parts.next()) {
        (Some(language), Some(country)) => format!("{language}-{country}"),
        _ => DEFAULT_LANGUAGE.to_owned(),
    };
    json!({"languageCode": language, "name": name})
}

pub fn answer(reply: &Reply) -> Result<Response, Error> {
    let answer = reply.json()?;
    let sound = answer.get("audioContent").and_then(Value::as_str);
    let sound = sound.and_then(base64::decoded).filter(|it| !it.is_empty());
    let mut sound = sound.ok_or_else(|| {
        fault::upstream("the provider's answer has no sound in base64 in `audioContent`")
    })?;
    // Samples come in a WAV file.
    if reply.state == "pcm"
        && let Some(samples) = wav::samples(&sound)
    {
        sound = samples.to_vec();
    }
    let known = FORMATS.iter().find(|(name, ..)| *name == reply.state);
    Ok(Response {
        body: Payload::Bytes(sound),
        content_type: known.map(|it| it.2.to_owned()),
        headers: Vec::new(),
        usage: None,
    })
}
