//! ModelScope: a task is made, and asked after until it has ended.

use serde::{Deserialize, Serialize};
use sluice_sdk::fault::{self, kind};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Step, parse_state, write_json};

use super::{made, only, own, prompt};
use crate::errors;
use crate::row::Row;

/// How long ModelScope's own examples wait.
const WAIT_MS: u64 = 5000;

/// Ten minutes of waiting.
const MAX_POLLS: u32 = 120;

#[derive(Default, Serialize, Deserialize)]
struct State {
    /// The path of the task.
    task: String,
    polls: u32,
}

pub fn request(
    call: &Call,
    row: &Row,
    outbound: Outbound,
    asked: &Map<String, Value>,
) -> Result<Outbound, Error> {
    only(asked, "url", row)?;
    let mut body = json!({"model": call.model, "prompt": prompt(asked)?});
    for (name, value) in own(asked) {
        body[name] = value;
    }
    // A deployment's own address, as far as it is another one, is asked for the task too.
    let path = outbound.url.strip_suffix("/images/generations");
    let state = State {
        task: path.unwrap_or_default().to_owned(),
        polls: 0,
    };
    Ok(outbound
        .header("x-modelscope-async-mode", "true")
        .json(&body)
        .state(write_json(&state)))
}

pub fn respond(reply: &Reply) -> Result<Step, Error> {
    let mut state: State = parse_state(&reply.state)?;
    let answer = errors::document(reply)?;
    if state.polls == 0 {
        let id = answer.get("task_id").and_then(Value::as_str);
        let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_');
        let id = id.filter(|it| !it.is_empty() && it.chars().all(plain));
        let id = id.ok_or_else(|| fault::upstream("the provider's answer has no `task_id`"))?;
        state.task = format!("{}/tasks/{id}", state.task);
    } else if let Some(done) = ended(&answer)? {
        return Ok(done);
    }
    if state.polls >= MAX_POLLS {
        let seconds = u64::from(MAX_POLLS) * WAIT_MS / 1000;
        let message = format!("the picture was not ready after {seconds} seconds");
        return Err(fault::error(kind::TIMEOUT, message));
    }
    state.polls += 1;
    let look = Outbound::get(state.task.clone())
        .header("x-modelscope-task-type", "image_generation")
        .option("delay_ms", WAIT_MS);
    Ok(look.state(write_json(&state)).send())
}

/// None while it is being made.
fn ended(task: &Value) -> Result<Option<Step>, Error> {
    let status = task.get("task_status").and_then(Value::as_str);
    match status.unwrap_or_default() {
        "SUCCEED" => {
            let urls = task.get("output_images").and_then(Value::as_array);
            let urls = urls.into_iter().flatten();
            let data = urls.filter_map(|it| Some(json!({"url": it.as_str()?})));
            made(data.collect()).map(Some)
        }
        "FAILED" => {
            let said = task.pointer("/errors/message").and_then(Value::as_str);
            Err(fault::upstream(
                said.unwrap_or("the provider's task failed"),
            ))
        }
        "" => Err(fault::upstream("the provider's task has no `task_status`")),
        _ => Ok(None),
    }
}
