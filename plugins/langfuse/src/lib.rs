//! Langfuse: traces and generations, by its public ingestion API.
//!
//! The wire format is `fern/apis/server/definition/ingestion.yml` of `langfuse/langfuse`, and what
//! its server checks `packages/shared/src/server/ingestion/types.ts` there. Names of the request's
//! metadata (`trace_id`, `generation_name`, ...) are those that `litellm/integrations/langfuse/
//! langfuse.py` of `BerriAI/litellm` knows.

mod answer;
mod describe;
mod events;
mod generation;
mod settings;
mod trace;

use serde_json::Value;
use sluice_records::{Limits, Record, TIMEOUT_MS, deliver, joined};
use sluice_sdk::{Body, Callback, Error, FetchRequest, callback};

use settings::Settings;

/// The callback.
pub struct Langfuse;

/// "Batch sizes are limited to 3.5 MB in total": a little is left for what stands between.
const LIMITS: Limits = Limits {
    bytes: 3_400_000,
    pieces: 500,
};

impl Callback for Langfuse {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn on_batch(config: &Value, records: &[Value]) -> Result<(), Error> {
        let settings = Settings::of(config);
        let make = |record: Record<'_>| Some(events::of_record(record, &settings));
        deliver(config, records, LIMITS, make, |pieces| {
            let mut request = FetchRequest::post("/api/public/ingestion").timeout_ms(TIMEOUT_MS);
            let batch = joined(pieces, ",");
            request.body = Body::Json(format!("{{\"batch\":[{batch}]}}"));
            answer::judge(request.send(), pieces)
        })
    }
}

callback!(Langfuse);

#[cfg(test)]
mod tests;
