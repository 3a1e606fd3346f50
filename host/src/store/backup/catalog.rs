//! Our tables as the database itself lists them.

use crate::store::StoreError;
use crate::store::sql::Connection;

/// Every table of entities and spend with its primary key, so that whoever is named comes before
/// who names them. The record of migrations, that of running gateways and sessions are not among them.
pub(in crate::store) const TABLES: [(&str, &[&str]); 29] = [
    ("counters", &["name"]),
    ("changes", &["seq"]),
    ("audit", &["seq"]),
    ("budgets", &["id"]),
    ("organizations", &["id"]),
    ("users", &["id"]),
    ("organization_members", &["id"]),
    ("teams", &["id"]),
    ("team_members", &["id"]),
    ("keys", &["id"]),
    ("deprecated_keys", &["id"]),
    ("end_users", &["id"]),
    ("tags", &["id"]),
    ("access_groups", &["id"]),
    ("credentials", &["id"]),
    ("models", &["id"]),
    ("guardrails", &["id"]),
    ("config", &["id"]),
    ("invitations", &["id"]),
    ("accounts", &["kind", "id", "span"]),
    ("spend_rows", &["call_id"]),
    ("spend_bodies", &["call_id"]),
    (
        "rollups",
        &[
            "kind",
            "day",
            "id",
            "key_hash",
            "model_group",
            "model",
            "provider",
            "operation",
        ],
    ),
    ("responses", &["id"]),
    ("journals", &["id"]),
    ("brought", &["kind", "id"]),
    ("brought_sums", &["kind", "id", "span"]),
    ("remote_objects", &["id"]),
    ("batch_lines", &["id", "place"]),
];

/// A column, and whether it holds integers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ColumnType {
    pub name: String,
    pub is_int: bool,
}

/// The names of our tables, in no order that matters.
pub(in crate::store) async fn tables(
    connection: &mut Connection,
) -> Result<Vec<String>, StoreError> {
    let sql = if connection.is_postgres() {
        // A table in parts is one table.
        "SELECT CAST(relname AS TEXT) AS name FROM pg_class
         WHERE relnamespace = to_regnamespace('sluice') AND relkind IN ('r', 'p')
             AND NOT relispartition"
    } else {
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
         ORDER BY rowid DESC"
    };
    let rows = connection.rows(sql, Vec::new()).await?;
    rows.iter().map(|row| row.text("name")).collect()
}

/// The columns of one of our tables; none if there is no such table.
pub(super) async fn columns(
    connection: &mut Connection,
    table: &str,
) -> Result<Vec<ColumnType>, StoreError> {
    let sql = if connection.is_postgres() {
        "SELECT CAST(column_name AS TEXT) AS name, UPPER(CAST(data_type AS TEXT)) AS type
         FROM information_schema.columns
         WHERE table_schema = 'sluice' AND table_name = $1 ORDER BY ordinal_position"
    } else {
        "SELECT name, type FROM pragma_table_info($1) ORDER BY cid"
    };
    let rows = connection.rows(sql, vec![table.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(ColumnType {
                name: row.text("name")?,
                is_int: row.text("type")? == "BIGINT",
            })
        })
        .collect()
}

/// Whether no table has a row but those that every new database has.
pub(super) async fn is_empty(connection: &mut Connection) -> Result<bool, StoreError> {
    for table in tables(connection).await? {
        if [
            "migrations",
            "counters",
            "gateways",
            "leases",
            "lease_wants",
            "sessions",
        ]
        .contains(&table.as_str())
        {
            continue;
        }
        let sql = format!("SELECT CAST(1 AS BIGINT) AS there FROM sluice.{table} LIMIT 1");
        if connection.row(&sql, Vec::new()).await?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}
