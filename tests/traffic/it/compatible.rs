//! Answers in OpenAI's dialect with an accent, read by the oracle of `openai_compatible`.

use sluice_sdk::serde_json::Value;
use sluice_sdk::testing::Outcome;

use crate::judge::{Verdict, holds, same};
use crate::list;
use crate::recordings::Recording;

#[path = "../../../plugins/openai_compatible/src/tests/oracle.rs"]
mod oracle;

pub fn judge(recording: &Recording, provider: &str, outcome: &Outcome) -> Verdict {
    let mut want = match recording.is_stream() {
        true => oracle::of_provider_stream(provider, recording.body()),
        false => oracle::of_provider_answer(provider, recording.body()),
    };
    let failed = format!("{:?}", outcome.error);
    holds(outcome.error.is_some() == want.failed, &failed)?;
    if recording.is_stream() {
        let got = oracle::of_events(&outcome.events, outcome.usage.as_ref());
        oracle::made_ids(&mut want, &got);
        same("the choices", &want.choices, &got.choices)?;
        same("the usage", &want.usage, &got.usage)?;
        let lost = want.facts.iter().find(|it| !got.facts.contains(it));
        return holds(lost.is_none() || want.failed, &format!("{lost:?} is lost"));
    }
    if want.failed {
        return Ok(());
    }
    let response = outcome.response.as_ref().unwrap();
    let got = oracle::of_answer(response);
    oracle::made_ids(&mut want, &got);
    same("the answer", &want, &got)?;
    kept(&recording.json(), response)
}

/// Members of choices and messages that the component has no business with.
fn kept(raw: &Value, response: &Value) -> Verdict {
    let ours = ["content", "role", "tool_calls", "reasoning_content"];
    let parts = ["message", "delta", "finish_reason"];
    for (raw, got) in list(&raw["choices"]).iter().zip(list(&response["choices"])) {
        let sides = [
            (&raw["message"], &got["message"], &ours[..]),
            (raw, got, &parts[..]),
        ];
        for (raw, got, changed) in sides {
            for (name, value) in raw.as_object().into_iter().flatten() {
                let there = changed.contains(&name.as_str()) || got.get(name) == Some(value);
                holds(there, &format!("{name} is lost"))?;
            }
        }
    }
    Ok(())
}
