//! Transcripts: a form with the sound, the model and who pays: the project stands in the form, and
//! not in the address (as IBM's own SDKs for Java send it, and LiteLLM).

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Payload, Response, Step, fault};

use crate::place::Place;

/// What is written here of the text, which comes without times.
const FORMATS: [&str; 2] = ["json", "text"];

/// The request; the format that is asked for is its state.
pub fn request(call: &Call, place: &Place, asked: &Map<String, Value>) -> Result<Outbound, Error> {
    if !call.files.iter().any(|it| it.field == "file") {
        return Err(fault::invalid_request(
            "`file` is missing: the sound to transcribe",
        ));
    }
    let given = |name: &str| asked.get(name).filter(|it| !it.is_null());
    let format = given("response_format").map_or(Some("json"), Value::as_str);
    let format = format.filter(|it| FORMATS.contains(it)).ok_or_else(|| {
        fault::unsupported("`response_format` is `json` or `text`: watsonx tells no times")
    })?;
    let mut fields = place.body()?;
    // Here it is called as OpenAI calls it.
    fields.remove("model_id");
    fields.insert("model".into(), call.model.clone().into());
    if let Some(language) = given("language") {
        fields.insert("language".into(), language.clone());
    }
    let outbound = Outbound::post(place.transcriptions()?);
    Ok(outbound.form(call, &fields.into()).state(format))
}

pub fn answer(answer: &Value, format: &str) -> Result<Step, Error> {
    let text = answer.get("text").and_then(Value::as_str);
    let text = text.ok_or_else(|| fault::upstream("the provider's answer has no `text`"))?;
    if format == "json" {
        return Ok(Response::json(&json!({ "text": text })).respond());
    }
    Ok(Response {
        body: Payload::Text(format!("{text}\n")),
        content_type: Some("text/plain; charset=utf-8".to_owned()),
        headers: Vec::new(),
        usage: None,
    }
    .respond())
}
