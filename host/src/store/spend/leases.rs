//! Leases: what each of several gateways may spend of a budget without asking. What an account has
//! spent and all that is leased of it is never more than the budget; as a gateway's rows are stored
//! its lease shrinks by what they cost, in the same transaction.

use std::collections::HashMap;

use super::indexed;
use crate::domain::{Entity, EntityKind, Usd};
use crate::store::column::join;
use crate::store::gateways::now;
use crate::store::sql::{Connection, Value};
use crate::store::{Store, StoreError};

/// How long a lease holds that is not renewed: after this a killed gateway's is free for others.
pub const LEASE_MS: i64 = 20_000;

/// How long a want stands: who wants says so again.
const WANT_MS: i64 = 3_000;
/// Leases that ended so long ago are deleted.
const FORGOTTEN_MS: i64 = 86_400_000;
/// The largest part of what is left that is leased at once: half of a holder's share.
const PARTS: i128 = 2;
/// The most that is leased at once, so that no sum leaves its column: a million dollars.
const MOST: Usd = Usd::from_pico(Usd::PER_DOLLAR * 1_000_000);

/// Whose lease of which budget: the account, its window, and the holder.
#[derive(Debug, Clone, Copy)]
pub struct LeaseOf<'a> {
    pub entity: &'a Entity,
    pub span: &'a str,
    pub holder: &'a str,
}

/// What a gateway asks of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseAsk {
    pub max_budget: Usd,
    /// Spent or held already beyond the lease: leased whatever is left.
    pub owed: Usd,
    /// Wanted beyond that.
    pub need: Usd,
    /// Gateways that share the budget.
    pub holders: u64,
}

/// What it got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Leased {
    /// With what was owed.
    pub granted: Usd,
    /// Whether that is all that was asked for.
    pub enough: bool,
    /// Whether other gateways may give something back.
    pub others_spare: bool,
}

impl LeaseOf<'_> {
    fn values(&self) -> Vec<Value> {
        vec![
            self.entity.kind.as_str().into(),
            (&*indexed(&self.entity.id)).into(),
            self.span.into(),
            self.holder.into(),
        ]
    }
}

impl Store {
    /// Begins a lease of nothing, from which stored rows are taken from now on; the journal's mark at
    /// that moment. What the holder has beyond the mark it owes.
    pub async fn begin_lease(&self, of: LeaseOf<'_>) -> Result<i64, StoreError> {
        let now = now(self.engine());
        let mut connection = self.pools.write().await?;
        let sql = "INSERT INTO sluice.accounts (kind, id, span, spent_usd, spent_pico)
                   VALUES ($1, $2, $3, 0, 0) ON CONFLICT (kind, id, span) DO NOTHING";
        let mut account = of.values();
        account.truncate(3);
        connection.execute(sql, account).await?;
        lock(&mut connection, of).await?;
        let sql = format!(
            "INSERT INTO sluice.leases (kind, id, span, holder, amount_pico, spare, expires_at)
             VALUES ($1, $2, $3, $4, 0, 0, {now} + {LEASE_MS})
             ON CONFLICT (kind, id, span, holder)
             DO UPDATE SET amount_pico = 0, spare = 0, expires_at = excluded.expires_at"
        );
        connection.execute(&sql, of.values()).await?;
        let sql = "SELECT mark FROM sluice.journals WHERE id = $1";
        let row = connection.row(sql, vec![of.holder.into()]).await?;
        let mark = row.map(|row| row.int("mark")).transpose()?;
        connection.commit().await?;
        Ok(mark.unwrap_or(0))
    }

