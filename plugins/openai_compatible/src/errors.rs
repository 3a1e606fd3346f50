//! What a provider's refusal means: the shapes of error documents that were seen in recorded
//! traffic, read the same way from an error status, from an answer of 200 and out of a stream.

use sluice_sdk::fault::{ErrorExt, error, kind};
use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::{Error, Reply, fault};

use crate::kinds;
use crate::object::Object;

/// An answer of 400 and above. None: it is no JSON object, and the host's reading is as good.
pub fn of_reply(reply: &Reply) -> Option<Error> {
    let document: Value = serde_json::from_str(reply.text()?).ok()?;
    document.as_object()?;
    let mut error = of_document(&document, Some(reply.status));
    let number = |name: &str| {
        reply
            .header(name)
            .and_then(|it| it.trim().parse::<f64>().ok())
    };
    let wait = number("retry-after-ms").or(number("retry-after").map(|seconds| seconds * 1000.0));
    error.retry_after_ms = wait.filter(|it| *it >= 0.0).map(|it| it as u64);
    Some(error)
}

/// A document, or the error that stands in its place.
pub fn document(reply: &Reply) -> Result<Value, Error> {
    let answer = reply.json()?;
    let refused = reply.text().and_then(Object::parse);
    match refused.and_then(|it| in_answer(&it)) {
        Some(error) => Err(error),
        None => Ok(answer),
    }
}

/// An error that stands in an answer of 200 or in an event.
pub fn in_answer(answer: &Object<'_>) -> Option<Error> {
    let failed = answer
        .get("error")
        .is_some_and(|raw| !crate::object::says_nothing(raw));
    let refused = answer.get("success") == Some("false");
    let base = answer.get("base_resp").and_then(Object::parse);
    let code = base
        .as_ref()
        .and_then(|it| it.count("status_code"))
        .unwrap_or(0);
    if let Some(base) = base.filter(|_| code != 0) {
        return Some(of_minimax(
            code,
            &base.text("status_msg").unwrap_or_default(),
        ));
    }
    let alone = answer.get("message").is_some() && !answer.has("choices");
    if !failed && !refused && !alone {
        return None;
    }
    let document: Value = serde_json::from_str(&answer.write()).unwrap_or_default();
    Some(of_document(&document, None))
}

/// An error that stands in a choice, or in an event that is called `error`.
pub fn of_text(raw: &str) -> Error {
    let document: Value = serde_json::from_str(raw).unwrap_or_else(|_| raw.into());
    if document.get("error").is_some() {
        return of_document(&document, None);
    }
    of_document(&json!({"error": document}), None)
}

/// MiniMax answers 200 with a status of its own.
fn of_minimax(code: u64, message: &str) -> Error {
    let kind = kinds::of_minimax(code);
    error(kind, message).with_detail(&json!({"code": code.to_string()}))
}

