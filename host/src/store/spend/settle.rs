//! Booking calls: in one transaction, each call once however often it comes.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use super::rollups::{self, Rollups};
use super::{accounts, bodies, doc, indexed, leases, marks};
use crate::domain::{CallBodies, CallStatus, SpendRow, Usd};
use crate::store::record::to_doc;
use crate::store::sql::{Block, Connection, Value};
use crate::store::{Store, StoreError};

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    pub booked: usize,
    /// Booked before, or twice in the batch; they changed nothing.
    pub repeated: usize,
}

const COLUMNS: [&str; 24] = [
    "call_id",
    "started_ms",
    "ended_ms",
    "first_token_ms",
    "provider_id",
    "operation",
    "status",
    "key_hash",
    "key_alias",
    "user_id",
    "team_id",
    "organization_id",
    "end_user",
    "tags",
    "model_group",
    "deployment",
    "provider",
    "model",
    "input_tokens",
    "output_tokens",
    "cost_pico",
    "cache_hit",
    "session_id",
    "doc",
];

impl Store {
    /// Books calls: rows, the accounts of their payers and the sums of their days, all of
    /// it or nothing. A call that is on record already changes nothing, so that a batch may be
    /// sent again after an error. A cost beyond 9.2 million dollars a call is booked as that.
    pub async fn settle(&self, batch: &[SpendRow]) -> Result<Settled, StoreError> {
        let rows: Vec<&SpendRow> = batch.iter().collect();
        self.settle_from(&rows, None).await
    }

    /// Keeps rows to look up, with the bodies that some of them have. Nobody pays for them: they are
    /// in accounts and days already.
    pub async fn file(
        &self,
        batch: &[SpendRow],
        bodies: &[CallBodies],
    ) -> Result<Settled, StoreError> {
        let mut connection = self.pools.write().await?;
        let rows: Vec<&SpendRow> = batch.iter().collect();
        let fresh = insert(&mut connection, &rows).await?;
        bodies::insert(&mut connection, bodies).await?;
        connection.commit().await?;
        Ok(Settled {
            booked: fresh.len(),
            repeated: batch.len().saturating_sub(fresh.len()),
        })
    }

    /// [`Self::settle`] of rows that come from a journal, and how far it is stored with them.
    pub async fn settle_from(
        &self,
        batch: &[&SpendRow],
        journal: Option<(&str, i64)>,
    ) -> Result<Settled, StoreError> {
        // By call id: replicas that send the same rows wait for each other in one order.
        let mut by_id: BTreeMap<&str, &SpendRow> = BTreeMap::new();
        for row in batch.iter().copied() {
            by_id.entry(&row.call_id).or_insert(row);
        }
        let mut connection = self.pools.write().await?;
        let mut booked: Vec<&SpendRow> = by_id.into_values().collect();
        if !insert_all(&mut connection, &booked).await? {
            drop(connection);
            connection = self.pools.write().await?;
            let fresh = insert(&mut connection, &booked).await?;
            booked.retain(|row| fresh.contains(&*indexed(&row.call_id)));
        }
        meet(&mut connection, &booked).await?;
        let mut spent = accounts::Spent::default();
        let mut rollups = Rollups::default();
        for row in &booked {
            for payer in &row.payers {
                let share = row.share_of(payer).map(charged);
                spent.note(payer, row.ended_ms, share.unwrap_or_default());
            }
            rollups.add(row);
        }
        accounts::add(&mut connection, &spent).await?;
        rollups::add(&mut connection, rollups).await?;
        if let Some((journal, mark)) = journal {
            leases::shrink(&mut connection, journal, &spent.sums()).await?;
            marks::advance(&mut connection, journal, mark).await?;
        }
        connection.commit().await?;
        Ok(Settled {
            booked: booked.len(),
            repeated: batch.len().saturating_sub(booked.len()),
        })
    }
}

