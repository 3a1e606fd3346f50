//! A streamed answer as chat chunks: each frame is a whole `generateContent` answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{self, Map, Value, json};
use sluice_sdk::{Continuation, Decoded, Error, Frame, fault, parse_state, write_json};

use crate::gemini::response::{self, Before, Names, Parts};
use crate::gemini::{errors, grounding, usage};

#[derive(Default, Serialize, Deserialize)]
struct State {
    #[serde(default)]
    choices: BTreeMap<u64, Choice>,
    /// A finish reason or a block was seen: Google sends no end marker.
    #[serde(default)]
    finished: bool,
}

#[derive(Default, Serialize, Deserialize)]
struct Choice {
    #[serde(default)]
    role: bool,
    #[serde(flatten)]
    before: Before,
    #[serde(default)]
    finished: bool,
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
        if let Err(error) = read.and_then(|chunk| state.read(&chunk, &mut decoded)) {
            decoded.failure = Some(error);
            decoded.next = Continuation::Done;
            break;
        }
    }
    if last && decoded.failure.is_none() {
        decoded.next = Continuation::Done;
        if !state.finished {
            decoded.failure = Some(fault::upstream("the provider's stream ended early"));
        }
    }
    decoded.state = write_json(&state);
    Ok(decoded)
}

impl State {
    fn read(&mut self, chunk: &Value, out: &mut Decoded) -> Result<(), Error> {
        if let Some(error) = errors::find(chunk) {
            return Err(errors::of(error));
        }
        if let Some(counted) = chunk.get("usageMetadata") {
            out.usage = Some(usage::canonical(counted).to_string());
        }
        let mut any = false;
        for (at, candidate) in response::candidates(chunk).enumerate() {
            any = true;
            self.candidate(at, candidate, chunk, out);
        }
        let said = json!({"role": "assistant", "content": null});
        let blocked = response::blocked(chunk, "delta", said).filter(|_| !any);
        if let Some(choice) = blocked.filter(|_| !self.finished) {
            self.finished = true;
            out.events.push(Frame::json(&json!({"choices": [choice],
                "provider_specific_fields": {"prompt_feedback": chunk.get("promptFeedback")}})));
        }
        Ok(())
    }

    fn candidate(&mut self, at: usize, candidate: &Value, chunk: &Value, out: &mut Decoded) {
        let index = candidate
            .get("index")
            .and_then(Value::as_u64)
            .unwrap_or(at as u64);
        let known = self.choices.entry(index).or_default();
        let mut names = Names::of(chunk);
        names.before = known.before.calls;
        let mut parts = Parts::default();
        parts.read(candidate, &names);
        let mut delta = parts.delta(&mut known.before);
        let first = !std::mem::replace(&mut known.role, true);
        if first {
            delta.insert("role".into(), "assistant".into());
        }
        let (finish, native) = response::finish_reason(candidate, known.before.calls == 0);
        let finish = if known.finished { Value::Null } else { finish };
        known.finished |= !finish.is_null();
        self.finished |= !finish.is_null();
        let choice = json!({"index": index, "delta": delta, "finish_reason": finish});
        let choice = response::with_extras(choice, candidate, native);
        let mut event = Map::new();
        event.insert("choices".into(), json!([choice]));
        grounding::add(&mut event, candidate);
        out.events.push(Frame::json(&event.into()));
    }
}
