//! Transcription: a form, whose fields Cohere reads before its file; the answer is the text alone,
//! as OpenAI's is.

use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{Call, Error, Outbound, fault};

use crate::path;

pub fn request(call: &Call, mut body: Map<String, Value>) -> Result<Outbound, Error> {
    let format = body.shift_remove("response_format");
    if format.is_some_and(|it| !it.is_null() && it != "json" && it != "text") {
        return Err(fault::unsupported(
            "`response_format` is `json` or `text`: Cohere tells no times",
        ));
    }
    for gateways in ["metadata", "user", "stream"] {
        body.shift_remove(gateways);
    }
    body.insert("model".into(), call.model.clone().into());
    let language = body.get("language").filter(|it| !it.is_null()).cloned();
    let language = language.or_else(|| call.config().get("language").cloned());
    let language = language.ok_or_else(|| {
        fault::invalid_request("`language` is missing: Cohere does not detect it")
    })?;
    body.insert("language".into(), language);
    let outbound = Outbound::post(path::of(call, "/v2/audio/transcriptions"));
    Ok(outbound.form(call, &body.into()).canonical())
}
