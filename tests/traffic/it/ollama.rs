//! Answers of Ollama's own chat: one document, or one a line.

use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{Outcome, gathered};

use crate::judge::{Verdict, holds, same};
use crate::recordings::Recording;
use crate::{list, text};

pub fn judge(recording: &Recording, outcome: &Outcome) -> Verdict {
    holds(outcome.error.is_none(), &format!("{:?}", outcome.error))?;
    let lines = recording.body().lines().filter(|it| !it.is_empty());
    let said: Vec<Value> = lines.map(|it| serde_json::from_str(it).unwrap()).collect();
    let all = |name: &str| -> String { said.iter().map(|it| text(&it["message"], name)).collect() };
    let (ours, usage) = match &outcome.response {
        Some(response) => (response["choices"][0].clone(), &response["usage"]),
        None => (
            gathered(&outcome.events, 0)?,
            outcome.usage.as_ref().unwrap(),
        ),
    };
    let message = &ours["message"];
    same("text", &text(message, "content"), &all("content").as_str())?;
    same(
        "thinking",
        &text(message, "reasoning_content"),
        &all("thinking").as_str(),
    )?;
    let calls = said
        .iter()
        .flat_map(|it| list(&it["message"]["tool_calls"]));
    let calls: Vec<(Value, Value)> = calls
        .map(|it| {
            (
                it["function"]["name"].clone(),
                it["function"]["arguments"].clone(),
            )
        })
        .collect();
    let got = list(&message["tool_calls"]).iter().map(|it| {
        let arguments = serde_json::from_str(text(&it["function"], "arguments")).unwrap();
        (it["function"]["name"].clone(), arguments)
    });
    same("calls", &calls, &got.collect())?;
    let last = said.last().unwrap();
    let finish = match text(last, "done_reason") {
        "length" => "length",
        _ if calls.is_empty() => "stop",
        _ => "tool_calls",
    };
    same("finish", &finish, &text(&ours, "finish_reason"))?;
    let counts = json!([last["prompt_eval_count"], last["eval_count"]]);
    same(
        "usage",
        &counts,
        &json!([usage["prompt_tokens"], usage["completion_tokens"]]),
    )
}
