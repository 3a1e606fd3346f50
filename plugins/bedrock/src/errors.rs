//! AWS's errors as the gateway's kinds. The name stands in a header, with an address behind a
//! colon; the body has the message only.

use sluice_sdk::fault::{self, ErrorExt as _, kind};
use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Error, Reply};

/// An answer of 400 or above.
pub fn of_reply(reply: &Reply) -> Option<Error> {
    let document = reply.json().ok()?;
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    let message = text("message").or(text("Message"));
    let header = reply.header("x-amzn-errortype");
    let name = header.or(text("__type")).or(text("code")).map(bare);
    if name.is_none() && message.is_none() {
        return None;
    }
    let message = message.unwrap_or("the provider failed");
    let mut detail = document.clone();
    if let (Some(members), Some(name)) = (detail.as_object_mut(), name) {
        members.entry("type").or_insert_with(|| name.into());
    }
    let kind = kind_of(name.unwrap_or_default(), message, reply.status);
    let error = fault::error(kind, message)
        .with_status(reply.status)
        .with_detail(&detail);
    let seconds = reply.header("retry-after");
    Some(match seconds.and_then(|it| it.trim().parse::<u64>().ok()) {
        Some(seconds) => error.with_retry_after(seconds.saturating_mul(1000)),
        None => error,
    })
}

/// An exception in a stream: its name is the frame's, in camel case.
pub fn of_exception(name: &str, data: &Value) -> Error {
    let text = |name: &str| data.get(name).and_then(Value::as_str);
    let message = text("message").or(text("originalMessage"));
    let message = message.unwrap_or("the provider's stream failed");
    let status = data.get("originalStatusCode").and_then(Value::as_u64);
    let status = status.and_then(|it| u16::try_from(it).ok());
    let error = fault::error(kind_of(name, message, status.unwrap_or(0)), message);
    let error = error.with_detail(&json!({"type": name, "message": message}));
    match status.filter(|it| *it >= 400) {
        Some(status) => error.with_status(status),
        None => error,
    }
}

/// `ValidationException:http://…` and `com.amazon.coral#ThrottlingException`.
fn bare(name: &str) -> &str {
    let name = name.split(':').next().unwrap_or(name);
    name.rsplit('#').next().unwrap_or(name)
}

fn kind_of(name: &str, message: &str, status: u16) -> &'static str {
    let lower = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|it| lower.contains(it));
    let name = name.to_ascii_lowercase();
    match name.strip_suffix("exception").unwrap_or(&name) {
        "accessdenied" => kind::PERMISSION,
        "unrecognizedclient"
        | "invalidsignature"
        | "expiredtoken"
        | "incompletesignature"
        | "missingauthenticationtoken"
        | "invalidclienttokenid"
        | "signaturedoesnotmatch" => kind::AUTHENTICATION,
        "resourcenotfound" => kind::NOT_FOUND,
        "throttling" | "toomanyrequests" => kind::RATE_LIMIT,
        "servicequotaexceeded" => kind::QUOTA,
        "modelnotready" | "serviceunavailable" => kind::OVERLOADED,
        "modeltimeout" => kind::TIMEOUT,
        "internalserver" | "internalfailure" | "modelerror" | "modelstreamerror" => kind::UPSTREAM,
        _ if status == 429 => kind::RATE_LIMIT,
        _ if status == 503 => kind::OVERLOADED,
        _ if status == 408 || status == 504 => kind::TIMEOUT,
        _ if status == 401 => kind::AUTHENTICATION,
        _ if status == 403 && says(&["signature", "security token", "api key"]) => {
            kind::AUTHENTICATION
        }
        _ if status == 403 => kind::PERMISSION,
        _ if status == 404 => kind::NOT_FOUND,
        "validation" => of_validation(&says),
        _ if status == 400 || status == 422 => of_validation(&says),
        _ => kind::UPSTREAM,
    }
}

fn of_validation(says: &dyn Fn(&[&str]) -> bool) -> &'static str {
    if says(&[
        "input is too long",
        "prompt is too long",
        "too many input tokens",
        "exceed context limit",
        "maximum context length",
        "maximum number of tokens",
        "context window",
        "input tokens exceed",
        "expected maxlength",
    ]) {
        kind::CONTEXT_WINDOW
    } else if says(&["content filter", "responsible ai", "content policy"]) {
        kind::CONTENT_POLICY
    } else if says(&["model identifier is invalid", "does not exist"]) {
        kind::NOT_FOUND
    } else if says(&["security token included in the request is invalid"]) {
        kind::AUTHENTICATION
    } else if says(&["doesn't support counting tokens"]) {
        kind::UNSUPPORTED
    } else {
        kind::INVALID_REQUEST
    }
}
