//! Cloud Speech-to-Text (`Speech.Recognize` in googleapis' google/cloud/speech/v2/cloud_speech.proto):
//! sounds of a minute, of the `chirp` models.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Response, Step, fault, parse_state, write_json};
use sluice_transcript::Transcript;
use sluice_wire::gemini::transcripts::{self, Asked};

use crate::place;

pub fn request(call: &Call, model: &str, body: &Map<String, Value>) -> Result<Step, Error> {
    let asked = Asked::of(body)?;
    if asked.format == "diarized_json" {
        return Err(fault::unsupported(
            "`response_format` is `diarized_json`: these models do not tell speakers apart here",
        ));
    }
    let (data, _) = transcripts::sound(call)?;
    let language = asked.language.as_deref().map(transcripts::language);
    let mut features = json!({"enableAutomaticPunctuation": true});
    if asked.wants_times(body) {
        features["enableWordTimeOffsets"] = true.into();
    }
    let sent = json!({
        "config": {"model": model, "languageCodes": [language.as_deref().unwrap_or("auto")],
            "features": features, "autoDecodingConfig": {}},
        "content": data
    });
    let project = place::project(call)?;
    let location = place::hearing(call)?;
    let host = match location.as_str() {
        "global" => "https://speech.googleapis.com".to_owned(),
        _ => format!("https://{location}-speech.googleapis.com"),
    };
    let host = place::own_host(call, &host);
    let url = format!("{host}/v2/projects/{project}/locations/{location}/recognizers/_:recognize");
    let outbound = Outbound::post(url).header("x-goog-user-project", project);
    Ok(outbound.json(&sent).state(write_json(&asked)).send())
}

pub fn answer(reply: &Reply) -> Result<Response, Error> {
    let asked: Asked = parse_state(&reply.state)?;
    let answer = reply.json()?;
    if !answer.is_object() {
        return Err(fault::upstream("the provider's answer has no transcript"));
    }
    let mut transcript = Transcript {
        language: asked.language.clone(),
        ..Transcript::default()
    };
    let mut texts = Vec::new();
    // A sound without words has no results.
    let results = answer.get("results").and_then(Value::as_array);
    for result in results.into_iter().flatten() {
        let best = result.pointer("/alternatives/0");
        let said = best.and_then(|it| it.get("transcript")?.as_str());
        texts.extend(said.map(str::trim).filter(|it| !it.is_empty()));
        let words = best.and_then(|it| it.get("words")?.as_array());
        let words = words.into_iter().flatten();
        transcript
            .words
            .extend(words.map(|it| transcripts::span(it, None)));
        if transcript.language.is_none() {
            let heard = result.get("languageCode").and_then(Value::as_str);
            transcript.language = heard.map(str::to_owned);
        }
    }
    transcript.text = texts.join(" ");
    transcript.segments = sluice_transcript::segments(&transcript.words);
    // What is charged for.
    let billed = answer.pointer("/metadata/totalBilledDuration");
    transcript.duration_seconds = billed
        .and_then(Value::as_str)
        .and_then(transcripts::seconds);
    asked.answer(transcript, None)
}
