//! Cohere's second API: chat, embeddings and rerank, translated both ways, transcription, and counts of
//! tokens.

mod citations;
mod count;
mod describe;
mod embed_answer;
mod embeddings;
mod errors;
mod messages;
mod models;
mod parts;
mod path;
mod request;
mod rerank;
mod response;
mod stream;
mod thinking;
mod tools;
mod transcription;
mod usage;

use sluice_sdk::fault;
use sluice_sdk::{
    Call, Decoded, Error, Frame, Head, Outbound, Provider, Reply, Response, Step, parse_body,
    provider,
};

/// The provider.
pub struct Cohere;

impl Provider for Cohere {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        match call.operation.as_str() {
            "chat" => {
                let body = request::from_chat(call, parse_body(body)?)?;
                let outbound = Outbound::post(path::of(call, "/v2/chat")).json(&body);
                Ok(if call.streaming {
                    outbound.frames().send()
                } else {
                    outbound.send()
                })
            }
            "embeddings" => embeddings::request(call, &parse_body(body)?),
            "count-tokens" => count::request(call, &parse_body(body)?),
            "rerank" => rerank::request(call, parse_body(body)?),
            "audio.transcribe" => Ok(transcription::request(call, parse_body(body)?)?.send()),
            "models" => Ok(models::request(call).send()),
            other => Err(fault::unsupported(format!(
                "cohere has no operation `{other}`"
            ))),
        }
    }

    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        match call.operation.as_str() {
            "embeddings" => return embed_answer::answer(&replies),
            "count-tokens" => return count::answer(&replies),
            _ => {}
        }
        let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
        let answer = reply.json()?;
        match call.operation.as_str() {
            "chat" => Ok(Response::json(&response::to_chat(&answer)?).respond()),
            "rerank" => rerank::answer(reply, &answer),
            _ => models::answer(call, reply, &answer),
        }
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
        errors::of_reply(reply)
    }
}

provider!(Cohere);

#[cfg(test)]
mod tests;
