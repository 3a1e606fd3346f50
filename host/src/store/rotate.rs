//! Replacing what opens things: a key by a new one with a grace period, the salt key by another.

use super::sql::{Connection, Value};
use super::{
    AuditEntry, Change, KeyRow, Record, SaltKey, Sealed, Store, StoreError, audit, column,
    gateways, record,
};
use column::Column as _;
use serde::Serialize;

/// Tables with a `sealed` column.
const SEALED: [&str; 3] = ["credentials", "models", "config"];

/// Tables whose documents have sealed texts in them: what callbacks of keys and teams are called with.
const INSIDE: [&str; 2] = ["keys", "teams"];

/// The columns that name a key by its hash and move along when it is rotated.
const FOLLOWERS: [(&str, &str); 1] = [("deprecated_keys", "key_id")];

impl Change {
    /// Gives a key a new hash. Its account moves along; the old hash is taken until `revoke_at`
    /// (not at all if that is None), and hashes before it keep their own time. Spend rows and
    /// daily sums keep the hash they were made under.
    pub async fn rotate_key(
        &mut self,
        old: &str,
        new: &KeyRow,
        revoke_at: Option<i64>,
    ) -> Result<(), StoreError> {
        let before: KeyRow = self.need(old).await?;
        if new.id == old {
            return Err(StoreError::Duplicate {
                entity: KeyRow::KIND,
                field: "id".to_owned(),
            });
        }
        // The alias is unique: the old row gives it up first.
        let freed = KeyRow {
            alias: None,
            ..before
        };
        self.update(&freed).await?;
        self.insert(new).await?;
        for (table, column) in FOLLOWERS {
            let sql = format!("UPDATE sluice.{table} SET {column} = $1 WHERE {column} = $2");
            let values = vec![(&new.id).into(), old.into()];
            self.connection.execute(&sql, values).await?;
        }
        // The new row's account gives way to the old one's.
        self.connection
            .execute(
                "DELETE FROM sluice.accounts WHERE kind = 'key' AND id = $1",
                vec![(&new.id).into()],
            )
            .await?;
        self.connection
            .execute(
                "UPDATE sluice.accounts SET id = $1 WHERE kind = 'key' AND id = $2",
                vec![(&new.id).into(), old.into()],
            )
            .await?;
        self.delete::<KeyRow>(&[old.to_owned()]).await?;
        if let Some(until) = revoke_at {
            self.connection
                .execute(
                    "INSERT INTO sluice.deprecated_keys (id, key_id, revoke_at)
                     VALUES ($1, $2, $3)
                     ON CONFLICT (id) DO UPDATE
                     SET key_id = excluded.key_id, revoke_at = excluded.revoke_at",
                    vec![old.into(), (&new.id).into(), until.into()],
                )
                .await?;
        }
        Ok(())
    }
}

impl Store {
    /// Forgets rotated hashes whose time is over.
    pub async fn forget_revoked(&self, now_ms: i64) -> Result<u64, StoreError> {
        let mut connection = self.pools.write().await?;
        let gone = connection
            .execute(
                "DELETE FROM sluice.deprecated_keys WHERE revoke_at <= $1",
                vec![now_ms.into()],
            )
            .await?;
        connection.commit().await?;
        Ok(gone)
    }

    /// Encrypts every value again, from one salt key to another; how many values. One that the
    /// old key does not open stops all of it, and so does a gateway that runs: it would go on
    /// sealing with the old one. `by` is who the audit log names.
    pub async fn rotate_salt(
        &self,
        (old, new): (&SaltKey, &SaltKey),
        by: &str,
        now_ms: i64,
    ) -> Result<usize, StoreError> {
        let mut connection = self.pools.write().await?;
        gateways::none_runs(&mut connection).await?;
        let mut count = 0usize;
        for table in SEALED {
            let values = resealed(&mut connection, table, old, new).await?;
            count = count.saturating_add(values);
        }
        for table in INSIDE {
            let values = resealed_inside(&mut connection, table, old, new).await?;
            count = count.saturating_add(values);
        }
        let entry = AuditEntry {
            at: now_ms,
            actor: by.to_owned(),
            action: "rotated".to_owned(),
            kind: "salt_key".to_owned(),
            id: "salt_key".to_owned(),
            after: Some(record::to_doc(&Sealings { values: count })?),
            ..AuditEntry::default()
        };
        audit::append(&mut connection, &[entry]).await?;
        connection.commit().await?;
        Ok(count)
    }
}

/// What the audit log says of a new salt key.
#[derive(Serialize)]
struct Sealings {
    values: usize,
}

async fn resealed(
    connection: &mut Connection,
    table: &str,
    old: &SaltKey,
    new: &SaltKey,
) -> Result<usize, StoreError> {
    let lock = if connection.is_postgres() {
        " FOR UPDATE"
    } else {
        ""
    };
    let sql = format!("SELECT id, sealed FROM sluice.{table} ORDER BY id{lock}");
    let rows = connection.rows(&sql, Vec::new()).await?;
    let mut count = 0usize;
    for row in rows {
        let id = row.text("id")?;
        let sealed = Sealed(record::from_doc("sealed", &row.text("sealed")?)?);
        let what = |name: &str| format!("`{name}` of `{id}` in {table}");
        let mut again = Sealed::default();
        for (name, value) in &sealed.0 {
            let opened = old.open(&what(name), value)?;
            again.0.insert(name.clone(), new.seal(opened.reveal())?);
        }
        count = count.saturating_add(again.0.len());
        let mut values: Vec<Value> = Vec::new();
        again.put(&mut values);
        values.push((&id).into());
        let sql = format!("UPDATE sluice.{table} SET sealed = $1 WHERE id = $2");
        connection.execute(&sql, values).await?;
    }
    Ok(count)
}

/// Seals the texts inside of documents anew.
async fn resealed_inside(
    connection: &mut Connection,
    table: &str,
    old: &SaltKey,
    new: &SaltKey,
) -> Result<usize, StoreError> {
    let lock = if connection.is_postgres() {
        " FOR UPDATE"
    } else {
        ""
    };
    let sql = format!("SELECT id, doc FROM sluice.{table} WHERE doc LIKE $1 ORDER BY id{lock}");
    let mark = format!("%{}%", SaltKey::MARK);
    let rows = connection.rows(&sql, vec![mark.into()]).await?;
    let mut count = 0usize;
    for row in rows {
        let id = row.text("id")?;
        let mut document: serde_json::Value = record::from_doc("doc", &row.text("doc")?)?;
        let lists = document.pointer_mut("/metadata/logging");
        let entries = lists.and_then(serde_json::Value::as_array_mut);
        let vars = entries.into_iter().flatten();
        let vars = vars.filter_map(|it| it.get_mut("callback_vars")?.as_object_mut());
        let mut changed = 0usize;
        for (name, value) in vars.flatten() {
            let Some(sealed) = value.as_str().filter(|it| SaltKey::is_sealed(it)) else {
                continue;
            };
            let what = format!("`{name}` of `{id}` in {table}");
            let opened = old.open(&what, sealed)?;
            *value = new.seal(opened.reveal())?.into();
            changed += 1;
        }
        if changed > 0 {
            let sql = format!("UPDATE sluice.{table} SET doc = $1 WHERE id = $2");
            let doc = record::to_doc(&document)?;
            connection
                .execute(&sql, vec![doc.into(), (&id).into()])
                .await?;
        }
        count = count.saturating_add(changed);
    }
    Ok(count)
}
