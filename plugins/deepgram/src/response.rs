//! Deepgram's results as a transcript.

use sluice_sdk::serde_json::Value;
use sluice_sdk::{Error, Payload, Response, Step, fault};
use sluice_transcript::{Span, Transcript};

use crate::{Asked, errors};

pub fn transcript(answer: &Value, asked: &Asked) -> Result<Step, Error> {
    let channels = answer
        .pointer("/results/channels")
        .and_then(Value::as_array);
    let channels = channels.ok_or_else(|| errors::instead_of_an_answer(answer))?;
    let mut transcript = Transcript {
        duration_seconds: answer.pointer("/metadata/duration").and_then(Value::as_f64),
        ..Transcript::default()
    };
    let mut texts = Vec::new();
    for channel in channels {
        let best = channel.pointer("/alternatives/0");
        let said = best.and_then(|it| it.get("transcript")?.as_str());
        texts.extend(said.filter(|it| !it.is_empty()));
        let words = best.and_then(|it| it.get("words")?.as_array());
        transcript
            .words
            .extend(words.into_iter().flatten().map(|it| span(it, "word")));
        let heard = channel.get("detected_language").and_then(Value::as_str);
        if transcript.language.is_none() {
            transcript.language = heard.map(str::to_owned);
        }
    }
    transcript.text = texts.join("\n");
    transcript.language = transcript.language.or_else(|| asked.language.clone());
    transcript.segments = segments(answer, channels);
    let (body, kind) = transcript
        .write(&asked.format)
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

/// Turns of speakers where they were asked for, else sentences.
fn segments(answer: &Value, channels: &[Value]) -> Vec<Span> {
    if let Some(list) = answer
        .pointer("/results/utterances")
        .and_then(Value::as_array)
    {
        return list.iter().map(|it| span(it, "transcript")).collect();
    }
    let mut result = Vec::new();
    for channel in channels {
        let list = channel
            .pointer("/alternatives/0/paragraphs/paragraphs")
            .and_then(Value::as_array);
        for paragraph in list.into_iter().flatten() {
            let speaker = speaker(paragraph);
            let sentences = paragraph.get("sentences").and_then(Value::as_array);
            let sentences = sentences.into_iter().flatten().map(|it| span(it, "text"));
            result.extend(sentences.map(|it| Span {
                speaker: speaker.clone(),
                ..it
            }));
        }
    }
    result
}

fn span(value: &Value, text: &str) -> Span {
    let seconds = |name: &str| value.get(name).and_then(Value::as_f64).unwrap_or(0.0);
    Span {
        text: value
            .get(text)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        start: seconds("start"),
        end: seconds("end"),
        speaker: speaker(value),
    }
}

fn speaker(value: &Value) -> Option<String> {
    let speaker = value.get("speaker")?;
    speaker
        .as_u64()
        .map(|it| it.to_string())
        .or_else(|| speaker.as_str().map(str::to_owned))
}
