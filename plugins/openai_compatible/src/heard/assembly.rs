//! AssemblyAI: a file is uploaded, a transcript of it is made, and asked after until it has ended. Its
//! API is at a host of its own and takes the key as it is.

use serde::{Deserialize, Serialize};
use sluice_sdk::fault::{self, ErrorExt as _, kind};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Body, Call, Error, Outbound, Reply, Step, parse_state, write_json};
use sluice_transcript::{Span, Transcript};

use super::{asked, file, written};
use crate::errors;

const UPLOAD: &str = "/v2/upload";

/// How long AssemblyAI's own examples wait.
const WAIT_MS: u64 = 3000;

/// Half an hour of waiting, nearly: the gateway gives a call 600 steps, and the upload and the making
/// of the transcript are steps as well.
const MAX_POLLS: u32 = 590;

/// A name that leaves the choice to the service.
const ANY_MODEL: &str = "best";

/// What goes from request to request. What is not known yet is empty.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    format: String,
    /// The API's address.
    root: String,
    /// What is asked for, until it is.
    asked: Option<Value>,
    job: String,
    polls: u32,
}

pub fn request(call: &Call, outbound: Outbound, body: &str) -> Result<Outbound, Error> {
    let body: Map<String, Value> = sluice_sdk::parse_body(body)?;
    let file = file(call)?;
    let format = asked(&body)?;
    let mut wanted = json!({});
    if call.model != ANY_MODEL {
        wanted["speech_models"] = json!([call.model]);
    }
    let said = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    match said("language") {
        "" if said("language_code").is_empty() => wanted["language_detection"] = true.into(),
        "" => {}
        language => wanted["language_code"] = language.into(),
    }
    if format == "diarized_json" {
        wanted["speaker_labels"] = true.into();
    }
    for (name, value) in sluice_transcript::own(&body) {
        wanted[name] = sluice_transcript::meant(value);
    }
    let root = outbound.url.strip_suffix(UPLOAD).unwrap_or_default();
    let state = State {
        format,
        root: root.to_owned(),
        asked: Some(wanted),
        ..State::default()
    };
    let mut upload = with_key(outbound).state(write_json(&state));
    upload.body = Body::File(file.id);
    Ok(upload)
}

fn with_key(outbound: Outbound) -> Outbound {
    let params = [
        ("name", "authorization"),
        ("prefix", ""),
        ("secret", "api_key"),
    ];
    outbound.auth("header", &params)
}

pub fn respond(reply: &Reply) -> Result<Step, Error> {
    let mut state: State = parse_state(&reply.state)?;
    let answer = reply.json()?;
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    if let Some(mut asked) = state.asked.take() {
        let url = text("upload_url");
        let url =
            url.ok_or_else(|| fault::upstream("the provider's answer has no `upload_url`"))?;
        asked["audio_url"] = url.into();
        let make = Outbound::post(format!("{}/v2/transcript", state.root)).json(&asked);
        return Ok(with_key(make).state(write_json(&state)).send());
    }
    if state.job.is_empty() {
        let plain = |it: char| it.is_ascii_alphanumeric() || it == '-';
        let id = text("id").filter(|it| !it.is_empty() && it.chars().all(plain));
        let id = id.ok_or_else(|| fault::upstream("the provider's answer has no `id`"))?;
        state.job = id.to_owned();
    }
    match text("status") {
        Some("completed") => written(&transcript(&answer)?, &state.format),
        Some("error") => {
            let said = text("error").unwrap_or("the provider failed to transcribe");
            Err(fault::upstream(said).with_detail(&answer))
        }
        Some("queued" | "processing") if state.polls < MAX_POLLS => {
            state.polls += 1;
            let look = Outbound::get(format!("{}/v2/transcript/{}", state.root, state.job));
            let look = look.option("delay_ms", WAIT_MS);
            Ok(with_key(look).state(write_json(&state)).send())
        }
        Some("queued" | "processing") => {
            let seconds = u64::from(MAX_POLLS) * WAIT_MS / 1000;
            let message = format!("the transcript was not ready after {seconds} seconds");
            Err(fault::error(kind::TIMEOUT, message))
        }
        _ => Err(errors::of_text(&answer.to_string())),
    }
}

fn transcript(answer: &Value) -> Result<Transcript, Error> {
    let text = answer.get("text").and_then(Value::as_str);
    let text = text.ok_or_else(|| fault::upstream("the provider's transcript has no `text`"))?;
    let words = answer.get("words").and_then(Value::as_array);
    let words: Vec<Span> = words.into_iter().flatten().map(word).collect();
    let language = answer.get("language_code").and_then(Value::as_str);
    Ok(Transcript {
        text: text.to_owned(),
        language: language.map(str::to_owned),
        duration_seconds: answer.get("audio_duration").and_then(Value::as_f64),
        segments: sluice_transcript::segments(&words),
        words,
        ..Transcript::default()
    })
}

/// Times are in milliseconds.
fn word(word: &Value) -> Span {
    let seconds = |name: &str| word.get(name).and_then(Value::as_f64).unwrap_or(0.0) / 1000.0;
    let said = |name: &str| word.get(name).and_then(Value::as_str).map(str::to_owned);
    Span {
        text: said("text").unwrap_or_default(),
        start: seconds("start"),
        end: seconds("end"),
        speaker: said("speaker"),
    }
}
