//! Google's own models, by `generateContent`.

use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{Call, Error, Outbound};
use sluice_wire::gemini::request;

use crate::family::{Family, Model};
use crate::place::{self, Place};

/// The version that has all that models can do.
pub const VERSION: &str = "v1beta1";

/// A chat, translated.
pub fn chat(call: &Call, model: Model<'_>, body: Map<String, Value>) -> Result<Outbound, Error> {
    let body = request::from_chat(call, body)?;
    Ok(generate(call, model)?.json(&body))
}

/// `generateContent` as the client wrote it.
pub fn native(call: &Call, model: Model<'_>) -> Result<Outbound, Error> {
    Ok(generate(call, model)?
        .patch(vec![("model".into(), None)])
        .canonical())
}

fn generate(call: &Call, model: Model<'_>) -> Result<Outbound, Error> {
    let verb = if call.streaming {
        "streamGenerateContent?alt=sse"
    } else {
        "generateContent"
    };
    post(call, model, verb)
}

/// A request to a method of a Google model, or of a tuned one at its endpoint.
pub fn post(call: &Call, model: Model<'_>, verb: &str) -> Result<Outbound, Error> {
    let place = Place::of(call)?;
    let url = match model.family {
        Family::Tuned => place.endpoint(VERSION, model.name, &format!(":{verb}"))?,
        _ => place.model(VERSION, "google", model.name, verb),
    };
    let mut outbound = Outbound::post(url);
    outbound.auth = place::auth(call);
    Ok(outbound)
}
