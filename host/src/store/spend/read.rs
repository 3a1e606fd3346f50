//! Reading spend rows, page by page, and forgetting old ones.

use std::collections::{HashMap, HashSet};

use super::{DAY_MS, SpendFilter, SpendPlace, SpendSort, doc, indexed};
use crate::domain::{CallStatus, SpendRow, Usd};
use crate::store::record::from_doc;
use crate::store::sql::{Connection, Row, Value, places};
use crate::store::{Store, StoreError};

/// Ids of one statement.
const CHUNK: usize = 500;

/// Rows before a page whose places are held.
const MOST_HELD: u64 = 100_000;

/// Days since 1970 that no row has.
const MANY_DAYS: i64 = 1_000_000;

const COLUMNS: &str = "call_id, started_ms, ended_ms, first_token_ms, provider_id, operation, \
    status, key_hash, key_alias, user_id, team_id, organization_id, end_user, tags, model_group, \
    deployment, provider, model, cost_pico, cache_hit, session_id, doc";

impl Store {
    /// A page of spend rows, newest first. The next page begins after the place
    /// of the last row.
    pub async fn spend_rows(
        &self,
        filter: &SpendFilter,
        after: Option<&SpendPlace>,
        limit: u32,
    ) -> Result<Vec<SpendRow>, StoreError> {
        self.page(filter, after, 0, limit).await
    }

