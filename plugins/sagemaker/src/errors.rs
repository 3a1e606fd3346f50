//! Errors of SageMaker, and of the container behind it: `{Message}`, `{message}`, with the
//! container's own document in `OriginalMessage`.

use sluice_sdk::fault::{self, ErrorExt as _, kind};
use sluice_sdk::serde_json::{self, Value};
use sluice_sdk::{Error, Reply};

/// An answer of 400 or above. 424 is SageMaker's word for a container that failed, whose own
/// status stands beside it.
pub fn of_reply(reply: &Reply) -> Option<Error> {
    let document = reply.json().ok()?;
    let own = document.get("OriginalStatusCode").and_then(Value::as_u64);
    let own = own.and_then(|it| u16::try_from(it).ok());
    let message = message(&document)?;
    let status = if reply.status == 424 {
        own.unwrap_or(500)
    } else {
        reply.status
    };
    let error = fault::error(kind_of(status, &message), message);
    Some(error.with_status(reply.status).with_detail(&document))
}

/// The error in an answer that began well, if it is one.
pub fn find(document: &Value) -> Option<Error> {
    document.get("error").filter(|it| !it.is_null())?;
    let message = message(document)?;
    Some(fault::error(kind_of(500, &message), message).with_detail(document))
}

/// A message of a stream that is no part of the answer.
pub fn of_event(name: &str, text: &str) -> Error {
    let document: Value = serde_json::from_str(text).unwrap_or_default();
    let message = message(&document).unwrap_or_else(|| format!("the endpoint failed: {name}"));
    let of_words = kind_of(500, &message);
    let kind = match name {
        "ThrottlingException" => kind::RATE_LIMIT,
        "ServiceUnavailable" => kind::OVERLOADED,
        _ => of_words,
    };
    fault::error(kind, message)
}

fn message(document: &Value) -> Option<String> {
    let at = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
    let pointers = [
        "/OriginalMessage",
        "/error/message",
        "/error",
        "/Message",
        "/message",
    ];
    let text = pointers.into_iter().find_map(at)?;
    // The container's own document, as text.
    let inner: Option<Value> = serde_json::from_str(text).ok();
    let inner = inner.filter(Value::is_object).and_then(|it| message(&it));
    Some(inner.unwrap_or_else(|| text.to_owned()))
}

fn kind_of(status: u16, message: &str) -> &'static str {
    let lower = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|it| lower.contains(it));
    match status {
        _ if says(&[
            "`inputs` tokens + `max_new_tokens` must be",
            "maximum context length",
            "must have less than",
        ]) =>
        {
            kind::CONTEXT_WINDOW
        }
        400 if says(&["security token", "signature"]) => kind::AUTHENTICATION,
        400 if says(&["could not find", "not found"]) => kind::NOT_FOUND,
        400 if says(&["rate exceeded", "throttl"]) => kind::RATE_LIMIT,
        401 => kind::AUTHENTICATION,
        403 if says(&["security token", "signature"]) => kind::AUTHENTICATION,
        403 => kind::PERMISSION,
        404 => kind::NOT_FOUND,
        408 | 504 => kind::TIMEOUT,
        429 => kind::RATE_LIMIT,
        503 | 530 => kind::OVERLOADED,
        400..500 => kind::INVALID_REQUEST,
        _ => kind::UPSTREAM,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_its_kind() {
        let long = "`inputs` tokens + `max_new_tokens` must be <= 4096";
        for (status, message, want) in [
            (422, long, kind::CONTEXT_WINDOW),
            (
                403,
                "The security token included in the request is invalid.",
                kind::AUTHENTICATION,
            ),
            (
                403,
                "not authorized to perform: sagemaker:InvokeEndpoint",
                kind::PERMISSION,
            ),
            (400, "Endpoint ep of account 1 not found.", kind::NOT_FOUND),
            (400, "Rate exceeded", kind::RATE_LIMIT),
            (400, "bad", kind::INVALID_REQUEST),
            (500, "oops", kind::UPSTREAM),
            (503, "later", kind::OVERLOADED),
        ] {
            assert_eq!(kind_of(status, message), want, "{status}: {message}");
        }
    }

    #[test]
    fn the_containers_own_words_are_told() {
        let inner = r#"{"error":"`inputs` tokens + `max_new_tokens` must be <= 4096","error_type":"validation"}"#;
        let document = serde_json::json!({"Message": "Received client error (422)", "OriginalMessage": inner, "OriginalStatusCode": 422});
        assert!(message(&document).unwrap().starts_with("`inputs`"));
    }
}
