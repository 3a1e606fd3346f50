//! The judges judged: an answer that lost something on the way does not pass.

use sluice_sdk::serde_json::Value;
use sluice_sdk::testing::Outcome;

use crate::judge::judge;
use crate::play::{Played, play};
use crate::recordings::Recording;
use crate::{components, recordings, replay};

/// Takes one thing out of an answer; false if it has none.
type Loss = fn(&mut Outcome) -> bool;

const LOSSES: [(&str, Loss); 5] = [
    ("text", |it| {
        lose(it, |message| blanked(&mut message["content"]))
    }),
    ("reasoning", |it| {
        lose(it, |message| blanked(&mut message["reasoning_content"]))
    }),
    ("a call's arguments", |it| {
        lose(it, |message| {
            let calls = message["tool_calls"].as_array_mut();
            calls.is_some_and(|it| {
                it.iter_mut()
                    .any(|call| blanked(&mut call["function"]["arguments"]))
            })
        })
    }),
    ("the finish reason", |it| {
        choices(it).into_iter().any(|choice| {
            let known = choice["finish_reason"].is_string();
            if known {
                let other = if choice["finish_reason"] == "stop" {
                    "length"
                } else {
                    "stop"
                };
                choice["finish_reason"] = other.into();
            }
            known
        })
    }),
    ("usage", |it| {
        let whole = it.response.as_mut().and_then(|it| it.get_mut("usage"));
        let mut told = [whole, it.usage.as_mut()];
        let counts = told.iter_mut().flatten();
        let counts = counts.filter_map(|it| it.get_mut("completion_tokens"));
        // Where both are told, both are wrong.
        counts.fold(false, |_, count| {
            *count = (count.as_u64().unwrap_or(0) + 1).into();
            true
        })
    }),
];

fn blanked(text: &mut Value) -> bool {
    let said = text.as_str().is_some_and(|it| !it.is_empty() && it != "{}");
    if said {
        *text = "".into();
    }
    said
}

fn choices(outcome: &mut Outcome) -> Vec<&mut Value> {
    let documents = outcome.response.iter_mut().chain(&mut outcome.events);
    let lists = documents.filter_map(|it| it.get_mut("choices")?.as_array_mut());
    lists.flatten().collect()
}

/// Changes the first message or delta that can be.
fn lose(outcome: &mut Outcome, change: impl Fn(&mut Value) -> bool) -> bool {
    choices(outcome).into_iter().any(|choice| {
        let part = ["message", "delta"]
            .into_iter()
            .find(|it| choice[*it].is_object());
        part.is_some_and(|it| change(&mut choice[it]))
    })
}

fn copy(outcome: &Outcome) -> Outcome {
    Outcome {
        response: outcome.response.clone(),
        events: outcome.events.clone(),
        usage: outcome.usage.clone(),
        ..Outcome::default()
    }
}

/// What was recorded without a count has none to lose.
fn counted(recording: &Recording) -> bool {
    let body = recording.reply.as_ref().unwrap()["body"].to_string();
    ["oken", "eval_count", "base64"]
        .iter()
        .any(|it| body.contains(it))
}

#[test]
fn an_answer_that_lost_a_part_does_not_pass() {
    let components = components::all();
    let (mut tried, mut missed) = ([0; LOSSES.len()], Vec::new());
    for recording in recordings::all() {
        let chat = recording.endpoint.starts_with("chat") && counted(&recording);
        let Ok(played) = play(&components, &recording) else {
            continue;
        };
        let whole = played.outcome.error.is_none() && !played.outcome.relayed;
        let passes = || replay::guarded(|| judge(&recording, &played)).is_ok();
        if !chat || !whole || !passes() {
            continue;
        }
        for (at, (what, loss)) in LOSSES.iter().enumerate() {
            let mut outcome = copy(&played.outcome);
            if !loss(&mut outcome) {
                continue;
            }
            tried[at] += 1;
            let provider = played.provider.clone();
            let Played {
                component,
                operation,
                ..
            } = played;
            let lost = Played {
                component,
                provider,
                operation,
                outcome,
            };
            if replay::guarded(|| judge(&recording, &lost)).is_ok() {
                missed.push(format!("{} {} {what}", recording.provider, recording.id));
            }
        }
    }
    assert!(tried.iter().all(|it| *it > 50), "{tried:?}");
    assert!(
        missed.is_empty(),
        "{} of {tried:?} unnoticed:\n{}",
        missed.len(),
        missed.join("\n")
    );
}
