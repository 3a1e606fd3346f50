//! Answers in Anthropic's dialect, read by the oracle of its plugin.

use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{self, Outcome};

use crate::judge::{Verdict, holds, same};
use crate::{list, text};

#[path = "../../../plugins/anthropic/src/tests/oracle.rs"]
mod oracle;

/// The text of an answer or of its stream.
pub fn judge(said: &str, outcome: &Outcome) -> Verdict {
    let whole: Option<Value> = serde_json::from_str(said).ok();
    if whole.is_none() && !said.contains("message_stop") {
        return holds(
            outcome.error.is_some(),
            "a stream that was cut off is taken for whole",
        );
    }
    holds(outcome.error.is_none(), &format!("{:?}", outcome.error))?;
    let want = match &whole {
        Some(message) => oracle::of_message(message),
        None => oracle::of_stream(said),
    };
    // What a client puts together of a stream is one message too.
    holds(oracle::message(outcome).is_object(), "no message")?;
    same(
        "the answer",
        &want.in_openais_words(),
        &oracle::of_ours(outcome),
    )
}
