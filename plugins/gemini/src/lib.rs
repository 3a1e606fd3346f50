//! Google's Gemini API (AI Studio). `generate-content` goes there as the client wrote it; `chat`
//! and `embeddings` are translated both ways.

mod contents;
mod describe;
mod embeddings;
mod generation;
mod request;
mod response;
mod schema;
mod stream;

use sluice_sdk::fault::{self, ErrorExt as _, kind};
use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{
    Call, Decoded, Error, Frame, Head, Outbound, Provider, Reply, Response, Step, parse_body,
    provider,
};

/// The provider.
pub struct Gemini;

impl Provider for Gemini {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let model = &call.model;
        let outbound = match call.operation.as_str() {
            "chat" => {
                let body = request::from_chat(call, parse_body(body)?)?;
                if call.streaming {
                    Outbound::post(format!(
                        "/v1beta/models/{model}:streamGenerateContent?alt=sse"
                    ))
                    .json(&body)
                    .frames()
                } else {
                    Outbound::post(format!("/v1beta/models/{model}:generateContent")).json(&body)
                }
            }
            "embeddings" => embeddings::request(call, parse_body(body)?)?,
            "generate-content" => {
                let method = if call.streaming {
                    "streamGenerateContent?alt=sse"
                } else {
                    "generateContent"
                };
                Outbound::post(format!("/v1beta/models/{model}:{method}"))
                    .patch(vec![("model".into(), None)])
                    .canonical()
            }
            "count-tokens" => {
                let body = request::from_chat(call, parse_body(body)?)?;
                let counted = json!({"generateContentRequest": with_model(body, model)});
                Outbound::post(format!("/v1beta/models/{model}:countTokens")).json(&counted)
            }
            "models" => Outbound::get("/v1beta/models?pageSize=1000"),
            other => {
                return Err(fault::unsupported(format!(
                    "gemini has no operation `{other}`"
                )));
            }
        };
        Ok(outbound.send())
    }

    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
        let answer = reply.json()?;
        let response = match call.operation.as_str() {
            "chat" => Response::json(&response::to_chat(&answer)?),
            "embeddings" => Response::json(&embeddings::answer(&answer, &reply.state)?),
            "count-tokens" => Response::json(&json!({"input_tokens": answer.get("totalTokens")})),
            _ => Response::json(&models(&answer)),
        };
        Ok(response.respond())
    }

    fn decode(
        _head: Option<Head>,
        state: String,
        frames: Vec<Frame>,
        last: bool,
    ) -> Result<Decoded, Error> {
        stream::decode(&state, &frames, last)
    }

    fn map_error(_call: &Call, reply: &Reply) -> Option<Error> {
        let document = reply.json().ok()?;
        let error = document
            .get("error")
            .or_else(|| document.pointer("/0/error"))?;
        Some(
            error_of(error)
                .with_status(reply.status)
                .with_detail(&document),
        )
    }
}

fn with_model(mut body: Value, model: &str) -> Value {
    if let Some(members) = body.as_object_mut() {
        members.insert("model".into(), format!("models/{model}").into());
    }
    body
}

/// An error object of Google's: `{code, message, status, details}`.
pub(crate) fn error_of(error: &Value) -> Error {
    let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    let message = if text("message").is_empty() {
        "the provider failed"
    } else {
        text("message")
    };
    let lower = message.to_ascii_lowercase();
    let details = error
        .get("details")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let reason = details
        .clone()
        .find_map(|it| it.get("reason")?.as_str())
        .unwrap_or_default();
    let code = error.get("code").and_then(Value::as_u64).unwrap_or(0);
    let kind = match (text("status"), code) {
        _ if reason == "API_KEY_INVALID" || lower.contains("api key not valid") => {
            kind::AUTHENTICATION
        }
        ("INVALID_ARGUMENT" | "FAILED_PRECONDITION" | "OUT_OF_RANGE", _)
            if lower.contains("token count") =>
        {
            kind::CONTEXT_WINDOW
        }
        ("INVALID_ARGUMENT" | "FAILED_PRECONDITION" | "OUT_OF_RANGE", _) => kind::INVALID_REQUEST,
        ("UNAUTHENTICATED", _) => kind::AUTHENTICATION,
        ("PERMISSION_DENIED", _) => kind::PERMISSION,
        ("NOT_FOUND", _) => kind::NOT_FOUND,
        ("RESOURCE_EXHAUSTED", _) => kind::RATE_LIMIT,
        ("UNAVAILABLE", _) => kind::OVERLOADED,
        ("DEADLINE_EXCEEDED", _) => kind::TIMEOUT,
        (_, 400) => kind::INVALID_REQUEST,
        (_, 401) => kind::AUTHENTICATION,
        (_, 403) => kind::PERMISSION,
        (_, 404) => kind::NOT_FOUND,
        (_, 429) => kind::RATE_LIMIT,
        (_, 503) => kind::OVERLOADED,
        _ => kind::UPSTREAM,
    };
    let result = fault::error(kind, message);
    // `retryDelay` is a text of seconds: "23s", "1.5s".
    let delay = details.clone().find_map(|it| {
        it.get("retryDelay")?
            .as_str()?
            .strip_suffix('s')?
            .parse::<f64>()
            .ok()
    });
    match delay {
        Some(seconds) => result.with_retry_after((seconds * 1000.0) as u64),
        None => result,
    }
}

fn models(answer: &Value) -> Value {
    let list = answer
        .get("models")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let data: Vec<Value> = list
        .map(|model| {
            let name = model.get("name").and_then(Value::as_str).unwrap_or_default();
            json!({"id": name.strip_prefix("models/").unwrap_or(name), "object": "model", "owned_by": "google",
                "display_name": model.get("displayName"), "max_input_tokens": model.get("inputTokenLimit"),
                "max_output_tokens": model.get("outputTokenLimit")})
        })
        .collect();
    json!({"object": "list", "data": data})
}

provider!(Gemini);

#[cfg(test)]
mod tests;
