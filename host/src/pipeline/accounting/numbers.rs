//! What an operator watches of money: the journal, and who is remembered.

use std::sync::atomic::Ordering;

use crate::shared::Shared;
use crate::spend::Gauges;

use super::Accounting;

/// A number at the time of the scrape: metric name, kind, help, value.
pub type Number = (&'static str, &'static str, &'static str, f64);

/// What is read of the journal.
type Reading = (&'static str, &'static str, &'static str, fn(&Gauges) -> f64);

const READINGS: [Reading; 9] = [
    (
        "sluice_spend_rows_stored_total",
        "counter",
        "Calls whose spend the database has",
        |it| it.counts.stored as f64,
    ),
    (
        "sluice_spend_rows_rejected_total",
        "counter",
        "Calls whose spend the database refuses; they are in rejected.jsonl",
        |it| it.counts.rejected as f64,
    ),
    (
        "sluice_spend_rows_lost_total",
        "counter",
        "Calls whose spend is in no file, no memory and no database",
        |it| it.counts.lost as f64,
    ),
    (
        "sluice_journal_unwritten_total",
        "counter",
        "Records that the disk did not take",
        |it| it.counts.unwritten as f64,
    ),
    (
        "sluice_journal_database_failures_total",
        "counter",
        "Batches of spend that the database did not take for now",
        |it| it.counts.sink_failures as f64,
    ),
    (
        "sluice_journal_rows_waiting",
        "gauge",
        "Calls whose spend waits for the database",
        |it| it.waiting as f64,
    ),
    (
        "sluice_journal_oldest_seconds",
        "gauge",
        "How long the oldest of them waits",
        |it| it.oldest.as_secs_f64(),
    ),
    (
        "sluice_journal_disk_bytes",
        "gauge",
        "Size of the journal's files",
        |it| it.disk_bytes as f64,
    ),
    (
        "sluice_journal_unwritable",
        "gauge",
        "1 while the disk takes no records",
        |it| f64::from(u8::from(it.unwritable)),
    ),
];

impl Accounting {
    /// The numbers of this moment.
    pub fn numbers(&self) -> Vec<Number> {
        let gauges = self.inner.journal.gauges();
        let mut numbers: Vec<Number> = READINGS
            .iter()
            .map(|(name, kind, help, read)| (*name, *kind, *help, read(&gauges)))
            .collect();
        numbers.push((
            "sluice_spend_rows_forgotten_total",
            "counter",
            "Calls whose row was deleted because of its age",
            self.inner.forgotten.count() as f64,
        ));
        numbers.push((
            "sluice_budget_accounts",
            "gauge",
            "Accounts with a budget that are in memory",
            self.inner.ledger.len() as f64,
        ));
        if let Some(sight) = self.inner.shared.as_ref().map(Shared::sight) {
            numbers.push((
                "sluice_redis_up",
                "gauge",
                "1 while replicas share limits and deployments through Redis, 0 while it does not answer",
                f64::from(u8::from(sight.up)),
            ));
            numbers.push((
                "sluice_redis_failures_total",
                "counter",
                "Times that the Redis which replicas share did not answer",
                sight.failures as f64,
            ));
            numbers.push((
                "sluice_replicas",
                "gauge",
                "Replicas that share limits, this one among them",
                sight.replicas as f64,
            ));
        }
        numbers.push((
            "sluice_replicas_on_database",
            "gauge",
            "Gateways that run on the database, this one among them",
            self.replicas() as f64,
        ));
        numbers.push((
            "sluice_budget_leases",
            "gauge",
            "Accounts of which this gateway has leased a part, because several spend from them",
            self.inner.ledger.leased().len() as f64,
        ));
        let bodies = &self.inner.bodies;
        numbers.push((
            "sluice_spend_bodies_held_bytes",
            "gauge",
            "Memory of bodies that are under way or wait for the database",
            bodies.held_bytes() as f64,
        ));
        let responses = &self.inner.responses;
        numbers.push((
            "sluice_responses_held_bytes",
            "gauge",
            "Memory of responses that wait for the database",
            responses.held_bytes() as f64,
        ));
        let counts = &self.inner.counts;
        let counted = [
            (
                "sluice_responses_stored_total",
                "Responses, or where they lie, that the database was given",
                &responses.counts().stored,
            ),
            (
                "sluice_responses_lost_total",
                "Responses that found no room or no database",
                &responses.counts().lost,
            ),
            (
                "sluice_spend_bodies_stored_total",
                "Calls whose bodies the database has",
                &bodies.counts().stored,
            ),
            (
                "sluice_spend_bodies_lost_total",
                "Calls whose bodies found no room or no database",
                &bodies.counts().lost,
            ),
            (
                "sluice_soft_budgets_reached_total",
                "Soft budgets that were reached, once a window",
                &counts.soft_budgets,
            ),
            (
                "sluice_budget_refusals_total",
                "Calls that a budget refused",
                &counts.over_budget,
            ),
            (
                "sluice_throttled_calls_total",
                "Calls of keys that go on slowly because their budget is spent",
                &counts.slowed_down,
            ),
            (
                "sluice_limit_refusals_total",
                "Calls that a rate limit refused",
                &counts.over_limit,
            ),
        ];
        for (name, help, count) in counted {
            let value = count.load(Ordering::Relaxed) as f64;
            numbers.push((name, "counter", help, value));
        }
        numbers.push((
            "sluice_keys_remembered",
            "gauge",
            "Virtual keys that are in memory",
            self.inner.keys.remembered() as f64,
        ));
        numbers
    }
}