    /// The same by number of rows to leave out, for lists that count pages. The further the page,
    /// the longer it takes.
    pub async fn spend_rows_at(
        &self,
        filter: &SpendFilter,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<SpendRow>, StoreError> {
        self.page(filter, None, offset.min(1 << 40), limit).await
    }

    /// The same in another order. No index has it: all rows of the filter are looked at, so they
    /// should be few.
    pub async fn spend_rows_sorted(
        &self,
        filter: &SpendFilter,
        (by, descending): (SpendSort, bool),
        offset: u64,
        limit: u32,
    ) -> Result<Vec<SpendRow>, StoreError> {
        let mut connection = self.pools.snapshot().await?;
        let Some(filter) = narrowed(&mut connection, filter).await? else {
            return Ok(Vec::new());
        };
        let (conditions, values) = filter.conditions(None, connection.is_postgres())?;
        let direction = if descending { "DESC" } else { "ASC" };
        let sql = format!(
            "SELECT started_ms, call_id FROM sluice.spend_rows WHERE {conditions}
             ORDER BY {} {direction}, started_ms {direction}, call_id {direction}
             LIMIT {limit} OFFSET {}",
            by.expression(),
            offset.min(1 << 40),
        );
        let rows = connection.rows(&sql, values).await?;
        let places = rows
            .iter()
            .map(|row| Ok((row.int("started_ms")?, row.text("call_id")?)));
        let places: Vec<(i64, String)> = places.collect::<Result<_, StoreError>>()?;
        by_ids(&mut connection, &places).await
    }

    /// Which rows those are is read from an index first, then the rows by their ids: so that the
    /// rows before a page are not touched.
    async fn page(
        &self,
        filter: &SpendFilter,
        after: Option<&SpendPlace>,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<SpendRow>, StoreError> {
        let mut connection = self.pools.snapshot().await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let Some(filter) = &narrowed(&mut connection, filter).await? else {
            return Ok(Vec::new());
        };
        // Places of parts are held to be brought into one order: for a page that lies far, the
        // database leaves out what is before it.
        let parts = filter.one_by_one().filter(|_| offset <= MOST_HELD);
        let ids = match parts {
            None => places_of(&mut connection, filter, after, offset, limit).await?,
            Some(parts) => {
                let skip = usize::try_from(offset).unwrap_or(usize::MAX);
                let wanted = limit.saturating_add(skip);
                let named = filter.any_id.is_some();
                let mut all = Vec::new();
                for part in &parts {
                    if !named || is_there(&mut connection, part).await? {
                        all.extend(places_of(&mut connection, part, after, 0, wanted).await?);
                    }
                }
                all.sort_unstable_by(|a, b| b.cmp(a));
                all.dedup();
                all.into_iter().skip(skip).take(limit).collect()
            }
        };
        by_ids(&mut connection, &ids).await
    }

    /// The row of one call. None: there is none, or not yet.
    pub async fn spend_row(&self, call_id: &str) -> Result<Option<SpendRow>, StoreError> {
        let mut connection = self.pools.read().await?;
        let sql = format!("SELECT {COLUMNS} FROM sluice.spend_rows WHERE call_id = $1");
        let id = vec![Value::from(&*indexed(call_id))];
        let found = connection.row(&sql, id).await?;
        found.as_ref().map(read).transpose()
    }

    /// How many rows there are; `most` if there are more, which are not looked at.
    pub async fn count_spend_rows(
        &self,
        filter: &SpendFilter,
        most: u32,
    ) -> Result<u64, StoreError> {
        let mut connection = self.pools.read().await?;
        let Some(filter) = &narrowed(&mut connection, filter).await? else {
            return Ok(0);
        };
        let limit = usize::try_from(most).unwrap_or(usize::MAX);
        if let (Some(_), Some(parts)) = (&filter.any_id, filter.one_by_one()) {
            // A row may be found by more than one of its ids.
            let mut all = HashSet::new();
            for part in &parts {
                if all.len() < limit && is_there(&mut connection, part).await? {
                    all.extend(places_of(&mut connection, part, None, 0, limit).await?);
                }
            }
            return Ok(u64::try_from(all.len().min(limit)).unwrap_or_default());
        }
        let parts = filter.by_outcome().unwrap_or_else(|| vec![filter.clone()]);
        let mut all = 0;
        for part in &parts {
            all += count(&mut connection, part, most).await?;
        }
        Ok(all.min(u64::from(most)))
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

/// How many rows a filter has, up to `most`.
async fn count(
    connection: &mut Connection,
    filter: &SpendFilter,
    most: u32,
) -> Result<u64, StoreError> {
    let (conditions, values) = filter.conditions(None, connection.is_postgres())?;
    let sql = format!(
        "SELECT COUNT(*) AS total FROM (
             SELECT 1 FROM sluice.spend_rows WHERE {conditions} LIMIT {most}) AS counted"
    );
    let row = connection.row(&sql, values).await?;
    let total = row.map_or(Ok(0), |row| row.int("total"))?;
    Ok(u64::try_from(total).unwrap_or_default())
}

/// Whether an id that may be a deployment's is one's: no index has rows by their deployment, and the
/// sums by day have each that ever answered.
async fn is_there(connection: &mut Connection, part: &SpendFilter) -> Result<bool, StoreError> {
    let Some(deployment) = &part.deployment else {
        return Ok(true);
    };
    let sql = "SELECT CAST(1 AS BIGINT) AS there FROM sluice.rollups
         WHERE kind = 'deployment' AND id = $1 LIMIT 1";
    let id = vec![Value::from(&*indexed(deployment))];
    Ok(connection.row(sql, id).await?.is_some() || is_brought(connection).await?)
}

/// The filter over the days in which there can be rows of it. No index has rows by their model or
/// tags, whose sums by day say when there were any: every call is among those of the gateway and of
/// its tags. None: never.
async fn narrowed(
    connection: &mut Connection,
    filter: &SpendFilter,
) -> Result<Option<SpendFilter>, StoreError> {
    let named = [
        ("kind = 'proxy' AND model", &filter.model),
        ("kind = 'tag' AND id", &filter.tag),
    ];
    let mut narrow = filter.clone();
    if named.iter().all(|(_, it)| it.is_none()) || is_brought(connection).await? {
        return Ok(Some(narrow));
    }
    for (column, named) in named {
        let Some(named) = named else { continue };
        let sql = format!(
            "SELECT MIN(day) AS first, MAX(day) AS last FROM sluice.rollups
             WHERE day >= $1 AND day <= $2 AND {column} = $3"
        );
        let day = |ms: Option<i64>, open: i64| ms.map_or(open, |it| it.div_euclid(DAY_MS));
        let values = vec![
            day(narrow.from_ms, -MANY_DAYS).into(),
            day(narrow.until_ms, MANY_DAYS).into(),
            Value::from(&*indexed(named)),
        ];
        let row = connection.row(&sql, values).await?;
        let ends =
            row.map(|row| Ok::<_, StoreError>((row.opt_int("first")?, row.opt_int("last")?)));
        let Some((Some(first), Some(last))) = ends.transpose()? else {
            return Ok(None);
        };
        let (from, until) = (first * DAY_MS, (last + 1) * DAY_MS);
        narrow.from_ms = Some(narrow.from_ms.map_or(from, |it| it.max(from)));
        narrow.until_ms = Some(narrow.until_ms.map_or(until, |it| it.min(until)));
    }
    Ok(Some(narrow))
}

/// Whether rows may come from another gateway: its sums by day need not have them all.
async fn is_brought(connection: &mut Connection) -> Result<bool, StoreError> {
    let sql = "SELECT run FROM sluice.brought LIMIT 1";
    Ok(connection.row(sql, Vec::new()).await?.is_some())
}

/// Where rows stand in the order, the newest first.
async fn places_of(
    connection: &mut Connection,
    filter: &SpendFilter,
    after: Option<&SpendPlace>,
    offset: u64,
    limit: usize,
) -> Result<Vec<(i64, String)>, StoreError> {
    let (conditions, values) = filter.conditions(after, connection.is_postgres())?;
    let sql = format!(
        "SELECT started_ms, call_id FROM sluice.spend_rows WHERE {conditions}
         ORDER BY started_ms DESC, call_id DESC LIMIT {limit} OFFSET {offset}"
    );
    let rows = connection.rows(&sql, values).await?;
    rows.iter()
        .map(|row| Ok((row.int("started_ms")?, row.text("call_id")?)))
        .collect()
}

/// Rows in the order of their ids.
async fn by_ids(
    connection: &mut Connection,
    ids: &[(i64, String)],
) -> Result<Vec<SpendRow>, StoreError> {
    let mut found: HashMap<String, SpendRow> = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let sql = format!(
            "SELECT {COLUMNS} FROM sluice.spend_rows WHERE call_id IN ({})",
            places(0, chunk.len())
        );
        let values = chunk.iter().map(|(_, id)| Value::from(id)).collect();
        for row in connection.rows(&sql, values).await? {
            let row = read(&row)?;
            found.insert(row.call_id.clone(), row);
        }
    }
    let rows = ids.iter().filter_map(|(_, id)| found.remove(id));
    Ok(rows.collect())
}

fn read(row: &Row) -> Result<SpendRow, StoreError> {
    let call_id = row.text("call_id")?;
    let mut doc = doc::read(&call_id, &row.text("doc")?)?;
    let status = match row.text("status")?.as_str() {
        "success" => CallStatus::Success,
        "failure" => CallStatus::Failure,
        "interrupted" => CallStatus::Interrupted,
        other => return Err(StoreError::unreadable("status", other)),
    };
    let mut row = SpendRow {
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
        api_base: doc.api_base.take(),
        usage: std::mem::take(&mut doc.usage),
        cost: row.opt_int("cost_pico")?.map(Usd::from_row),
        lines: Vec::new(),
        payers: Vec::new(),
        price_version: std::mem::take(&mut doc.price_version),
        cache_hit: row.int("cache_hit")? != 0,
        session_id: row.opt_text("session_id")?,
        client_ip: doc.client_ip.take(),
        user_agent: doc.user_agent.take(),
        error: doc.error.take(),
        metadata: doc.metadata.take(),
        why: doc.why.take(),
    };
    doc.complete(&mut row);
    Ok(row)
}
