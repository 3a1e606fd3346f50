//! Asking after a task until it has ended.

use serde::{Deserialize, Serialize};
use sluice_sdk::fault::{self, ErrorExt as _, kind};
use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Error, Outbound, Reply, Response, Step, parse_state, write_json};

use crate::versioned;

/// Runway asks for no more than one question in this time.
const WAIT_MS: u64 = 5000;

/// Ten minutes of waiting.
const MAX_POLLS: u32 = 120;

#[derive(Default, Serialize, Deserialize)]
struct State {
    task: String,
    polls: u32,
}

pub fn next(replies: &[Reply]) -> Result<Step, Error> {
    let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
    let mut state: State = parse_state(&reply.state)?;
    let answer = reply.json()?;
    if state.task.is_empty() {
        let id = answer.get("id").and_then(Value::as_str);
        let plain = |it: char| it.is_ascii_alphanumeric() || it == '-';
        let id = id.filter(|it| !it.is_empty() && it.chars().all(plain));
        let id = id.ok_or_else(|| fault::upstream("the provider's answer has no task's `id`"))?;
        state.task = id.to_owned();
    } else if let Some(done) = ended(&answer)? {
        return Ok(done);
    }
    if state.polls >= MAX_POLLS {
        let seconds = u64::from(MAX_POLLS) * WAIT_MS / 1000;
        let message = format!("the picture was not ready after {seconds} seconds");
        return Err(fault::error(kind::TIMEOUT, message));
    }
    state.polls += 1;
    let look = Outbound::get(format!("/v1/tasks/{}", state.task)).option("delay_ms", WAIT_MS);
    Ok(versioned(look).state(write_json(&state)).send())
}

/// None while it is being made.
fn ended(task: &Value) -> Result<Option<Step>, Error> {
    let text = |name: &str| task.get(name).and_then(Value::as_str);
    match text("status") {
        Some("PENDING" | "RUNNING" | "THROTTLED") => Ok(None),
        Some("SUCCEEDED") => {
            let urls = task.get("output").and_then(Value::as_array);
            let data: Vec<Value> = urls
                .into_iter()
                .flatten()
                .filter_map(|it| Some(json!({"url": it.as_str()?})))
                .collect();
            if data.is_empty() {
                return Err(fault::upstream("the provider's task has no `output`"));
            }
            let count = data.len();
            let created = sluice_sdk::host::now_ms() / 1000;
            let response = Response::json(&json!({"created": created, "data": data}));
            Ok(Some(response.usage(&json!({ "images": count })).respond()))
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
