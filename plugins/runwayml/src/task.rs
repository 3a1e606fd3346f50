//! Asking after a task until it has ended.

use serde::{Deserialize, Serialize};
use sluice_sdk::fault::{self, ErrorExt as _, kind};
use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Response, Step, parse_state, write_json};

use crate::{speech, versioned};

/// Runway asks for no more than one question in this time.
const WAIT_MS: u64 = 5000;

/// Ten minutes of waiting.
const MAX_POLLS: u32 = 120;

#[derive(Default, Serialize, Deserialize)]
struct State {
    task: String,
    polls: u32,
    /// It has ended, and its sound is being fetched.
    #[serde(default)]
    fetched: bool,
}

pub fn next(call: &Call, replies: &[Reply]) -> Result<Step, Error> {
    let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
    let mut state: State = parse_state(&reply.state)?;
    if state.fetched {
        return Ok(speech::respond(reply));
    }
    let answer = reply.json()?;
    if state.task.is_empty() {
        let id = answer.get("id").and_then(Value::as_str);
        let plain = |it: char| it.is_ascii_alphanumeric() || it == '-';
        let id = id.filter(|it| !it.is_empty() && it.chars().all(plain));
        let id = id.ok_or_else(|| fault::upstream("the provider's answer has no task's `id`"))?;
        state.task = id.to_owned();
    } else if let Some(made) = ended(&answer)? {
        if call.operation != "audio.speech" {
            return Ok(pictures(&made));
        }
        state.fetched = true;
        let fetch = speech::fetch(made.first().copied().unwrap_or_default())?;
        return Ok(fetch.state(write_json(&state)).send());
    }
    if state.polls >= MAX_POLLS {
        let seconds = u64::from(MAX_POLLS) * WAIT_MS / 1000;
        let message = format!("it was not ready after {seconds} seconds");
        return Err(fault::error(kind::TIMEOUT, message));
    }
    state.polls += 1;
    let look = Outbound::get(format!("/v1/tasks/{}", state.task)).option("delay_ms", WAIT_MS);
    Ok(versioned(look).state(write_json(&state)).send())
}

fn pictures(made: &[&str]) -> Step {
    let data: Vec<Value> = made.iter().map(|it| json!({ "url": it })).collect();
    let created = sluice_sdk::host::now_ms() / 1000;
    let response = Response::json(&json!({"created": created, "data": data}));
    response.usage(&json!({ "images": made.len() })).respond()
}

/// Addresses of what was made; none while it is being made.
fn ended(task: &Value) -> Result<Option<Vec<&str>>, Error> {
    let text = |name: &str| task.get(name).and_then(Value::as_str);
    match text("status") {
        Some("PENDING" | "RUNNING" | "THROTTLED") => Ok(None),
        Some("SUCCEEDED") => {
            let urls = task.get("output").and_then(Value::as_array);
            let urls = urls.into_iter().flatten().filter_map(Value::as_str);
            let urls: Vec<&str> = urls.collect();
            if urls.is_empty() {
                return Err(fault::upstream("the provider's task has no `output`"));
            }
            Ok(Some(urls))
        }
        Some("CANCELLED") => Err(fault::upstream("the provider's task was cancelled")),
        Some("FAILED") => {
            let code = text("failureCode").unwrap_or_default();
            let refused = code.starts_with("SAFETY");
            let what = if refused {
                kind::CONTENT_POLICY
            } else {
                kind::UPSTREAM
            };
            let message = text("failure").unwrap_or("the provider's task failed");
            Err(fault::error(what, message).with_detail(task))
        }
        _ => Err(fault::upstream("the provider's task has no known `status`")),
    }
}
