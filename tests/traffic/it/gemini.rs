//! Answers in Google's dialect, read by the oracle of the plugin `gemini`.

use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{self, Outcome};

use crate::judge::{Verdict, holds, same};
use crate::recordings::Recording;
use crate::{list, text};

#[path = "../../../plugins/gemini/src/tests/oracle.rs"]
mod oracle;

/// The documents of a stream, which is SSE or one array, or the one answer.
fn chunks(body: &str) -> Vec<Value> {
    match serde_json::from_str(body) {
        Ok(Value::Array(list)) => list,
        Ok(one) => vec![one],
        Err(_) => {
            let lines = body.lines().filter_map(|it| it.strip_prefix("data:"));
            let lines = lines.map(|it| serde_json::from_str(it.trim()).unwrap());
            lines.collect()
        }
    }
}

pub fn judge(recording: &Recording, outcome: &Outcome) -> Verdict {
    let chunks = chunks(recording.body());
    if chunks.iter().any(|it| it["error"].is_object()) {
        return holds(outcome.error.is_some(), "an error in the stream is lost");
    }
    holds(outcome.error.is_none(), &format!("{:?}", outcome.error))?;
    let candidates = chunks.iter().map(|it| list(&it["candidates"]).len()).max();
    for index in 0..candidates.unwrap_or(0).max(1) as u64 {
        let want = oracle::of_theirs(chunks.iter(), index);
        same("the answer", &want, &oracle::of_ours(outcome, index))?;
    }
    Ok(())
}
