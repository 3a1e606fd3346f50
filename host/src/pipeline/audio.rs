//! OpenAI's events of sound that is made and of speech that is written down.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::request::{ClientRequest, Operation};
use super::writer::Event;
use crate::domain::{ErrorKind, Fault, Usage};

/// The events that end a stream, with its usage.
const LAST: [&str; 2] = ["speech.audio.done", "transcript.text.done"];

/// The usage that an event tells, and whether it is the last one. None: it is an error.
pub fn read(event: &Value) -> Option<(Option<Usage>, bool)> {
    let kind = event.get("type").and_then(Value::as_str);
    if kind == Some("error") || event.get("error").is_some_and(|it| !it.is_null()) {
        return None;
    }
    let last = kind.is_some_and(|it| LAST.contains(&it));
    let usage = event.get("usage").filter(|_| last);
    let mut usage = usage.and_then(Usage::from_json);
    if let Some(usage) = &mut usage
        && kind == Some("speech.audio.done")
    {
        // All that was made is sound, which has a price of its own.
        usage.output_audio_tokens = usage.output_tokens;
    }
    Some((usage, last))
}

/// An answer that came whole, for a client that wants events, and its usage as the plugin has it.
///
/// # Errors
/// It holds neither sound nor a transcript.
pub fn events(request: &ClientRequest, body: &Bytes) -> Result<Vec<Event>, Fault> {
    match request.operation {
        Operation::Speech => {
            let delta = json!({"type": "speech.audio.delta", "audio": STANDARD.encode(body)});
            let done = json!({"type": "speech.audio.done"});
            Ok([delta, done].map(event).into())
        }
        _ => {
            let heard: Value = serde_json::from_slice(body)
                .unwrap_or_else(|_| String::from_utf8_lossy(body).trim_end().into());
            let text = heard.get("text").unwrap_or(&heard);
            let text = text.as_str().ok_or_else(|| {
                let message = "the upstream's answer has no `text`";
                Fault::upstream(ErrorKind::Upstream, message)
            })?;
            let delta = json!({"type": "transcript.text.delta", "delta": text});
            let mut done = json!({"type": "transcript.text.done", "text": text});
            let seconds = heard.get("duration");
            let seconds = seconds.map(|it| json!({"type": "duration", "seconds": it}));
            if let Some(usage) = heard.get("usage").cloned().or(seconds) {
                done["usage"] = usage;
            }
            Ok([delta, done].map(event).into())
        }
    }
}

fn event(data: Value) -> Event {
    Event {
        name: String::new(),
        data: data.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(operation: Operation) -> ClientRequest {
        let body = r#"{"model":"m","input":"hi","file":"f"}"#;
        ClientRequest::parse(operation, body.into(), None, Vec::new()).unwrap()
    }

    fn data(operation: Operation, body: &'static str) -> Vec<Value> {
        let events = events(&request(operation), &Bytes::from(body)).unwrap();
        let data = events.iter().map(|it| serde_json::from_str(&it.data));
        data.map(Result::unwrap).collect()
    }

    #[test]
    fn what_came_whole_is_one_delta_and_an_end() {
        let made = data(Operation::Speech, "RIFF");
        assert_eq!(made[0]["audio"], "UklGRg==");
        assert_eq!(read(&made[1]), Some((None, true)));
        let heard = data(Operation::Transcribe, r#"{"text":"hi","duration":2.5}"#);
        assert_eq!(heard[0]["delta"], "hi");
        let (usage, last) = read(&heard[1]).unwrap();
        assert!(last && usage.unwrap().input_audio_ms == 2_500);
        assert_eq!(data(Operation::Transcribe, "hi\n")[1]["text"], "hi");
        assert!(events(&request(Operation::Transcribe), &Bytes::from("{}")).is_err());
    }

    #[test]
    fn the_tokens_of_speech_are_sound() {
        let usage = json!({"input_tokens": 4, "output_tokens": 9, "total_tokens": 13});
        let done = json!({"type": "speech.audio.done", "usage": usage});
        let usage = read(&done).unwrap().0.unwrap();
        assert_eq!((usage.input_tokens, usage.output_audio_tokens), (4, 9));
        assert_eq!(read(&json!({"type": "error", "error": {}})), None);
    }
}
