//! Error documents as the gateway's kinds: `{detail}`, a text or a list with `msg`.

use sluice_sdk::fault::{self, ErrorExt as _, kind};
use sluice_sdk::serde_json::Value;
use sluice_sdk::{Error, Reply};

/// An answer of 400 or above.
pub fn of_reply(reply: &Reply) -> Option<Error> {
    let document = reply.json().ok()?;
    let message = message(&document)?;
    let error = fault::error(kind_of(reply.status, message), message);
    let error = error.with_status(reply.status).with_detail(&document);
    let wait = reply
        .header("retry-after")
        .and_then(|it| it.trim().parse::<f64>().ok());
    Some(match wait.filter(|it| it.is_finite() && *it >= 0.0) {
        Some(seconds) => error.with_retry_after((seconds * 1000.0) as u64),
        None => error,
    })
}

fn message(document: &Value) -> Option<&str> {
    let places = [
        "/detail",
        "/detail/0/msg",
        "/detail/message",
        "/message",
        "/error",
        "/errors/0",
    ];
    let found = places.iter().find_map(|it| document.pointer(it)?.as_str());
    found.filter(|it| !it.is_empty())
}

/// A request that was taken and then failed.
pub fn of_task(answer: &Value) -> Error {
    let details = answer.get("details").filter(|it| !it.is_null());
    let said = details.map_or_else(
        || "the provider failed to make the image".to_owned(),
        Value::to_string,
    );
    fault::upstream(said).with_detail(answer)
}

/// A document that stands where an answer should.
pub fn instead_of_an_answer(document: &Value) -> Error {
    match message(document) {
        Some(message) => fault::upstream(message).with_detail(document),
        None => fault::upstream("the provider's answer has neither `polling_url` nor `status`"),
    }
}

fn kind_of(status: u16, message: &str) -> &'static str {
    let lower = message.to_ascii_lowercase();
    match status {
        401 => kind::AUTHENTICATION,
        402 => kind::QUOTA,
        // Black Forest Labs says so with 403 (seen 2025-12).
        403 if lower.contains("not authenticated") => kind::AUTHENTICATION,
        403 => kind::PERMISSION,
        404 => kind::NOT_FOUND,
        408 | 504 => kind::TIMEOUT,
        400 | 422 if lower.contains("moderat") => kind::CONTENT_POLICY,
        429 => kind::RATE_LIMIT,
        503 => kind::OVERLOADED,
        400..=499 => kind::INVALID_REQUEST,
        _ => kind::UPSTREAM,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_sdk::Payload;

    #[test]
    fn every_document_has_its_kind() {
        for (status, body, want) in [
            (400, r#"{"detail":"bad"}"#, kind::INVALID_REQUEST),
            (401, r#"{"detail":"no"}"#, kind::AUTHENTICATION),
            (402, r#"{"detail":"Insufficient credits"}"#, kind::QUOTA),
            (
                403,
                r#"{"detail":"Not authenticated"}"#,
                kind::AUTHENTICATION,
            ),
            (403, r#"{"detail":"Forbidden"}"#, kind::PERMISSION),
            (404, r#"{"detail":"Not Found"}"#, kind::NOT_FOUND),
            (
                422,
                r#"{"detail":[{"loc":["body"],"msg":"width"}]}"#,
                kind::INVALID_REQUEST,
            ),
            (
                422,
                r#"{"detail":"Request Moderated"}"#,
                kind::CONTENT_POLICY,
            ),
            (429, r#"{"detail":"too many tasks"}"#, kind::RATE_LIMIT),
            (500, r#"{"detail":"oops"}"#, kind::UPSTREAM),
            (503, r#"{"detail":"later"}"#, kind::OVERLOADED),
            (504, r#"{"detail":"late"}"#, kind::TIMEOUT),
        ] {
            let reply = Reply {
                status,
                headers: vec![("retry-after".into(), "1.5".into())],
                body: Payload::Text(body.into()),
                state: String::new(),
            };
            let error = of_reply(&reply).unwrap();
            assert_eq!(
                (error.kind.as_str(), error.status),
                (want, Some(status)),
                "{body}"
            );
            assert_eq!(error.retry_after_ms, Some(1500));
        }
    }
}
