//! "Why this deployment?": for the last calls, each choice that was made, with who was ruled out
//! and why. Bounded, and of this process only.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::accounting::now_ms;
use super::roster::Roster;
use crate::config::Strategy;
use crate::domain::CallId;
use crate::router::{Decision, Reason};

/// Calls that are remembered. One takes about 1 KiB.
const CALLS: usize = 8192;
/// Locks among which they are spread.
const SHARDS: usize = 16;
/// Candidates of a choice that are named.
const SHOWN: usize = 100;

/// One choice.
#[derive(Debug)]
pub struct Choice {
    pub group: String,
    pub strategy: Strategy,
    pub roster: Arc<Roster>,
    pub decision: Decision,
    /// `ok`, or the kind of the failure. None: nobody was asked, or nobody has answered yet.
    pub outcome: Option<&'static str>,
    /// How long the call waited before it.
    pub waited: Duration,
}

/// The choices of one call.
#[derive(Debug)]
struct Record {
    at_ms: i64,
    choices: Box<[Choice]>,
}

/// Calls, the oldest first.
type Calls = VecDeque<(CallId, Arc<Record>)>;

/// The last calls.
#[derive(Debug, Default)]
pub struct Decisions {
    shards: [Mutex<Calls>; SHARDS],
}

impl Decisions {
    /// Remembers a call, in place of the oldest.
    pub fn remember(&self, id: &CallId, choices: Vec<Choice>) {
        let at_ms = now_ms();
        // Most calls have one choice: no room is kept for more.
        let choices = choices.into_boxed_slice();
        let record = Arc::new(Record { at_ms, choices });
        let Some(shard) = self.shards.get(shard_of(id.as_str())) else {
            return;
        };
        let mut calls = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() >= CALLS / SHARDS {
            calls.pop_front();
        }
        calls.push_back((id.clone(), record));
    }

    /// What is known of a call.
    pub fn of(&self, id: &str) -> Option<Value> {
        let shard = self.shards.get(shard_of(id))?;
        let found = {
            let calls = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let mut calls = calls.iter().rev();
            let (_, record) = calls.find(|(it, _)| it.as_str() == id)?;
            Arc::clone(record)
        };
        let choices: Vec<Value> = found.choices.iter().map(shown).collect();
        Some(json!({"call_id": id, "at_ms": found.at_ms, "choices": choices}))
    }
}

fn shard_of(id: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    let shards = u64::try_from(SHARDS).unwrap_or(1);
    usize::try_from(hasher.finish() % shards).unwrap_or(0)
}

fn shown(choice: &Choice) -> Value {
    let Choice {
        roster, decision, ..
    } = choice;
    let name = |at: usize| roster.deployments.get(at).map(|it| it.id.as_str());
    let candidates: Vec<Value> = roster.deployments.iter().take(SHOWN).map(|it| {
        json!({"model_id": it.id.as_str(), "model": format!("{}/{}", it.provider, it.model), "order": it.order})
    }).collect();
    let out: Vec<Value> = decision
        .out
        .iter()
        .map(|(at, reason)| {
            let until = match reason {
                Reason::Rests { until_ms } => Some(*until_ms),
                _ => None,
            };
            json!({"model_id": name(*at), "reason": reason.as_str(), "until_ms": until})
        })
        .collect();
    json!({
        "model_group": choice.group, "strategy": choice.strategy.as_str(),
        "candidates": candidates, "candidates_count": roster.deployments.len(),
        "ruled_out": out, "ruled_out_unnamed": decision.more_out, "eligible_count": decision.eligible,
        "chosen": decision.chosen.and_then(name), "kept_by_affinity": decision.kept,
        "outcome": choice.outcome, "waited_ms": choice.waited.as_secs_f64() * 1000.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_calls_are_remembered_and_the_oldest_forgotten() {
        let decisions = Decisions::default();
        let first = CallId::fresh(0);
        decisions.remember(&first, Vec::new());
        assert!(decisions.of(first.as_str()).is_some());
        for _ in 0..CALLS * 2 {
            decisions.remember(&CallId::fresh(0), Vec::new());
        }
        assert!(decisions.of(first.as_str()).is_none());
        let kept = |it: &Mutex<Calls>| it.lock().unwrap().len();
        assert!(decisions.shards.iter().map(kept).sum::<usize>() <= CALLS);
    }
}
