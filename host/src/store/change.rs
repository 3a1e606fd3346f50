//! Changing entities: one transaction, its audit entries and its notices to other replicas, all
//! or nothing.

use super::column::Cells;
use super::record::Record;
use super::sql::{Block, Connection, Value, places};
use super::{Page, Query, StoreError, TOTAL, query};
use crate::domain::EntityKind;

/// Longest text in a column, in bytes: what is longer does not fit into PostgreSQL's indexes.
const MOST_BYTES: usize = 1_024;
/// Ids of one statement.
pub(super) const MOST_IDS: usize = 500;

/// A transaction. Dropped without `commit`, it never happened.
#[derive(Debug)]
pub struct Change {
    pub(in crate::store) connection: Connection,
    now_ms: i64,
    /// What replicas are told: kind and id.
    notices: Vec<(&'static str, String)>,
    audit: Vec<super::AuditEntry>,
}

impl Change {
    pub(super) fn new(connection: Connection, now_ms: i64) -> Self {
        Self {
            connection,
            now_ms,
            notices: Vec::new(),
            audit: Vec::new(),
        }
    }

    /// The row, locked against other changes until this one ends.
    pub async fn get<R: Record>(&mut self, id: &str) -> Result<Option<R>, StoreError> {
        let lock = if self.connection.is_postgres() {
            " FOR UPDATE"
        } else {
            ""
        };
        get(&mut self.connection, id, lock).await
    }

    /// The row; its absence is an error.
    pub async fn need<R: Record>(&mut self, id: &str) -> Result<R, StoreError> {
        self.get(id).await?.ok_or_else(|| StoreError::NotFound {
            entity: R::KIND,
            id: id.to_owned(),
        })
    }

    /// A list as this transaction sees it.
    pub async fn list<R: Record>(&mut self, query: &Query) -> Result<Page<R>, StoreError> {
        query::list(&mut self.connection, query).await
    }

    pub async fn insert<R: Record>(&mut self, row: &R) -> Result<(), StoreError> {
        self.insert_all(std::slice::from_ref(row)).await
    }

    /// All of them, or an error: a value that must be unique is taken, or a named row is missing.
    pub async fn insert_all<R: Record>(&mut self, rows: &[R]) -> Result<(), StoreError> {
        self.references(rows).await?;
        self.write(rows, "").await
    }

    /// Inserts, or replaces the row with this id.
    pub async fn put<R: Record>(&mut self, row: &R) -> Result<(), StoreError> {
        self.put_all(std::slice::from_ref(row)).await
    }

    /// Inserts, or replaces the rows with these ids. No id may come twice.
    pub async fn put_all<R: Record>(&mut self, rows: &[R]) -> Result<(), StoreError> {
        self.references(rows).await?;
        let sets: Vec<String> = R::columns()
            .iter()
            .filter(|it| *it != "id")
            .map(|it| format!("{it} = excluded.{it}"))
            .collect();
        let update = format!(" ON CONFLICT (id) DO UPDATE SET {}", sets.join(", "));
        self.write(rows, &update).await
    }

    async fn write<R: Record>(&mut self, rows: &[R], conflict: &str) -> Result<(), StoreError> {
        let columns = R::columns();
        let mut block = Block::new(columns.len(), rows.len());
        for row in rows {
            block.push(fitting(row, &columns)?);
        }
        let into = format!("INSERT INTO sluice.{} ({}) ", R::TABLE, columns.join(", "));
        let done = self.connection.block(&into, block, conflict).await;
        done.map_err(|cause| named::<R>(cause, false))?;
        if EntityKind::parse(R::KIND).is_some() {
            self.open_accounts(rows).await?;
        }
        let notices = rows.iter().map(|row| (R::KIND, row.id().to_owned()));
        self.notices.extend(notices);
        Ok(())
    }

    /// Who spent nothing yet has an account all the same: a list by spend reads accounts.
    async fn open_accounts<R: Record>(&mut self, rows: &[R]) -> Result<(), StoreError> {
        let mut block = Block::new(5, rows.len());
        for row in rows {
            let nothing = Value::from(0i64);
            let holder = [R::KIND.into(), row.id().into(), TOTAL.into()];
            block.push(holder.into_iter().chain([nothing.clone(), nothing]));
        }
        let into = "INSERT INTO sluice.accounts (kind, id, span, spent_usd, spent_pico) ";
        let kept = " ON CONFLICT (kind, id, span) DO NOTHING";
        self.connection.block(into, block, kept).await.map(drop)
    }

    /// Replaces a row that exists.
    pub async fn update<R: Record>(&mut self, row: &R) -> Result<(), StoreError> {
        self.references(std::slice::from_ref(row)).await?;
        let sets: Vec<String> = (1..)
            .zip(R::columns())
            .map(|(place, column): (u32, String)| format!("{column} = ${place}"))
            .collect();
        let mut values = fitting(row, &R::columns())?;
        values.push(row.id().into());
        let sql = format!(
            "UPDATE sluice.{} SET {} WHERE id = ${}",
            R::TABLE,
            sets.join(", "),
            values.len()
        );
        let touched = self
            .connection
            .execute(&sql, values)
            .await
            .map_err(|cause| named::<R>(cause, false))?;
        if touched == 0 {
            return Err(StoreError::NotFound {
                entity: R::KIND,
                id: row.id().to_owned(),
            });
        }
        self.notices.push((R::KIND, row.id().to_owned()));
        Ok(())
    }

