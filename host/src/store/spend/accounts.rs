//! Accounts: what a holder has spent, in all and in each window of its budgets.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::indexed;
use crate::domain::{Entity, EntityKind, Usd};
use crate::store::column::{join, split};
use crate::store::sql::{Block, Connection, Row};
use crate::store::{Store, StoreError};

/// The window that is never reset.
pub const TOTAL: &str = "total";

/// The window of the holder's `max_budget`; it is reset where the budget has a duration.
pub const WHOLE: &str = "whole";

/// What a holder has spent in a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub entity: Entity,
    /// `TOTAL`, or the name under which the window was opened.
    pub span: String,
    pub spent: Usd,
    /// When the window ends, in milliseconds since 1970; None: never by itself.
    pub reset_at: Option<i64>,
}

/// Adds to every window of each holder; `TOTAL` and `WHOLE` begin with the first amount.
pub(super) async fn add(
    connection: &mut Connection,
    sums: &HashMap<&Entity, Usd>,
) -> Result<(), StoreError> {
    // Holders in one order, so that replicas wait for each other instead of locking up.
    let mut amounts: BTreeMap<(&str, Cow<'_, str>), Usd> = BTreeMap::new();
    for (entity, amount) in sums {
        let holder = (entity.kind.as_str(), indexed(&entity.id));
        *amounts.entry(holder).or_default() += *amount;
    }
    let mut spans: Vec<(&str, Cow<'_, str>, Cow<'_, str>, Usd)> = Vec::new();
    for ((kind, id), amount) in &amounts {
        spans.extend([TOTAL, WHOLE].map(|span| (*kind, (&**id).into(), span.into(), *amount)));
    }
    let holders = amounts.keys().map(|(kind, id)| (*kind, &**id));
    let others = format!(" AND span NOT IN ('{TOTAL}', '{WHOLE}')");
    for row in find(connection, holders, &others).await? {
        let found = read(&row)?;
        let kind = found.entity.kind.as_str();
        let id = found.entity.id.to_string();
        if let Some(amount) = amounts.get(&(kind, Cow::from(&id))).copied() {
            spans.push((kind, id.into(), found.span.into(), amount));
        }
    }
    spans.sort_unstable_by(|a, b| (a.0, &a.1, &a.2).cmp(&(b.0, &b.1, &b.2)));
    let mut block = Block::new(5, spans.len());
    for (kind, id, span, amount) in spans {
        let (usd, pico) = split(amount);
        block.push([
            kind.into(),
            (&*id).into(),
            (&*span).into(),
            usd.into(),
            pico.into(),
        ]);
    }
    let done = connection.block(
        "INSERT INTO sluice.accounts AS a (kind, id, span, spent_usd, spent_pico) ",
        block,
        " ON CONFLICT (kind, id, span) DO UPDATE SET
         spent_usd = a.spent_usd + excluded.spent_usd
             + (a.spent_pico + excluded.spent_pico) / 1000000000000,
         spent_pico = (a.spent_pico + excluded.spent_pico) % 1000000000000",
    );
    done.await.map(drop)
}

/// The windows of holders, those that `also` lets through.
async fn find<'a>(
    connection: &mut Connection,
    holders: impl Iterator<Item = (&'a str, &'a str)>,
    also: &str,
) -> Result<Vec<Row>, StoreError> {
    let mut block = Block::new(2, holders.size_hint().0);
    for (kind, id) in holders {
        block.push([kind.into(), id.into()]);
    }
    let select = "SELECT * FROM sluice.accounts WHERE (kind, id) IN (";
    connection.block(select, block, &format!("){also}")).await
}

