//! Answers of Converse, read by the oracle of the plugin, and Claude's own over InvokeModel.

use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{self, Outcome};

use crate::anthropic;
use crate::judge::{Verdict, holds, same};
use crate::recordings::Recording;
use crate::{list, text};

#[path = "../../../plugins/bedrock/src/tests/oracle.rs"]
mod oracle;

pub fn judge(recording: &Recording, outcome: &Outcome) -> Verdict {
    let body = &recording.reply.as_ref().unwrap()["body"];
    match recording.endpoint.as_str() {
        "invoke" => return anthropic::judge(recording.body(), outcome),
        "invoke-stream" => return anthropic::judge(&events_in_bytes(body), outcome),
        _ => {}
    }
    let want = if recording.is_stream() {
        oracle::of_events(&oracle::events(body))
    } else {
        let answer = recording.json();
        if !answer["output"]["message"]["content"].is_array() {
            return holds(outcome.error.is_some(), "no answer is taken for one");
        }
        oracle::of_answer(&answer)
    };
    holds(outcome.error.is_none(), &format!("{:?}", outcome.error))?;
    same("the answer", &want, &oracle::of_ours(outcome))
}

/// The events that stand in the frames' `bytes`, as a stream of Anthropic's.
fn events_in_bytes(body: &Value) -> String {
    let event = |(_, frame): (String, Value)| {
        let held = json!({"status": 200, "body": {"base64": frame["bytes"]}});
        let held: sluice_fixture::Recorded = serde_json::from_value(held).unwrap();
        format!("data: {}\n\n", String::from_utf8(held.bytes()).unwrap())
    };
    oracle::events(body).into_iter().map(event).collect()
}
