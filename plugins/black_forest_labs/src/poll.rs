//! Asking after an image until it is there.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Response, Step, fault, parse_state, write_json};

use crate::errors;

/// Black Forest Labs asks for no more than one question in this time.
const WAIT_MS: u64 = 1500;

/// Five minutes of waiting.
const MAX_POLLS: u32 = 200;

/// A wait that is asked for may be longer, up to this.
const MAX_WAIT_MS: u64 = 30_000;

/// What goes from question to question, with the first of several requests.
#[derive(Default, Serialize, Deserialize)]
pub struct State {
    #[serde(default)]
    polls: u32,
    /// Where this request is asked after.
    #[serde(default)]
    url: String,
    /// Images that are ready.
    #[serde(default)]
    images: Vec<Value>,
}

pub fn next(call: &Call, replies: &[Reply]) -> Result<Step, Error> {
    let mut images = Vec::new();
    let mut waiting: Vec<(String, u64)> = Vec::new();
    let mut polls = 0;
    for reply in replies {
        let state: State = parse_state(&reply.state)?;
        polls = polls.max(state.polls);
        images.extend(state.images);
        let answer = reply.json()?;
        if state.url.is_empty() {
            waiting.push((polling_url(call, &answer)?, WAIT_MS));
        } else if let Some(image) = image(&answer)? {
            images.push(image);
        } else {
            waiting.push((state.url, wait(reply)));
        }
    }
    if waiting.is_empty() {
        return Ok(done(images));
    }
    if polls >= MAX_POLLS {
        let seconds = u64::from(MAX_POLLS) * WAIT_MS / 1000;
        return Err(fault::error(
            fault::kind::TIMEOUT,
            format!("the image was not ready after {seconds} seconds"),
        ));
    }
    let mut asking: Vec<Outbound> = Vec::with_capacity(waiting.len());
    for (url, wait) in waiting {
        let state = State {
            polls: polls + 1,
            url: url.clone(),
            images: std::mem::take(&mut images),
        };
        let outbound = Outbound::get(url).option("delay_ms", wait);
        asking.push(outbound.state(write_json(&state)));
    }
    Ok(match asking.pop() {
        Some(only) if asking.is_empty() => only.send(),
        last => {
            asking.extend(last);
            Step::SendAll(asking)
        }
    })
}

/// The address is the provider's word, and the key goes there: it is theirs, or the deployment's.
fn polling_url(call: &Call, answer: &Value) -> Result<String, Error> {
    let url = answer.get("polling_url").and_then(Value::as_str);
    let url = url.ok_or_else(|| errors::instead_of_an_answer(answer))?;
    let context = call.context();
    let base = context
        .get("base_url")
        .and_then(Value::as_str)
        .and_then(origin);
    let own = base.is_some_and(|base| origin(url) == Some(base));
    let host = url
        .strip_prefix("https://")
        .map(|it| it.split(['/', '?', '#']).next().unwrap_or_default());
    let plain = |it: &str| {
        it.bytes()
            .all(|it| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'-'))
    };
    let theirs = host.is_some_and(|it| plain(it) && (it == "bfl.ai" || it.ends_with(".bfl.ai")));
    if own || theirs {
        return Ok(url.to_owned());
    }
    Err(fault::upstream(
        "the provider's `polling_url` is at a host that is not its own",
    ))
}

fn origin(url: &str) -> Option<&str> {
    let start = url.find("://")? + 3;
    let rest = url.get(start..)?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    url.get(..start + end)
}

fn wait(reply: &Reply) -> u64 {
    let seconds = reply
        .header("retry-after")
        .and_then(|it| it.trim().parse::<f64>().ok());
    let seconds = seconds.filter(|it| it.is_finite() && *it > 0.0);
    let millis = seconds.map_or(0, |it| (it * 1000.0) as u64);
    millis.clamp(WAIT_MS, MAX_WAIT_MS)
}

/// None while it is being made.
fn image(answer: &Value) -> Result<Option<Value>, Error> {
    let status = answer.get("status").and_then(Value::as_str);
    match status.unwrap_or_default() {
        "Ready" => {
            let result = answer.get("result");
            let url = result.and_then(|it| it.get("sample")?.as_str());
            let url =
                url.ok_or_else(|| fault::upstream("the provider's result has no `sample`"))?;
            let mut image = Map::new();
            image.insert("url".into(), url.into());
            let seed = result
                .and_then(|it| it.get("seed"))
                .filter(|it| it.is_number());
            image.extend(seed.map(|it| ("seed".to_owned(), it.clone())));
            Ok(Some(image.into()))
        }
        "Request Moderated" | "Content Moderated" => Err(fault::error(
            fault::kind::CONTENT_POLICY,
            format!("the provider refused: {}", status.unwrap_or_default()),
        )),
        "Error" | "Failed" => Err(errors::of_task(answer)),
        "Task not found" => Err(fault::upstream(
            "the provider has lost the request: Task not found",
        )),
        "" => Err(errors::instead_of_an_answer(answer)),
        _ => Ok(None),
    }
}

fn done(images: Vec<Value>) -> Step {
    let count = images.len();
    let created = sluice_sdk::host::now_ms() / 1000;
    let response = Response::json(&json!({"created": created, "data": images}));
    response.usage(&json!({ "images": count })).respond()
}
