//! Images, made and changed: Imagen's `predict`, and `generateContent` of Gemini's image models.

use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{Call, Error, Outbound, Step, fault};
use sluice_wire::gemini::images;

use crate::embeddings::many;
use crate::family::Model;
use crate::google;

pub fn request(call: &Call, model: Model<'_>, body: &Map<String, Value>) -> Result<Step, Error> {
    let asked = match call.operation.as_str() {
        "images.edit" => images::edit(model.name, call, body)?,
        _ => images::generate(model.name, body)?,
    };
    let requests: Result<Vec<Outbound>, Error> = asked
        .iter()
        .map(|it| Ok(google::post(call, model, it.verb)?.json(&it.body)))
        .collect();
    many(requests?).ok_or_else(|| fault::internal("no image is asked for"))
}
