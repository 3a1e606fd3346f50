//! The transcript: tokens are parts of words, and a word begins with a blank.

use sluice_sdk::serde_json::Value;
use sluice_sdk::{Error, Payload, Response, Step, fault};
use sluice_transcript::{Span, Transcript};

pub fn respond(said: &Value, format: &str, milliseconds: Option<f64>) -> Result<Step, Error> {
    let text = said.get("text").and_then(Value::as_str);
    let text = text.ok_or_else(|| fault::upstream("the provider's transcript has no `text`"))?;
    let tokens = said.get("tokens").and_then(Value::as_array);
    let tokens = tokens.map(Vec::as_slice).unwrap_or_default();
    let words = words(tokens);
    let transcript = Transcript {
        text: text.to_owned(),
        language: language(tokens),
        duration_seconds: milliseconds.map(|it| it / 1000.0),
        segments: sluice_transcript::segments(&words),
        words,
        ..Transcript::default()
    };
    let (body, kind) = transcript
        .write(format)
        .ok_or_else(|| fault::internal("an unknown format"))?;
    let mut response = Response {
        body: Payload::Text(body),
        content_type: Some(kind.to_owned()),
        headers: Vec::new(),
        usage: None,
    };
    if let Some(usage) = transcript.usage() {
        response = response.usage(&usage);
    }
    Ok(response.respond())
}

fn words(tokens: &[Value]) -> Vec<Span> {
    let mut words: Vec<Span> = Vec::new();
    for token in tokens {
        let text = token
            .get("text")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let seconds = |name: &str| {
            let millis = token.get(name).and_then(Value::as_f64);
            millis.map(|it| it / 1000.0)
        };
        // What was translated has no time.
        let (Some(start), Some(end)) = (seconds("start_ms"), seconds("end_ms")) else {
            continue;
        };
        let speaker = token.get("speaker").map(|it| {
            let text = it.as_str().map(str::to_owned);
            text.unwrap_or_else(|| it.to_string())
        });
        match words.last_mut() {
            Some(word) if !text.starts_with(char::is_whitespace) && word.speaker == speaker => {
                word.text.push_str(text);
                word.end = end;
            }
            _ => words.push(Span {
                text: text.trim_start().to_owned(),
                start,
                end,
                speaker,
            }),
        }
    }
    words
}

/// The language, if it is one.
fn language(tokens: &[Value]) -> Option<String> {
    let mut heard = tokens.iter().filter_map(|it| it.get("language")?.as_str());
    let first = heard.next()?;
    heard.all(|it| it == first).then(|| first.to_owned())
}
