//! The one place where a [`Fault`] becomes a status code and an error body.
//!
//! | kind | status | `error.type` | class in the message |
//! |---|---|---|---|
//! | invalid-request | 400 | invalid_request_error | BadRequestError |
//! | unsupported | 400 | invalid_request_error | UnsupportedParamsError |
//! | authentication | 401 | authentication_error (`auth_error` at the door) | AuthenticationError |
//! | permission | 403 | permission_error | PermissionDeniedError |
//! | not-found | 404 (400 for an unknown model) | invalid_request_error | NotFoundError |
//! | context-window | 400 | invalid_request_error | ContextWindowExceededError |
//! | content-policy | 400 | invalid_request_error | ContentPolicyViolationError |
//! | rate-limit, quota | 429 | throttling_error | RateLimitError |
//! | overloaded | 503 | internal_server_error | ServiceUnavailableError |
//! | timeout | 408 | invalid_request_error | Timeout |
//! | upstream | 500, or the upstream's own 5xx | internal_server_error | InternalServerError |
//! | internal | 500 | internal_server_error | InternalServerError |
//!
//! What no deployment has room for (`At::Router`) is a quota or a rate limit, 429, said as LiteLLM
//! says it. The classes, types and codes are LiteLLM's, so that clients which match on them go on working.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use crate::domain::{At, CallId, ErrorKind, Fault};
use crate::pipeline::Dialect;
use crate::pipeline::accounting::now_ms;

/// A refusal on its way to the client.
#[derive(Debug)]
pub struct ApiError {
    pub fault: Box<Fault>,
    pub dialect: Dialect,
}

impl ApiError {
    pub fn new(fault: Fault, dialect: Dialect) -> Self {
        Self {
            fault: Box::new(fault),
            dialect,
        }
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        Self::new(fault, Dialect::OpenAi)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = status(&self.fault);
        let mut response = Response::new(Body::from(body(&self.fault, self.dialect).to_string()));
        *response.status_mut() = status;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(wait) = self.fault.retry_after {
            let seconds = wait.as_secs_f64().ceil() as u64;
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        for (name, value) in &self.fault.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(*name, value);
            }
        }
        response
    }
}

