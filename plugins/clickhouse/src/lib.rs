//! ClickHouse: a row for each record, by the HTTP interface.
//!
//! The interface is `docs/en/interfaces/http.md` of `ClickHouse/ClickHouse`, rows are those of
//! `litellm/integrations/clickhouse/schema.py` (`spend_logs`) and `clickhouse_spend_logger.py` of
//! `BerriAI/litellm`: dashboards over that table go on. Its primary key is made of the team, the
//! time and the record's id, so that a row that is sent twice becomes one.

mod answer;
mod describe;
mod row;
mod settings;

use serde_json::Value;
use sluice_records::{Limits, Record, TIMEOUT_MS, deliver, joined};
use sluice_sdk::{Body, Callback, Error, FetchRequest, Payload, callback};

use settings::Settings;

/// The callback.
pub struct ClickHouse;

/// The gateway sends no more than 8 MiB at once.
const LIMITS: Limits = Limits {
    bytes: 7_500_000,
    pieces: 10_000,
};

impl Callback for ClickHouse {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn on_batch(config: &Value, records: &[Value]) -> Result<(), Error> {
        let settings = Settings::of(config)?;
        let make = |record: Record<'_>| Some(row::of_record(record));
        deliver(config, records, LIMITS, make, |pieces| {
            let names: Vec<&str> = pieces.iter().map(|it| it.name.as_str()).collect();
            let mut request = FetchRequest::post(settings.insert(&names))
                .timeout_ms(TIMEOUT_MS)
                .header("content-type", "application/x-ndjson");
            request.body = Body::Raw(Payload::Text(joined(pieces, "\n")));
            if let Some(user) = &settings.user {
                request = request
                    .header("x-clickhouse-user", user)
                    .secret_header("x-clickhouse-key", "clickhouse_password");
            }
            answer::judge(request.send())
        })
    }
}

callback!(ClickHouse);

#[cfg(test)]
mod tests;
