//! The audit log: who changed what, with the values before and after. Rows are only appended.

use super::sql::{Block, Connection, Row, Value};
use super::{Store, StoreError};

/// One change of one object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditEntry {
    /// Milliseconds since 1970.
    pub at: i64,
    /// User id, or `litellm_proxy_master_key`.
    pub actor: String,
    /// Hash of the key that was used, if one was.
    pub actor_key: Option<String>,
    /// `created`, `updated`, `deleted`, `blocked`, `rotated`, …
    pub action: String,
    /// The kind of the object, as `Record::KIND` has it.
    pub kind: String,
    pub id: String,
    /// JSON, without secrets.
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Which part of the log.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    pub kind: Option<String>,
    pub id: Option<String>,
    pub actor: Option<String>,
    pub actor_key: Option<String>,
    pub action: Option<String>,
    /// The entry with this number.
    pub seq: Option<i64>,
    pub from_ms: Option<i64>,
    pub until_ms: Option<i64>,
    /// Entries older than this one: the next page.
    pub before_seq: Option<i64>,
}

/// Takes `count` numbers of a counter; the first of them. The counter's row stays locked until
/// the transaction ends, so that numbers become visible in their order.
pub(super) async fn numbers(
    connection: &mut Connection,
    counter: &str,
    count: usize,
) -> Result<i64, StoreError> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let row = connection
        .row(
            "UPDATE sluice.counters SET value = value + $1 WHERE name = $2 RETURNING value",
            vec![count.into(), counter.into()],
        )
        .await?
        .ok_or_else(|| StoreError::unreadable("counter", counter))?;
    Ok(row.int("value")?.saturating_sub(count).saturating_add(1))
}

pub(super) async fn append(
    connection: &mut Connection,
    entries: &[AuditEntry],
) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let first = numbers(connection, "audit", entries.len()).await?;
    let mut block = Block::new(9, entries.len());
    for (seq, entry) in (first..).zip(entries) {
        block.push([
            seq.into(),
            entry.at.into(),
            (&entry.actor).into(),
            (&entry.actor_key).into(),
            (&entry.action).into(),
            (&entry.kind).into(),
            (&entry.id).into(),
            (&entry.before).into(),
            (&entry.after).into(),
        ]);
    }
    let into = "INSERT INTO sluice.audit
        (seq, at, actor, actor_key, action, kind, id, before_doc, after_doc) ";
    connection.block(into, block, "").await.map(drop)
}

/// The conditions of a filter as SQL, with their values.
fn conditions(filter: &AuditFilter) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = Vec::new();
    let mut sql = " WHERE 1 = 1".to_owned();
    let texts = [
        ("kind", &filter.kind),
        ("id", &filter.id),
        ("actor", &filter.actor),
        ("actor_key", &filter.actor_key),
        ("action", &filter.action),
    ];
    for (column, wanted) in texts {
        if let Some(wanted) = wanted {
            values.push(wanted.into());
            sql.push_str(&format!(" AND {column} = ${}", values.len()));
        }
    }
    let numbers = [
        ("at >=", filter.from_ms),
        ("at <", filter.until_ms),
        ("seq <", filter.before_seq),
        ("seq =", filter.seq),
    ];
    for (test, wanted) in numbers {
        if let Some(wanted) = wanted {
            values.push(wanted.into());
            sql.push_str(&format!(" AND {test} ${}", values.len()));
        }
    }
    (sql, values)
}

fn read(row: &Row) -> Result<(i64, AuditEntry), StoreError> {
    let entry = AuditEntry {
        at: row.int("at")?,
        actor: row.text("actor")?,
        actor_key: row.opt_text("actor_key")?,
        action: row.text("action")?,
        kind: row.text("kind")?,
        id: row.text("id")?,
        before: row.opt_text("before_doc")?,
        after: row.opt_text("after_doc")?,
    };
    Ok((row.int("seq")?, entry))
}

impl Store {
    /// The log, newest first, each entry with its number.
    pub async fn audit_log(
        &self,
        filter: &AuditFilter,
        limit: u32,
    ) -> Result<Vec<(i64, AuditEntry)>, StoreError> {
        self.audit_page(filter, 0, limit).await
    }

    /// A page of it.
    pub async fn audit_page(
        &self,
        filter: &AuditFilter,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<(i64, AuditEntry)>, StoreError> {
        let (filtered, values) = conditions(filter);
        let sql = format!(
            "SELECT * FROM sluice.audit{filtered} ORDER BY seq DESC LIMIT {limit} OFFSET {offset}"
        );
        let rows = self.pools.read().await?.rows(&sql, values).await?;
        rows.iter().map(read).collect()
    }

    /// How many entries a filter lets through.
    pub async fn audit_count(&self, filter: &AuditFilter) -> Result<u64, StoreError> {
        let (filtered, values) = conditions(filter);
        let sql = format!("SELECT COUNT(*) AS entries FROM sluice.audit{filtered}");
        let row = self.pools.read().await?.row(&sql, values).await?;
        let entries = row.map_or(Ok(0), |row| row.int("entries"))?;
        Ok(u64::try_from(entries).unwrap_or_default())
    }
}
