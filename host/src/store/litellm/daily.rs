//! LiteLLM's sums by day, one table for each kind of holder.

use std::collections::{BTreeMap, BTreeSet};

use super::{LiteLlm, PAGE, quoted};
use crate::domain::{EntityKind, Usd};
use crate::store::StoreError;
use crate::store::column::money;
use crate::store::spend::UsageSums;
use crate::store::sql::{Value, places};

/// A table of sums by day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DailyTable {
    pub kind: EntityKind,
    pub name: &'static str,
    /// The column of the holder's id.
    pub holder: &'static str,
}

impl DailyTable {
    /// The table of users has every call, also those of no user.
    pub const USERS: Self = Self {
        kind: EntityKind::User,
        name: "LiteLLM_DailyUserSpend",
        holder: "user_id",
    };

    pub const ALL: [Self; 5] = [
        Self::USERS,
        Self {
            kind: EntityKind::Team,
            name: "LiteLLM_DailyTeamSpend",
            holder: "team_id",
        },
        Self {
            kind: EntityKind::Organization,
            name: "LiteLLM_DailyOrganizationSpend",
            holder: "organization_id",
        },
        Self {
            kind: EntityKind::EndUser,
            name: "LiteLLM_DailyEndUserSpend",
            holder: "end_user_id",
        },
        Self {
            kind: EntityKind::Tag,
            name: "LiteLLM_DailyTagSpend",
            holder: "tag",
        },
    ];

    /// The table of a kind of holder.
    pub fn of(kind: EntityKind) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.kind == kind)
    }
}

/// What a holder used on a day, by key, model and route.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Daily {
    /// Empty: nobody's.
    pub holder: String,
    pub key_hash: String,
    pub model_group: String,
    pub model: String,
    pub provider: String,
    /// The route, such as `/chat/completions`.
    pub endpoint: String,
    pub sums: UsageSums,
}

/// A float as an exact decimal, rounded as amounts are here.
const SPENT: &str = "ROUND(CAST(CAST(t.spend AS TEXT) AS NUMERIC), 12)";

/// Rows whose spend is a number.
const COUNTABLE: &str = "t.spend < 'Infinity' AND t.spend > '-Infinity'";

const DIMENSIONS: [&str; 5] = [
    "api_key",
    "model_group",
    "model",
    "custom_llm_provider",
    "endpoint",
];

const COUNTS: [&str; 7] = [
    "prompt_tokens",
    "completion_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "api_requests",
    "successful_requests",
    "failed_requests",
];

impl LiteLlm {
    /// The days of a table, oldest first, as LiteLLM writes them.
    pub async fn days(&mut self, table: DailyTable) -> Result<Vec<String>, StoreError> {
        if !self.has(table.name) {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT DISTINCT t.date AS date FROM {} t ORDER BY t.date",
            self.named(table.name)
        );
        let rows = self.connection.rows(&sql, Vec::new()).await;
        let rows = rows.map_err(|cause| self.unreadable(table.name, cause))?;
        rows.iter().map(|row| row.text("date")).collect()
    }

