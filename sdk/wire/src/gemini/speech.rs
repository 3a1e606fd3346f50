//! Speech: `generateContent` of the models that speak, which answer bare samples
//! (ai.google.dev/gemini-api/docs/speech-generation).

use sluice_sdk::fault::{self, kind};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, Payload, Reply, Response, write_json};

use crate::gemini::{errors, usage};
use crate::{base64, wav};

/// What the models cannot be told. How to speak stands in the text itself.
pub const UNSUPPORTED: [&str; 2] = ["instructions", "speed"];

/// Google's voices for OpenAI's names, which it does not know. Any other word is a voice of its own.
const VOICES: [(&str, &str); 8] = [
    ("alloy", "Kore"),
    ("ash", "Charon"),
    ("coral", "Aoede"),
    ("echo", "Puck"),
    ("fable", "Leda"),
    ("nova", "Zephyr"),
    ("onyx", "Orus"),
    ("shimmer", "Aoede"),
];

const DEFAULT_VOICE: &str = "Kore";

/// Samples a second where the answer does not say.
const USUAL_RATE: u32 = 24_000;

/// The text of a request.
pub fn text(body: &Map<String, Value>) -> Result<&str, Error> {
    let text = body.get("input").and_then(Value::as_str);
    let text = text.filter(|it| !it.is_empty());
    text.ok_or_else(|| fault::invalid_request("`input` is missing: the text to speak"))
}

/// The voice of a request, by name; OpenAI's clients may give an object with its `id`.
pub fn voice(body: &Map<String, Value>) -> Option<&str> {
    let voice = body.get("voice")?;
    let name = voice.as_str().or_else(|| voice.get("id")?.as_str());
    name.filter(|it| !it.is_empty())
}

/// The body, and the state for [`answer`].
pub fn request(body: &Map<String, Value>) -> Result<(Value, String), Error> {
    let text = text(body)?;
    let format = body.get("response_format").filter(|it| !it.is_null());
    let format = format
        .map_or(Some("wav"), Value::as_str)
        .unwrap_or_default();
    if !matches!(format, "wav" | "pcm") {
        return Err(fault::unsupported(format!(
            "`response_format` is `{format}`: Google's models make wav, pcm"
        )));
    }
    let word = voice(body).unwrap_or(DEFAULT_VOICE);
    let known = VOICES.iter().find(|(name, _)| *name == word);
    let name = known.map_or(word, |(_, own)| own);
    let sent = json!({
        "contents": [{"role": "user", "parts": [{"text": text}]}],
        "generationConfig": {"responseModalities": ["AUDIO"],
            "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": name}}}}
    });
    Ok((sent, format.to_owned()))
}

/// The sound of an answer.
pub fn answer(reply: &Reply) -> Result<Response, Error> {
    let answer = reply.json()?;
    if let Some(error) = errors::find(&answer) {
        return Err(errors::of(error));
    }
    let (sound, rate) = sound(&answer)?;
    let reason = answer.pointer("/candidates/0/finishReason");
    let reason = reason.and_then(Value::as_str).unwrap_or("STOP");
    if sound.is_empty() {
        return Err(silence(&answer, reason));
    }
    if reason == "MAX_TOKENS" {
        // Half of a text, spoken, would be taken for the whole.
        return Err(fault::error(
            kind::CONTEXT_WINDOW,
            "the text is longer than the model speaks: its sound was cut off",
        ));
    }
    if reason != "STOP" {
        return Err(silence(&answer, reason));
    }
    let (body, content_type) = match reply.state.as_str() {
        "pcm" => {
            let samples = wav::samples(&sound).map(<[u8]>::to_vec);
            (samples.unwrap_or(sound), "audio/pcm")
        }
        _ if wav::is(&sound) => (sound, "audio/wav"),
        _ => (wav::of_pcm(&sound, rate), "audio/wav"),
    };
    Ok(Response {
        body: Payload::Bytes(body),
        content_type: Some(content_type.to_owned()),
        headers: Vec::new(),
        usage: answer
            .get("usageMetadata")
            .map(|counted| write_json(&tokens(counted))),
    })
}

/// All sound of an answer, and its samples a second.
fn sound(answer: &Value) -> Result<(Vec<u8>, u32), Error> {
    let parts = answer.pointer("/candidates/0/content/parts");
    let parts = parts.and_then(Value::as_array).into_iter().flatten();
    let mut sound = Vec::new();
    let mut rate = USUAL_RATE;
    for data in parts.filter_map(|it| it.get("inlineData")) {
        let text = data.get("data").and_then(Value::as_str).unwrap_or_default();
        let bytes = base64::decoded(text)
            .ok_or_else(|| fault::upstream("the provider's sound is no base64"))?;
        sound.extend(bytes);
        // As `audio/L16;codec=pcm;rate=24000`.
        let kind = data.get("mimeType").and_then(Value::as_str);
        let told = kind.unwrap_or_default().split(';').find_map(|it| {
            let number = it.trim().strip_prefix("rate=")?;
            number.parse::<u32>().ok().filter(|it| *it > 0)
        });
        rate = told.unwrap_or(rate);
    }
    Ok((sound, rate))
}

fn silence(answer: &Value, reason: &str) -> Error {
    let blocked = answer.pointer("/promptFeedback/blockReason");
    if let Some(why) = blocked.and_then(Value::as_str) {
        return fault::error(kind::CONTENT_POLICY, format!("the text was refused: {why}"));
    }
    if !matches!(reason, "STOP" | "MAX_TOKENS") {
        let message = format!("the sound was refused: {reason}");
        return fault::error(kind::CONTENT_POLICY, message);
    }
    fault::upstream("the provider's answer has no sound")
}

/// Sound costs more a token than text does.
fn tokens(counted: &Value) -> Value {
    let mut used = usage::canonical(counted);
    if counted.get("candidatesTokensDetails").is_none() {
        let made = counted.get("candidatesTokenCount").cloned();
        used["completion_tokens_details"]["audio_tokens"] = made.unwrap_or_else(|| 0.into());
    }
    used
}
