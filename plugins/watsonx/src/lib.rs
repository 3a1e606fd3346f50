//! IBM watsonx.ai. Its chat is close to OpenAI's, with the model, the project and the choice of a
//! tool under names of its own; text generation, embeddings, rerank and transcripts are IBM's.

mod access;
mod chat;
mod describe;
mod embeddings;
mod errors;
mod generate;
mod models;
mod place;
mod rerank;
mod stream;
mod transcribe;

use sluice_sdk::fault;
use sluice_sdk::{
    Call, Decoded, Error, Frame, Head, Outbound, Provider, Reply, Response, Step, parse_body,
    provider,
};

use crate::place::Place;

/// The provider.
pub struct Watsonx;

impl Provider for Watsonx {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let place = Place::of(call)?;
        let post = |name: &str, body| Ok::<_, Error>(Outbound::post(place.path(name)?).json(&body));
        let outbound = match (call.operation.as_str(), call.streaming) {
            ("chat", false) => post("chat", chat::request(&place, parse_body(body)?)?)?,
            ("chat", true) => post("chat_stream", chat::request(&place, parse_body(body)?)?)?,
            ("completions", false) => {
                post("generation", generate::request(&place, parse_body(body)?)?)?
            }
            ("completions", true) => post(
                "generation_stream",
                generate::request(&place, parse_body(body)?)?,
            )?
            .state(stream::OF_TEXT),
            ("embeddings", _) => {
                let (body, state) = embeddings::request(&place, parse_body(body)?)?;
                post("embeddings", body)?.state(state)
            }
            ("rerank", _) => {
                let (body, state) = rerank::request(&place, parse_body(body)?)?;
                post("rerank", body)?.state(state)
            }
            ("audio.transcribe", _) => transcribe::request(call, &place, &parse_body(body)?)?,
            ("models", _) => Outbound::get(place.models()),
            (other, _) => {
                return Err(fault::unsupported(format!(
                    "watsonx has no operation `{other}`"
                )));
            }
        };
        let outbound = if call.streaming && call.operation != "audio.transcribe" {
            outbound.frames()
        } else {
            outbound
        };
        Ok(access::granted(call, outbound)?.send())
    }

    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
        let answer = reply.json()?;
        if let Some(error) = errors::find(&answer) {
            return Err(error);
        }
        if call.operation == "audio.transcribe" {
            return transcribe::answer(&answer, &reply.state);
        }
        let document = match call.operation.as_str() {
            "chat" => chat::answer(answer)?,
            "completions" => generate::answer(&answer)?,
            "embeddings" => embeddings::answer(&answer, &reply.state)?,
            "rerank" => rerank::answer(&answer, &reply.state)?,
            _ => models::list(&answer),
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

    fn map_error(_call: &Call, reply: &Reply) -> Option<Error> {
        errors::of_reply(reply)
    }
}

provider!(Watsonx);

#[cfg(test)]
mod tests;
