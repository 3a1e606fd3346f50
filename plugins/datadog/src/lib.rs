//! Datadog: logs, by the intake of version 2.
//!
//! The wire format is `HTTPLogItem` of `DataDog/datadog-api-client-rust`
//! (`src/datadogV2/model/model_http_log_item.rs`), limits and statuses are those of "Send logs" in
//! Datadog's API reference. What stands in a log line and in its tags is what
//! `litellm/integrations/datadog/` of `BerriAI/litellm` puts there.

mod describe;
mod line;
mod settings;

use serde_json::Value;
use sluice_records::{Limits, Record, TIMEOUT_MS, deliver, joined, judge};
use sluice_sdk::{Body, Callback, Error, FetchRequest, callback};

use settings::Settings;

/// The callback.
pub struct Datadog;

/// 1000 lines and 5 MB; a little is left for what stands between.
const LIMITS: Limits = Limits {
    bytes: 4_900_000,
    pieces: 1000,
};

impl Callback for Datadog {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn on_batch(config: &Value, records: &[Value]) -> Result<(), Error> {
        let settings = Settings::of(config);
        let make = |record: Record<'_>| Some(line::of_record(record, &settings));
        deliver(config, records, LIMITS, make, |pieces| {
            let mut request = FetchRequest::post(settings.intake()).timeout_ms(TIMEOUT_MS);
            request.body = Body::Json(format!("[{}]", joined(pieces, ",")));
            judge(request.send())
        })
    }
}

callback!(Datadog);

#[cfg(test)]
mod tests;
