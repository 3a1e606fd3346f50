//! What an upstream's refusal means: by the plugin's rules, then by its status and the common
//! shapes of error documents.

use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;

use crate::domain::{Blame, ErrorKind, Fault};

/// Where a provider's error documents say what, from `describe.errors`.
#[derive(Debug, Clone, Default)]
pub struct ErrorRules {
    /// JSON pointers.
    pub message: Option<String>,
    pub kind: Option<String>,
    pub code: Option<String>,
    pub param: Option<String>,
    /// The first rule that fits decides the kind.
    pub kinds: Vec<KindRule>,
}

/// A kind, where the value at `pointer` equals or contains a text.
#[derive(Debug, Clone)]
pub struct KindRule {
    pub pointer: String,
    pub equals: Option<String>,
    pub contains: Option<String>,
    pub kind: ErrorKind,
}

/// Longest error document that is read, in bytes.
pub const MAX_DOCUMENT: usize = 1 << 20;

/// Longest message of an upstream that is passed on, in bytes.
const MAX_MESSAGE: usize = 8 << 10;

/// Longest part of an answer that is no JSON which is shown.
const SHOWN: usize = 300;

/// The fault that an answer of 400 and above means.
pub fn map(rules: &ErrorRules, status: u16, headers: &HeaderMap, body: &[u8]) -> Fault {
    let document: Option<Value> = serde_json::from_slice(body).ok();
    let document = match document {
        Some(Value::Array(mut list)) if list.len() == 1 => list.pop(),
        other => other,
    };
    let text = document.as_ref().and_then(|it| message(rules, it));
    let mut text = text.unwrap_or_else(|| summary(status, headers, body));
    text.truncate(text.floor_char_boundary(MAX_MESSAGE));
    let kind = document
        .as_ref()
        .and_then(|it| ruled(rules, it))
        .unwrap_or_else(|| by_text(&text, status).unwrap_or_else(|| by_status(status)));
    let mut fault = Fault::upstream(kind, text).with_status(status);
    if matches!(
        kind,
        ErrorKind::Authentication | ErrorKind::Permission | ErrorKind::Quota
    ) {
        fault.blame = Blame::Operator;
    } else if matches!(
        kind,
        ErrorKind::InvalidRequest
            | ErrorKind::ContextWindow
            | ErrorKind::ContentPolicy
            | ErrorKind::NotFound
    ) {
        fault.blame = Blame::Caller;
    }
    fault.retry_after = retry_after(headers);
    if let Some(document) = document {
        let at = |pointer: &Option<String>, common: &str| {
            let value = document.pointer(pointer.as_deref().unwrap_or(common))?;
            value.as_str().map(str::to_owned)
        };
        fault.code = at(&rules.code, "/error/code");
        fault.param = at(&rules.param, "/error/param");
        fault.detail = Some(document);
    }
    fault
}

fn ruled(rules: &ErrorRules, document: &Value) -> Option<ErrorKind> {
    rules.kinds.iter().find_map(|rule| {
        let value = match document.pointer(&rule.pointer)? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let equals = rule.equals.as_ref().is_none_or(|it| *it == value);
        let contains = rule
            .contains
            .as_ref()
            .is_none_or(|it| value.contains(it.as_str()));
        (equals && contains).then_some(rule.kind)
    })
}

/// The message, where the provider says it stands, else in one of the shapes seen in the wild.
fn message(rules: &ErrorRules, document: &Value) -> Option<String> {
    const COMMON: [&str; 7] = [
        "/error/message",
        "/message",
        "/error",
        "/detail",
        "/errors/0/message",
        "/error/0",
        "/detail/0/msg",
    ];
    let ruled = rules.message.as_deref().into_iter();
    let found = ruled
        .chain(COMMON)
        .find_map(|pointer| document.pointer(pointer)?.as_str());
    found.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn by_status(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::Authentication,
        402 => ErrorKind::Quota,
        403 => ErrorKind::Permission,
        404 => ErrorKind::NotFound,
        408 | 504 | 524 => ErrorKind::Timeout,
        429 => ErrorKind::RateLimit,
        503 | 529 => ErrorKind::Overloaded,
        400..=499 => ErrorKind::InvalidRequest,
        _ => ErrorKind::Upstream,
    }
}

/// What messages of many providers have in common.
fn by_text(text: &str, status: u16) -> Option<ErrorKind> {
    const LONG: [&str; 6] = [
        "context length",
        "context window",
        "maximum context",
        "prompt is too long",
        "too many tokens",
        "input token count",
    ];
    let lower = text.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if matches!(status, 400 | 413 | 422) && says(&LONG) {
        return Some(ErrorKind::ContextWindow);
    }
    if matches!(status, 400 | 403)
        && says(&[
            "content management policy",
            "content policy",
            "content_filter",
        ])
    {
        return Some(ErrorKind::ContentPolicy);
    }
    if status == 429
        && says(&[
            "exceeded your current quota",
            "insufficient_quota",
            "credit balance",
        ])
    {
        return Some(ErrorKind::Quota);
    }
    None
}

