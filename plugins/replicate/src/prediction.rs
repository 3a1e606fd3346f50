//! The life of a prediction: submitted, looked at, ended one way or another.

use serde::{Deserialize, Serialize};
use sluice_sdk::fault::{self, ErrorExt as _, kind};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Step, parse_state, write_json};

use crate::errors;

/// How long the service may hold the first answer back for the result, in seconds.
const WAIT: &str = "wait=10";

/// Milliseconds before the first look; later ones come a quarter later each.
const FIRST_LOOK_MS: u64 = 500;
const LAST_LOOK_MS: u64 = 5_000;

/// Looks that may fail in a row: the prediction goes on while its service is not to be reached.
const MAX_FAILED: u32 = 8;

/// What has to be known from one look to the next.
#[derive(Default, Serialize, Deserialize)]
struct State {
    /// Empty until the prediction was made.
    id: String,
    delay_ms: u64,
    failed: u32,
}

pub fn submit(call: &Call, input: Map<String, Value>) -> Result<Step, Error> {
    let (path, version) = target(&call.model)?;
    let mut body = Map::new();
    if let Some(version) = version {
        body.insert("version".into(), version.into());
    }
    body.insert("input".into(), input.into());
    Ok(Outbound::post(path)
        .header("prefer", WAIT)
        .json(&body.into())
        .send())
}

/// Path and version of a model: `owner/name`, `owner/name:version`, `version`, or
/// `deployments/owner/name`.
fn target(model: &str) -> Result<(String, Option<&str>), Error> {
    let word = |text: &str| {
        let letter = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
        !text.is_empty() && text.chars().all(letter) && text.chars().any(|it| it != '.')
    };
    let wrong = || fault::invalid_request(format!("`{model}` is not the name of a model"));
    let (name, version) = match model.split_once(':') {
        Some((name, version)) => (name, Some(version)),
        None => (model, None),
    };
    let parts: Vec<&str> = name.split('/').collect();
    if !parts.iter().copied().chain(version).all(word) {
        return Err(wrong());
    }
    match (parts.as_slice(), version) {
        ([_, _], Some(version)) => Ok(("/predictions".into(), Some(version))),
        ([version], None) => Ok(("/predictions".into(), Some(version))),
        ([owner, name], None) => Ok((format!("/models/{owner}/{name}/predictions"), None)),
        (["deployments", owner, name], None) => {
            Ok((format!("/deployments/{owner}/{name}/predictions"), None))
        }
        _ => Err(wrong()),
    }
}

/// What a reply leads to.
pub enum Next {
    Look(Step),
    /// It succeeded.
    Ready(Value),
}

pub fn look(reply: &Reply) -> Result<Next, Error> {
    let state: State = parse_state(&reply.state)?;
    if reply.status >= 400 {
        return again(state, reply);
    }
    let prediction = reply.json()?;
    let text = |name: &str| {
        prediction
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    match text("status") {
        "succeeded" => Ok(Next::Ready(prediction)),
        "failed" => Err(errors::of_failure(&prediction)),
        "canceled" | "aborted" => {
            let message = format!("the prediction was {}", text("status"));
            Err(fault::upstream(message).with_detail(&json!({"id": text("id")})))
        }
        "starting" | "processing" | "queued" => {
            let id = if state.id.is_empty() {
                text("id")
            } else {
                &state.id
            };
            let plain = |it: char| it.is_ascii_alphanumeric() || it == '-';
            if id.is_empty() || !id.chars().all(plain) {
                return Err(fault::upstream("the provider's prediction has no `id`"));
            }
            let delay_ms = if state.delay_ms == 0 {
                FIRST_LOOK_MS
            } else {
                state.delay_ms
            };
            Ok(Next::Look(at(State {
                id: id.to_owned(),
                delay_ms,
                failed: 0,
            })))
        }
        other => Err(fault::upstream(format!(
            "the provider's prediction has the status `{other}`"
        ))),
    }
}

/// A look that failed is tried again where time may help.
fn again(state: State, reply: &Reply) -> Result<Next, Error> {
    let error = errors::of_reply(reply);
    let asked = error.as_ref().and_then(|it| it.retry_after_ms);
    let passing = matches!(reply.status, 408 | 429 | 500..);
    if state.id.is_empty() || !passing || state.failed >= MAX_FAILED {
        return Err(error.unwrap_or_else(|| {
            fault::error(kind::UPSTREAM, "the provider failed").with_status(reply.status)
        }));
    }
    let delay_ms = state.delay_ms.max(asked.unwrap_or(0));
    Ok(Next::Look(at(State {
        failed: state.failed.saturating_add(1),
        delay_ms,
        ..state
    })))
}

fn at(mut state: State) -> Step {
    let delay = state.delay_ms;
    state.delay_ms = (delay.saturating_mul(5) / 4).min(LAST_LOOK_MS);
    Outbound::get(format!("/predictions/{}", state.id))
        .option("delay_ms", delay)
        .option("accept_errors", true)
        .state(write_json(&state))
        .send()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_named_in_four_ways() {
        let path =
            |model: &str| target(model).map(|(path, version)| (path, version.map(str::to_owned)));
        for (model, want, version) in [
            ("meta/llama", "/models/meta/llama/predictions", None),
            ("meta/llama:abc", "/predictions", Some("abc")),
            ("abc123", "/predictions", Some("abc123")),
            (
                "deployments/me/mine",
                "/deployments/me/mine/predictions",
                None,
            ),
        ] {
            assert_eq!(
                path(model).unwrap(),
                (want.to_owned(), version.map(str::to_owned))
            );
        }
        for model in [
            "", "../x", "a/b/c", "a//b", "a/b?c=1", "a/..", "a/b:", "a:b:c",
        ] {
            assert!(target(model).is_err(), "{model}");
        }
    }
}
