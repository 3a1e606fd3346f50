//! What the operator set.

use serde_json::Value;
use sluice_records::ids;
use sluice_sdk::{Error, fault};

#[derive(Debug)]
pub struct Settings {
    database: String,
    table: String,
    asynchronous: bool,
    pub user: Option<String>,
}

impl Settings {
    pub fn of(config: &Value) -> Result<Self, Error> {
        let name = |setting: &str, usual: &str| {
            let name = config[setting].as_str().unwrap_or(usual);
            let plain = name
                .bytes()
                .all(|it| it.is_ascii_alphanumeric() || it == b'_');
            match plain && !name.is_empty() {
                true => Ok(name.to_owned()),
                false => Err(fault::invalid_request(format!(
                    "`{setting}` has other characters than letters, digits and `_`"
                ))),
            }
        };
        let user = config["clickhouse_user"].as_str();
        Ok(Self {
            database: name("clickhouse_database", "default")?,
            table: name("clickhouse_table", "spend_logs")?,
            asynchronous: config["async_insert"].as_bool().unwrap_or(true),
            user: user.filter(|it| !it.is_empty()).map(str::to_owned),
        })
    }

    /// The address of an insert of the records of these names. The token tells the server that it
    /// has these rows already.
    pub fn insert(&self, names: &[&str]) -> String {
        let (database, table) = (&self.database, &self.table);
        let token = ids::digits(names);
        let gathered = if self.asynchronous {
            "&async_insert=1&wait_for_async_insert=1"
        } else {
            ""
        };
        format!(
            "/?query=INSERT%20INTO%20{database}.{table}%20FORMAT%20JSONEachRow{gathered}\
             &input_format_skip_unknown_fields=1&date_time_input_format=best_effort\
             &insert_deduplication_token={token}"
        )
    }
}
