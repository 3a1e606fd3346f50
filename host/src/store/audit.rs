//! The audit log: who changed what, with the values before and after. Rows are only appended.

use super::sql::{Block, Connection, Value};
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
    pub action: Option<String>,
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

impl Store {
    /// The log, newest first, each entry with its number.
    pub async fn audit_log(
        &self,
        filter: &AuditFilter,
        limit: u32,
    ) -> Result<Vec<(i64, AuditEntry)>, StoreError> {
        let mut values: Vec<Value> = Vec::new();
        let mut sql = "SELECT * FROM sluice.audit WHERE 1 = 1".to_owned();
        let texts = [
            ("kind", &filter.kind),
            ("id", &filter.id),
            ("actor", &filter.actor),
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
        ];
        for (test, wanted) in numbers {
            if let Some(wanted) = wanted {
                values.push(wanted.into());
                sql.push_str(&format!(" AND {test} ${}", values.len()));
            }
        }
        sql.push_str(&format!(" ORDER BY seq DESC LIMIT {limit}"));
        let rows = self.pools.read().await?.rows(&sql, values).await?;
        rows.iter()
            .map(|row| {
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
            })
            .collect()
    }
}
