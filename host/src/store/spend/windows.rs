//! Windows of accounts: they begin, end, and begin anew.

use super::accounts::{Account, read};
use super::indexed;
use crate::domain::{Entity, Usd};
use crate::store::column::split;
use crate::store::{Store, StoreError};

/// A window that begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextWindow {
    pub began_at: i64,
    pub reset_at: Option<i64>,
    /// Spent in an earlier one, and counted in this one.
    pub carried: Usd,
}

impl Store {
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
    /// replicas try; whether it was this call. What was stored of the next one stays.
    pub async fn reset(&self, due: &Account, next: NextWindow) -> Result<bool, StoreError> {
        let Some(was) = due.reset_at else {
            return Ok(false);
        };
        let (usd, pico) = split(next.carried);
        let values = vec![
            next.reset_at.into(),
            due.entity.kind.as_str().into(),
            (&*indexed(&due.entity.id)).into(),
            (&due.span).into(),
            was.into(),
            usd.into(),
            pico.into(),
            next.began_at.into(),
        ];
        let mut connection = self.pools.write().await?;
        let touched = connection
            .execute(
                "UPDATE sluice.accounts SET reset_at = $1, began_at = $8,
                 spent_usd = CASE WHEN began_at >= reset_at
                     THEN spent_usd + $6 + (spent_pico + $7) / 1000000000000 ELSE $6 END,
                 spent_pico = CASE WHEN began_at >= reset_at
                     THEN (spent_pico + $7) % 1000000000000 ELSE $7 END
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