    /// Deletes rows and their accounts; those that were there. Rows that others still name are
    /// an error.
    pub async fn delete<R: Record>(&mut self, ids: &[String]) -> Result<Vec<String>, StoreError> {
        let mut deleted = Vec::new();
        for chunk in ids.chunks(MOST_IDS) {
            let values: Vec<Value> = chunk.iter().map(Value::from).collect();
            let list = places(0, chunk.len());
            let sql = format!(
                "DELETE FROM sluice.{} WHERE id IN ({list}) RETURNING id",
                R::TABLE
            );
            let rows = self
                .connection
                .rows(&sql, values.clone())
                .await
                .map_err(|cause| named::<R>(cause, true))?;
            for row in rows {
                deleted.push(row.text("id")?);
            }
            if EntityKind::parse(R::KIND).is_some() {
                let sql = format!(
                    "DELETE FROM sluice.accounts WHERE kind = '{}' AND id IN ({list})",
                    R::KIND
                );
                self.connection.execute(&sql, values).await?;
            }
        }
        self.notices
            .extend(deleted.iter().map(|id| (R::KIND, id.clone())));
        Ok(deleted)
    }

    /// What else replicas should read again, where no row of an entity changed.
    pub fn notice(&mut self, kind: EntityKind, id: &str) {
        self.notices.push((kind.as_str(), id.to_owned()));
    }

    /// Adds to the audit log, in this transaction.
    pub fn audit(&mut self, entry: super::AuditEntry) {
        self.audit.push(entry);
    }

    /// Makes all of it visible at once.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        super::audit::append(&mut self.connection, &self.audit).await?;
        // Last: the counter of notices is locked from here to the end.
        super::changes::append(&mut self.connection, &self.notices, self.now_ms).await?;
        self.connection.commit().await
    }

    /// Whether every row exists that these rows name. The foreign keys hold that too, but
    /// neither engine's error says which.
    async fn references<R: Record>(&mut self, rows: &[R]) -> Result<(), StoreError> {
        for (field, table) in R::REFERENCES {
            let mut ids: Vec<&str> = rows.iter().filter_map(|it| it.reference(field)).collect();
            ids.sort_unstable();
            ids.dedup();
            for chunk in ids.chunks(MOST_IDS) {
                let list = places(0, chunk.len());
                let sql = format!("SELECT id FROM sluice.{table} WHERE id IN ({list})");
                let values = chunk.iter().map(|id| Value::from(*id)).collect();
                let found = self.connection.rows(&sql, values).await?;
                let found: Vec<String> = found
                    .iter()
                    .map(|it| it.text("id"))
                    .collect::<Result<_, _>>()?;
                if let Some(missing) = chunk.iter().find(|id| !found.iter().any(|it| it == *id)) {
                    return Err(StoreError::UnknownReference {
                        field,
                        value: (*missing).to_owned(),
                    });
                }
            }
        }
        Ok(())
    }
}

/// The values of a row, none of them too long for an index.
pub(super) fn fitting<R: Record>(row: &R, columns: &[String]) -> Result<Vec<Value>, StoreError> {
    let values = row.values()?;
    for (column, value) in columns.iter().zip(&values) {
        if let Value::Text(Some(text)) = value
            && text.len() > MOST_BYTES
            && !matches!(column.as_str(), "doc" | "sealed")
        {
            return Err(StoreError::TooLong {
                entity: R::KIND,
                field: column.clone(),
                most: MOST_BYTES,
            });
        }
    }
    Ok(values)
}

/// One row by its id.
pub(super) async fn get<R: Record>(
    connection: &mut Connection,
    id: &str,
    lock: &str,
) -> Result<Option<R>, StoreError> {
    let sql = format!("SELECT * FROM sluice.{} WHERE id = $1{lock}", R::TABLE);
    let row = connection.row(&sql, vec![id.into()]).await?;
    row.map(|row| R::read(&Cells::new(&row, ""))).transpose()
}

/// A broken promise, told in the words of the record.
fn named<R: Record>(cause: StoreError, deleting: bool) -> StoreError {
    match cause {
        StoreError::Duplicate { field, .. } => {
            let own = field
                .strip_prefix(R::TABLE)
                .and_then(|it| it.strip_prefix('_'));
            let field = match own {
                Some("pkey") => "id",
                Some(column) => column,
                None => &field,
            };
            StoreError::Duplicate {
                entity: R::KIND,
                field: field.to_owned(),
            }
        }
        StoreError::InUse { .. } if deleting => StoreError::InUse { entity: R::KIND },
        // Somebody deleted the row between our look and our write.
        StoreError::InUse { .. } => StoreError::UnknownReference {
            field: "reference",
            value: String::new(),
        },
        other => other,
    }
}
