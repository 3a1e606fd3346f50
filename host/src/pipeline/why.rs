//! "Why this deployment?": each choice that was made for a call, with who was ruled out and why. The
//! last calls of this process are remembered with all candidates; every call's row keeps the short of
//! it, wherever it was served.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::accounting::now_ms;
use super::fleet::Line;
use super::roster::Roster;
use crate::config::Strategy;
use crate::domain::{CallId, SpendRow};
use crate::router::{Decision, Reason};

/// Calls that are remembered. One takes about 1 KiB.
const CALLS: usize = 8192;
/// Locks among which they are spread.
const SHARDS: usize = 16;
/// Candidates of a choice that are named.
const SHOWN: usize = 100;
/// Those ruled out of a choice, and choices of a call, that its row names.
const KEPT: usize = 8;

/// What chose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum By {
    Strategy(Strategy),
    /// What is asked for lies there: a file, a batch.
    Lies,
    /// A path of the provider's own, or of an endpoint.
    Path,
    /// The response cache had the answer.
    Cache,
}

impl By {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Strategy(strategy) => strategy.as_str(),
            Self::Lies => "lies_there",
            Self::Path => "path",
            Self::Cache => "cache",
        }
    }
}

/// One choice.
#[derive(Debug, Clone)]
pub struct Choice {
    pub group: String,
    pub by: By,
    pub roster: Arc<Roster>,
    pub decision: Decision,
    /// `ok`, or the kind of the failure. None: nobody was asked, or nobody has answered yet.
    pub outcome: Option<&'static str>,
    /// How long the call waited before it.
    pub waited: Duration,
}

impl Choice {
    /// What the router decided; nobody was asked yet.
    pub fn made(group: &str, by: By, roster: &Arc<Roster>, decision: Decision) -> Self {
        Self {
            group: group.to_owned(),
            by,
            roster: Arc::clone(roster),
            decision,
            outcome: None,
            waited: Duration::ZERO,
        }
    }

    /// There was one to ask, or with the cache nobody.
    pub fn given(group: &str, by: By, line: Option<&Line>) -> Self {
        let deployments: Vec<_> = line
            .map(|it| Arc::clone(&it.deployment))
            .into_iter()
            .collect();
        let decision = Decision {
            chosen: (!deployments.is_empty()).then_some(0),
            eligible: deployments.len(),
            ..Decision::default()
        };
        let roster = Roster {
            deployments,
            places: Vec::new(),
        };
        Self::made(group, by, &Arc::new(roster), decision)
    }

    /// Nothing can be told of it that the row does not say: the only one there is was asked, and
    /// answered.
    fn is_plain(&self) -> bool {
        let usual = matches!(self.by, By::Strategy(_)) && self.outcome == Some("ok");
        usual && self.roster.deployments.len() == 1 && self.waited.is_zero()
    }
}

/// A choice as a call's row keeps it.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    model_group: String,
    strategy: String,
    candidates_count: usize,
    eligible_count: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chosen: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    kept_by_affinity: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ruled_out: Vec<KeptOut>,
    #[serde(default, skip_serializing_if = "is_none")]
    ruled_out_unnamed: usize,
    #[serde(default, skip_serializing_if = "is_none")]
    waited_ms: usize,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptOut {
    model_id: Option<String>,
    reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until_ms: Option<i64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
const fn is_none(count: &usize) -> bool {
    *count == 0
}

/// What a call's row keeps of its choices: none of them where the row itself says it all.
pub fn kept(choices: &[Choice]) -> Option<Box<RawValue>> {
    let choices = match choices {
        [only] if only.is_plain() => &[],
        all => all,
    };
    let last = choices.len().saturating_sub(KEPT);
    let all: Vec<Kept> = choices.iter().skip(last).map(Choice::kept).collect();
    serde_json::value::to_raw_value(&all).ok()
}

impl Choice {
    fn name(&self, at: usize) -> Option<String> {
        let found = self.roster.deployments.get(at);
        found.map(|it| it.id.as_str().to_owned())
    }

    fn kept(&self) -> Kept {
        let decision = &self.decision;
        let out = decision.out.iter().take(KEPT).map(|(at, reason)| KeptOut {
            model_id: self.name(*at),
            reason: reason.as_str().to_owned(),
            until_ms: until(reason),
        });
        let unnamed = decision.out.len().saturating_sub(KEPT);
        Kept {
            model_group: self.group.clone(),
            strategy: self.by.as_str().to_owned(),
            candidates_count: self.roster.deployments.len(),
            eligible_count: decision.eligible,
            chosen: decision.chosen.and_then(|at| self.name(at)),
            outcome: self.outcome.map(str::to_owned),
            kept_by_affinity: decision.kept,
            ruled_out: out.collect(),
            ruled_out_unnamed: decision.more_out + unnamed,
            waited_ms: usize::try_from(self.waited.as_millis()).unwrap_or(usize::MAX),
        }
    }
}

/// What the row of a call tells of its choices.
pub fn of_row(row: &SpendRow) -> Value {
    let kept = row.why.as_ref().map(|it| it.get());
    let kept: Option<Vec<Kept>> = kept.and_then(|it| serde_json::from_str(it).ok());
    let choices: Vec<Value> = match kept {
        Some(kept) if !kept.is_empty() => kept.into_iter().map(told).collect(),
        Some(_) => vec![told(Kept {
            model_group: row.model_group.clone(),
            strategy: "the_only_one".to_owned(),
            candidates_count: 1,
            eligible_count: 1,
            chosen: Some(row.deployment.clone()),
            outcome: Some("ok".to_owned()),
            kept_by_affinity: false,
            ruled_out: Vec::new(),
            ruled_out_unnamed: 0,
            waited_ms: 0,
        })],
        // The gateway was killed before the call's end, or was one that did not tell.
        None => Vec::new(),
    };
    json!({"call_id": row.call_id, "at_ms": row.ended_ms, "choices": choices})
}

/// As [`shown`], but of the candidates only those that were kept.
fn told(kept: Kept) -> Value {
    let named = kept.chosen.iter();
    let named = named.chain(kept.ruled_out.iter().filter_map(|it| it.model_id.as_ref()));
    let candidates: Vec<Value> = named.map(|id| json!({"model_id": id})).collect();
    let out: Vec<Value> = kept
        .ruled_out
        .iter()
        .map(|it| json!({"model_id": it.model_id, "reason": it.reason, "until_ms": it.until_ms}))
        .collect();
    json!({
        "model_group": kept.model_group, "strategy": kept.strategy,
        "candidates": candidates, "candidates_count": kept.candidates_count,
        "ruled_out": out, "ruled_out_unnamed": kept.ruled_out_unnamed,
        "eligible_count": kept.eligible_count, "chosen": kept.chosen,
        "kept_by_affinity": kept.kept_by_affinity, "outcome": kept.outcome,
        "waited_ms": kept.waited_ms,
    })
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

const fn until(reason: &Reason) -> Option<i64> {
    match reason {
        Reason::Rests { until_ms } => Some(*until_ms),
        _ => None,
    }
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
            json!({"model_id": name(*at), "reason": reason.as_str(), "until_ms": until(reason)})
        })
        .collect();
    json!({
        "model_group": choice.group, "strategy": choice.by.as_str(),
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
