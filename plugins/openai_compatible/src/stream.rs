//! A streamed chat completion, brought into OpenAI's form chunk by chunk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{self, Map, Value};
use sluice_sdk::{Continuation, Decoded, Error, Frame, fault, parse_state, write_json};

use crate::{answer, tidy};

/// What survives between two batches.
#[derive(Default, Serialize, Deserialize)]
struct State {
    /// By choice.
    #[serde(default)]
    choices: BTreeMap<u64, Choice>,
}

#[derive(Default, Serialize, Deserialize)]
struct Choice {
    #[serde(default)]
    role: bool,
    #[serde(default)]
    finished: bool,
    /// Tool calls so far.
    #[serde(default)]
    calls: u64,
}

pub fn decode(state: &str, frames: &[Frame], last: bool) -> Result<Decoded, Error> {
    let mut state: State = parse_state(state)?;
    let mut decoded = Decoded::more(String::new());
    for frame in frames {
        let text = frame
            .text()
            .ok_or_else(|| fault::upstream("the provider's event is not text"))?;
        let read = serde_json::from_str::<Value>(text)
            .map_err(|cause| fault::upstream(format!("the provider's event is not JSON: {cause}")));
        let read = read.and_then(|chunk| {
            if frame.event == "error" && chunk.get("error").is_none() {
                return Err(tidy::error(&chunk));
            }
            state.read(chunk, &mut decoded)
        });
        if let Err(error) = read {
            decoded.failure = Some(error);
            decoded.next = Continuation::Done;
            break;
        }
    }
    // Whether a stream without `[DONE]` is complete is told by its finish reason, which the host sees.
    let _ = last;
    decoded.state = write_json(&state);
    Ok(decoded)
}

impl State {
    fn read(&mut self, mut chunk: Value, out: &mut Decoded) -> Result<(), Error> {
        if let Some(error) = chunk.get("error").filter(|it| !it.is_null()) {
            return Err(tidy::error(error));
        }
        let Some(members) = chunk.as_object_mut() else {
            return Err(fault::upstream("the provider's event is no object"));
        };
        let nested = members
            .get("x_groq")
            .and_then(|it| it.get("usage"))
            .cloned();
        let usage = members
            .shift_remove("usage")
            .or(nested)
            .filter(|it| it.get("prompt_tokens").is_some_and(Value::is_number));
        if let Some(usage) = usage {
            out.usage = Some(usage.to_string());
        }
        let choices = members.get_mut("choices").and_then(Value::as_array_mut);
        let Some(choices) = choices.filter(|choices| !choices.is_empty()) else {
            // Usage, filter results and pings come without choices; an error text comes as `detail`.
            return match members
                .get("detail")
                .or_else(|| members.get("message"))
                .and_then(Value::as_str)
            {
                Some(detail) if !members.contains_key("choices") => Err(fault::upstream(detail)),
                _ => Ok(()),
            };
        };
        if choices
            .iter()
            .any(|choice| choice.get("message").is_some() && choice.get("delta").is_none())
        {
            return whole(chunk, out);
        }
        for choice in choices.iter_mut().filter_map(Value::as_object_mut) {
            self.choice(choice)?;
        }
        out.events.push(Frame::json(&chunk));
        Ok(())
    }

    fn choice(&mut self, choice: &mut Map<String, Value>) -> Result<(), Error> {
        if let Some(error) = choice.get("error").filter(|it| !it.is_null()) {
            return Err(tidy::error(error));
        }
        let index = choice.get("index").and_then(Value::as_u64).unwrap_or(0);
        choice.insert("index".into(), index.into());
        let known = self.choices.entry(index).or_default();
        tidy::finish(choice);
        if choice.get("finish_reason").is_some_and(Value::is_string)
            && std::mem::replace(&mut known.finished, true)
        {
            choice.insert("finish_reason".into(), Value::Null);
        }
        let delta = choice.entry("delta").or_insert_with(|| Map::new().into());
        if delta.is_null() {
            *delta = Map::new().into();
        }
        if let Some(delta) = delta.as_object_mut() {
            known.delta(delta);
        }
        Ok(())
    }
}

impl Choice {
    fn delta(&mut self, delta: &mut Map<String, Value>) {
        tidy::message(delta);
        let said = delta
            .get("role")
            .and_then(Value::as_str)
            .is_some_and(|role| !role.is_empty());
        if self.role || !said {
            delta.shift_remove("role");
        }
        if !self.role {
            delta.insert("role".into(), "assistant".into());
            self.role = true;
        }
        delta.retain(|_, value| !value.is_null());
        let Some(calls) = delta.get_mut("tool_calls").and_then(Value::as_array_mut) else {
            return;
        };
        if calls.is_empty() {
            delta.shift_remove("tool_calls");
            return;
        }
        for call in calls.iter_mut().filter_map(Value::as_object_mut) {
            tidy::tool_call(call);
            let named = call
                .get("function")
                .and_then(|it| it.get("name"))
                .and_then(Value::as_str)
                .is_some_and(|it| !it.is_empty());
            let begins = named || call.contains_key("id");
            let given = call.get("index").and_then(Value::as_u64);
            let index = given.unwrap_or(if begins {
                self.calls
            } else {
                self.calls.saturating_sub(1)
            });
            let new = begins && index >= self.calls;
            self.calls = self.calls.max(index + 1);
            call.insert("index".into(), index.into());
            if new {
                call.entry("id")
                    .or_insert_with(|| format!("call_{index}").into());
                call.entry("type").or_insert_with(|| "function".into());
            }
        }
    }
}

/// A whole answer in the place of a chunk.
fn whole(chunk: Value, out: &mut Decoded) -> Result<(), Error> {
    let mut answer = answer::tidied(chunk)?;
    for choice in answer
        .get_mut("choices")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        if let Some(members) = choice.as_object_mut()
            && let Some(message) = members.shift_remove("message")
        {
            members.insert("delta".into(), message);
        }
    }
    out.events.push(Frame::json(&answer));
    Ok(())
}
