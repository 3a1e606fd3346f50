//! Speech and transcripts: of Gemini's models by `generateContent`, else of the services that Google
//! Cloud has for them.

use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{Call, Error, Reply, Step, fault};
use sluice_wire::gemini::{speech, transcripts};

use crate::family::{Family, Model};
use crate::{google, hearing, voices};

/// Others of Google's, which have a name of a model but neither speak nor hear.
const NEITHER: [&str; 6] = ["gemini", "imagen", "lyria", "veo", "text-", "semantic-"];

enum Service {
    Gemini,
    Cloud,
}

fn service(model: Model<'_>, operation: &str, gemini: bool) -> Result<Service, Error> {
    let other = NEITHER.iter().any(|it| model.name.starts_with(it));
    match model.family {
        Family::Google if gemini => Ok(Service::Gemini),
        Family::Google if !other => Ok(Service::Cloud),
        _ => Err(model.lacks(operation)),
    }
}

fn speaks(model: Model<'_>, operation: &str) -> Result<Service, Error> {
    let gemini = model.name.starts_with("gemini") && model.name.contains("tts");
    service(model, operation, gemini)
}

fn hears(model: Model<'_>, operation: &str) -> Result<Service, Error> {
    service(model, operation, transcripts::transcribes(model.name))
}

pub fn speech(call: &Call, model: Model<'_>, body: &Map<String, Value>) -> Result<Step, Error> {
    match speaks(model, &call.operation)? {
        Service::Cloud => voices::request(call, body),
        Service::Gemini => {
            let (sent, state) = speech::request(body)?;
            let outbound = google::post(call, model, "generateContent")?;
            Ok(outbound.json(&sent).state(state).send())
        }
    }
}

pub fn transcript(call: &Call, model: Model<'_>, body: &Map<String, Value>) -> Result<Step, Error> {
    match hears(model, &call.operation)? {
        Service::Cloud => hearing::request(call, model.name, body),
        Service::Gemini => {
            let (sent, state) = transcripts::request(call, body)?;
            let outbound = google::post(call, model, "generateContent")?;
            Ok(outbound.json(&sent).state(state).send())
        }
    }
}

pub fn answer(call: &Call, replies: &[Reply]) -> Result<Step, Error> {
    let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
    let model = Model::of(&call.model)?;
    let response = if call.operation == "audio.speech" {
        match speaks(model, &call.operation)? {
            Service::Gemini => speech::answer(reply)?,
            Service::Cloud => voices::answer(reply)?,
        }
    } else {
        match hears(model, &call.operation)? {
            Service::Gemini => transcripts::answer(reply)?,
            Service::Cloud => hearing::answer(reply)?,
        }
    };
    Ok(response.respond())
}