    /// Leases more of a budget. None: the lease has ended meanwhile, and begins anew.
    pub async fn take_lease(
        &self,
        of: LeaseOf<'_>,
        ask: LeaseAsk,
    ) -> Result<Option<Leased>, StoreError> {
        let now = now(self.engine());
        let mut connection = self.pools.write().await?;
        let spent = lock(&mut connection, of).await?;
        let sql = format!(
            "SELECT holder, amount_pico, spare, expires_at - {now} AS runs FROM sluice.leases
             WHERE kind = $1 AND id = $2 AND span = $3"
        );
        let mut account = of.values();
        account.truncate(3);
        let (mut own, mut others, mut spare) = (None, Usd::ZERO, false);
        for row in connection.rows(&sql, account.clone()).await? {
            let (holder, runs) = (row.text("holder")?, row.int("runs")? > 0);
            let amount = Usd::from_row(row.int("amount_pico")?);
            if holder == of.holder {
                // What has ended and nobody took meanwhile goes on.
                own = Some(amount);
            } else if runs {
                // Spent beyond it: that counts as spent, not as room for others.
                others += amount.max(Usd::ZERO);
                spare |= row.int("spare")? == 1 && amount > Usd::ZERO;
            }
        }
        let Some(own) = own else {
            return Ok(None);
        };
        let left = ask.max_budget - spent - others - own - ask.owed;
        let left = left.max(Usd::ZERO);
        let part = left.pico() / (PARTS * i128::from(ask.holders.max(1)));
        let more = ask.need.max(Usd::from_pico(part)).min(left).min(MOST);
        let granted = ask.owed + more;
        // Who asks in vain has nothing that others could wait for.
        let spares = if granted > Usd::ZERO { "1" } else { "spare" };
        let sql = format!(
            "UPDATE sluice.leases SET amount_pico = amount_pico + $5, spare = {spares},
                 expires_at = {now} + {LEASE_MS}
             WHERE kind = $1 AND id = $2 AND span = $3 AND holder = $4"
        );
        let mut values = of.values();
        values.push(granted.to_row().into());
        connection.execute(&sql, values).await?;
        if more < ask.need {
            let sql = format!(
                "INSERT INTO sluice.lease_wants (kind, id, span, wanted_at)
                 VALUES ($1, $2, $3, {now})
                 ON CONFLICT (kind, id, span) DO UPDATE SET wanted_at = excluded.wanted_at"
            );
            connection.execute(&sql, account).await?;
        }
        connection.commit().await?;
        Ok(Some(Leased {
            granted,
            enough: more >= ask.need,
            others_spare: spare,
        }))
    }

    /// Gives back what is not used of a lease. `in_use`: calls hold some of the rest, and may leave it;
    /// if not, all of it is spent, and nobody needs to wait for it.
    pub async fn give_back_lease(
        &self,
        of: LeaseOf<'_>,
        (unused, in_use): (Usd, bool),
    ) -> Result<(), StoreError> {
        let mut connection = self.pools.write().await?;
        let mut values = of.values();
        values.push(unused.to_row().into());
        let sql = format!(
            "UPDATE sluice.leases SET amount_pico = amount_pico - $5, spare = {}
             WHERE kind = $1 AND id = $2 AND span = $3 AND holder = $4",
            i32::from(in_use)
        );
        connection.execute(&sql, values).await?;
        connection.commit().await
    }

    /// Ends one lease: nobody here knows of its account any more.
    pub async fn end_lease(&self, of: LeaseOf<'_>) -> Result<(), StoreError> {
        let mut connection = self.pools.write().await?;
        let sql = "DELETE FROM sluice.leases
                   WHERE kind = $1 AND id = $2 AND span = $3 AND holder = $4";
        connection.execute(sql, of.values()).await?;
        connection.commit().await
    }

    /// Renews every lease of a holder. One that had ended goes on: while the database was away
    /// nobody could renew any.
    pub async fn renew_leases(&self, holder: &str) -> Result<(), StoreError> {
        let now = now(self.engine());
        let mut connection = self.pools.write().await?;
        if connection.is_postgres() {
            // In the order in which stored rows are taken from them, or the two wait for each other.
            let sql = "SELECT kind FROM sluice.leases WHERE holder = $1
                       ORDER BY kind, id, span FOR UPDATE";
            connection.rows(sql, vec![holder.into()]).await?;
        }
        let sql =
            format!("UPDATE sluice.leases SET expires_at = {now} + {LEASE_MS} WHERE holder = $1");
        connection.execute(&sql, vec![holder.into()]).await?;
        let sql = format!("DELETE FROM sluice.leases WHERE expires_at < {now} - {FORGOTTEN_MS}");
        connection.execute(&sql, Vec::new()).await?;
        connection.commit().await
    }

