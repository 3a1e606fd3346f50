//! LangSmith: runs, by its batch endpoint.
//!
//! The wire format is `openapi/openapi.yaml` and `python/langsmith/client.py` of
//! `langchain-ai/langsmith-sdk` (`POST /runs/batch` with `post`, each run with `id`, `trace_id` and
//! `dotted_order`; a run that is there already is 409), tokens and dollars
//! `python/langsmith/schemas.py` (`UsageMetadata`) there. Settings and names of the request's
//! metadata are those of `litellm/integrations/langsmith.py` of `BerriAI/litellm`.

mod describe;
mod place;
mod run;
mod settings;

use serde_json::Value;
use sluice_records::{Limits, Record, Reply, TIMEOUT_MS, deliver, joined, judge};
use sluice_sdk::{Body, Callback, Error, FetchRequest, callback};

use settings::Settings;

/// The callback.
pub struct LangSmith;

/// The SDK's own: 100 runs and 20 MiB; the gateway sends no more than 8 MiB at once.
const LIMITS: Limits = Limits {
    bytes: 7_500_000,
    pieces: 100,
};

impl Callback for LangSmith {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn on_batch(config: &Value, records: &[Value]) -> Result<(), Error> {
        let settings = Settings::of(config);
        let make = |record: Record<'_>| {
            let is_wanted = settings.samples(&record.name());
            is_wanted.then(|| run::of_record(record, &settings))
        };
        deliver(config, records, LIMITS, make, |pieces| {
            let mut request = FetchRequest::post("/runs/batch").timeout_ms(TIMEOUT_MS);
            if let Some(tenant) = &settings.tenant {
                request = request.header("x-tenant-id", tenant);
            }
            let runs = joined(pieces, ",");
            request.body = Body::Json(format!("{{\"post\":[{runs}]}}"));
            match request.send() {
                // They are there already: the answer to an earlier batch was lost.
                Ok(answer) if answer.status == 409 => Reply::Taken,
                answer => judge(answer),
            }
        })
    }
}

callback!(LangSmith);

#[cfg(test)]
mod tests;
