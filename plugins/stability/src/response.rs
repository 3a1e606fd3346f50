//! Pictures in OpenAI's form. Some edits take long: they are asked after.

use serde::{Deserialize, Serialize};
use sluice_sdk::fault::kind;
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, Outbound, Reply, Response, Step, fault, parse_state, write_json};

use crate::errors;

/// Stability asks for one question in this time.
const WAIT_MS: u64 = 10_000;

/// Five minutes of waiting.
const MAX_POLLS: u32 = 30;

#[derive(Default, Serialize, Deserialize)]
struct State {
    #[serde(default)]
    polls: u32,
    #[serde(default)]
    id: String,
}

pub fn next(replies: &[Reply]) -> Result<Step, Error> {
    let mut images = Vec::new();
    for reply in replies {
        let state: State = parse_state(&reply.state)?;
        let answer = reply.json()?;
        match image(&answer)? {
            Some(image) => images.push(image),
            // Those that take long come one at a time: a picture is too large to wait in the state.
            None if replies.len() > 1 => {
                return Err(fault::unsupported(
                    "this edit takes long, and makes one picture a request: `n` is 1",
                ));
            }
            None => return later(&answer, &state),
        }
    }
    let count = images.len();
    let created = sluice_sdk::host::now_ms() / 1000;
    let response = Response::json(&json!({"created": created, "data": images}));
    Ok(response.usage(&json!({ "images": count })).respond())
}

/// None: it is being made.
fn image(answer: &Value) -> Result<Option<Value>, Error> {
    if answer.get("finish_reason") == Some(&"CONTENT_FILTERED".into()) {
        return Err(fault::error(
            kind::CONTENT_POLICY,
            "the provider's filter refused the picture",
        ));
    }
    let data = answer.get("image").or_else(|| answer.get("result"));
    if let Some(data) = data.and_then(Value::as_str).filter(|it| !it.is_empty()) {
        let mut image = Map::new();
        image.insert("b64_json".into(), data.into());
        let seed = answer.get("seed").filter(|it| it.is_number());
        image.extend(seed.map(|it| ("seed".to_owned(), it.clone())));
        return Ok(Some(image.into()));
    }
    let begun = answer.get("id").is_some_and(Value::is_string) && answer.get("errors").is_none();
    if begun {
        Ok(None)
    } else {
        Err(errors::instead_of_an_answer(answer))
    }
}

fn later(answer: &Value, state: &State) -> Result<Step, Error> {
    let id = answer.get("id").and_then(Value::as_str).unwrap_or_default();
    let id = if state.id.is_empty() { id } else { &state.id };
    // It stands in the path.
    if id.is_empty() || !id.chars().all(|it| it.is_ascii_alphanumeric() || it == '-') {
        return Err(fault::upstream(
            "the provider's `id` of the request is none",
        ));
    }
    if state.polls >= MAX_POLLS {
        let seconds = u64::from(MAX_POLLS) * WAIT_MS / 1000;
        return Err(fault::error(
            kind::TIMEOUT,
            format!("the picture was not ready after {seconds} seconds"),
        ));
    }
    let next = State {
        polls: state.polls + 1,
        id: id.to_owned(),
    };
    let outbound =
        Outbound::get(format!("/v2beta/results/{id}")).header("accept", "application/json");
    Ok(outbound
        .option("delay_ms", WAIT_MS)
        .state(write_json(&next))
        .send())
}
