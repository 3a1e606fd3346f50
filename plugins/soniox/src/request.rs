//! The upload, and what is asked for when it is there.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Body, Call, Error, Outbound, Part, PartData, Step, fault, write_json};

use crate::turns::State;

pub fn upload(call: &Call, body: Map<String, Value>) -> Result<Step, Error> {
    let file = call.files.iter().find(|it| it.field == "file");
    let file =
        file.ok_or_else(|| fault::invalid_request("`file` is missing: the sound to transcribe"))?;
    let given = |name: &str| body.get(name).filter(|it| !it.is_null() && **it != "");
    let format = sluice_transcript::format(&body).map_err(fault::invalid_request)?;
    let mut asked = json!({"model": call.model});
    if let Some(language) = given("language") {
        asked["language_hints"] = json!([language]);
    }
    if format == "diarized_json" {
        asked["enable_speaker_diarization"] = true.into();
    }
    for (name, value) in sluice_transcript::own(&body) {
        asked[name.trim_end_matches("[]")] = sluice_transcript::meant(value);
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
