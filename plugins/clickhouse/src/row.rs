//! A record as a row.

use serde_json::{Value, json};
use sluice_records::{Record, shrink};

/// A row has no more bytes than this.
const LONGEST: usize = 2_000_000;

/// LiteLLM names the records of kept answers `<id>_cache_hit<time>`.
const KEPT: &str = "_cache_hit";

/// The row, on one line.
pub fn of_record(record: Record<'_>) -> String {
    let of_key = |name: &str| record.metadata_text(name);
    let (read, written) = record.cache_tokens();
    let id = record.text("id");
    let answer = id.split_once(KEPT).map_or(id, |(answer, _)| answer);
    let (trace, span) = trace_parent(record);
    let mut row = json!({
        "request_id": request_id(record),
        "response_id": answer,
        "call_type": record.text("call_type"),
        "api_key": of_key("user_api_key_hash"),
        "key_alias": of_key("user_api_key_alias"),
        "team_id": of_key("user_api_key_team_id"),
        "team_alias": of_key("user_api_key_team_alias"),
        "organization_id": of_key("user_api_key_org_id"),
        "user": of_key("user_api_key_user_id"),
        "end_user": record.end_user(),
        "model": record.text("model"),
        "model_group": record.text("model_group"),
        "model_id": record.text("model_id"),
        "custom_llm_provider": record.text("custom_llm_provider"),
        "api_base": record.text("api_base"),
        "spend": record.dollars("response_cost"),
        "prompt_tokens": record.count("prompt_tokens"),
        "completion_tokens": record.count("completion_tokens"),
        "total_tokens": record.count("total_tokens"),
        "cache_read_tokens": read,
        "cache_write_tokens": written,
        "start_time": millis(&record.started().iso()),
        "end_time": millis(&record.ended().iso()),
        "completion_start_time": record.first_came().map(|it| millis(&it.iso())),
        "status": record.text("status"),
        "error_str": record.error().unwrap_or_default(),
        "cache_hit": record.get("cache_hit") == true,
        "session_id": record.session().unwrap_or_else(|| record.text("trace_id").to_owned()),
        "trace_id": trace,
        "span_id": span,
        "request_tags": record.tags(),
        "metadata": text(record.get("metadata")),
        "messages": text(record.get("messages")),
        "response": text(record.get("response"))
    });
    let places = ["/messages", "/response", "/metadata", "/error_str"];
    shrink(&mut row, &places, LONGEST);
    row.to_string()
}

/// What is unique within a team and a second.
fn request_id(record: Record<'_>) -> String {
    match record.text("id") {
        "" => record.name(),
        id => id.to_owned(),
    }
}

/// `DateTime64(3)`: a time of milliseconds.
fn millis(iso: &str) -> String {
    let cut = iso.len().saturating_sub("000Z".len());
    format!("{}Z", iso.get(..cut).unwrap_or(iso))
}

/// JSON as text, text as it is, nothing as nothing.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Trace and span of the W3C's `traceparent`, if the request had one.
fn trace_parent(record: Record<'_>) -> (String, String) {
    let headers = record.metadata("requester_custom_headers").as_object();
    let mut headers = headers.into_iter().flatten();
    let found = headers.find(|(name, _)| name.eq_ignore_ascii_case("traceparent"));
    let text = found
        .and_then(|(_, value)| value.as_str())
        .unwrap_or_default();
    let parts: Vec<&str> = text.trim().split('-').collect();
    let is_hex = |text: &str, len: usize| {
        let digits = text.bytes().all(|it| it.is_ascii_hexdigit());
        digits && text.len() == len && text.bytes().any(|it| it != b'0')
    };
    match parts.as_slice() {
        [_, trace, span, _] if is_hex(trace, 32) && is_hex(span, 16) => {
            (trace.to_ascii_lowercase(), span.to_ascii_lowercase())
        }
        _ => Default::default(),
    }
}