/// An answer that is no error document is described, not passed on.
fn summary(status: u16, headers: &HeaderMap, body: &[u8]) -> String {
    if (300..400).contains(&status) {
        return redirect(status, headers);
    }
    if body.is_empty() {
        return format!("the upstream answered {status} with an empty body");
    }
    let kind = headers
        .get(http::header::CONTENT_TYPE)
        .and_then(|it| it.to_str().ok())
        .unwrap_or("");
    let text = String::from_utf8_lossy(body.get(..SHOWN.min(body.len())).unwrap_or_default());
    let text = text.trim();
    if kind.contains("html") || text.starts_with('<') {
        return format!("the upstream answered {status} with a web page");
    }
    format!("the upstream answered {status}: {text}")
}

/// A redirect is not followed: it would carry the credential to a host that nobody granted. Its
/// path and query may hold one, so only the host is told.
fn redirect(status: u16, headers: &HeaderMap) -> String {
    let location = headers.get(http::header::LOCATION);
    let location = location.and_then(|it| url::Url::parse(it.to_str().ok()?).ok());
    let host = location.as_ref().and_then(url::Url::host_str);
    match host {
        Some(host) => format!(
            "the upstream answered {status}, a redirect to `{host}`, which is not followed: set \
             `api_base` to where it leads"
        ),
        None => format!("the upstream answered {status}, a redirect, which is not followed"),
    }
}

/// How long the upstream asks to wait: `retry-after-ms`, or `retry-after` in seconds or as a date.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(millis) = text("retry-after-ms").and_then(|it| it.trim().parse::<f64>().ok()) {
        return Duration::try_from_secs_f64(millis / 1000.0).ok();
    }
    let value = text("retry-after")?.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(value).ok()?;
    date.duration_since(std::time::SystemTime::now()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(status: u16, body: &str) -> Fault {
        map(
            &ErrorRules::default(),
            status,
            &HeaderMap::new(),
            body.as_bytes(),
        )
    }

    #[test]
    fn the_common_shapes_give_their_message() {
        for body in [
            r#"{"error":{"message":"no"}}"#,
            r#"{"error":"no"}"#,
            r#"{"error":["no"]}"#,
            r#"{"message":"no"}"#,
            r#"{"detail":"no"}"#,
            r#"{"detail":[{"msg":"no"}]}"#,
            r#"{"errors":[{"message":"no"}]}"#,
            r#"[{"error":{"message":"no"}}]"#,
        ] {
            assert_eq!(mapped(400, body).message, "no", "{body}");
        }
    }

    #[test]
    fn what_is_no_json_is_described() {
        assert_eq!(
            mapped(502, "<html>x").message,
            "the upstream answered 502 with a web page"
        );
        assert_eq!(
            mapped(500, "").message,
            "the upstream answered 500 with an empty body"
        );
        assert_eq!(mapped(503, "busy").kind, ErrorKind::Overloaded);
    }

    #[test]
    fn a_redirect_names_its_host_and_nothing_else() {
        let mut headers = HeaderMap::new();
        headers.insert(
            "location",
            "https://new.acme.test/v1?key=s3cret".parse().unwrap(),
        );
        let fault = map(&ErrorRules::default(), 307, &headers, b"");
        assert_eq!(fault.kind, ErrorKind::Upstream);
        assert!(fault.message.contains("`new.acme.test`") && !fault.message.contains("s3cret"));
    }

    #[test]
    fn a_message_without_end_is_cut() {
        let body = format!("{{\"error\":{{\"message\":\"{}\"}}}}", "é".repeat(1 << 20));
        assert!(mapped(400, &body).message.len() <= MAX_MESSAGE);
    }

    #[test]
    fn a_rule_beats_the_status() {
        let rule = KindRule {
            pointer: "/error/type".into(),
            equals: Some("overloaded_error".into()),
            contains: None,
            kind: ErrorKind::Overloaded,
        };
        let rules = ErrorRules {
            kinds: vec![rule],
            ..ErrorRules::default()
        };
        let body = br#"{"error":{"type":"overloaded_error","message":"x"}}"#;
        assert_eq!(
            map(&rules, 400, &HeaderMap::new(), body).kind,
            ErrorKind::Overloaded
        );
    }

    #[test]
    fn waiting_times_are_read_in_every_form() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "2.5".parse().unwrap());
        assert_eq!(retry_after(&headers), Some(Duration::from_millis(2500)));
        headers.insert("retry-after-ms", "70".parse().unwrap());
        assert_eq!(retry_after(&headers), Some(Duration::from_millis(70)));
    }
}
