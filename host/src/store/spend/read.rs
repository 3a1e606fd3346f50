//! Reading spend rows, page by page, and forgetting old ones.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::indexed;
use super::{SpendFilter, SpendPlace};
use crate::domain::{CallError, CallStatus, CostLine, Entity, SpendRow, Usage, Usd};
use crate::store::record::from_doc;
use crate::store::sql::{Connection, Row, Value, places};
use crate::store::{Store, StoreError};

/// What `settle` writes into the column `doc`.
#[derive(Deserialize)]
struct Doc {
    usage: Usage,
    payers: Vec<Entity>,
    api_base: Option<String>,
    price_version: String,
    client_ip: Option<String>,
    user_agent: Option<String>,
    error: Option<CallError>,
    metadata: Option<Box<RawValue>>,
}

/// Everything but the bodies, which are large and rarely wanted.
const COLUMNS: &str = "call_id, started_ms, ended_ms, first_token_ms, provider_id, operation, \
    status, key_hash, key_alias, user_id, team_id, organization_id, end_user, tags, model_group, \
    deployment, provider, model, cost_pico, cache_hit, session_id, doc";

impl Store {
    /// A page of spend rows, newest first, without bodies. The next page begins after the place
    /// of the last row.
    pub async fn spend_rows(
        &self,
        filter: &SpendFilter,
        after: Option<&SpendPlace>,
        limit: u32,
    ) -> Result<Vec<SpendRow>, StoreError> {
        self.page(filter, after, &format!("LIMIT {limit}")).await
    }

    /// The same by number of rows to leave out, for lists that count pages. The further the page,
    /// the longer it takes.
    pub async fn spend_rows_at(
        &self,
        filter: &SpendFilter,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<SpendRow>, StoreError> {
        let part = format!("LIMIT {limit} OFFSET {}", offset.min(1 << 40));
        self.page(filter, None, &part).await
    }

    async fn page(
        &self,
        filter: &SpendFilter,
        after: Option<&SpendPlace>,
        part: &str,
    ) -> Result<Vec<SpendRow>, StoreError> {
        let (conditions, values) = filter.conditions(after)?;
        let sql = format!(
            "SELECT {COLUMNS} FROM sluice.spend_rows WHERE {conditions}
             ORDER BY started_ms DESC, call_id DESC {part}"
        );
        let mut connection = self.pools.snapshot().await?;
        let rows = connection.rows(&sql, values).await?;
        let rows = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        with_lines(&mut connection, rows).await
    }

    /// How many rows there are.
    pub async fn count_spend_rows(&self, filter: &SpendFilter) -> Result<u64, StoreError> {
        let (conditions, values) = filter.conditions(None)?;
        let sql = format!("SELECT COUNT(*) AS total FROM sluice.spend_rows WHERE {conditions}");
        let row = self.pools.read().await?.row(&sql, values).await?;
        let total = row.map_or(Ok(0), |row| row.int("total"))?;
        Ok(u64::try_from(total).unwrap_or_default())
    }

    /// One call with its bodies, by our id.
    pub async fn spend_row(&self, call_id: &str) -> Result<Option<SpendRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS}, request, response FROM sluice.spend_rows WHERE call_id = $1"
        );
        let mut connection = self.pools.snapshot().await?;
        let values = vec![(&*indexed(call_id)).into()];
        let Some(found) = connection.row(&sql, values).await? else {
            return Ok(None);
        };
        let mut row = read(&found)?;
        row.request = body(&found, "request")?;
        row.response = body(&found, "response")?;
        let rows = with_lines(&mut connection, vec![row]).await?;
        Ok(rows.into_iter().next())
    }

    /// Forgets at most `limit` calls that started before a time, the oldest first; how many it
    /// forgot. Accounts and sums by day stay. A batch that is older than what was forgotten
    /// would be booked again, so keep rows longer than a journal waits.
    pub async fn forget_spend_rows(&self, before_ms: i64, limit: u32) -> Result<u64, StoreError> {
        let sql = format!(
            "DELETE FROM sluice.spend_rows WHERE call_id IN (
                 SELECT call_id FROM sluice.spend_rows WHERE started_ms < $1
                 ORDER BY started_ms, call_id LIMIT {limit})"
        );
        let mut connection = self.pools.write().await?;
        let gone = connection.execute(&sql, vec![before_ms.into()]).await?;
        connection.commit().await?;
        Ok(gone)
    }
}

fn body(row: &Row, column: &str) -> Result<Option<Box<RawValue>>, StoreError> {
    let text = row.opt_text(column)?;
    text.map(|text| RawValue::from_string(text).map_err(|it| StoreError::unreadable(column, it)))
        .transpose()
}

fn read(row: &Row) -> Result<SpendRow, StoreError> {
    let call_id = row.text("call_id")?;
    let doc: Doc = from_doc(&format!("spend row `{call_id}`"), &row.text("doc")?)?;
    let status = match row.text("status")?.as_str() {
        "success" => CallStatus::Success,
        "failure" => CallStatus::Failure,
        "interrupted" => CallStatus::Interrupted,
        other => return Err(StoreError::unreadable("status", other)),
    };
    Ok(SpendRow {
        call_id,
        provider_id: row.opt_text("provider_id")?,
        operation: row.text("operation")?,
        status,
        started_ms: row.int("started_ms")?,
        first_token_ms: row.opt_int("first_token_ms")?,
        ended_ms: row.int("ended_ms")?,
        key_hash: row.text("key_hash")?,
        key_alias: row.opt_text("key_alias")?,
        user_id: row.opt_text("user_id")?,
        team_id: row.opt_text("team_id")?,
        organization_id: row.opt_text("organization_id")?,
        end_user: row.opt_text("end_user")?,
        tags: from_doc("tags", &row.text("tags")?)?,
        model_group: row.text("model_group")?,
        deployment: row.text("deployment")?,
        provider: row.text("provider")?,
        model: row.text("model")?,
        api_base: doc.api_base,
        usage: doc.usage,
        cost: row.opt_int("cost_pico")?.map(Usd::from_row),
        lines: Vec::new(),
        payers: doc.payers,
        price_version: doc.price_version,
        cache_hit: row.int("cache_hit")? != 0,
        session_id: row.opt_text("session_id")?,
        client_ip: doc.client_ip,
        user_agent: doc.user_agent,
        error: doc.error,
        metadata: doc.metadata,
        request: None,
        response: None,
    })
}

async fn with_lines(
    connection: &mut Connection,
    mut rows: Vec<SpendRow>,
) -> Result<Vec<SpendRow>, StoreError> {
    let mut lines: HashMap<String, Vec<CostLine>> = HashMap::new();
    for chunk in rows.chunks(500) {
        let sql = format!(
            "SELECT * FROM sluice.spend_lines WHERE call_id IN ({}) ORDER BY call_id, line",
            places(0, chunk.len())
        );
        let ids = chunk.iter().map(|row| Value::from(&row.call_id)).collect();
        for line in connection.rows(&sql, ids).await? {
            lines
                .entry(line.text("call_id")?)
                .or_default()
                .push(CostLine {
                    deployment: line.text("deployment")?,
                    provider: line.text("provider")?,
                    model: line.text("model")?,
                    usage: from_doc("usage", &line.text("usage_doc")?)?,
                    cost: line.opt_int("cost_pico")?.map(Usd::from_row),
                    estimated: line.int("estimated")? != 0,
                });
        }
    }
    for row in &mut rows {
        row.lines = lines.remove(&row.call_id).unwrap_or_default();
    }
    Ok(rows)
}