pub(super) async fn all_of(
    connection: &mut Connection,
    entities: &[Entity],
) -> Result<Vec<Account>, StoreError> {
    let ids: BTreeSet<_> = entities
        .iter()
        .map(|it| (it.kind.as_str(), indexed(&it.id)))
        .collect();
    let holders = ids.iter().map(|(kind, id)| (*kind, &**id));
    let rows = find(connection, holders, "").await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Account, StoreError> {
    let kind = row.text("kind")?;
    let kind = EntityKind::parse(&kind).ok_or_else(|| StoreError::unreadable("kind", kind))?;
    Ok(Account {
        entity: Entity::new(kind, row.text("id")?),
        span: row.text("span")?,
        spent: join(row.int("spent_usd")?, row.int("spent_pico")?),
        reset_at: row.opt_int("reset_at")?,
    })
}

impl Store {
    /// Every window of these holders; a holder that never spent may have none.
    pub async fn accounts(&self, entities: &[Entity]) -> Result<Vec<Account>, StoreError> {
        all_of(&mut self.pools.read().await?, entities).await
    }

    /// Windows whose time is over.
    pub async fn accounts_due(&self, now_ms: i64, limit: u32) -> Result<Vec<Account>, StoreError> {
        let sql = format!(
            "SELECT * FROM sluice.accounts WHERE reset_at IS NOT NULL AND reset_at <= $1
             ORDER BY reset_at LIMIT {limit}"
        );
        let mut connection = self.pools.read().await?;
        let rows = connection.rows(&sql, vec![now_ms.into()]).await?;
        rows.iter().map(read).collect()
    }

    /// Begins a window, or moves the end of one that is open; what was spent in it stays.
    pub async fn open_window(
        &self,
        entity: &Entity,
        span: &str,
        reset_at: Option<i64>,
    ) -> Result<(), StoreError> {
        self.set(entity, span, Usd::ZERO, reset_at, "").await
    }

    /// Sets what was spent in a window, and when it ends: zero for a reset by hand.
    pub async fn set_spent(
        &self,
        entity: &Entity,
        span: &str,
        spent: Usd,
        reset_at: Option<i64>,
    ) -> Result<(), StoreError> {
        let spend = ", spent_usd = excluded.spent_usd, spent_pico = excluded.spent_pico";
        self.set(entity, span, spent, reset_at, spend).await
    }

    async fn set(
        &self,
        entity: &Entity,
        span: &str,
        spent: Usd,
        reset_at: Option<i64>,
        also: &str,
    ) -> Result<(), StoreError> {
        let (usd, pico) = split(spent);
        let sql = format!(
            "INSERT INTO sluice.accounts (kind, id, span, spent_usd, spent_pico, reset_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (kind, id, span) DO UPDATE SET reset_at = excluded.reset_at{also}"
        );
        let values = vec![
            entity.kind.as_str().into(),
            (&*indexed(&entity.id)).into(),
            span.into(),
            usd.into(),
            pico.into(),
            reset_at.into(),
        ];
        let mut connection = self.pools.write().await?;
        connection.execute(&sql, values).await?;
        connection.commit().await
    }

    /// Ends a window that is due and begins the next with what is carried over, once however many
    /// replicas try; whether it was this call.
    pub async fn reset(
        &self,
        due: &Account,
        (next_reset_at, carried): (Option<i64>, Usd),
    ) -> Result<bool, StoreError> {
        let Some(was) = due.reset_at else {
            return Ok(false);
        };
        let (usd, pico) = split(carried);
        let values = vec![
            next_reset_at.into(),
            due.entity.kind.as_str().into(),
            (&*indexed(&due.entity.id)).into(),
            (&due.span).into(),
            was.into(),
            usd.into(),
            pico.into(),
        ];
        let mut connection = self.pools.write().await?;
        let touched = connection
            .execute(
                "UPDATE sluice.accounts SET spent_usd = $6, spent_pico = $7, reset_at = $1
                 WHERE kind = $2 AND id = $3 AND span = $4 AND reset_at = $5",
                values,
            )
            .await?;
        connection.commit().await?;
        Ok(touched == 1)
    }

    /// Ends a window for good, as when its budget is taken away.
    pub async fn close_window(&self, entity: &Entity, span: &str) -> Result<(), StoreError> {
        let values = vec![
            entity.kind.as_str().into(),
            (&*indexed(&entity.id)).into(),
            span.into(),
        ];
        let mut connection = self.pools.write().await?;
        connection
            .execute(
                "DELETE FROM sluice.accounts WHERE kind = $1 AND id = $2 AND span = $3",
                values,
            )
            .await?;
        connection.commit().await
    }
}

impl crate::store::Change {
    /// Every window of these holders, as this change sees them.
    pub async fn accounts(&mut self, entities: &[Entity]) -> Result<Vec<Account>, StoreError> {
        all_of(&mut self.connection, entities).await
    }

    /// Sets what was spent in a window, as part of this change; the end of a window that is
    /// open stays.
    pub async fn set_spent(
        &mut self,
        entity: &Entity,
        span: &str,
        spent: Usd,
    ) -> Result<(), StoreError> {
        let (usd, pico) = split(spent);
        let values = vec![
            entity.kind.as_str().into(),
            (&*indexed(&entity.id)).into(),
            span.into(),
            usd.into(),
            pico.into(),
        ];
        self.connection
            .execute(
                "INSERT INTO sluice.accounts (kind, id, span, spent_usd, spent_pico)
                 VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (kind, id, span) DO UPDATE SET
                 spent_usd = excluded.spent_usd, spent_pico = excluded.spent_pico",
                values,
            )
            .await?;
        Ok(())
    }

    /// Sets what every holder of these kinds has spent in a window to zero, as part of this
    /// change, and opens the window for those that have none; the ends of windows stay. How many
    /// holders it were.
    pub async fn reset_spent(
        &mut self,
        kinds: &[EntityKind],
        span: &str,
    ) -> Result<u64, StoreError> {
        let mut touched = 0u64;
        for kind in kinds {
            // `WHERE` keeps SQLite from reading `ON CONFLICT` as the condition of a join.
            let sql = "INSERT INTO sluice.accounts (kind, id, span, spent_usd, spent_pico)
                 SELECT kind, id, $1, 0, 0 FROM sluice.accounts WHERE kind = $2 AND span = $3
                 ON CONFLICT (kind, id, span) DO UPDATE SET spent_usd = 0, spent_pico = 0";
            let values = vec![span.into(), kind.as_str().into(), TOTAL.into()];
            touched = touched.saturating_add(self.connection.execute(sql, values).await?);
        }
        Ok(touched)
    }
}
