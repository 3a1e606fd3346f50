//! What comes after an answer.

use serde::{Deserialize, Serialize};
use sluice_sdk::fault::{self, ErrorExt as _, kind};
use sluice_sdk::serde_json::Value;
use sluice_sdk::{Error, Outbound, Reply, Step, parse_state, write_json};

use crate::transcript;

/// LiteLLM's time between two questions, in the first minute.
const WAIT_MS: u64 = 1000;
const FIRST_POLLS: u32 = 60;

/// The time between two questions about a sound that takes longer.
const LONG_WAIT_MS: u64 = 3000;

/// The gateway gives a call 600 steps, and what comes before and after the questions are steps as
/// well: nearly half an hour of waiting.
const MAX_POLLS: u32 = 590;

/// What goes from request to request. What is not known yet is empty.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    format: String,
    /// What is asked for.
    asked: Value,
    file: String,
    job: String,
    polls: u32,
    /// It is complete, and its transcript is asked for.
    complete: bool,
    milliseconds: Option<f64>,
    /// What was said, while what was left there is deleted.
    said: Option<Value>,
}

impl State {
    pub fn of(format: &str, asked: Value) -> Self {
        Self {
            format: format.to_owned(),
            asked,
            ..Self::default()
        }
    }
}

pub fn next(replies: &[Reply]) -> Result<Step, Error> {
    let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
    let mut state: State = parse_state(&reply.state)?;
    if let Some(said) = &state.said {
        // Whether the deletions went well is not the client's concern.
        return transcript::respond(said, &state.format, state.milliseconds);
    }
    let answer = reply.json()?;
    if state.file.is_empty() {
        state.file = id(&answer)?;
        state.asked["file_id"] = state.file.clone().into();
        let made = Outbound::post("/v1/transcriptions").json(&state.asked);
        return Ok(made.state(write_json(&state)).send());
    }
    if state.complete {
        state.said = Some(answer);
        return Ok(deletions(&state));
    }
    if state.job.is_empty() {
        state.job = id(&answer)?;
    }
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    let job = state.job.clone();
    match text("status") {
        Some("completed") => {
            state.complete = true;
            state.milliseconds = answer.get("audio_duration_ms").and_then(Value::as_f64);
            let said = Outbound::get(format!("/v1/transcriptions/{job}/transcript"));
            Ok(said.state(write_json(&state)).send())
        }
        Some("error") => {
            let message = text("error_message").unwrap_or("the provider failed to transcribe");
            Err(fault::upstream(message).with_detail(&answer))
        }
        Some("queued" | "processing") if state.polls < MAX_POLLS => {
            state.polls += 1;
            let look = Outbound::get(format!("/v1/transcriptions/{job}"));
            let look = look.option("delay_ms", wait_ms(state.polls));
            Ok(look.state(write_json(&state)).send())
        }
        Some("queued" | "processing") => {
            let seconds = (1..=MAX_POLLS).map(wait_ms).sum::<u64>() / 1000;
            let message = format!("the transcript was not ready after {seconds} seconds");
            Err(fault::error(kind::TIMEOUT, message))
        }
        _ => Err(fault::upstream(
            "the provider's transcription has no known `status`",
        )),
    }
}

fn wait_ms(poll: u32) -> u64 {
    if poll <= FIRST_POLLS {
        WAIT_MS
    } else {
        LONG_WAIT_MS
    }
}

fn id(answer: &Value) -> Result<String, Error> {
    let id = answer.get("id").and_then(Value::as_str).unwrap_or_default();
    let plain = |it: char| it.is_ascii_alphanumeric() || it == '-';
    if id.is_empty() || !id.chars().all(plain) {
        return Err(fault::upstream("the provider's answer has no `id`"));
    }
    Ok(id.to_owned())
}

/// Sound and text stay with Soniox until they are deleted.
fn deletions(state: &State) -> Step {
    let delete = |path: String| {
        Outbound::new("DELETE", path)
            .option("accept_errors", true)
            .state(write_json(state))
    };
    Step::SendAll(vec![
        delete(format!("/v1/transcriptions/{}", state.job)),
        delete(format!("/v1/files/{}", state.file)),
    ])
}
