//! How fast deployments answered, and what they failed with: sums over rows of calls.

use super::{DAY_MS, SpendFilter};
use crate::domain::ErrorKind;
use crate::store::sql::Value;
use crate::store::{Store, StoreError};

/// Calls of one day at one deployment for one of the provider's models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// Days since 1970 in UTC.
    pub day: i64,
    pub deployment: String,
    pub model: String,
    pub calls: i64,
    /// Those that took as long as was asked for, or longer.
    pub slow: i64,
    /// Those with output tokens, and the sum of each one's time for a token, in microseconds.
    pub with_output: i64,
    pub per_token_us: i64,
    /// Streams, and the sum of their times to the first token, in milliseconds.
    pub streams: i64,
    pub first_token_ms: i64,
}

/// Failed calls of one kind at one deployment for one of the provider's models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedKind {
    pub deployment: String,
    pub model: String,
    pub kind: ErrorKind,
    pub calls: i64,
}

/// A stream whose first token came before its end.
const STREAMS: &str = "first_token_ms IS NOT NULL AND first_token_ms <> ended_ms";

impl Store {
    /// How fast calls were answered, by day, deployment and model. Calls that the cache answered, and
    /// such as reached no deployment, are none of these. `slow_ms`: as long is slow.
    pub async fn paces(&self, filter: &SpendFilter, slow_ms: i64) -> Result<Vec<Pace>, StoreError> {
        let mut connection = self.pools.read().await?;
        let (conditions, mut values) = filter.conditions(None, connection.is_postgres())?;
        values.push(Value::from(slow_ms));
        let slow = values.len();
        let sum = |test: &str, value: &str| {
            format!("CAST(COALESCE(SUM(CASE WHEN {test} THEN {value} ELSE 0 END), 0) AS BIGINT)")
        };
        let sql = format!(
            "SELECT started_ms / {DAY_MS} AS day, deployment, model,
                 CAST(COUNT(*) AS BIGINT) AS calls,
                 {} AS slow, {} AS with_output, {} AS per_token_us, {} AS streams,
                 {} AS first_token_ms
             FROM sluice.spend_rows
             WHERE {conditions} AND cache_hit = 0 AND deployment <> ''
             GROUP BY started_ms / {DAY_MS}, deployment, model ORDER BY day, deployment, model",
            sum(&format!("ended_ms - started_ms >= ${slow}"), "1"),
            sum("output_tokens > 0", "1"),
            sum(
                "output_tokens > 0",
                "(ended_ms - started_ms) * 1000 / output_tokens"
            ),
            sum(STREAMS, "1"),
            sum(STREAMS, "first_token_ms - started_ms"),
        );
        let rows = connection.rows(&sql, values).await?;
        rows.iter()
            .map(|row| {
                Ok(Pace {
                    day: row.int("day")?,
                    deployment: row.text("deployment")?,
                    model: row.text("model")?,
                    calls: row.int("calls")?,
                    slow: row.int("slow")?,
                    with_output: row.int("with_output")?,
                    per_token_us: row.int("per_token_us")?,
                    streams: row.int("streams")?,
                    first_token_ms: row.int("first_token_ms")?,
                })
            })
            .collect()
    }

    /// What failed calls failed with, by deployment and model.
    pub async fn failed_kinds(&self, filter: &SpendFilter) -> Result<Vec<FailedKind>, StoreError> {
        let mut connection = self.pools.read().await?;
        let (conditions, values) = filter.conditions(None, connection.is_postgres())?;
        // How a row's document begins the error. Only a client's metadata could hold the same text.
        let kinds: String = ErrorKind::ALL
            .iter()
            .map(|kind| {
                let kind = kind.as_str();
                format!("WHEN doc LIKE '%\"error\":{{\"status\":___,\"kind\":\"{kind}\",%' THEN '{kind}' ")
            })
            .collect();
        let sql = format!(
            "SELECT deployment, model, kind, CAST(COUNT(*) AS BIGINT) AS calls FROM (
                 SELECT deployment, model, CASE {kinds}ELSE '' END AS kind
                 FROM sluice.spend_rows WHERE {conditions} AND status = 'failure'
             ) AS failed
             WHERE kind <> '' GROUP BY deployment, model, kind ORDER BY deployment, model, kind"
        );
        let rows = connection.rows(&sql, values).await?;
        rows.iter()
            .map(|row| {
                Ok(FailedKind {
                    deployment: row.text("deployment")?,
                    model: row.text("model")?,
                    kind: ErrorKind::from_contract(&row.text("kind")?),
                    calls: row.int("calls")?,
                })
            })
            .collect()
    }
}
