//! Writing a backup.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncWriteExt as _, BufWriter};

use super::catalog::{self, ColumnType};
use super::{Cell, FORMAT, Line};
use crate::store::sql::{Connection, Row, Value, places};
use crate::store::{Engine, Store, StoreError, migrate, record};

/// Rows read at once.
const CHUNK: usize = 1_000;

impl Store {
    /// Copies an embedded database into a file of its own while it is in use. The file must not
    /// exist. A server's databases are for `pg_dump`, or for `dump`.
    pub async fn copy_file(&self, to: &Path) -> Result<(), StoreError> {
        if self.engine() != Engine::Sqlite {
            return Err(StoreError::Address {
                what: "only an embedded database is a file that can be copied".to_owned(),
                cure: "use the portable backup, or `pg_dump`".to_owned(),
            });
        }
        // Made before, so that it is never readable to others. SQLite takes an empty file.
        drop(private(to)?);
        let Some(text) = to.to_str() else {
            let cause = std::io::ErrorKind::InvalidFilename.into();
            return Err(StoreError::file("make", to)(cause));
        };
        // Through a reading connection, so that writes go on; it may not even write elsewhere.
        let mut connection = self.pools.read().await?;
        connection.script("PRAGMA query_only = OFF").await?;
        let sql = "VACUUM INTO $1";
        let done = connection.execute(sql, vec![text.into()]).await;
        connection.script("PRAGMA query_only = ON").await?;
        if done.is_err() {
            // Ours and of no use; what matters is why.
            let _ = tokio::fs::remove_file(to).await;
        }
        done.map(drop)
    }

    /// Writes everything of ours as JSON lines, as of one moment; how many rows. The file must
    /// not exist, and stands under its name only when it is complete.
    pub async fn dump(&self, to: &Path) -> Result<u64, StoreError> {
        if to.exists() {
            let cause = std::io::ErrorKind::AlreadyExists.into();
            return Err(StoreError::file("make", to)(cause));
        }
        let partial = partial(to);
        let file = tokio::fs::File::from_std(private(&partial)?);
        let out = Output {
            file: BufWriter::with_capacity(1 << 18, file),
            path: partial.clone(),
        };
        let done = self.write(out).await;
        match done {
            Ok(rows) => {
                let renamed = tokio::fs::rename(&partial, to).await;
                renamed.map_err(StoreError::file("make", to))?;
                Ok(rows)
            }
            Err(cause) => {
                let gone = tokio::fs::remove_file(&partial).await;
                gone.map_err(StoreError::file("remove", &partial))?;
                Err(cause)
            }
        }
    }

    async fn write(&self, mut out: Output) -> Result<u64, StoreError> {
        let mut connection = self.pools.snapshot().await?;
        let header = Line::Header {
            sluice_backup: FORMAT,
            schema: migrate::newest(),
        };
        out.put(&header).await?;
        let mut rows = 0u64;
        for (table, key) in catalog::TABLES {
            let columns = catalog::columns(&mut connection, table).await?;
            let head = Line::Table {
                table: table.to_owned(),
                columns: columns.iter().map(|it| it.name.clone()).collect(),
            };
            out.put(&head).await?;
            let mut after = None;
            while let Some(chunk) = page(&mut connection, table, key, after.take()).await? {
                for row in &chunk {
                    out.put(&Line::Row(cells(row, &columns)?)).await?;
                    rows = rows.saturating_add(1);
                }
                after = chunk
                    .last()
                    .map(|row| place(row, key, &columns))
                    .transpose()?;
            }
        }
        out.put(&Line::End { rows }).await?;
        out.end().await?;
        Ok(rows)
    }
}

/// A new file for its owner alone.
fn private(path: &Path) -> Result<std::fs::File, StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(path).map_err(StoreError::file("make", path))
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

/// The file that a backup is written into.
struct Output {
    file: BufWriter<tokio::fs::File>,
    path: PathBuf,
}

impl Output {
    async fn put(&mut self, line: &Line) -> Result<(), StoreError> {
        let mut text = record::to_doc(line)?;
        text.push('\n');
        let written = self.file.write_all(text.as_bytes()).await;
        written.map_err(StoreError::file("write", &self.path))
    }

    /// Waits for the disk.
    async fn end(mut self) -> Result<(), StoreError> {
        let mut done = self.file.flush().await;
        if done.is_ok() {
            done = self.file.into_inner().sync_all().await;
        }
        done.map_err(StoreError::file("write", &self.path))
    }
}

/// The rows that follow a place, in the order of the primary key.
async fn page(
    connection: &mut Connection,
    table: &str,
    key: &[&str],
    after: Option<Vec<Value>>,
) -> Result<Option<Vec<Row>>, StoreError> {
    let order = key.join(", ");
    let (condition, values) = match after {
        Some(values) => (
            format!(" WHERE ({order}) > ({})", places(0, key.len())),
            values,
        ),
        None => (String::new(), Vec::new()),
    };
    let sql = format!("SELECT * FROM sluice.{table}{condition} ORDER BY {order} LIMIT {CHUNK}");
    let rows = connection.rows(&sql, values).await?;
    Ok(Some(rows).filter(|rows| !rows.is_empty()))
}

fn cells(row: &Row, columns: &[ColumnType]) -> Result<Vec<Option<Cell>>, StoreError> {
    let cell = |column: &ColumnType| {
        Ok(if column.is_int {
            row.opt_int(&column.name)?.map(Cell::Int)
        } else {
            row.opt_text(&column.name)?.map(Cell::Text)
        })
    };
    columns.iter().map(cell).collect()
}

/// The primary key of a row.
fn place(row: &Row, key: &[&str], columns: &[ColumnType]) -> Result<Vec<Value>, StoreError> {
    let value = |name: &&str| {
        let is_int = columns.iter().any(|it| it.name == *name && it.is_int);
        Ok(if is_int {
            Value::from(row.int(name)?)
        } else {
            Value::from(row.text(name)?)
        })
    };
    key.iter().map(value).collect()
}
