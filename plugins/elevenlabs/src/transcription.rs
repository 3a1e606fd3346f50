//! Speech to text.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{
    Body, Call, Error, Outbound, Part, PartData, Payload, Reply, Response, Step, fault,
    parse_state, write_json,
};
use sluice_transcript::{Span, Transcript};

use crate::errors;

#[derive(Default, Serialize, Deserialize)]
struct Asked {
    format: String,
}

pub fn request(call: &Call, body: &Map<String, Value>) -> Result<Outbound, Error> {
    let file = call.files.iter().find(|it| it.field == "file");
    let file =
        file.ok_or_else(|| fault::invalid_request("`file` is missing: the sound to transcribe"))?;
    let given = |name: &str| body.get(name).filter(|it| !it.is_null() && **it != "");
    let format = sluice_transcript::format(body).map_err(fault::invalid_request)?;
    let mut parts = vec![text("model_id", call.model.clone())];
    if let Some(language) = given("language").and_then(Value::as_str) {
        parts.push(text("language_code", language.to_owned()));
    }
    if format == "diarized_json" && !body.contains_key("diarize") {
        parts.push(text("diarize", "true".to_owned()));
    }
    for (name, value) in sluice_transcript::own(body) {
        let said = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        match value {
            Value::Array(list) => parts.extend(
                list.iter()
                    .map(|it| text(name.trim_end_matches("[]"), said(it))),
            ),
            value => parts.push(text(name, said(value))),
        }
    }
    parts.push(Part {
        name: "file".into(),
        filename: Some(file.filename.clone()),
        content_type: Some(file.content_type.clone()).filter(|it| !it.is_empty()),
        data: PartData::File(file.id),
    });
    let asked = Asked {
        format: format.to_owned(),
    };
    let mut outbound = Outbound::post("/v1/speech-to-text").state(write_json(&asked));
    outbound.body = Body::Multipart(parts);
    Ok(outbound)
}

fn text(name: &str, value: String) -> Part {
    Part {
        name: name.to_owned(),
        filename: None,
        content_type: None,
        data: PartData::Text(value),
    }
}

pub fn answer(reply: &Reply) -> Result<Step, Error> {
    let asked: Asked = parse_state(&reply.state)?;
    let answer = reply.json()?;
    // One transcript, or one for each channel.
    let all = match answer.get("transcripts").and_then(Value::as_array) {
        Some(list) => list.as_slice(),
        None => std::slice::from_ref(&answer),
    };
    let mut transcript = Transcript::default();
    let mut texts = Vec::new();
    for one in all {
        let said = one.get("text").and_then(Value::as_str);
        texts.push(said.ok_or_else(|| errors::instead_of_an_answer(&answer))?);
        let words = one.get("words").and_then(Value::as_array);
        let words = words
            .into_iter()
            .flatten()
            .filter(|it| it.get("type").is_none_or(|it| it == "word"));
        transcript.words.extend(words.map(word));
        if transcript.language.is_none() {
            transcript.language = one
                .get("language_code")
                .and_then(Value::as_str)
                .map(str::to_owned);
        }
    }
    transcript.text = texts.join("\n");
    transcript.segments = sluice_transcript::segments(&transcript.words);
    // The length is told by newer models; else the end of the last word is the best that is known.
    let told = answer.get("audio_duration_secs").and_then(Value::as_f64);
    let last = transcript
        .words
        .iter()
        .map(|it| it.end)
        .fold(None, |most: Option<f64>, it| {
            Some(most.map_or(it, |most| most.max(it)))
        });
    transcript.duration_seconds = told.or(last);
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

fn word(word: &Value) -> Span {
    let seconds = |name: &str| word.get(name).and_then(Value::as_f64).unwrap_or(0.0);
    Span {
        text: word
            .get("text")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        start: seconds("start"),
        end: seconds("end"),
        speaker: word
            .get("speaker_id")
            .and_then(Value::as_str)
            .map(str::to_owned),
    }
}
