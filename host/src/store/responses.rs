//! Responses that clients may ask for again.

use std::sync::Arc;

use super::sql::{Block, Row, Value};
use super::{Store, StoreError};
use crate::domain::{DeploymentId, ResponsePlace, StoredResponse};

const COLUMNS: [&str; 9] = [
    "id",
    "owner",
    "created_ms",
    "model_group",
    "deployment",
    "model",
    "input",
    "response",
    "account",
];

impl Store {
    /// Keeps responses, all of them or none. One that is there already stays as it is.
    pub async fn keep_responses(&self, batch: &[Arc<StoredResponse>]) -> Result<(), StoreError> {
        let mut block = Block::new(COLUMNS.len(), batch.len());
        for it in batch {
            let (deployment, model, input, response) = match &it.place {
                ResponsePlace::Here { input, response } => {
                    (None, None, Some(input.clone()), Some(response.clone()))
                }
                ResponsePlace::There { deployment, model } => (
                    Some(deployment.as_str().to_owned()),
                    Some(model.clone()),
                    None,
                    None,
                ),
            };
            block.push([
                Value::from(&it.id),
                Value::from(&it.owner),
                it.created_ms.into(),
                Value::from(&it.model_group),
                deployment.into(),
                model.into(),
                input.into(),
                response.into(),
                Value::from(&it.account),
            ]);
        }
        let into = format!("INSERT INTO sluice.responses ({}) ", COLUMNS.join(", "));
        let mut connection = self.pools.write().await?;
        let once = " ON CONFLICT (id) DO NOTHING";
        connection.block(&into, block, once).await?;
        connection.commit().await
    }

    /// A response by its id.
    pub async fn response(&self, id: &str) -> Result<Option<StoredResponse>, StoreError> {
        let sql = format!(
            "SELECT {} FROM sluice.responses WHERE id = $1",
            COLUMNS.join(", ")
        );
        let mut connection = self.pools.read().await?;
        let found = connection.row(&sql, vec![id.into()]).await?;
        found.as_ref().map(read).transpose()
    }

    /// A response is booked: it is charged to nobody any more.
    pub async fn response_is_booked(&self, id: &str) -> Result<(), StoreError> {
        let mut connection = self.pools.write().await?;
        let sql = "UPDATE sluice.responses SET account = NULL WHERE id = $1";
        connection.execute(sql, vec![id.into()]).await?;
        connection.commit().await
    }

    /// Forgets a response; false: there was none.
    pub async fn forget_response(&self, id: &str) -> Result<bool, StoreError> {
        let mut connection = self.pools.write().await?;
        let sql = "DELETE FROM sluice.responses WHERE id = $1";
        let gone = connection.execute(sql, vec![id.into()]).await?;
        connection.commit().await?;
        Ok(gone > 0)
    }

    /// Forgets at most `limit` responses from before a time, the oldest first; how many it forgot.
    pub async fn forget_responses(&self, before_ms: i64, limit: u32) -> Result<u64, StoreError> {
        let sql = format!(
            "DELETE FROM sluice.responses WHERE id IN (
                 SELECT id FROM sluice.responses WHERE created_ms < $1
                 ORDER BY created_ms, id LIMIT {limit})"
        );
        let mut connection = self.pools.write().await?;
        let gone = connection.execute(&sql, vec![before_ms.into()]).await?;
        connection.commit().await?;
        Ok(gone)
    }
}

fn read(row: &Row) -> Result<StoredResponse, StoreError> {
    let place = match row.opt_text("deployment")? {
        Some(deployment) => ResponsePlace::There {
            deployment: DeploymentId::new(deployment),
            model: row.text("model")?,
        },
        None => ResponsePlace::Here {
            input: row.text("input")?,
            response: row.text("response")?,
        },
    };
    Ok(StoredResponse {
        id: row.text("id")?,
        owner: row.text("owner")?,
        created_ms: row.int("created_ms")?,
        model_group: row.text("model_group")?,
        place,
        account: row.opt_text("account")?,
    })
}
