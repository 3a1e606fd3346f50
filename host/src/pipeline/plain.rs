//! Answers that are no JSON document: speech, and transcripts written as text or as subtitles.

use bytes::Bytes;
use serde_json::Value;

use super::request::{ClientRequest, Operation};
use crate::domain::{ErrorKind, Fault};

/// An answer as its bytes and their content type.
pub type Plain = (Bytes, String);

/// The answer to this request, if it is to be no JSON document. `said`: the content type that came
/// with it.
///
/// # Errors
/// The upstream answered something else, or nothing.
pub fn answer(
    request: &ClientRequest,
    body: &Bytes,
    said: Option<&str>,
) -> Result<Option<Plain>, Fault> {
    let is_json = said.is_some_and(|it| it.contains("json"));
    let format = request.text_member("response_format").unwrap_or_default();
    match (request.operation, format.as_str()) {
        (Operation::Speech, _) if is_json => Err(no_sound(body)),
        (Operation::Speech, _) if body.is_empty() => Err(wrong("the upstream answered no sound")),
        (Operation::Speech, _) => Ok(Some((body.clone(), sound_type(request, said)))),
        (Operation::Transcribe | Operation::Translate, "text" | "srt" | "vtt") if is_json => {
            let document: Value = serde_json::from_slice(body).unwrap_or_default();
            match document.get("text").and_then(Value::as_str) {
                Some(text) if format == "text" => {
                    let text = Bytes::from(format!("{text}\n"));
                    Ok(Some((text, TEXT.to_owned())))
                }
                _ => Err(wrong(&format!("the upstream does not write `{format}`"))),
            }
        }
        (Operation::Transcribe | Operation::Translate, "text" | "srt" | "vtt") => {
            if std::str::from_utf8(body).is_err() {
                return Err(wrong("the upstream's transcript is no text"));
            }
            Ok(Some((body.clone(), said.unwrap_or(TEXT).to_owned())))
        }
        // A plugin's own answer; an upstream's is passed on as it comes.
        (Operation::FilesContent, _) => {
            let kind = said.unwrap_or("application/octet-stream");
            Ok(Some((body.clone(), kind.to_owned())))
        }
        _ => Ok(None),
    }
}

/// The content type of sound: what came with it, or that of the format that was asked for.
pub fn sound_type(request: &ClientRequest, said: Option<&str>) -> String {
    let format = request.text_member("response_format").unwrap_or_default();
    let said = said.filter(|it| !it.contains("octet-stream"));
    said.unwrap_or_else(|| sound(&format)).to_owned()
}

const TEXT: &str = "text/plain; charset=utf-8";

/// The content type of sound in this format.
fn sound(format: &str) -> &'static str {
    match format {
        "opus" => "audio/opus",
        "aac" => "audio/aac",
        "flac" => "audio/flac",
        "wav" => "audio/wav",
        "pcm" => "audio/pcm",
        _ => "audio/mpeg",
    }
}

fn no_sound(body: &Bytes) -> Fault {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let said = document.pointer("/error/message").and_then(Value::as_str);
    wrong(said.unwrap_or("the upstream answered JSON where sound was asked for"))
}

fn wrong(message: &str) -> Fault {
    Fault::upstream(ErrorKind::Upstream, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(operation: Operation, format: &str) -> ClientRequest {
        let body = serde_json::json!({"model": "m", "input": "hi", "file": "f", "response_format": format});
        ClientRequest::parse(operation, body.to_string().into(), None, Vec::new()).unwrap()
    }

    fn shown(operation: Operation, format: &str, body: &'static str, said: &str) -> Option<Plain> {
        let said = Some(said).filter(|it| !it.is_empty());
        answer(&request(operation, format), &Bytes::from(body), said).unwrap()
    }

    #[test]
    fn sound_keeps_its_type_or_has_that_of_its_format() {
        let of = |format: &str, said: &str| shown(Operation::Speech, format, "RIFF", said);
        assert_eq!(of("mp3", "audio/x-own").unwrap().1, "audio/x-own");
        assert_eq!(of("wav", "").unwrap().1, "audio/wav");
        assert_eq!(of("", "application/octet-stream").unwrap().1, "audio/mpeg");
    }

    #[test]
    fn a_transcript_is_text_only_where_text_was_asked_for() {
        let of = |format, body, said| shown(Operation::Transcribe, format, body, said);
        let json = r#"{"text":"hi"}"#;
        assert_eq!(of("text", json, "application/json").unwrap().0, "hi\n");
        assert_eq!(of("srt", "1\n00:", "text/plain").unwrap().0, "1\n00:");
        assert_eq!(of("json", json, "application/json"), None);
    }

    #[test]
    fn what_is_no_sound_and_no_subtitles_is_refused() {
        let refused = |operation, format, body: &'static str| {
            let request = request(operation, format);
            let answered = answer(&request, &Bytes::from(body), Some("application/json"));
            answered.unwrap_err().message
        };
        let error = r#"{"error":{"message":"no such voice"}}"#;
        assert_eq!(refused(Operation::Speech, "mp3", error), "no such voice");
        let text = r#"{"text":"hi"}"#;
        assert!(refused(Operation::Transcribe, "srt", text).contains("`srt`"));
        let empty = answer(&request(Operation::Speech, "mp3"), &Bytes::new(), None);
        assert!(empty.is_err());
    }
}
