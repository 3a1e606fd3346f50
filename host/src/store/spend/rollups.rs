//! Sums by day: what the usage pages read instead of rows.

use std::borrow::Cow;
use std::collections::HashMap;

use super::settle::{charged, tokens};
use super::{BroughtDay, day_of, indexed};
use crate::domain::{CallStatus, EntityKind, SpendRow, Usage, Usd};
use crate::store::StoreError;
use crate::store::column::{join, split};
use crate::store::sql::{Block, Connection};

/// Which sum.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Slot<'a> {
    kind: &'static str,
    day: i64,
    id: Cow<'a, str>,
    /// Empty where sums are not by key.
    key_hash: Cow<'a, str>,
    model_group: Cow<'a, str>,
    model: Cow<'a, str>,
    provider: Cow<'a, str>,
    operation: Cow<'a, str>,
}

/// Customers are as many as clients like, and their sums nearly as many as calls. Two coarser ones
/// are kept beside: by day, customer and key, ...
pub(super) const CUSTOMER_DAYS: &str = "end_user_days";
/// ... and of all customers by day, key and what was asked for.
pub(super) const CUSTOMERS: &str = "end_users";

impl Slot<'_> {
    /// The coarser sums that this one is a part of.
    fn wider(&self) -> Vec<Self> {
        if self.kind != EntityKind::EndUser.as_str() {
            return Vec::new();
        }
        let any = || Cow::Borrowed("");
        let by_customer = Self {
            kind: CUSTOMER_DAYS,
            model_group: any(),
            model: any(),
            provider: any(),
            operation: any(),
            ..self.clone()
        };
        let by_model = Self {
            kind: CUSTOMERS,
            id: any(),
            ..self.clone()
        };
        vec![by_customer, by_model]
    }
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

    fn add_all(&mut self, more: &Self) {
        self.input = self.input.saturating_add(more.input);
        self.output = self.output.saturating_add(more.output);
        self.cached = self.cached.saturating_add(more.cached);
        self.cache_write = self.cache_write.saturating_add(more.cache_write);
        self.spent += more.spent;
        self.requests = self.requests.saturating_add(more.requests);
        self.successes = self.successes.saturating_add(more.successes);
        self.failures = self.failures.saturating_add(more.failures);
    }
}

/// Whether the sums of a kind of holder are kept for each key. The others would have as many sums
/// as there are keys, and for all together they are those of the keys.
pub(super) const fn by_key(kind: EntityKind) -> bool {
    match kind {
        EntityKind::Key
        | EntityKind::User
        | EntityKind::Team
        | EntityKind::Organization
        | EntityKind::EndUser
        | EntityKind::Tag => true,
        EntityKind::TeamMember
        | EntityKind::AccessGroup
        | EntityKind::Provider
        | EntityKind::Deployment
        | EntityKind::Proxy => false,
    }
}

/// The sums of a batch.
#[derive(Debug, Default)]
pub(super) struct Rollups<'a>(HashMap<Slot<'a>, Sums>);

impl<'a> Rollups<'a> {
    /// Adds a call to the days of its key and of all its payers. Tokens and cost go to the model
    /// and provider of each attempt, the call itself to those that answered; deployments and
    /// providers have their own attempts only. A call that was cut off counts as failed.
    pub fn add(&mut self, row: &'a SpendRow) {
        // The master key has no account, and a sum all the same.
        self.add_to(EntityKind::Key, &row.key_hash, row);
        for payer in &row.payers {
            let is_key = payer.kind == EntityKind::Key && *payer.id == *row.key_hash;
            // A part's calls are among those of the whole.
            if !is_key && !payer.is_part() {
                self.add_to(payer.kind, &payer.id, row);
            }
        }
    }

    fn add_to(&mut self, kind: EntityKind, id: &'a str, row: &'a SpendRow) {
        // A call of unknown price charges nobody, so its known parts are no spend.
        let share = row.share(kind, id).map(charged);
        let mut open = share.unwrap_or_default();
        for line in row.lines.iter().filter(|line| line.is_of(kind, id)) {
            let part = share.and(line.cost).map(charged).unwrap_or_default();
            open -= part;
            self.slot(kind, id, row, &line.model, &line.provider)
                .add(&line.usage, part);
        }
        let whole = Usage::default();
        let usage = if row.lines.is_empty() {
            &row.usage
        } else {
            &whole
        };
        let answered = match kind {
            EntityKind::Deployment => row.deployment == id,
            EntityKind::Provider => row.provider == id,
            _ => true,
        };
        if !answered && !row.lines.is_empty() {
            return;
        }
        let sums = self.slot(kind, id, row, &row.model, &row.provider);
        sums.add(usage, open);
        sums.requests = sums.requests.saturating_add(1);
        let outcome = match row.status {
            CallStatus::Success => &mut sums.successes,
            CallStatus::Failure | CallStatus::Interrupted => &mut sums.failures,
        };
        *outcome = outcome.saturating_add(1);
    }

    fn slot(
        &mut self,
        kind: EntityKind,
        id: &'a str,
        row: &'a SpendRow,
        model: &'a str,
        provider: &'a str,
    ) -> &mut Sums {
        let key_hash = if by_key(kind) { &*row.key_hash } else { "" };
        let slot = Slot {
            kind: kind.as_str(),
            day: day_of(row.started_ms),
            id: indexed(id),
            key_hash: indexed(key_hash),
            model_group: indexed(&row.model_group),
            model: indexed(model),
            provider: indexed(provider),
            operation: indexed(&row.operation),
        };
        self.0.entry(slot).or_default()
    }
}

