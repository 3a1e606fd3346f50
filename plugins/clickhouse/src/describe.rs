//! What the plugin says of itself.

use serde_json::{Value, json};

pub fn document() -> Value {
    let name = "^[A-Za-z_][A-Za-z0-9_]*$";
    json!({
        "name": "clickhouse",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "ClickHouse: a row for each record",
        "license": "MIT OR Apache-2.0",
        "callbacks": [{
            "name": "clickhouse",
            "title": "ClickHouse",
            "docs": "https://clickhouse.com/docs/interfaces/http",
            "max_batch": 10000,
            "base_url_env": ["CLICKHOUSE_URL"],
            "secrets": {"clickhouse_password": {"env": ["CLICKHOUSE_PASSWORD"], "title": "Password"}},
            "config_schema": {"type": "object", "properties": {
                "clickhouse_database": {"type": "string", "pattern": name, "default": "default", "x-env": ["CLICKHOUSE_DATABASE"], "description": "The database"},
                "clickhouse_table": {"type": "string", "pattern": name, "default": "spend_logs", "x-env": ["CLICKHOUSE_TABLE"], "description": "The table"},
                "clickhouse_user": {"type": "string", "x-env": ["CLICKHOUSE_USER"], "description": "The user; needs a password. None: the server's default user, without one"},
                "async_insert": {"type": "boolean", "default": true, "description": "The server gathers rows of several inserts into one part; it answers when they are written"}
            }}
        }],
        "examples": [example()]
    })
}

fn example() -> Value {
    json!({
        "name": "a call is a row",
        "callback": "clickhouse",
        "records": [{"id": "r", "litellm_call_id": "c", "status": "success", "startTime": 1.0, "endTime": 2.0}],
        "fetches": [{"method": "POST", "status": 200}],
        "expect": {}
    })
}
