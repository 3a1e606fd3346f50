//! Files, for messages to name. Those of batches are not here: the gateway keeps the requests, and
//! the results are the batch's.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Response, Step, fault};

use crate::{batches, outbound};

const FILES: &str = "/v1/files";

/// The beta that files belong to.
const BETA: &str = "files-api-2025-04-14";

/// What OpenAI calls a file that a model is shown.
const PURPOSE: &str = "user_data";

/// Whether an operation is one of these.
pub fn knows(operation: &str) -> bool {
    operation.starts_with("files.")
}

pub fn request(call: &Call, fields: &Map<String, Value>) -> Result<Outbound, Error> {
    if let Some(results) = batches::about_results(call) {
        return results;
    }
    let at = |path: String| outbound::envelope(call, &path, vec![BETA.to_owned()]);
    Ok(match call.operation.as_str() {
        "files.create" => {
            if fields.get("purpose").and_then(Value::as_str) == Some("batch") {
                return Err(fault::unsupported(
                    "anthropic takes no file of requests: the gateway keeps it, and makes the batch",
                ));
            }
            at(FILES.to_owned()).post().form(call, &json!({}))
        }
        "files.get" => at(of_file(call, "")?).request("GET"),
        "files.content" => at(of_file(call, "/content")?).request("GET").canonical(),
        "files.delete" => at(of_file(call, "")?).request("DELETE"),
        other => {
            return Err(fault::unsupported(format!(
                "anthropic has no operation `{other}`"
            )));
        }
    })
}

/// The path of one of them.
fn of_file(call: &Call, end: &str) -> Result<String, Error> {
    let id = call.param("id").unwrap_or_default();
    if !is_id(id) {
        return Err(fault::invalid_request(format!("`{id}` is no id")));
    }
    Ok(format!("{FILES}/{id}{end}"))
}

/// Whether nothing in it leads elsewhere.
pub fn is_id(text: &str) -> bool {
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_');
    !text.is_empty() && text.chars().all(plain)
}

/// A file, or that it is gone, in OpenAI's form.
pub fn respond(call: &Call, reply: &Reply) -> Result<Step, Error> {
    if let Some(results) = batches::results_file(call, reply) {
        return results;
    }
    let told = reply.json()?;
    let id = told.get("id").filter(|it| it.is_string());
    let id =
        id.ok_or_else(|| fault::upstream("the provider's answer is no file: it has no `id`"))?;
    let file = match told.get("type").and_then(Value::as_str) {
        Some("file_deleted") => json!({"id": id, "object": "file", "deleted": true}),
        _ => json!({
            "id": id, "object": "file", "purpose": PURPOSE, "status": "processed",
            "filename": told.get("filename"), "bytes": told.get("size_bytes"),
            "created_at": told.get("created_at").and_then(Value::as_str).and_then(seconds)
        }),
    };
    Ok(Response::json(&file).respond())
}

/// Seconds since 1970 of a time like `2026-02-07T17:49:31.271000Z`.
pub fn seconds(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let clock = number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?;
    if !(1..=12).contains(&month) {
        return None;
    }
    // Years begin in March, so that a leap day is the last: H. Hinnant's `days_from_civil`.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(days * 86_400 + clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2026-02-07T17:49:31.271000Z"), Some(1_770_486_571));
        assert_eq!(seconds("2024-02-29T00:00:01+00:00"), Some(1_709_164_801));
        for text in ["", "2026-13-01T00:00:00Z", "yesterday", "2026-02-07"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