impl Rollups<'static> {
    /// Adds a sum of a day that a migration brings.
    pub fn put(&mut self, it: &BroughtDay) {
        let own = |text: &str| Cow::Owned(indexed(text).into_owned());
        let slot = Slot {
            kind: it.entity.kind.as_str(),
            id: own(&it.entity.id),
            day: it.day,
            key_hash: own(if by_key(it.entity.kind) {
                &it.key_hash
            } else {
                ""
            }),
            model_group: own(&it.model_group),
            model: own(&it.model),
            provider: own(&it.provider),
            operation: own(&it.operation),
        };
        let more = Sums {
            input: it.sums.input_tokens,
            output: it.sums.output_tokens,
            cached: it.sums.cached_tokens,
            cache_write: it.sums.cache_write_tokens,
            spent: it.sums.spent,
            requests: it.sums.requests,
            successes: it.sums.successes,
            failures: it.sums.failures,
        };
        self.0.entry(slot).or_default().add_all(&more);
    }
}

/// What has to be added to the stored sums to make them these.
pub(super) async fn beyond_stored(
    connection: &mut Connection,
    mut wanted: Rollups<'static>,
) -> Result<Rollups<'static>, StoreError> {
    let mut slots = Block::new(8, wanted.0.len());
    for slot in wanted.0.keys() {
        slots.push([
            slot.kind.into(),
            (&*slot.id).into(),
            slot.day.into(),
            (&*slot.key_hash).into(),
            (&*slot.model_group).into(),
            (&*slot.model).into(),
            (&*slot.provider).into(),
            (&*slot.operation).into(),
        ]);
    }
    let select = "SELECT * FROM sluice.rollups WHERE
        (kind, id, day, key_hash, model_group, model, provider, operation) IN (";
    for row in connection.block(select, slots, ")").await? {
        let Some(kind) = EntityKind::parse(&row.text("kind")?) else {
            continue;
        };
        let slot = Slot {
            kind: kind.as_str(),
            id: row.text("id")?.into(),
            day: row.int("day")?,
            key_hash: row.text("key_hash")?.into(),
            model_group: row.text("model_group")?.into(),
            model: row.text("model")?.into(),
            provider: row.text("provider")?.into(),
            operation: row.text("operation")?.into(),
        };
        let Some(sums) = wanted.0.get_mut(&slot) else {
            continue;
        };
        let less = |sum: i64, column: &str| -> Result<i64, StoreError> {
            Ok(sum.saturating_sub(row.int(column)?))
        };
        sums.input = less(sums.input, "input_tokens")?;
        sums.output = less(sums.output, "output_tokens")?;
        sums.cached = less(sums.cached, "cached_tokens")?;
        sums.cache_write = less(sums.cache_write, "cache_write_tokens")?;
        sums.spent -= join(row.int("spent_usd")?, row.int("spent_pico")?);
        sums.requests = less(sums.requests, "requests")?;
        sums.successes = less(sums.successes, "successes")?;
        sums.failures = less(sums.failures, "failures")?;
    }
    Ok(wanted)
}

const INTO: &str = "INSERT INTO sluice.rollups AS r (kind, day, id, key_hash, model_group, model,
    provider, operation, input_tokens, output_tokens, cached_tokens, cache_write_tokens,
    spent_usd, spent_pico, requests, successes, failures) ";

const GROW: &str = "
    ON CONFLICT (kind, day, id, key_hash, model_group, model, provider, operation) DO UPDATE SET
    input_tokens = r.input_tokens + excluded.input_tokens,
    output_tokens = r.output_tokens + excluded.output_tokens,
    cached_tokens = r.cached_tokens + excluded.cached_tokens,
    cache_write_tokens = r.cache_write_tokens + excluded.cache_write_tokens,
    requests = r.requests + excluded.requests,
    successes = r.successes + excluded.successes,
    failures = r.failures + excluded.failures,
    spent_usd = r.spent_usd + excluded.spent_usd
        + (r.spent_pico + excluded.spent_pico) / 1000000000000,
    spent_pico = (r.spent_pico + excluded.spent_pico) % 1000000000000";

/// Adds sums to the stored ones, and to the coarser ones that they are parts of.
pub(super) async fn add(connection: &mut Connection, sums: Rollups<'_>) -> Result<(), StoreError> {
    let mut wider: HashMap<Slot<'_>, Sums> = HashMap::new();
    for (slot, part) in &sums.0 {
        for whole in slot.wider() {
            wider.entry(whole).or_default().add_all(part);
        }
    }
    // In one order, so that replicas wait for each other instead of locking up.
    let mut all: Vec<(Slot<'_>, Sums)> = sums.0.into_iter().chain(wider).collect();
    all.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    let mut block = Block::new(17, all.len());
    for (slot, sums) in &all {
        let (usd, pico) = split(sums.spent);
        block.push([
            slot.kind.into(),
            slot.day.into(),
            (&*slot.id).into(),
            (&*slot.key_hash).into(),
            (&*slot.model_group).into(),
            (&*slot.model).into(),
            (&*slot.provider).into(),
            (&*slot.operation).into(),
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
    connection.block(INTO, block, GROW).await.map(drop)
}