    /// The sums of a day.
    pub async fn day(&mut self, table: DailyTable, date: &str) -> Result<Vec<Daily>, StoreError> {
        // Columns that were added later count as empty where they are missing.
        let text = |column: &str| match self.has_column(table.name, column) {
            true => format!("COALESCE(t.{}, '')", quoted(column)),
            false => "''".to_owned(),
        };
        let mut names = vec![format!("{} AS holder", text(table.holder))];
        names.extend(DIMENSIONS.map(|it| format!("{} AS {it}", text(it))));
        let sums = COUNTS.map(|it| match self.has_column(table.name, it) {
            true => format!("CAST(LEAST(COALESCE(SUM(t.{it}), 0), 1e15) AS BIGINT) AS {it}"),
            false => format!("CAST(0 AS BIGINT) AS {it}"),
        });
        let places: Vec<String> = (1..=names.len()).map(|it| it.to_string()).collect();
        let sql = format!(
            "SELECT {}, {}, CAST(SUM({SPENT}) AS TEXT) AS spent FROM {} t
             WHERE t.date = $1 AND {COUNTABLE} GROUP BY {}",
            names.join(", "),
            sums.join(", "),
            self.named(table.name),
            places.join(", ")
        );
        let rows = self.connection.rows(&sql, vec![date.into()]).await?;
        let mut days = Vec::with_capacity(rows.len());
        for row in rows {
            days.push(Daily {
                holder: row.text("holder")?,
                key_hash: row.text("api_key")?,
                model_group: row.text("model_group")?,
                model: row.text("model")?,
                provider: row.text("custom_llm_provider")?,
                endpoint: row.text("endpoint")?,
                sums: UsageSums {
                    input_tokens: row.int("prompt_tokens")?,
                    output_tokens: row.int("completion_tokens")?,
                    cached_tokens: row.int("cache_read_input_tokens")?,
                    cache_write_tokens: row.int("cache_creation_input_tokens")?,
                    spent: exact(&row.text("spent")?)?,
                    requests: row.int("api_requests")?,
                    successes: row.int("successful_requests")?,
                    failures: row.int("failed_requests")?,
                },
            });
        }
        Ok(days)
    }

    /// What these holders have spent on all days; `column` is the holder's, or `api_key`.
    pub async fn spent_by(
        &mut self,
        table: DailyTable,
        column: &str,
        ids: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, Usd>, StoreError> {
        let mut spent = BTreeMap::new();
        if !self.has(table.name) {
            return Ok(spent);
        }
        let ids: Vec<&String> = ids.iter().collect();
        for chunk in ids.chunks(PAGE) {
            let sql = format!(
                "SELECT t.{column} AS holder, CAST(SUM({SPENT}) AS TEXT) AS spent FROM {} t
                 WHERE t.{column} IN ({}) AND {COUNTABLE} GROUP BY t.{column}",
                self.named(table.name),
                places(0, chunk.len()),
                column = quoted(column)
            );
            let values = chunk.iter().map(|id| Value::from(*id)).collect();
            let rows = self.connection.rows(&sql, values).await;
            for row in rows.map_err(|cause| self.unreadable(table.name, cause))? {
                spent.insert(row.text("holder")?, exact(&row.text("spent")?)?);
            }
        }
        Ok(spent)
    }

    /// A page of holders that have sums after this one, and what they have spent on all days.
    pub async fn spenders(
        &mut self,
        table: DailyTable,
        after: &str,
    ) -> Result<Vec<(String, Usd)>, StoreError> {
        if !self.has(table.name) {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT t.{holder} AS holder, CAST(SUM({SPENT}) AS TEXT) AS spent FROM {} t
             WHERE t.{holder} > $1 AND {COUNTABLE}
             GROUP BY t.{holder} ORDER BY t.{holder} LIMIT {PAGE}",
            self.named(table.name),
            holder = quoted(table.holder)
        );
        let rows = self.connection.rows(&sql, vec![after.into()]).await?;
        let pairs = rows.iter();
        pairs
            .map(|row| Ok((row.text("holder")?, exact(&row.text("spent")?)?)))
            .collect()
    }

    /// What was spent in all.
    pub async fn spent_in_all(&mut self) -> Result<Usd, StoreError> {
        let table = DailyTable::USERS;
        if !self.has(table.name) {
            return Ok(Usd::ZERO);
        }
        let sql = format!(
            "SELECT CAST(COALESCE(SUM({SPENT}), 0.0) AS TEXT) AS spent FROM {} t WHERE {COUNTABLE}",
            self.named(table.name)
        );
        let row = self.connection.row(&sql, Vec::new()).await?;
        row.map_or(Ok(Usd::ZERO), |row| exact(&row.text("spent")?))
    }
}

fn exact(text: &str) -> Result<Usd, StoreError> {
    money::parse(text).ok_or_else(|| StoreError::unreadable("spend", text))
}
