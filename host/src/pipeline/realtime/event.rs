//! Events of a session, read no further than the gateway acts on them. Both dialects of OpenAI's API
//! are known: that of the beta (`realtime=v1`), and the one after it.

use serde_json::Value;

use crate::dialect::envelope::push_quoted;
use crate::domain::json::{self, Member};
use crate::domain::{ErrorKind, Fault, Usage};
use crate::upstream::splice;

/// Longest name of a model that is believed, in bytes.
const MAX_MODEL: usize = 256;

/// Names of the session's model.
#[derive(Debug, Clone)]
pub struct Names {
    /// As the client asked for it.
    pub asked: String,
    /// The model group.
    pub group: String,
    /// As the upstream knows it.
    pub upstream: String,
}

/// An event, by its members.
#[derive(Debug)]
pub struct Event<'t> {
    text: &'t str,
    members: Vec<Member<'t>>,
}

impl<'t> Event<'t> {
    /// None: it is no JSON object.
    pub fn of(text: &'t str) -> Option<Self> {
        let members = json::members_lenient(text).ok()?;
        Some(Self { text, members })
    }

    /// A member as it was written.
    pub fn raw(&self, name: &str) -> Option<&'t str> {
        let found = self.members.iter().find(|it| it.name == name)?;
        self.text.get(found.value.clone())
    }

    /// What it is.
    pub fn kind(&self) -> String {
        let kind = self
            .raw("type")
            .and_then(|it| serde_json::from_str(it).ok());
        kind.unwrap_or_default()
    }
}

/// What an event of the upstream tells.
#[derive(Debug, PartialEq)]
pub enum Told {
    /// The session's settings.
    Session(Box<Value>),
    /// An answer has begun.
    Begun,
    /// More of an answer: base64 of sound, in bytes.
    Sound(usize),
    /// More of an answer, in bytes of text.
    Text(usize),
    /// An answer has ended, whichever way.
    Done(Option<Usage>),
    /// What the client said was transcribed.
    Transcribed(Option<Usage>),
    Error,
    Other,
}

/// Reads an event of the upstream.
pub fn told(event: &Event<'_>) -> Told {
    let kind = event.kind();
    let value = |raw: &str| serde_json::from_str::<Value>(raw).ok();
    let length = |name: &str| event.raw(name).map_or(0, |raw| raw.len().saturating_sub(2));
    match kind.as_str() {
        "session.created"
        | "session.updated"
        | "transcription_session.created"
        | "transcription_session.updated" => {
            let session = event.raw("session").and_then(value);
            session.map_or(Told::Other, |it| Told::Session(Box::new(it)))
        }
        "response.created" => Told::Begun,
        "response.output_audio.delta" | "response.audio.delta" => Told::Sound(length("delta")),
        "response.output_text.delta"
        | "response.text.delta"
        | "response.output_audio_transcript.delta"
        | "response.audio_transcript.delta"
        | "response.function_call_arguments.delta" => Told::Text(length("delta")),
        "response.done" => {
            let response = event.raw("response").and_then(value);
            let usage = response.as_ref().and_then(|it| it.get("usage"));
            Told::Done(usage.and_then(Usage::from_json))
        }
        "conversation.item.input_audio_transcription.completed" => {
            let usage = event.raw("usage").and_then(value);
            Told::Transcribed(usage.as_ref().and_then(Usage::from_json))
        }
        "error" => Told::Error,
        _ => Told::Other,
    }
}

/// An event of the upstream as the client gets it, where that differs: by the name that it asked for.
pub fn to_client(event: &Event<'_>, names: &Names) -> Option<String> {
    named(event, &names.asked)
}

/// The event with another name of its session's model, if it names one.
fn named(event: &Event<'_>, model: &str) -> Option<String> {
    let session = event.raw("session")?;
    let own = Event::of(session)?;
    own.raw("model").filter(|it| it.starts_with('"'))?;
    let mut quoted = String::new();
    push_quoted(&mut quoted, model);
    let session = splice::patch(session, &[("model".to_owned(), Some(quoted))]).ok()?;
    splice::patch(event.text, &[("session".to_owned(), Some(session))]).ok()
}

/// An event of the client, judged.
#[derive(Debug, PartialEq)]
pub struct Said {
    /// What goes on in its place, where that differs.
    pub instead: Option<String>,
    /// Base64 of sound, in bytes.
    pub sound: usize,
    /// Bytes of text.
    pub text: usize,
}

/// Reads an event of the client.
///
/// # Errors
/// It is none, or one that would make the session another model's.
pub fn of_client(text: &str, names: &Names) -> Result<Said, Fault> {
    let members = json::members(text).map_err(|cause| {
        let cause = cause.to_string().replace("the body", "the event");
        Fault::caller(ErrorKind::InvalidRequest, cause)
    })?;
    let event = Event { text, members };
    let mut said = Said {
        instead: None,
        sound: 0,
        text: 0,
    };
    match event.kind().as_str() {
        "input_audio_buffer.append" => said.sound = event.raw("audio").map_or(0, str::len),
        "conversation.item.create" => {
            let item = event.raw("item").unwrap_or_default();
            match item.contains("\"input_audio\"") {
                true => said.sound = item.len(),
                false => said.text = item.len(),
            }
        }
        "session.update" | "transcription_session.update" => {
            let session = event.raw("session").and_then(Event::of);
            let model = session.as_ref().and_then(|it| it.raw("model"));
            let model = model.and_then(|it| serde_json::from_str::<String>(it).ok());
            if let Some(model) = model {
                let known = [&names.asked, &names.group, &names.upstream];
                if !known.contains(&&model) {
                    return Err(other_model(&names.asked));
                }
                said.instead = named(&event, &names.upstream);
            }
        }
        _ => {}
    }
    Ok(said)
}

