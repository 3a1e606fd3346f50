//! Records to any address, as LiteLLM's `generic_api` callback sends them.
//!
//! Formats and event types are those of `litellm/integrations/generic_api/generic_api_callback.py`
//! of `BerriAI/litellm`. Headers, secret or not, are the gateway's to add.

mod describe;

use serde_json::Value;
use sluice_records::{Limits, Piece, Record, TIMEOUT_MS, deliver, ids, joined, judge};
use sluice_sdk::{Body, Callback, Error, FetchRequest, Payload, callback};

/// The callback.
pub struct GenericApi;

/// The gateway sends no more than 8 MiB at once.
const MOST_BYTES: usize = 7_500_000;
const MOST_RECORDS: usize = 512;

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// All in one JSON array.
    Array,
    /// A line each.
    Lines,
    /// A request each.
    Single,
}

impl Format {
    fn of(config: &Value) -> Self {
        match config["log_format"].as_str() {
            Some("ndjson") => Self::Lines,
            Some("single") => Self::Single,
            _ => Self::Array,
        }
    }
}

impl Callback for GenericApi {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn on_batch(config: &Value, records: &[Value]) -> Result<(), Error> {
        let format = Format::of(config);
        let limits = Limits {
            bytes: MOST_BYTES,
            pieces: if format == Format::Single {
                1
            } else {
                MOST_RECORDS
            },
        };
        let make = |record: Record<'_>| {
            let is_wanted = is_wanted(config, record);
            is_wanted.then(|| record.written(MOST_BYTES))
        };
        deliver(config, records, limits, make, |pieces| {
            judge(request(format, pieces).send())
        })
    }
}

/// LiteLLM's names of what there is to be told of.
fn is_wanted(config: &Value, record: Record<'_>) -> bool {
    let Some(wanted) = config["event_types"].as_array() else {
        return true;
    };
    let event = match record.is_failure() {
        true => "llm_api_failure",
        false => "llm_api_success",
    };
    wanted.iter().any(|it| it == event)
}

/// To the address that the operator gave. The key is the same whenever these records come again.
fn request(format: Format, pieces: &[Piece]) -> FetchRequest {
    let names: Vec<&str> = pieces.iter().map(|it| it.name.as_str()).collect();
    let mut request = FetchRequest::post("")
        .timeout_ms(TIMEOUT_MS)
        .header("idempotency-key", ids::uuid(&names));
    match format {
        Format::Array => request.body = Body::Json(format!("[{}]", joined(pieces, ","))),
        Format::Single => request.body = Body::Json(joined(pieces, ",")),
        Format::Lines => {
            request = request.header("content-type", "application/x-ndjson");
            request.body = Body::Raw(Payload::Text(joined(pieces, "\n")));
        }
    }
    request
}

callback!(GenericApi);

#[cfg(test)]
mod tests;
