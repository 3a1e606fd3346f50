//! Transcriptions of services that answer words with times: what was asked for, and the transcript
//! in that form; and xAI's request for one.

mod assembly;

use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{
    Body, Call, Error, File, Outbound, Part, PartData, Payload, Reply, Response, Step, fault,
};
use sluice_transcript::{Span, Transcript};

use crate::row::Row;

/// The sound that came with the call.
pub fn file(call: &Call) -> Result<&File, Error> {
    let file = call.files.iter().find(|it| it.field == "file");
    file.ok_or_else(|| fault::invalid_request("`file` is missing: the sound to transcribe"))
}

/// The format that is asked for, which is the state until the answer comes.
pub fn asked(body: &Map<String, Value>) -> Result<String, Error> {
    let format = sluice_transcript::format(body).map_err(fault::invalid_request)?;
    Ok(format.to_owned())
}

/// The answer to the client.
pub fn written(transcript: &Transcript, format: &str) -> Result<Step, Error> {
    let (body, kind) = transcript
        .write(format)
        .ok_or_else(|| fault::internal("an unknown format"))?;
    let response = Response {
        body: Payload::Text(body),
        content_type: Some(kind.to_owned()),
        headers: Vec::new(),
        usage: None,
    };
    Ok(match transcript.usage() {
        Some(usage) => response.usage(&usage),
        None => response,
    }
    .respond())
}

pub fn request(call: &Call, row: &Row, outbound: Outbound, body: &str) -> Result<Outbound, Error> {
    match row.transcription.as_deref() {
        Some("jobs") => assembly::request(call, outbound, body),
        _ => in_form(call, outbound, body),
    }
}

pub fn respond(row: &Row, reply: &Reply) -> Result<Step, Error> {
    match row.transcription.as_deref() {
        Some("jobs") => assembly::respond(reply),
        _ => of_words(reply),
    }
}

/// xAI's form: no model, and the sound after everything that says what to do with it.
fn in_form(call: &Call, mut outbound: Outbound, body: &str) -> Result<Outbound, Error> {
    let body: Map<String, Value> = sluice_sdk::parse_body(body)?;
    let file = file(call)?;
    let format = asked(&body)?;
    let mut parts = Vec::new();
    let language = body.get("language").and_then(Value::as_str);
    if let Some(language) = language.filter(|it| !it.is_empty()) {
        parts.push(text("language", language.to_owned()));
    }
    if format == "diarized_json" && !body.contains_key("diarize") {
        parts.push(text("diarize", "true".to_owned()));
    }
    for (name, value) in sluice_transcript::own(&body) {
        let said = value.as_str().map(str::to_owned);
        parts.push(text(name, said.unwrap_or_else(|| value.to_string())));
    }
    parts.push(Part {
        name: "file".into(),
        filename: Some(file.filename.clone()),
        content_type: Some(file.content_type.clone()).filter(|it| !it.is_empty()),
        data: PartData::File(file.id),
    });
    outbound.body = Body::Multipart(parts);
    Ok(outbound.state(format))
}

fn text(name: &str, value: String) -> Part {
    Part {
        name: name.to_owned(),
        filename: None,
        content_type: None,
        data: PartData::Text(value),
    }
}

/// xAI's answer.
fn of_words(reply: &Reply) -> Result<Step, Error> {
    let answer = reply.json()?;
    let said = answer.get("text").and_then(Value::as_str);
    let said = said.ok_or_else(|| fault::upstream("the provider's answer has no `text`"))?;
    let words = answer.get("words").and_then(Value::as_array);
    let words: Vec<Span> = words.into_iter().flatten().map(word).collect();
    let transcript = Transcript {
        text: said.to_owned(),
        language: answer
            .get("language")
            .and_then(Value::as_str)
            .map(str::to_owned),
        duration_seconds: answer.get("duration").and_then(Value::as_f64),
        segments: sluice_transcript::segments(&words),
        words,
        ..Transcript::default()
    };
    written(&transcript, &reply.state)
}

fn word(word: &Value) -> Span {
    let seconds = |name: &str| word.get(name).and_then(Value::as_f64).unwrap_or(0.0);
    let said = word.get("text").and_then(Value::as_str).unwrap_or_default();
    let speaker = word.get("speaker").filter(|it| !it.is_null());
    Span {
        text: said.to_owned(),
        start: seconds("start"),
        end: seconds("end"),
        speaker: speaker.map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned)),
    }
}
