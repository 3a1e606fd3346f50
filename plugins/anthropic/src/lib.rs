//! Anthropic's Messages API. `messages` and `count-tokens` go there as the client wrote them;
//! `chat` is translated both ways.

mod blocks;
mod describe;
mod request;
mod response;
mod schema;
mod stream;
mod thinking;
mod tools;
mod usage;

use sluice_sdk::fault::{self, ErrorExt as _};
use sluice_sdk::serde_json::Value;
use sluice_sdk::{
    Call, Decoded, Error, Frame, Head, Outbound, Provider, Reply, Step, parse_body, provider,
};

/// The provider.
pub struct Anthropic;

const VERSION: &str = "2023-06-01";

impl Provider for Anthropic {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let step = match call.operation.as_str() {
            "chat" => {
                let translated = request::from_chat(call, parse_body(body)?)?;
                let outbound = to(call, "/v1/messages", &translated.betas).json(&translated.body);
                let outbound = outbound.state(response::Plan::new(translated.json_tool).write());
                if call.streaming {
                    outbound.frames()
                } else {
                    outbound
                }
            }
            "messages" => to(call, "/v1/messages", &[]).patch(Vec::new()).canonical(),
            "count-tokens" => to(call, "/v1/messages/count_tokens", &[])
                .patch(Vec::new())
                .canonical(),
            "models" => {
                let mut outbound = to(call, "/v1/models", &[]);
                outbound.method = "GET".into();
                outbound
            }
            other => {
                return Err(fault::unsupported(format!(
                    "anthropic has no operation `{other}`"
                )));
            }
        };
        Ok(step.send())
    }

    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
        let answer = reply.json()?;
        if call.operation == "models" {
            return Ok(response::models(&answer).respond());
        }
        response::to_chat(call, &answer, &reply.state)
    }

    fn decode(
        head: Option<Head>,
        state: String,
        frames: Vec<Frame>,
        last: bool,
    ) -> Result<Decoded, Error> {
        stream::decode(head.as_ref(), &state, &frames, last)
    }

    fn map_error(_call: &Call, reply: &Reply) -> Option<Error> {
        let document = reply.json().ok()?;
        Some(error_of(document.get("error")?, reply.status).with_detail(&document))
    }
}

/// A request with the version and beta headers; a client's own betas are kept.
fn to(call: &Call, path: &str, betas: &[String]) -> Outbound {
    let version = call
        .header("anthropic-version")
        .unwrap_or(VERSION)
        .to_owned();
    let outbound = Outbound::post(path).header("anthropic-version", version);
    let own = call
        .header("anthropic-beta")
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .map(str::to_owned);
    let mut all: Vec<String> = own.filter(|beta| !beta.is_empty()).collect();
    for beta in betas {
        if !all.contains(beta) {
            all.push(beta.clone());
        }
    }
    let outbound = if all.is_empty() {
        outbound
    } else {
        outbound.header("anthropic-beta", all.join(","))
    };
    if !call.has_secret("api_key") && call.has_secret("auth_token") {
        return outbound.auth("bearer", &[("secret", "auth_token")]);
    }
    outbound
}

/// An error object of Anthropic's, in an answer or in a stream.
pub(crate) fn error_of(error: &Value, status: u16) -> Error {
    use fault::kind;
    let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    let message = if text("message").is_empty() {
        "the provider failed"
    } else {
        text("message")
    };
    let lower = message.to_ascii_lowercase();
    let kind = match text("type") {
        "invalid_request_error"
            if lower.contains("prompt is too long")
                || lower.contains("context window")
                || lower.contains("exceed context limit") =>
        {
            kind::CONTEXT_WINDOW
        }
        "invalid_request_error" if lower.contains("credit balance") => kind::QUOTA,
        "invalid_request_error" if lower.contains("content filtering policy") => {
            kind::CONTENT_POLICY
        }
        "invalid_request_error" => kind::INVALID_REQUEST,
        "request_too_large" => kind::CONTEXT_WINDOW,
        "authentication_error" => kind::AUTHENTICATION,
        "billing_error" => kind::QUOTA,
        "permission_error" => kind::PERMISSION,
        "not_found_error" => kind::NOT_FOUND,
        "rate_limit_error" => kind::RATE_LIMIT,
        "overloaded_error" => kind::OVERLOADED,
        "timeout_error" => kind::TIMEOUT,
        _ if status == 429 => kind::RATE_LIMIT,
        _ => kind::UPSTREAM,
    };
    let error = fault::error(kind, message);
    if status >= 400 {
        error.with_status(status)
    } else {
        error
    }
}

provider!(Anthropic);

#[cfg(test)]
mod tests;
