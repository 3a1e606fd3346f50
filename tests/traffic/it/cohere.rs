//! Answers of Cohere's v2 chat, read by the oracle of its plugin.

use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{self, Outcome};

use crate::judge::{Verdict, holds, same};
use crate::recordings::Recording;
use crate::{list, text};

#[path = "../../../plugins/cohere/src/tests/oracle.rs"]
mod oracle;

pub fn judge(recording: &Recording, outcome: &Outcome) -> Verdict {
    let want = match recording.is_stream() {
        true => oracle::of_stream(recording.body()),
        false => oracle::of_answer(&recording.json()),
    };
    if want.finish == "ERROR" {
        return holds(
            outcome.error.is_some(),
            "a failed generation is taken for an answer",
        );
    }
    holds(outcome.error.is_none(), &format!("{:?}", outcome.error))?;
    same("the answer", &want, &oracle::of_ours(outcome))
}
