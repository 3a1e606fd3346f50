//! Sums by day: what the usage pages read instead of rows.

use std::collections::BTreeMap;

use super::settle::{charged, tokens};
use super::{day_of, indexed};
use crate::domain::{CallStatus, Entity, EntityKind, SpendRow, Usage, Usd};
use crate::store::StoreError;
use crate::store::column::split;
use crate::store::sql::{Connection, Value, tuples};

/// Which sum.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    kind: &'static str,
    id: String,
    day: i64,
    key_hash: String,
    model_group: String,
    model: String,
    provider: String,
    operation: String,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    input: i64,
    output: i64,
    cached: i64,
    cache_write: i64,
    spent: Usd,
    requests: i64,
    successes: i64,
    failures: i64,
}

impl Sums {
    fn add(&mut self, usage: &Usage, spent: Usd) {
        self.input = self.input.saturating_add(tokens(usage.input_tokens));
        self.output = self.output.saturating_add(tokens(usage.output_tokens));
        self.cached = self.cached.saturating_add(tokens(usage.cached_tokens));
        let written = tokens(usage.cache_write_tokens);
        self.cache_write = self.cache_write.saturating_add(written);
        self.spent += spent;
    }
}

/// The sums of a batch.
#[derive(Debug, Default)]
pub(super) struct Rollups(BTreeMap<Slot, Sums>);

impl Rollups {
    /// Adds a call to the days of all its payers. Tokens and cost go to the model and provider
    /// of each attempt, the call itself to those that answered; deployments and providers have
    /// their own attempts only. A call that was cut off counts as failed.
    pub fn add(&mut self, row: &SpendRow) {
        for payer in &row.payers {
            // A call of unknown price charges nobody, so its known parts are no spend.
            let share = row.share_of(payer).map(charged);
            let mut open = share.unwrap_or_default();
            for line in row.lines.iter().filter(|line| line.is_of(payer)) {
                let part = share.and(line.cost).map(charged).unwrap_or_default();
                open -= part;
                self.slot(payer, row, &line.model, &line.provider)
                    .add(&line.usage, part);
            }
            let whole = Usage::default();
            let usage = if row.lines.is_empty() {
                &row.usage
            } else {
                &whole
            };
            let answered = match payer.kind {
                EntityKind::Deployment => row.deployment == *payer.id,
                EntityKind::Provider => row.provider == *payer.id,
                _ => true,
            };
            if !answered && !row.lines.is_empty() {
                continue;
            }
            let sums = self.slot(payer, row, &row.model, &row.provider);
            sums.add(usage, open);
            sums.requests = sums.requests.saturating_add(1);
            let outcome = match row.status {
                CallStatus::Success => &mut sums.successes,
                CallStatus::Failure | CallStatus::Interrupted => &mut sums.failures,
            };
            *outcome = outcome.saturating_add(1);
        }
    }

    fn slot(&mut self, payer: &Entity, row: &SpendRow, model: &str, provider: &str) -> &mut Sums {
        let slot = Slot {
            kind: payer.kind.as_str(),
            id: indexed(&payer.id).into_owned(),
            day: day_of(row.started_ms),
            key_hash: indexed(&row.key_hash).into_owned(),
            model_group: indexed(&row.model_group).into_owned(),
            model: indexed(model).into_owned(),
            provider: indexed(provider).into_owned(),
            operation: indexed(&row.operation).into_owned(),
        };
        self.0.entry(slot).or_default()
    }
}

/// What grows.
const COUNTS: [&str; 7] = [
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "requests",
    "successes",
    "failures",
];

pub(super) async fn add(connection: &mut Connection, sums: Rollups) -> Result<(), StoreError> {
    let grown: Vec<String> = COUNTS
        .iter()
        .map(|it| format!("{it} = r.{it} + excluded.{it}"))
        .collect();
    let all: Vec<(Slot, Sums)> = sums.0.into_iter().collect();
    for chunk in all.chunks(500) {
        let mut values: Vec<Value> = Vec::with_capacity(chunk.len().saturating_mul(17));
        for (slot, sums) in chunk {
            let (usd, pico) = split(sums.spent);
            values.extend([
                slot.kind.into(),
                (&slot.id).into(),
                slot.day.into(),
                (&slot.key_hash).into(),
                (&slot.model_group).into(),
                (&slot.model).into(),
                (&slot.provider).into(),
                (&slot.operation).into(),
                sums.input.into(),
                sums.output.into(),
                sums.cached.into(),
                sums.cache_write.into(),
                usd.into(),
                pico.into(),
                sums.requests.into(),
                sums.successes.into(),
                sums.failures.into(),
            ]);
        }
        let sql = format!(
            "INSERT INTO sluice.rollups AS r (kind, id, day, key_hash, model_group, model, \
             provider, operation, input_tokens, output_tokens, cached_tokens, \
             cache_write_tokens, spent_usd, spent_pico, requests, successes, failures)
             VALUES {}
             ON CONFLICT (kind, id, day, key_hash, model_group, model, provider, operation)
             DO UPDATE SET {},
             spent_usd = r.spent_usd + excluded.spent_usd
                 + (r.spent_pico + excluded.spent_pico) / 1000000000000,
             spent_pico = (r.spent_pico + excluded.spent_pico) % 1000000000000",
            tuples(chunk.len(), 17),
            grown.join(", ")
        );
        connection.execute(&sql, values).await?;
    }
    Ok(())
}