fn other_model(asked: &str) -> Fault {
    let message = format!(
        "a session keeps the model that it was opened with, which is `{asked}`; open another one for \
         another model"
    );
    Fault::caller(ErrorKind::InvalidRequest, message).with_param("session.model")
}

/// The model that transcribes what the client says, by the session's settings.
pub fn transcriber(session: &Value) -> Option<String> {
    let places = [
        "/audio/input/transcription/model",
        "/input_audio_transcription/model",
    ];
    let mut named = places.iter().filter_map(|it| session.pointer(it)?.as_str());
    let name = named.next()?;
    (!name.is_empty() && name.len() <= MAX_MODEL).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn names() -> Names {
        Names {
            asked: "voice".into(),
            group: "voices".into(),
            upstream: "gpt-realtime".into(),
        }
    }

    fn tells(event: &Value) -> Told {
        told(&Event::of(&event.to_string()).unwrap())
    }

    #[test]
    fn an_answers_end_tells_every_kind_of_token() {
        let usage = json!({"total_tokens": 253, "input_tokens": 132, "output_tokens": 121,
            "input_token_details": {"text_tokens": 119, "audio_tokens": 13, "image_tokens": 0,
                "cached_tokens": 64, "cached_tokens_details": {"text_tokens": 60, "audio_tokens": 4}},
            "output_token_details": {"text_tokens": 30, "audio_tokens": 91}});
        let event = json!({"type": "response.done", "response": {"id": "r", "usage": usage}});
        let Told::Done(Some(usage)) = tells(&event) else {
            panic!("no usage");
        };
        assert_eq!((usage.input_tokens, usage.output_tokens), (132, 121));
        assert_eq!(
            (usage.input_audio_tokens, usage.output_audio_tokens),
            (13, 91)
        );
        assert_eq!((usage.cached_tokens, usage.cached_audio_tokens), (64, 4));
        let cancelled = json!({"type": "response.done", "response": {"usage": null}});
        assert_eq!(tells(&cancelled), Told::Done(None));
    }

    #[test]
    fn a_transcript_tells_tokens_or_seconds() {
        let event = |usage: Value| {
            let kind = "conversation.item.input_audio_transcription.completed";
            match tells(&json!({"type": kind, "transcript": "hi", "usage": usage})) {
                Told::Transcribed(Some(usage)) => usage,
                other => panic!("{other:?}"),
            }
        };
        let tokens = event(
            json!({"type": "tokens", "input_tokens": 20, "output_tokens": 4,
            "input_token_details": {"audio_tokens": 20, "text_tokens": 0}}),
        );
        assert_eq!((tokens.input_audio_tokens, tokens.output_tokens), (20, 4));
        let seconds = event(json!({"type": "duration", "seconds": 2.5}));
        assert_eq!(seconds.input_audio_ms, 2500);
    }

    #[test]
    fn both_dialects_are_known() {
        for (kind, expected) in [
            ("response.audio.delta", Told::Sound(4)),
            ("response.output_audio.delta", Told::Sound(4)),
            ("response.text.delta", Told::Text(4)),
            ("response.output_audio_transcript.delta", Told::Text(4)),
            ("response.created", Told::Begun),
            ("rate_limits.updated", Told::Other),
            ("error", Told::Error),
        ] {
            assert_eq!(tells(&json!({"type": kind, "delta": "abcd"})), expected);
        }
        for session in [
            json!({"audio": {"input": {"transcription": {"model": "whisper-1"}}}}),
            json!({"input_audio_transcription": {"model": "whisper-1"}}),
        ] {
            assert_eq!(transcriber(&session).as_deref(), Some("whisper-1"));
        }
        assert_eq!(transcriber(&json!({"audio": {"input": {}}})), None);
    }

    #[test]
    fn a_sessions_model_has_the_clients_name_on_its_side_and_the_upstreams_on_the_other() {
        let text = r#"{"type":"session.created","session":{"model":"gpt-realtime","voice":"x"}}"#;
        let shown = to_client(&Event::of(text).unwrap(), &names()).unwrap();
        assert_eq!(
            shown,
            r#"{"type":"session.created","session":{"model":"voice","voice":"x"}}"#
        );
        for model in ["voice", "voices", "gpt-realtime"] {
            let text = format!(r#"{{"type":"session.update","session":{{"model":"{model}"}}}}"#);
            let said = of_client(&text, &names()).unwrap();
            let sent = said.instead.unwrap();
            assert!(sent.contains(r#""model":"gpt-realtime""#), "{sent}");
        }
    }

    #[test]
    fn nobody_gets_another_model_than_was_judged() {
        for text in [
            r#"{"type":"session.update","session":{"model":"gpt-5-pro"}}"#,
            r#"{"type":"session.upd\u0061te","session":{"mod\u0065l":"gpt-5-pro"}}"#,
            // Of two members readers may take either.
            r#"{"type":"response.create","type":"session.update","session":{"model":"gpt-5-pro"}}"#,
            r#"{"type":"session.update","session":{"model":"voice","model":"gpt-5-pro"}}"#,
            "[]",
            "no json",
        ] {
            assert!(of_client(text, &names()).is_err(), "{text}");
        }
        let fine = r#"{"type":"session.update","session":{"instructions":"model"}}"#;
        let said = of_client(fine, &names()).unwrap();
        assert_eq!((said.instead, said.sound, said.text), (None, 0, 0));
        let sound = r#"{"type":"input_audio_buffer.append","audio":"AAAA"}"#;
        assert_eq!(of_client(sound, &names()).unwrap().sound, 6);
    }
}