/// Whom a call names as its customer is on record from then on; who is already stays as they are.
async fn meet(connection: &mut Connection, rows: &[&SpendRow]) -> Result<(), StoreError> {
    // In one order, so that replicas wait for each other instead of locking up.
    let mut new: BTreeMap<Cow<'_, str>, i64> = BTreeMap::new();
    for row in rows {
        if let Some(id) = row.end_user.as_deref().filter(|it| !it.is_empty()) {
            new.entry(indexed(id)).or_insert(row.ended_ms);
        }
    }
    let mut block = Block::new(5, new.len());
    for (id, at) in &new {
        block.push([
            (&**id).into(),
            false.into(),
            (*at).into(),
            (*at).into(),
            "{}".into(),
        ]);
    }
    let into = "INSERT INTO sluice.end_users (id, blocked, created_at, updated_at, doc) ";
    let once = " ON CONFLICT (id) DO NOTHING";
    connection.block(into, block, once).await.map(drop)
}

/// An amount as its column holds it, so that rows, accounts and days agree.
pub(super) fn charged(cost: Usd) -> Usd {
    Usd::from_row(cost.to_row())
}

/// The call ids that were not there before.
async fn insert(
    connection: &mut Connection,
    rows: &[&SpendRow],
) -> Result<HashSet<String>, StoreError> {
    let once = format!("{ONCE} RETURNING call_id");
    let fresh = connection.block(&into(), block(rows)?, &once).await?;
    fresh.iter().map(|row| row.text("call_id")).collect()
}

/// Whether none of the rows was there before, as it is nearly always; it spares the database
/// telling them one by one. If not, some are in now and the transaction must not be ended.
async fn insert_all(connection: &mut Connection, rows: &[&SpendRow]) -> Result<bool, StoreError> {
    let inserted = connection
        .execute_block(&into(), block(rows)?, ONCE)
        .await?;
    Ok(usize::try_from(inserted) == Ok(rows.len()))
}

const ONCE: &str = " ON CONFLICT (call_id) DO NOTHING";

fn into() -> String {
    format!("INSERT INTO sluice.spend_rows ({}) ", COLUMNS.join(", "))
}

fn block(rows: &[&SpendRow]) -> Result<Block, StoreError> {
    let mut block = Block::new(COLUMNS.len(), rows.len());
    for row in rows {
        block.push(values(row)?);
    }
    Ok(block)
}

fn values(row: &SpendRow) -> Result<[Value; COLUMNS.len()], StoreError> {
    let short = |text: &str| Value::from(&*indexed(text));
    let maybe =
        |text: &Option<String>| Value::from(text.as_deref().map(|it| indexed(it).into_owned()));
    Ok([
        short(&row.call_id),
        row.started_ms.into(),
        row.ended_ms.into(),
        row.first_token_ms.into(),
        maybe(&row.provider_id),
        short(&row.operation),
        status(row.status).into(),
        short(&row.key_hash),
        maybe(&row.key_alias),
        maybe(&row.user_id),
        maybe(&row.team_id),
        maybe(&row.organization_id),
        maybe(&row.end_user),
        to_doc(&row.tags)?.into(),
        short(&row.model_group),
        short(&row.deployment),
        short(&row.provider),
        short(&row.model),
        tokens(row.usage.input_tokens).into(),
        tokens(row.usage.output_tokens).into(),
        row.cost.map(Usd::to_row).into(),
        row.cache_hit.into(),
        maybe(&row.session_id),
        doc::write(row)?.into(),
    ])
}

/// A count as a column holds it: at most a million million, so that no provider can name one
/// that makes a sum overflow.
pub(super) fn tokens(count: u64) -> i64 {
    const MOST: i64 = 1_000_000_000_000;
    i64::try_from(count).unwrap_or(MOST).min(MOST)
}

/// As the column has it, which is as JSON has it.
pub(super) const fn status(status: CallStatus) -> &'static str {
    match status {
        CallStatus::Success => "success",
        CallStatus::Failure => "failure",
        CallStatus::Interrupted => "interrupted",
    }
}
