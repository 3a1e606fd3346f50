//! Images, speech and transcripts.

use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{Call, Error, Outbound, Reply, Step, fault};
use sluice_wire::gemini::images::Asked;
use sluice_wire::gemini::{images, speech, transcripts};

use crate::path;

/// Whether an operation is served here.
pub fn knows(operation: &str) -> bool {
    matches!(
        operation,
        "images.generate" | "images.edit" | "audio.speech" | "audio.transcribe"
    )
}

pub fn start(call: &Call, body: &Map<String, Value>) -> Result<Step, Error> {
    let model = call.model.as_str();
    match call.operation.as_str() {
        "images.generate" => drawn(call, images::generate(model, body)?),
        "images.edit" if !images::is_gemini(model) => Err(fault::unsupported(format!(
            "`{model}` changes no images at Google AI Studio: Gemini's image models do"
        ))),
        "images.edit" => drawn(call, images::edit(model, call, body)?),
        "audio.speech" => {
            let (sent, state) = speech::request(body)?;
            Ok(post(call, "generateContent")?
                .json(&sent)
                .state(state)
                .send())
        }
        _ if !transcripts::transcribes(model) => Err(fault::unsupported(format!(
            "`{model}` writes no transcripts: `gemini-3.5-transcribe` does, others hear sounds in a chat"
        ))),
        _ => {
            let (sent, state) = transcripts::request(call, body)?;
            Ok(post(call, "generateContent")?
                .json(&sent)
                .state(state)
                .send())
        }
    }
}

fn post(call: &Call, verb: &str) -> Result<Outbound, Error> {
    let model = path::of(&call.model)?;
    Ok(Outbound::post(format!("/v1beta/{model}:{verb}")))
}

fn drawn(call: &Call, asked: Vec<Asked>) -> Result<Step, Error> {
    let requests: Result<Vec<Outbound>, Error> = asked
        .iter()
        .map(|it| Ok(post(call, it.verb)?.json(&it.body)))
        .collect();
    let mut requests = requests?;
    match requests.pop() {
        Some(only) if requests.is_empty() => Ok(only.send()),
        Some(last) => {
            requests.push(last);
            Ok(Step::SendAll(requests))
        }
        None => Err(fault::internal("no image is asked for")),
    }
}

pub fn resume(call: &Call, replies: &[Reply]) -> Result<Step, Error> {
    if call.operation.starts_with("images.") {
        return Ok(images::answer(replies)?.respond());
    }
    let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
    let response = match call.operation.as_str() {
        "audio.speech" => speech::answer(reply)?,
        _ => transcripts::answer(reply)?,
    };
    Ok(response.respond())
}