fn of_document(document: &Value, status: Option<u16>) -> Error {
    let node = match document.get("error") {
        Some(Value::Object(_)) => document.get("error"),
        _ => document.pointer("/errors/0"),
    };
    let node = node.unwrap_or(document);
    let word = |name: &str| {
        let value = node.get(name).or_else(|| document.get(name))?;
        match value {
            Value::String(text) => Some(text.clone()).filter(|it| !it.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    };
    // Databricks writes `error_code`.
    let code = word("code").or_else(|| word("error_code"));
    // Text-embeddings-inference writes `error_type`.
    let class = word("type").or_else(|| word("error_type"));
    let param = word("param");
    let message = message(document, node);
    let status = status
        .or_else(|| {
            word("status_code")
                .or(code.clone())
                .or(word("status"))?
                .parse()
                .ok()
        })
        .filter(|it| (400..600).contains(it));
    let kind = kinds::of(code.as_deref(), class.as_deref(), &message, status);
    let number = code.as_deref().and_then(|it| it.parse().ok());
    let clouds = number.filter(|_| document.get("success") == Some(&Value::Bool(false)));
    let kind = clouds.and_then(kinds::of_cloudflare).unwrap_or(kind);
    let mut fault = error(kind, message);
    fault.status = status;
    fault.with_detail(&json!({"code": code, "type": class, "param": param, "document": document}))
}

fn message(document: &Value, node: &Value) -> String {
    let places = [
        node.get("message"),
        node.pointer("/message/message"),
        document.get("error"),
        document.pointer("/error/0"),
        // ModelScope.
        document.pointer("/errors/message"),
        document.get("message"),
        document.get("detail"),
        document.pointer("/detail/0/msg"),
    ];
    let found = places.into_iter().flatten().find_map(Value::as_str);
    let outer = found
        .filter(|it| !it.is_empty())
        .unwrap_or("the provider failed and did not say why");
    // Aggregators wrap the upstream's own words.
    let raw = node.pointer("/metadata/raw").and_then(Value::as_str);
    let wrapped: Option<Value> = raw.and_then(|it| serde_json::from_str(it).ok());
    let inner = wrapped
        .as_ref()
        .or_else(|| document.get("details"))
        .and_then(|it| {
            let places = [
                "/error/message",
                "/error/message/message",
                "/message",
                "/error",
            ];
            places
                .into_iter()
                .find_map(|place| it.pointer(place)?.as_str())
        })
        .or(raw.filter(|_| wrapped.is_none()));
    match inner {
        Some(inner) => format!("{outer}: {inner}"),
        None => outer.to_owned(),
    }
}

/// A choice that ended because the provider failed.
pub fn stopped_by(reason: &str) -> Error {
    let kind = match reason {
        "insufficient_system_resource" => kind::OVERLOADED,
        _ => kind::UPSTREAM,
    };
    fault::error(kind, format!("the provider broke the answer off: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_sdk::Payload;

    fn read(status: u16, body: &str) -> Error {
        let reply = Reply {
            status,
            headers: vec![("Retry-After".into(), "2".into())],
            body: Payload::Text(body.into()),
            state: String::new(),
        };
        of_reply(&reply).unwrap()
    }

    #[test]
    fn every_shape_gives_its_message() {
        for body in [
            r#"{"error":{"message":"no","type":"t"}}"#,
            r#"{"error":"no","code":"c"}"#,
            r#"{"error":["no"]}"#,
            r#"{"object":"error","message":"no","type":"t","code":"3051"}"#,
            r#"{"detail":"no"}"#,
            r#"{"detail":[{"msg":"no"}]}"#,
            r#"{"success":false,"errors":[{"code":7000,"message":"no"}],"result":null}"#,
        ] {
            assert_eq!(read(400, body).message, "no", "{body}");
        }
        let wrapped = r#"{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"error\":{\"message\":\"no\"}}"}}}"#;
        assert_eq!(read(400, wrapped).message, "Provider returned error: no");
    }

    #[test]
    fn words_beat_texts_and_texts_beat_the_status() {
        for (status, body, want) in [
            (
                400,
                r#"{"error":{"message":"x","code":"context_length_exceeded"}}"#,
                kind::CONTEXT_WINDOW,
            ),
            (
                400,
                r#"{"error":{"message":"This endpoint's maximum context length is 5 tokens.","code":400}}"#,
                kind::CONTEXT_WINDOW,
            ),
            (
                429,
                r#"{"error":{"message":"x","type":"insufficient_quota"}}"#,
                kind::QUOTA,
            ),
            (
                429,
                r#"{"error":{"message":"slow down"}}"#,
                kind::RATE_LIMIT,
            ),
            (
                400,
                r#"{"code":"invalid-argument","error":"Incorrect API key provided."}"#,
                kind::AUTHENTICATION,
            ),
            (
                400,
                r#"{"error":{"message":"Model Not Exist","type":"invalid_request_error"}}"#,
                kind::NOT_FOUND,
            ),
            (402, r#"{"error":"pay"}"#, kind::QUOTA),
            (
                413,
                r#"{"error":{"code":"tokens_limit_reached","message":"Request body too large for gpt-4o model. Max size: 8000 tokens."}}"#,
                kind::CONTEXT_WINDOW,
            ),
            (
                403,
                r#"{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"x"}"#,
                kind::RATE_LIMIT,
            ),
            (503, r#"{"message":"busy"}"#, kind::OVERLOADED),
            (422, r#"{"detail":"x"}"#, kind::INVALID_REQUEST),
            (
                500,
                r#"{"object":"error","message":"Service unavailable.","type":"internal_server_error"}"#,
                kind::UPSTREAM,
            ),
        ] {
            let error = read(status, body);
            assert_eq!(error.kind, want, "{body}");
            assert_eq!(
                (error.status, error.retry_after_ms),
                (Some(status), Some(2000))
            );
        }
    }

    #[test]
    fn an_answer_of_200_can_be_an_error() {
        let of = |text: &str| in_answer(&Object::parse(text).unwrap());
        assert_eq!(of(r#"{"choices":[],"error":null}"#), None);
        assert_eq!(
            of(r#"{"choices":[],"base_resp":{"status_code":0,"status_msg":"ok"}}"#),
            None
        );
        let quota = of(r#"{"base_resp":{"status_code":1008,"status_msg":"no money"}}"#).unwrap();
        assert_eq!(
            (quota.kind.as_str(), quota.message.as_str()),
            (kind::QUOTA, "no money")
        );
        let coded = of(r#"{"error":{"message":"Provider returned error","code":429}}"#).unwrap();
        assert_eq!(
            (coded.kind.as_str(), coded.status),
            (kind::RATE_LIMIT, Some(429))
        );
    }
}
