//! Sber's GigaChat by its first API: OpenAI's chat of 2023, with functions in the place of tools,
//! one system message, and a token of half an hour for a key.

mod access;
mod describe;
mod embeddings;
mod messages;
mod request;
mod response;
mod stream;

use sluice_sdk::chat::ChatRequest;
use sluice_sdk::fault::{self, ErrorExt as _, kind};
use sluice_sdk::{
    Call, Decoded, Error, Frame, Head, Outbound, Provider, Reply, Response, Step, parse_body,
    provider,
};

/// The provider.
pub struct GigaChat;

impl Provider for GigaChat {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let outbound = match call.operation.as_str() {
            "chat" => {
                let patch = request::patch(call, &ChatRequest::parse(body)?)?;
                Outbound::post("/chat/completions").patch(patch)
            }
            "embeddings" => embeddings::request(call, parse_body(body)?)?,
            "models" => Outbound::get("/models"),
            other => {
                return Err(fault::unsupported(format!(
                    "gigachat has no operation `{other}`"
                )));
            }
        };
        access::first(
            call,
            if call.streaming {
                outbound.frames()
            } else {
                outbound
            },
        )
    }

    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
        if let Some(next) = access::then(call, reply)? {
            return Ok(next);
        }
        let answer = reply.json()?;
        let document = match call.operation.as_str() {
            "chat" => response::to_chat(answer)?,
            "embeddings" => embeddings::answer(answer, &reply.state)?,
            _ => answer,
        };
        Ok(Response::json(&document).respond())
    }

    fn decode(
        _head: Option<Head>,
        state: String,
        frames: Vec<Frame>,
        last: bool,
    ) -> Result<Decoded, Error> {
        stream::decode(&state, &frames, last)
    }

    /// The host's rules fit all but one status, which is about the length of the input.
    fn map_error(_call: &Call, reply: &Reply) -> Option<Error> {
        if reply.status != 413 {
            return None;
        }
        let document = reply.json().ok()?;
        let message = document.get("message").and_then(|it| it.as_str());
        let message = message.unwrap_or("the input is longer than the model accepts");
        let error = fault::error(kind::CONTEXT_WINDOW, message).with_status(reply.status);
        Some(error.with_detail(&document))
    }
}

provider!(GigaChat);

#[cfg(test)]
mod tests;