/// The status code of a fault.
pub fn status(fault: &Fault) -> StatusCode {
    let given = fault
        .status
        .and_then(|code| StatusCode::from_u16(code).ok());
    match fault.kind {
        _ if fault.at == At::Door && given.is_some() => given.unwrap_or_default(),
        ErrorKind::Authentication => StatusCode::UNAUTHORIZED,
        ErrorKind::Permission => StatusCode::FORBIDDEN,
        ErrorKind::NotFound if fault.at == At::Attempt => StatusCode::NOT_FOUND,
        ErrorKind::InvalidRequest
        | ErrorKind::Unsupported
        | ErrorKind::NotFound
        | ErrorKind::ContextWindow
        | ErrorKind::ContentPolicy => StatusCode::BAD_REQUEST,
        ErrorKind::RateLimit | ErrorKind::Quota => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Timeout => StatusCode::REQUEST_TIMEOUT,
        ErrorKind::Upstream => given
            .filter(|code| matches!(code.as_u16(), 500 | 502 | 503 | 504))
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The error document in the client's dialect.
pub fn body(fault: &Fault, dialect: Dialect) -> Value {
    let status = status(fault);
    let message = message(fault);
    match dialect {
        Dialect::Anthropic => {
            let mut error = json!({"type": anthropic_type(status), "message": message});
            if fault.kind == ErrorKind::Unsupported && fault.param.as_deref() == Some("thread") {
                // Its SDK goes by this, and sends the whole conversation instead.
                error["details"] =
                    json!({"error_code": "thread_unsupported_request", "unsupported": ["thread"]});
            }
            json!({"type": "error", "error": error})
        }
        Dialect::Google => json!({"error": {
            "code": status.as_u16(), "message": message, "status": google_status(status)}}),
        Dialect::OpenAi | Dialect::Responses | Dialect::Realtime => {
            let mut error = Map::new();
            error.insert("message".into(), message.into());
            error.insert("type".into(), openai_type(fault, status).into());
            error.insert("param".into(), fault.param.clone().into());
            let code = fault
                .code
                .clone()
                .unwrap_or_else(|| status.as_u16().to_string());
            error.insert("code".into(), code.into());
            if let Some(detail) = &fault.detail {
                error.insert("provider_specific_fields".into(), detail.clone());
            }
            json!({ "error": error })
        }
    }
}

/// The event that ends a stream which failed on its way: no `[DONE]` follows it. In a session it is a
/// message.
pub fn event(fault: &Fault, dialect: Dialect) -> String {
    let body = body(fault, dialect);
    match dialect {
        Dialect::OpenAi | Dialect::Google => format!("data: {body}\n\n"),
        Dialect::Anthropic => format!("event: error\ndata: {body}\n\n"),
        Dialect::Responses => {
            let error = body.get("error").cloned().unwrap_or_default();
            let event = json!({"type": "error", "code": error.get("code"),
                "message": error.get("message"), "param": error.get("param"),
                // Clients want one of every event; the upstream's own are not counted here.
                "sequence_number": 0});
            format!("event: error\ndata: {event}\n\n")
        }
        Dialect::Realtime => {
            let error = body.get("error").cloned().unwrap_or_default();
            let id = CallId::fresh(now_ms()).as_str().replace('-', "");
            json!({"type": "error", "event_id": format!("event_{id}"), "error": error}).to_string()
        }
    }
}

fn message(fault: &Fault) -> String {
    if fault.at != At::Attempt {
        return fault.message.clone();
    }
    let class = fault.kind.class();
    let text = &fault.message;
    let provider = fault
        .provider
        .as_deref()
        .map(exception_name)
        .unwrap_or_default();
    match fault.kind {
        ErrorKind::ContentPolicy => {
            format!("litellm.BadRequestError: litellm.{class}: {provider}{text}")
        }
        ErrorKind::Timeout => format!("litellm.{class}: {provider}{text}"),
        // The gateway's own judgement, which names the provider itself.
        ErrorKind::Unsupported => format!("litellm.{class}: {text}"),
        _ => format!("litellm.{class}: {class}: {provider}{text}"),
    }
}

/// `anthropic` as LiteLLM writes it in front of a provider's message.
fn exception_name(provider: &str) -> String {
    let known = match provider {
        "openai" => "OpenAI",
        "xai" => "XAI",
        "deepseek" => "DeepSeek",
        _ => "",
    };
    if !known.is_empty() {
        return format!("{known}Exception - ");
    }
    let camel: String = provider.split(['_', '-']).map(capitalised).collect();
    format!("{camel}Exception - ")
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

fn openai_type(fault: &Fault, status: StatusCode) -> &'static str {
    if let Some(name) = fault.type_name {
        return name;
    }
    match status.as_u16() {
        401 if fault.at == At::Door => "auth_error",
        401 => "authentication_error",
        403 => "permission_error",
        429 => "throttling_error",
        501 => "not_implemented_error",
        500.. => "internal_server_error",
        _ => "invalid_request_error",
    }
}

fn anthropic_type(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        408 | 504 => "timeout_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}

fn google_status(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        501 => "UNIMPLEMENTED",
        503 => "UNAVAILABLE",
        408 | 504 => "DEADLINE_EXCEEDED",
        500.. => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_the_status_of_the_table() {
        let table = [
            400, 400, 401, 403, 404, 400, 400, 429, 429, 503, 408, 500, 500,
        ];
        let got: Vec<u16> = ErrorKind::ALL
            .into_iter()
            .map(|kind| status(&Fault::upstream(kind, "x")).as_u16())
            .collect();
        assert_eq!(got, table);
    }

    #[test]
    fn an_upstream_refusal_reads_as_litellms() {
        let mut fault = Fault::upstream(ErrorKind::RateLimit, "slow down");
        fault.provider = Some("openai".into());
        let error = &body(&fault, Dialect::OpenAi)["error"];
        assert_eq!(
            error["message"],
            "litellm.RateLimitError: RateLimitError: OpenAIException - slow down"
        );
        assert_eq!(
            (&error["type"], &error["code"]),
            (&json!("throttling_error"), &json!("429"))
        );
    }

    /// The kinds themselves are held to this table by `tests/traffic`, on the recorded bytes.
    #[test]
    fn every_recorded_error_reaches_clients_with_litellms_status_and_exception() {
        let table = include_str!("../../../tests/traffic/fixtures/errors.tsv");
        assert!(table.lines().count() > 180);
        for row in table.lines() {
            let cells: Vec<&str> = row.split('\t').collect();
            let [_, provider, kind, wanted, exception, wait] = cells[..] else {
                panic!("{row}");
            };
            let mut kinds = ErrorKind::ALL.into_iter();
            let kind = kinds.find(|it| it.as_str() == kind).unwrap();
            let mut fault = Fault::upstream(kind, "its words");
            fault.provider = Some(provider.into());
            let seconds = wait.parse().ok();
            fault.retry_after = seconds.map(std::time::Duration::from_secs);
            let error = &body(&fault, Dialect::OpenAi)["error"];
            assert_eq!(error["message"], format!("{exception}its words"), "{row}");
            let response = ApiError::from(fault).into_response();
            assert_eq!(response.status().as_str(), wanted, "{row}");
            let told = response.headers().get(RETRY_AFTER);
            let told = told.map_or("", |it| it.to_str().unwrap());
            assert_eq!(told, wait, "{row}");
        }
    }

    #[test]
    fn a_thread_that_cannot_be_is_refused_as_anthropic_does_it() {
        let fault = Fault::caller(ErrorKind::Unsupported, "no thread").with_param("thread");
        let error = &body(&fault, Dialect::Anthropic)["error"];
        assert_eq!(error["details"]["error_code"], "thread_unsupported_request");
        let other = Fault::caller(ErrorKind::Unsupported, "no thread").with_param("container");
        assert!(body(&other, Dialect::Anthropic)["error"]["details"].is_null());
    }

    #[test]
    fn the_event_that_ends_a_response_has_every_member_that_clients_ask_for() {
        let fault = Fault::ours("the gateway failed", "x");
        let event = event(&fault, Dialect::Responses);
        let data = event.lines().find_map(|it| it.strip_prefix("data: "));
        let data: Value = serde_json::from_str(data.unwrap()).unwrap();
        for name in ["type", "code", "message", "param", "sequence_number"] {
            assert!(data.get(name).is_some(), "{name}");
        }
    }

    #[test]
    fn what_is_for_the_log_never_reaches_a_client() {
        let fault = Fault::ours("the gateway failed", "password=hunter2");
        for dialect in [
            Dialect::OpenAi,
            Dialect::Anthropic,
            Dialect::Responses,
            Dialect::Google,
            Dialect::Realtime,
        ] {
            assert!(!event(&fault, dialect).contains("hunter2"));
        }
    }
}
