//! Speech: the voice is part of the model's name, and the format stands in the address.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, fault};

use crate::request::escaped;

/// OpenAI's formats as Deepgram's options.
const FORMATS: [(&str, &str); 6] = [
    ("mp3", "encoding=mp3"),
    ("opus", "encoding=opus"),
    ("aac", "encoding=aac"),
    ("flac", "encoding=flac"),
    ("wav", "encoding=linear16&container=wav"),
    ("pcm", "encoding=linear16&container=none&sample_rate=24000"),
];

pub fn speak(call: &Call, body: &Map<String, Value>) -> Result<Outbound, Error> {
    let given = |name: &str| body.get(name).filter(|it| !it.is_null());
    let text = given("input").and_then(Value::as_str);
    let text = text
        .filter(|it| !it.is_empty())
        .ok_or_else(|| fault::invalid_request("`input` is missing: the text to speak"))?;
    let wanted = given("response_format").map_or(Some("mp3"), Value::as_str);
    let wanted = wanted.unwrap_or_default();
    let format = FORMATS.iter().find(|(name, _)| *name == wanted);
    let (_, format) = format.ok_or_else(|| {
        let all: Vec<&str> = FORMATS.iter().map(|(name, _)| *name).collect();
        let all = all.join(", ");
        fault::unsupported(format!(
            "`response_format` is `{wanted}`: Deepgram makes {all}"
        ))
    })?;
    let model = escaped(&voice(&call.model, given("voice"))?);
    let url = format!("/speak?model={model}&{format}");
    Ok(Outbound::post(url).json(&json!({"text": text})).canonical())
}

/// `aura-2` and `thalia` are `aura-2-thalia-en`. A model that names its voice keeps it, as OpenAI's
/// clients cannot leave `voice` out; only a whole name of Deepgram's stands in its place.
fn voice(model: &str, voice: Option<&Value>) -> Result<String, Error> {
    let name = voice
        .and_then(|it| it.as_str().or_else(|| it.get("id")?.as_str()))
        .unwrap_or_default();
    if name.starts_with("aura-") {
        return Ok(name.to_owned());
    }
    let is_whole = model
        .rsplit_once('-')
        .is_some_and(|(_, tail)| tail.len() == 2 && tail.bytes().all(|it| it.is_ascii_lowercase()));
    if is_whole {
        return Ok(model.to_owned());
    }
    if name.is_empty() || !name.bytes().all(|it| it.is_ascii_alphanumeric()) {
        return Err(fault::invalid_request(
            "`voice` is missing, or no voice: a name (`thalia`) or a model's (`aura-2-thalia-en`)",
        ));
    }
    Ok(format!("{model}-{}-en", name.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_sdk::{Body, ReplyMode};

    fn asked(model: &str, body: Value) -> Result<Outbound, Error> {
        let call = Call {
            id: "c".into(),
            operation: "audio.speech".into(),
            provider: "deepgram".into(),
            model: model.into(),
            streaming: false,
            config: "{}".into(),
            secrets: vec!["api_key".into()],
            params: Vec::new(),
            headers: Vec::new(),
            files: Vec::new(),
            context: "{}".into(),
        };
        speak(&call, body.as_object().unwrap())
    }

    #[test]
    fn text_goes_to_the_voice_and_sound_is_relayed() {
        for (model, body, url) in [
            (
                "aura-2-thalia-en",
                json!({"input": "x", "voice": "alloy"}),
                "/speak?model=aura-2-thalia-en&encoding=mp3",
            ),
            (
                "aura-2",
                json!({"input": "x", "voice": "Thalia", "response_format": "wav"}),
                "/speak?model=aura-2-thalia-en&encoding=linear16&container=wav",
            ),
            (
                "aura-2",
                json!({"input": "x", "voice": "aura-2-celeste-es", "response_format": "pcm"}),
                "/speak?model=aura-2-celeste-es&encoding=linear16&container=none&sample_rate=24000",
            ),
            (
                "aura-2",
                json!({"input": "x", "voice": {"id": "zeus"}, "response_format": "opus"}),
                "/speak?model=aura-2-zeus-en&encoding=opus",
            ),
        ] {
            let sent = asked(model, body).unwrap();
            assert_eq!(sent.url, url);
            assert_eq!(sent.reply, ReplyMode::Canonical);
            assert!(matches!(&sent.body, Body::Json(body) if body == r#"{"text":"x"}"#));
        }
    }

    #[test]
    fn what_cannot_be_spoken_is_refused() {
        for (model, body, says) in [
            ("aura-2", json!({"voice": "thalia"}), "`input`"),
            ("aura-2", json!({"input": "", "voice": "thalia"}), "`input`"),
            ("aura-2", json!({"input": "x"}), "`voice`"),
            ("aura-2", json!({"input": "x", "voice": "a/b"}), "`voice`"),
            (
                "aura-2",
                json!({"input": "x", "voice": "thalia", "response_format": "midi"}),
                "`midi`",
            ),
        ] {
            let error = asked(model, body).unwrap_err();
            assert!(error.message.contains(says), "{}", error.message);
        }
    }
}
