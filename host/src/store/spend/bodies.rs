//! What calls sent and were sent, beside their rows.

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::indexed;
use crate::domain::CallBodies;
use crate::store::sql::{Block, Connection, Row, Value, places};
use crate::store::{Store, StoreError};

const COLUMNS: [&str; 4] = ["call_id", "started_ms", "request", "response"];

/// Ids of one statement.
const CHUNK: usize = 500;

impl Store {
    /// Keeps bodies, all of them or none. Those of a call that has some already change nothing.
    pub async fn keep_bodies(&self, batch: &[CallBodies]) -> Result<(), StoreError> {
        let mut connection = self.pools.write().await?;
        insert(&mut connection, batch).await?;
        connection.commit().await
    }

    /// The bodies of those calls that have some, by our id.
    pub async fn spend_bodies(
        &self,
        call_ids: &[&str],
    ) -> Result<HashMap<String, CallBodies>, StoreError> {
        let mut connection = self.pools.read().await?;
        let mut found = HashMap::new();
        for chunk in call_ids.chunks(CHUNK) {
            let sql = format!(
                "SELECT {} FROM sluice.spend_bodies WHERE call_id IN ({})",
                COLUMNS.join(", "),
                places(0, chunk.len())
            );
            let ids = chunk.iter().map(|id| Value::from(&*indexed(id))).collect();
            for row in connection.rows(&sql, ids).await? {
                let bodies = read(&row)?;
                found.insert(bodies.call_id.clone(), bodies);
            }
        }
        Ok(found)
    }

    /// Forgets the bodies of at most `limit` calls that started before a time, the oldest first;
    /// of how many it forgot them.
    pub async fn forget_bodies(&self, before_ms: i64, limit: u32) -> Result<u64, StoreError> {
        let sql = format!(
            "DELETE FROM sluice.spend_bodies WHERE call_id IN (
                 SELECT call_id FROM sluice.spend_bodies WHERE started_ms < $1
                 ORDER BY started_ms, call_id LIMIT {limit})"
        );
        let mut connection = self.pools.write().await?;
        let gone = connection.execute(&sql, vec![before_ms.into()]).await?;
        connection.commit().await?;
        Ok(gone)
    }
}

pub(super) async fn insert(
    connection: &mut Connection,
    batch: &[CallBodies],
) -> Result<(), StoreError> {
    let mut block = Block::new(COLUMNS.len(), batch.len());
    for bodies in batch {
        let text =
            |body: &Option<Box<RawValue>>| Value::from(body.as_ref().map(|it| it.get().to_owned()));
        block.push([
            Value::from(&*indexed(&bodies.call_id)),
            bodies.started_ms.into(),
            text(&bodies.request),
            text(&bodies.response),
        ]);
    }
    let into = format!("INSERT INTO sluice.spend_bodies ({}) ", COLUMNS.join(", "));
    let once = " ON CONFLICT (call_id) DO NOTHING";
    connection.block(&into, block, once).await.map(drop)
}

fn read(row: &Row) -> Result<CallBodies, StoreError> {
    let body = |column: &str| {
        let text = row.opt_text(column)?;
        text.map(|text| {
            RawValue::from_string(text).map_err(|it| StoreError::unreadable(column, it))
        })
        .transpose()
    };
    Ok(CallBodies {
        call_id: row.text("call_id")?,
        started_ms: row.int("started_ms")?,
        request: body("request")?,
        response: body("response")?,
    })
}
