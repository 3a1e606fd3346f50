//! Reading a backup back: all of it or nothing, into an empty database unless told otherwise.

use std::path::{Path, PathBuf};

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};

use super::catalog::{self, ColumnType};
use super::{Cell, FORMAT, Line};
use crate::store::open::Pools;
use crate::store::sql::{Block, Connection, Value};
use crate::store::{Address, Store, StoreError, gateways, migrate};

/// Rows of one statement.
const ROWS: usize = 1_000;

impl Store {
    /// Restores a backup made by `dump`, also one of an older version: its schema is made first,
    /// filled, and then brought up to date. With `replace`, what the database holds of ours goes
    /// away; without, it has to be empty. One transaction.
    pub async fn restore(
        address: &Address,
        from: &Path,
        replace: bool,
        now_ms: i64,
    ) -> Result<Self, StoreError> {
        let mut input = Input::open(from).await?;
        let schema = input.header().await?;
        let pools = Pools::open(address).await?;
        let mut connection = migrate::begin(&pools).await?;
        let there = catalog::tables(&mut connection).await?;
        if there.iter().any(|it| it == "gateways") {
            gateways::none_runs(&mut connection).await?;
        }
        if !replace && !catalog::is_empty(&mut connection).await? {
            return Err(StoreError::NotEmpty);
        }
        for table in there {
            connection
                .script(&format!(
                    "DROP TABLE sluice.{table}{}",
                    cascade(&connection)
                ))
                .await?;
        }
        migrate::up_to(&mut connection, schema, now_ms).await?;
        // Made by a migration, and in the backup as well.
        connection.script("DELETE FROM sluice.counters").await?;
        fill(&mut connection, &mut input).await?;
        migrate::up_to(&mut connection, migrate::newest(), now_ms).await?;
        connection.commit().await?;
        Ok(Self { pools })
    }
}

const fn cascade(connection: &Connection) -> &'static str {
    // SQLite lists the newest table first, which nobody names any more.
    if connection.is_postgres() {
        " CASCADE"
    } else {
        ""
    }
}

/// The lines of a backup, counted for errors.
struct Input {
    lines: Lines<BufReader<tokio::fs::File>>,
    path: PathBuf,
    line: usize,
}

/// How a SQLite file begins.
const SQLITE: &[u8] = b"SQLite format 3\0";

impl Input {
    async fn open(path: &Path) -> Result<Self, StoreError> {
        let file = tokio::fs::File::open(path).await;
        let file = file.map_err(StoreError::file("read", path))?;
        let mut file = BufReader::with_capacity(1 << 18, file);
        let start = file.fill_buf().await;
        let start = start.map_err(StoreError::file("read", path))?;
        if start.starts_with(SQLITE) {
            return Err(StoreError::NoBackup {
                path: path.to_owned(),
                why: "it is a SQLite file, which is a database by itself: with the gateway \
                      stopped, put it in the place of the gateway's own, or name it by \
                      `database_url: sqlite:///path`"
                    .to_owned(),
            });
        }
        Ok(Self {
            lines: file.lines(),
            path: path.to_owned(),
            line: 0,
        })
    }

    fn bad(&self, why: impl ToString) -> StoreError {
        StoreError::BadBackup {
            path: self.path.clone(),
            line: self.line,
            why: why.to_string(),
        }
    }

    async fn next(&mut self) -> Result<Line, StoreError> {
        self.line = self.line.saturating_add(1);
        let line = self.lines.next_line().await;
        let line = match line {
            Ok(line) => line.ok_or_else(|| self.bad("it ends too early"))?,
            Err(cause) if cause.kind() == std::io::ErrorKind::InvalidData => {
                return Err(self.bad("it is no text"));
            }
            Err(cause) => return Err(StoreError::file("read", &self.path)(cause)),
        };
        serde_json::from_str(&line).map_err(|cause| {
            if cause.is_data() {
                self.bad("it is neither a table nor a row nor the end of a backup")
            } else {
                self.bad(format!("it is no JSON ({cause})"))
            }
        })
    }

