//! Transcripts: the sound itself is the body, or base64 in a document for Whisper's third
//! generation.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Body, Call, Error, Outbound, Reply, Step, fault};
use sluice_transcript::{Span, Transcript};
use sluice_wire::uploads;

use super::result;
use crate::heard;

pub fn request(call: &Call, mut outbound: Outbound, body: &str) -> Result<Outbound, Error> {
    let body: Map<String, Value> = sluice_sdk::parse_body(body)?;
    let file = heard::file(call)?;
    let state = heard::asked(&body)?;
    if call.model.contains("turbo") {
        let mut sent = json!({"audio": uploads::base64(file)?});
        for (name, own) in [("language", "language"), ("prompt", "initial_prompt")] {
            if let Some(value) = body.get(name).filter(|it| !it.is_null()) {
                sent[own] = value.clone();
            }
        }
        // What is the model's own: `vad_filter`, `initial_prompt`.
        for (name, value) in sluice_transcript::own(&body).filter(|it| it.0 != "prompt") {
            sent[name] = value.clone();
        }
        return Ok(outbound.json(&sent).state(state));
    }
    let told = body.get("prompt").filter(|it| !it.is_null());
    if told.is_some() {
        return Err(fault::unsupported(
            "`prompt` cannot be served: this model takes the sound alone",
        ));
    }
    outbound.body = Body::File(file.id);
    Ok(outbound.state(state))
}

pub fn respond(reply: &Reply) -> Result<Step, Error> {
    let result = result(reply)?;
    let text = result.get("text").and_then(Value::as_str);
    let text = text.ok_or_else(|| fault::upstream("the provider's answer has no `text`"))?;
    let info = |name: &str| result.pointer(&format!("/transcription_info/{name}"));
    let mut words = Vec::new();
    let mut segments = Vec::new();
    for segment in spans(&result, "segments") {
        words.extend(spans(segment, "words").iter().map(|it| span(it, "word")));
        segments.push(span(segment, "text"));
    }
    if words.is_empty() {
        words.extend(spans(&result, "words").iter().map(|it| span(it, "word")));
    }
    if segments.is_empty() {
        segments = sluice_transcript::segments(&words);
    }
    heard::written(
        &Transcript {
            text: text.trim().to_owned(),
            language: info("language").and_then(Value::as_str).map(str::to_owned),
            duration_seconds: info("duration").and_then(Value::as_f64),
            words,
            segments,
            ..Transcript::default()
        },
        &reply.state,
    )
}

fn spans<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    let list = value.get(name).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

fn span(value: &Value, text: &str) -> Span {
    let seconds = |name: &str| value.get(name).and_then(Value::as_f64).unwrap_or(0.0);
    let said = value.get(text).and_then(Value::as_str).unwrap_or_default();
    Span {
        text: said.trim().to_owned(),
        start: seconds("start"),
        end: seconds("end"),
        speaker: None,
    }
}
