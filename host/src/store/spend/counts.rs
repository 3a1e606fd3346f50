//! Counts that charts ask for and no sum by day has: who used a tag, which calls failed, what came
//! out of the cache.

use super::filter::error_of;
use super::indexed;
use super::{DAY_MS, SpendFilter};
use crate::store::sql::{Value, places};
use crate::store::{Store, StoreError};

/// Which uses of tags, and how long a period is.
#[derive(Debug, Clone)]
pub struct TagUse {
    /// Days since 1970 in UTC, both included.
    pub from_day: i64,
    pub until_day: i64,
    /// Days of a period, at least 1; the newest period ends with `until_day`.
    pub period_days: i64,
    /// None: of every tag. No tag is none.
    pub tags: Option<Vec<String>>,
    pub provider: Option<String>,
}

/// Users of a tag in one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagUsers {
    pub tag: String,
    /// Periods before the newest one.
    pub period: i64,
    pub users: i64,
}

/// Failed calls of a day at a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedCalls {
    /// Days since 1970 in UTC.
    pub day: i64,
    pub deployment: String,
    pub calls: i64,
}

/// Calls of one kind that the cache answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedCalls {
    pub key_hash: String,
    pub operation: String,
    pub model: String,
    pub calls: i64,
    pub output_tokens: i64,
}

impl Store {
    /// How many users' keys used each tag in each period: the newest period first, in it the tag
    /// with the most users, at most `limit` of them in all. Keys that are gone, and such without
    /// a user, count for nobody.
    pub async fn tag_users(&self, of: &TagUse, limit: u32) -> Result<Vec<TagUsers>, StoreError> {
        let period = of.period_days.max(1);
        let mut values: Vec<Value> = vec![of.until_day.into(), period.into(), of.from_day.into()];
        let mut also = String::new();
        if let Some(tags) = &of.tags {
            if tags.is_empty() {
                return Ok(Vec::new());
            }
            also.push_str(&format!(
                " AND r.id IN ({})",
                places(values.len(), tags.len())
            ));
            values.extend(tags.iter().map(|it| Value::from(&*indexed(it))));
        }
        if let Some(provider) = &of.provider {
            values.push((&*indexed(provider)).into());
            also.push_str(&format!(" AND r.provider = ${}", values.len()));
        }
        let sql = format!(
            "SELECT r.id AS id, ($1 - r.day) / $2 AS period,
                 CAST(COUNT(DISTINCT k.user_id) AS BIGINT) AS users
             FROM sluice.rollups r JOIN sluice.keys k ON k.id = r.key_hash
             WHERE r.kind = 'tag' AND r.day >= $3 AND r.day <= $1
                 AND k.user_id IS NOT NULL{also}
             GROUP BY r.id, period ORDER BY period, users DESC, id LIMIT {limit}"
        );
        let rows = self.pools.read().await?.rows(&sql, values).await?;
        rows.iter()
            .map(|row| {
                Ok(TagUsers {
                    tag: row.text("id")?,
                    period: row.int("period")?,
                    users: row.int("users")?,
                })
            })
            .collect()
    }

    /// Calls that failed with an HTTP status, by day and deployment, the oldest day first.
    pub async fn failed_calls(
        &self,
        filter: &SpendFilter,
        http_status: u16,
    ) -> Result<Vec<FailedCalls>, StoreError> {
        let mut connection = self.pools.read().await?;
        let (conditions, values) = filter.conditions(None, connection.is_postgres())?;
        // How a row's document begins the error. Only a client's metadata could hold the same
        // text, and would count a failure of that client as another one. In these words there is an
        // index for calls that were too many.
        let error = error_of(http_status);
        let sql = format!(
            "SELECT started_ms / {DAY_MS} AS day, deployment, CAST(COUNT(*) AS BIGINT) AS calls
             FROM sluice.spend_rows
             WHERE {conditions} AND status = 'failure' AND doc LIKE '{error}'
             GROUP BY started_ms / {DAY_MS}, deployment ORDER BY day, deployment"
        );
        let rows = connection.rows(&sql, values).await?;
        rows.iter()
            .map(|row| {
                Ok(FailedCalls {
                    day: row.int("day")?,
                    deployment: row.text("deployment")?,
                    calls: row.int("calls")?,
                })
            })
            .collect()
    }

    /// Calls that were answered out of the cache, by key, operation and model.
    pub async fn cached_calls(&self, filter: &SpendFilter) -> Result<Vec<CachedCalls>, StoreError> {
        let mut connection = self.pools.read().await?;
        let (conditions, values) = filter.conditions(None, connection.is_postgres())?;
        let sql = format!(
            "SELECT key_hash, operation, model, CAST(COUNT(*) AS BIGINT) AS calls,
                 CAST(SUM(output_tokens) AS BIGINT) AS output_tokens
             FROM sluice.spend_rows WHERE {conditions} AND cache_hit = 1
             GROUP BY key_hash, operation, model ORDER BY key_hash, operation, model"
        );
        let rows = connection.rows(&sql, values).await?;
        rows.iter()
            .map(|row| {
                Ok(CachedCalls {
                    key_hash: row.text("key_hash")?,
                    operation: row.text("operation")?,
                    model: row.text("model")?,
                    calls: row.int("calls")?,
                    output_tokens: row.int("output_tokens")?,
                })
            })
            .collect()
    }
}