    fn none(&self) -> StoreError {
        StoreError::NoBackup {
            path: self.path.clone(),
            why: "it does not begin as the JSON lines do that `sluice backup` writes".to_owned(),
        }
    }

    /// The schema that the rows are of.
    async fn header(&mut self) -> Result<i64, StoreError> {
        let first = match self.next().await {
            Err(StoreError::BadBackup { .. }) => return Err(self.none()),
            first => first?,
        };
        match first {
            Line::Header {
                sluice_backup: FORMAT,
                schema,
            } if schema <= migrate::newest() => Ok(schema.max(1)),
            Line::Header {
                sluice_backup: FORMAT,
                schema,
            } => Err(StoreError::Newer {
                found: schema,
                known: migrate::newest(),
            }),
            Line::Header { sluice_backup, .. } => Err(StoreError::NoBackup {
                path: self.path.clone(),
                why: format!("it has the format {sluice_backup}, and this version reads {FORMAT}"),
            }),
            _ => Err(self.none()),
        }
    }
}

/// A table being filled.
struct Target {
    table: String,
    columns: Vec<ColumnType>,
    block: Block,
}

impl Target {
    /// Names come from the file; only those that the database has get into a statement.
    async fn new(
        connection: &mut Connection,
        input: &Input,
        table: String,
        names: Vec<String>,
    ) -> Result<Self, StoreError> {
        let there = catalog::columns(connection, &table).await?;
        let mut columns = Vec::with_capacity(names.len());
        for name in names {
            let column = there.iter().find(|it| it.name == name);
            columns.push(
                column
                    .ok_or_else(|| input.bad(format!("there is no column `{name}` of `{table}`")))?
                    .clone(),
            );
        }
        if columns.is_empty() || table == "migrations" {
            return Err(input.bad(format!("`{table}` cannot be restored")));
        }
        Ok(Self {
            table,
            block: Block::new(columns.len(), 0),
            columns,
        })
    }

    fn add(&mut self, input: &Input, row: Vec<Option<Cell>>) -> Result<(), StoreError> {
        if row.len() != self.columns.len() {
            return Err(input.bad("the row has another length than its table"));
        }
        let mut values = Vec::with_capacity(row.len());
        for (column, cell) in self.columns.iter().zip(row) {
            values.push(match (column.is_int, cell) {
                (true, None) => Value::Int(None),
                (true, Some(Cell::Int(it))) => it.into(),
                (false, None) => Value::Text(None),
                (false, Some(Cell::Text(it))) => it.into(),
                _ => return Err(input.bad(format!("`{}` has another type", column.name))),
            });
        }
        self.block.push(values);
        Ok(())
    }

    async fn flush(&mut self, connection: &mut Connection) -> Result<(), StoreError> {
        let names: Vec<&str> = self.columns.iter().map(|it| it.name.as_str()).collect();
        let block = std::mem::replace(&mut self.block, Block::new(names.len(), 0));
        let into = format!("INSERT INTO sluice.{} ({}) ", self.table, names.join(", "));
        connection.block(&into, block, "").await.map(drop)
    }
}

async fn fill(connection: &mut Connection, input: &mut Input) -> Result<(), StoreError> {
    let mut target: Option<Target> = None;
    let mut count = 0u64;
    loop {
        match input.next().await? {
            Line::Table { table, columns } => {
                if let Some(mut done) = target.take() {
                    done.flush(connection).await?;
                }
                target = Some(Target::new(connection, input, table, columns).await?);
            }
            Line::Row(row) => {
                let Some(target) = target.as_mut() else {
                    return Err(input.bad("a row stands before its table"));
                };
                target.add(input, row)?;
                count = count.saturating_add(1);
                if target.block.rows() >= ROWS {
                    target.flush(connection).await?;
                }
            }
            Line::End { rows } if rows == count => {
                if let Some(mut done) = target.take() {
                    done.flush(connection).await?;
                }
                return Ok(());
            }
            Line::End { .. } => return Err(input.bad("rows are missing")),
            Line::Header { .. } => return Err(input.bad("a second header")),
        }
    }
}