    /// Leases of a holder of which others want something.
    pub async fn wanted_leases(
        &self,
        holder: &str,
    ) -> Result<Vec<(EntityKind, String, String)>, StoreError> {
        let now = now(self.engine());
        let mut connection = self.pools.read().await?;
        let sql = format!(
            "SELECT l.kind AS kind, l.id AS id, l.span AS span
             FROM sluice.leases l JOIN sluice.lease_wants w
             ON w.kind = l.kind AND w.id = l.id AND w.span = l.span
             WHERE l.holder = $1 AND l.amount_pico > 0 AND w.wanted_at > {now} - {WANT_MS}"
        );
        let rows = connection.rows(&sql, vec![holder.into()]).await?;
        rows.iter().map(name).collect()
    }

    /// Ends every lease of a holder: it is alone, or stops.
    pub async fn end_leases(&self, holder: &str) -> Result<(), StoreError> {
        let mut connection = self.pools.write().await?;
        let sql = "DELETE FROM sluice.leases WHERE holder = $1";
        connection.execute(sql, vec![holder.into()]).await?;
        connection.commit().await
    }
}

/// Waits until nobody else leases of this account or adds to it; what it has spent.
async fn lock(connection: &mut Connection, of: LeaseOf<'_>) -> Result<Usd, StoreError> {
    let lock = match connection.is_postgres() {
        true => " FOR UPDATE",
        // A transaction that writes is alone.
        false => "",
    };
    let sql = format!(
        "SELECT spent_usd, spent_pico FROM sluice.accounts
         WHERE kind = $1 AND id = $2 AND span = $3{lock}"
    );
    let mut account = of.values();
    account.truncate(3);
    let row = connection.row(&sql, account).await?;
    row.map_or(Ok(Usd::ZERO), |row| {
        Ok(join(row.int("spent_usd")?, row.int("spent_pico")?))
    })
}

fn name(row: &crate::store::sql::Row) -> Result<(EntityKind, String, String), StoreError> {
    let kind = row.text("kind")?;
    let kind = EntityKind::parse(&kind).ok_or_else(|| StoreError::unreadable("kind", kind))?;
    Ok((kind, row.text("id")?, row.text("span")?))
}

/// Takes what was stored from the leases of its holder.
pub(super) async fn shrink(
    connection: &mut Connection,
    holder: &str,
    sums: &HashMap<&Entity, Usd>,
) -> Result<(), StoreError> {
    let sql = "SELECT kind, id, span FROM sluice.leases WHERE holder = $1 ORDER BY kind, id, span";
    let rows = connection.rows(sql, vec![holder.into()]).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let mut stored: HashMap<(&str, String), Usd> = HashMap::new();
    for (entity, sum) in sums {
        let holder = (entity.kind.as_str(), indexed(&entity.id).into_owned());
        *stored.entry(holder).or_default() += *sum;
    }
    for row in &rows {
        let (kind, id, span) = name(row)?;
        let sum = stored.get(&(kind.as_str(), id.clone())).copied();
        if let Some(sum) = sum.filter(|it| !it.is_zero()) {
            let sql = "UPDATE sluice.leases SET amount_pico = amount_pico - $5
                       WHERE kind = $1 AND id = $2 AND span = $3 AND holder = $4";
            let values = vec![
                kind.as_str().into(),
                id.into(),
                span.into(),
                holder.into(),
                sum.to_row().into(),
            ];
            connection.execute(sql, values).await?;
        }
    }
    Ok(())
}
