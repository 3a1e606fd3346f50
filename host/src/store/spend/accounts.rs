//! Accounts: what a holder has spent, in all and in each window of its budgets.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

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
    /// When it began. None: with the first amount. As its end: the window is over, and what was spent
    /// is of the one after it.
    pub began_at: Option<i64>,
}

impl Account {
    /// Whether what was spent is of the window after the one that ends then.
    pub fn is_rolled(&self) -> bool {
        self.reset_at.is_some() && self.began_at >= self.reset_at
    }
}

/// A kind and an id.
type Holder<'a> = (&'static str, Cow<'a, str>);

/// What holders spent, each with when.
#[derive(Debug, Default)]
pub(super) struct Spent<'a>(HashMap<&'a Entity, Vec<(i64, Usd)>>);

impl<'a> Spent<'a> {
    /// A call that ended then cost its payer this.
    pub fn note(&mut self, payer: &'a Entity, ended_ms: i64, amount: Usd) {
        self.0.entry(payer).or_default().push((ended_ms, amount));
    }

    /// In all, by who pays.
    pub fn sums(&self) -> HashMap<&'a Entity, Usd> {
        let sum = |them: &Vec<(i64, Usd)>| them.iter().map(|it| it.1).sum();
        self.0.iter().map(|(it, them)| (*it, sum(them))).collect()
    }
}

/// What of this was spent from then on.
fn since(them: &[(i64, Usd)], began: Option<i64>) -> Usd {
    let began = began.unwrap_or(i64::MIN);
    let in_it = them.iter().filter(|it| it.0 >= began);
    in_it.map(|it| it.1).sum()
}

/// Adds to every window of each holder what is of it; `TOTAL` and `WHOLE` begin with the first amount.
pub(super) async fn add(connection: &mut Connection, spent: &Spent<'_>) -> Result<(), StoreError> {
    // Holders in one order, so that replicas wait for each other instead of locking up.
    let mut amounts: BTreeMap<Holder<'_>, Vec<(i64, Usd)>> = BTreeMap::new();
    for (entity, them) in &spent.0 {
        let holder = (entity.kind.as_str(), indexed(&entity.id));
        amounts.entry(holder).or_default().extend(them);
    }
    let mut spans: Vec<(&str, Cow<'_, str>, Cow<'_, str>, Usd)> = Vec::new();
    let mut whole: HashSet<Holder<'_>> = HashSet::new();
    let holders = amounts.keys().map(|(kind, id)| (*kind, &**id));
    // A window that ends may be ended by another replica meanwhile: it has to wait.
    let lock = match connection.is_postgres() {
        true => " ORDER BY kind COLLATE \"C\", id COLLATE \"C\", span COLLATE \"C\" FOR UPDATE",
        false => "",
    };
    let also =
        format!(" AND span <> '{TOTAL}' AND (span <> '{WHOLE}' OR reset_at IS NOT NULL){lock}");
    for row in find(connection, holders, &also).await? {
        let mut found = read(&row)?;
        let kind = found.entity.kind.as_str();
        let id = found.entity.id.to_string();
        let holder = (kind, Cow::from(id.clone()));
        let Some(them) = amounts.get(&holder) else {
            continue;
        };
        let last = them.iter().map(|it| it.0).max();
        if last >= found.reset_at && found.reset_at > found.began_at {
            roll(connection, &found).await?;
            found.began_at = found.reset_at;
        }
        let amount = since(them, found.began_at);
        if found.span == WHOLE {
            whole.insert(holder);
        }
        spans.push((kind, id.into(), found.span.into(), amount));
    }
    for (holder, them) in &amounts {
        let (kind, id) = (holder.0, &*holder.1);
        spans.push((kind, id.into(), TOTAL.into(), since(them, None)));
        if !whole.contains(holder) {
            spans.push((kind, id.into(), WHOLE.into(), since(them, None)));
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

/// Begins the window after one that has ended, as somebody has spent in it whom nobody told when it
/// ends: [`Store::reset`] will.
async fn roll(connection: &mut Connection, over: &Account) -> Result<(), StoreError> {
    let values = vec![
        over.entity.kind.as_str().into(),
        (&*over.entity.id).into(),
        (&over.span).into(),
    ];
    let sql = "UPDATE sluice.accounts SET spent_usd = 0, spent_pico = 0, began_at = reset_at
               WHERE kind = $1 AND id = $2 AND span = $3";
    connection.execute(sql, values).await.map(drop)
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

pub(super) fn read(row: &Row) -> Result<Account, StoreError> {
    let kind = row.text("kind")?;
    let kind = EntityKind::parse(&kind).ok_or_else(|| StoreError::unreadable("kind", kind))?;
    Ok(Account {
        entity: Entity::new(kind, row.text("id")?),
        span: row.text("span")?,
        spent: join(row.int("spent_usd")?, row.int("spent_pico")?),
        reset_at: row.opt_int("reset_at")?,
        began_at: row.opt_int("began_at")?,
    })
}

impl Store {
    /// Every window of these holders; a holder that never spent may have none.
    pub async fn accounts(&self, entities: &[Entity]) -> Result<Vec<Account>, StoreError> {
        all_of(&mut self.pools.read().await?, entities).await
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
