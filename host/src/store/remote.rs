//! Files and batches that lie at providers, by the ids that clients have.

use super::sql::{Row, Value};
use super::{Store, StoreError};

const COLUMNS: &str =
    "id, kind, owner, model_group, deployment, remote_id, created_ms, doc, account, state";

/// What lies at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteObject {
    /// Ours.
    pub id: String,
    /// `file` or `batch`.
    pub kind: String,
    pub owner: String,
    pub model_group: String,
    pub deployment: String,
    /// The provider's.
    pub remote_id: String,
    pub created_ms: i64,
    /// What was last told of it, as JSON.
    pub doc: String,
    /// Whom a batch is charged to, until it is booked.
    pub account: Option<String>,
    /// What a batch's plugin has to know when the results come; its files have it too.
    pub state: Option<String>,
}

/// A page of them, newest first.
#[derive(Debug, Clone, Copy)]
pub struct RemotePage<'p> {
    pub kind: &'p str,
    /// None: everybody's.
    pub owner: Option<&'p str>,
    /// What comes after this one; by its time and id.
    pub after: Option<(i64, &'p str)>,
    pub oldest_first: bool,
    pub limit: u32,
}

impl Store {
    /// Keeps one. One that is there already stays as it is.
    pub async fn keep_remote(&self, object: &RemoteObject) -> Result<(), StoreError> {
        let sql = format!(
            "INSERT INTO sluice.remote_objects ({COLUMNS}, looked_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $7) ON CONFLICT (id) DO NOTHING"
        );
        let values = vec![
            (&object.id).into(),
            (&object.kind).into(),
            (&object.owner).into(),
            (&object.model_group).into(),
            (&object.deployment).into(),
            (&object.remote_id).into(),
            object.created_ms.into(),
            (&object.doc).into(),
            (&object.account).into(),
            (&object.state).into(),
        ];
        self.write_remote([(sql.as_str(), values)]).await
    }

    /// One by our id.
    pub async fn remote(&self, kind: &str, id: &str) -> Result<Option<RemoteObject>, StoreError> {
        let sql =
            format!("SELECT {COLUMNS} FROM sluice.remote_objects WHERE id = $1 AND kind = $2");
        let mut connection = self.pools.read().await?;
        let row = connection.row(&sql, vec![id.into(), kind.into()]).await?;
        row.as_ref().map(read).transpose()
    }

    /// A page of them.
    pub async fn remotes(&self, page: RemotePage<'_>) -> Result<Vec<RemoteObject>, StoreError> {
        let mut values: Vec<Value> = vec![page.kind.into()];
        let mut sql = format!("SELECT {COLUMNS} FROM sluice.remote_objects WHERE kind = $1");
        if let Some(owner) = page.owner {
            values.push(owner.into());
            sql.push_str(&format!(" AND owner = ${}", values.len()));
        }
        let (way, order) = if page.oldest_first {
            (">", "ASC")
        } else {
            ("<", "DESC")
        };
        if let Some((created_ms, id)) = page.after {
            values.push(created_ms.into());
            values.push(id.into());
            let (time, name) = (values.len() - 1, values.len());
            sql.push_str(&format!(
                " AND (created_ms {way} ${time} OR (created_ms = ${time} AND id {way} ${name}))"
            ));
        }
        sql.push_str(&format!(
            " ORDER BY created_ms {order}, id {order} LIMIT {}",
            page.limit
        ));
        let rows = self.pools.read().await?.rows(&sql, values).await?;
        rows.iter().map(read).collect()
    }

    /// Remembers what is told of one.
    pub async fn tell_remote(&self, id: &str, doc: &str) -> Result<(), StoreError> {
        let sql = "UPDATE sluice.remote_objects SET doc = $2 WHERE id = $1";
        let values = vec![id.into(), doc.into()];
        self.write_remote([(sql, values)]).await
    }

    /// The same of a batch that is to be looked at before its time.
    pub async fn hurry_remote(&self, id: &str, doc: &str) -> Result<(), StoreError> {
        let sql = "UPDATE sluice.remote_objects SET doc = $2, looked_ms = 0 WHERE id = $1";
        let values = vec![id.into(), doc.into()];
        self.write_remote([(sql, values)]).await
    }

    /// Forgets one, and the lines that were kept of it.
    pub async fn forget_remote(&self, id: &str) -> Result<(), StoreError> {
        let one = "DELETE FROM sluice.remote_objects WHERE id = $1";
        let lines = "DELETE FROM sluice.batch_lines WHERE id = $1";
        let id = || vec![id.into()];
        self.write_remote([(one, id()), (lines, id())]).await
    }

    /// Batches that are not booked and that nobody has looked at since `before_ms`; each is had by
    /// one who asks, for nobody else gets it before `now_ms` is as long ago.
    pub async fn take_unbooked(
        &self,
        (before_ms, now_ms): (i64, i64),
        limit: u32,
    ) -> Result<Vec<RemoteObject>, StoreError> {
        let sql = format!(
            "UPDATE sluice.remote_objects SET looked_ms = $2 WHERE id IN (
                 SELECT id FROM sluice.remote_objects
                 WHERE account IS NOT NULL AND looked_ms <= $1 ORDER BY looked_ms LIMIT {limit})
             AND looked_ms <= $1 RETURNING {COLUMNS}"
        );
        let mut connection = self.pools.write().await?;
        let rows = connection
            .rows(&sql, vec![before_ms.into(), now_ms.into()])
            .await?;
        let taken = rows.iter().map(read).collect();
        connection.commit().await?;
        taken
    }

    /// A batch is booked: it is charged to nobody any more.
    pub async fn remote_is_booked(&self, id: &str) -> Result<(), StoreError> {
        let sql = "UPDATE sluice.remote_objects SET account = NULL WHERE id = $1";
        self.write_remote([(sql, vec![id.into()])]).await
    }

    /// All of these, or none.
    pub(super) async fn write_remote<const N: usize>(
        &self,
        changes: [(&str, Vec<Value>); N],
    ) -> Result<(), StoreError> {
        let mut connection = self.pools.write().await?;
        for (sql, values) in changes {
            connection.execute(sql, values).await?;
        }
        connection.commit().await
    }
}

fn read(row: &Row) -> Result<RemoteObject, StoreError> {
    Ok(RemoteObject {
        id: row.text("id")?,
        kind: row.text("kind")?,
        owner: row.text("owner")?,
        model_group: row.text("model_group")?,
        deployment: row.text("deployment")?,
        remote_id: row.text("remote_id")?,
        created_ms: row.int("created_ms")?,
        doc: row.text("doc")?,
        account: row.opt_text("account")?,
        state: row.opt_text("state")?,
    })
}
