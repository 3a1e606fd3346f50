//! Backups: a copy of a SQLite file, or a portable text of JSON lines that restores into either
//! engine, which is also the way from one to the other.
//!
//! The text begins with a header, then each table says its name and columns and lists its rows
//! as arrays, and the last line counts them all.

mod catalog;
mod dump;
mod restore;

use serde::{Deserialize, Serialize};

#[cfg(test)]
pub(super) use catalog::{TABLES, tables};

/// Version of the format.
const FORMAT: i64 = 1;

/// A line of a backup.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Header { sluice_backup: i64, schema: i64 },
    Table { table: String, columns: Vec<String> },
    Row(Vec<Option<Cell>>),
    End { rows: u64 },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Cell {
    Int(i64),
    Text(String),
}
