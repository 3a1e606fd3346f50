//! GigaChat's answers by its first API: OpenAI's, but for what was cached, which is counted beside the
//! prompt.

use sluice_sdk::serde_json::{self, Value};
use sluice_sdk::testing::{Outcome, gathered};

use crate::judge::{Verdict, holds, same};
use crate::recordings::Recording;
use crate::{list, text};

pub fn judge(recording: &Recording, outcome: &Outcome) -> Verdict {
    holds(outcome.error.is_none(), &format!("{:?}", outcome.error))?;
    let lines = recording.body().lines();
    let events = lines.filter_map(|it| serde_json::from_str(it.strip_prefix("data: ")?).ok());
    let mut said: Vec<Value> = events.collect();
    if said.is_empty() {
        said.push(recording.json());
    }
    let part = |it: &Value| -> String {
        let choice = &it["choices"][0];
        let place = if choice["delta"].is_object() {
            "delta"
        } else {
            "message"
        };
        text(&choice[place], "content").to_owned()
    };
    let want: String = said.iter().map(part).collect();
    let (choice, usage) = match &outcome.response {
        Some(whole) => (whole["choices"][0].clone(), whole["usage"].clone()),
        None => {
            let usage = outcome.usage.clone().unwrap_or_default();
            (gathered(&outcome.events, 0)?, usage)
        }
    };
    same("text", &want.as_str(), &text(&choice["message"], "content"))?;
    let last = said.last().ok_or("nothing was recorded")?;
    let reason = text(&last["choices"][0], "finish_reason");
    same("finish reason", &reason, &text(&choice, "finish_reason"))?;
    let count = |name: &str| last["usage"][name].as_u64().unwrap_or(0);
    let cached = count("precached_prompt_tokens");
    let want = [
        count("prompt_tokens") + cached,
        count("completion_tokens"),
        cached,
    ];
    let got = [
        &usage["prompt_tokens"],
        &usage["completion_tokens"],
        &usage["prompt_tokens_details"]["cached_tokens"],
    ];
    same("usage", &want, &got.map(|it| it.as_u64().unwrap_or(0)))?;
    holds(
        !list(&said[0]["choices"]).is_empty(),
        "nothing was recorded",
    )
}
