//! The upload, and what is asked for when it is there.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Body, Call, Error, Outbound, Part, PartData, Step, fault, write_json};

use crate::turns::State;

/// Members that are read here, and those that are for the gateway alone. Any other is Soniox's.
const READ: [&str; 8] = [
    "file",
    "language",
    "metadata",
    "model",
    "response_format",
    "timestamp_granularities",
    "timestamp_granularities[]",
    "user",
];

pub fn upload(call: &Call, body: Map<String, Value>) -> Result<Step, Error> {
    let file = call.files.iter().find(|it| it.field == "file");
    let file =
        file.ok_or_else(|| fault::invalid_request("`file` is missing: the sound to transcribe"))?;
    let given = |name: &str| body.get(name).filter(|it| !it.is_null() && **it != "");
    let format = given("response_format")
        .map_or(Some("json"), Value::as_str)
        .unwrap_or_default();
    if !sluice_transcript::FORMATS.contains(&format) {
        let all = sluice_transcript::FORMATS.join(", ");
        return Err(fault::invalid_request(format!(
            "`response_format` is `{format}`: it is {all}"
        )));
    }
    let mut asked = json!({"model": call.model});
    if let Some(language) = given("language") {
        asked["language_hints"] = json!([language]);
    }
    if format == "diarized_json" {
        asked["enable_speaker_diarization"] = true.into();
    }
    for (name, value) in &body {
        if !READ.contains(&name.as_str()) && !value.is_null() {
            asked[name.trim_end_matches("[]")] = read(value);
        }
    }
    let state = State::of(format, asked);
    let mut outbound = Outbound::post("/v1/files").state(write_json(&state));
    outbound.body = Body::Multipart(vec![Part {
        name: "file".into(),
        filename: Some(file.filename.clone()),
        content_type: Some(file.content_type.clone()).filter(|it| !it.is_empty()),
        data: PartData::File(file.id),
    }]);
    Ok(outbound.send())
}

/// Fields of forms are texts; `true` and `false` are meant as what they say.
fn read(value: &Value) -> Value {
    match value.as_str() {
        Some("true") => true.into(),
        Some("false") => false.into(),
        _ => value.clone(),
    }
}
