//! Amazon Bedrock. Every model's chat goes over Converse, which is one dialect for all of them;
//! Claude may be reached in its own over InvokeModel (`invoke/`). Embeddings and images are
//! InvokeModel in each family's form, rerank is the agents' own address. Tokens are counted for Claude.

mod answer;
mod blocks;
mod claude;
mod conversation;
mod count;
mod describe;
mod edits;
mod embeddings;
mod errors;
mod family;
mod images;
mod invoke;
mod names;
mod open;
mod parts;
mod place;
mod request;
mod rerank;
mod response;
mod stream;
mod tools;
mod usage;

use sluice_sdk::{
    Call, Decoded, Error, Frame, Head, Outbound, Provider, Reply, Step, fault, parse_body,
    parse_state, provider, write_json,
};

use place::{Place, Route};

/// The provider.
pub struct Bedrock;

impl Provider for Bedrock {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let place = Place::of(call)?;
        let body = parse_body(body)?;
        match call.operation.as_str() {
            "chat" if place.route == Route::Invoke => invoke::chat(call, &place, body),
            "chat" => {
                let (document, plan) = request::from_chat(call, &place, body)?;
                let verb = if call.streaming {
                    "converse-stream"
                } else {
                    "converse"
                };
                let outbound = place.sign(Outbound::post(place.model(verb)).json(&document));
                Ok(if call.streaming {
                    stream::converse(outbound, plan).send()
                } else {
                    outbound.state(write_json(&plan)).send()
                })
            }
            "count-tokens" => count::request(call, &place, body),
            "embeddings" => embeddings::request(&place, &body),
            "images.generate" => images::request(&place, &body),
            "images.edit" => edits::request(call, &place, &body),
            "rerank" => rerank::request(&place, &body),
            other => Err(fault::unsupported(format!(
                "bedrock has no operation `{other}`"
            ))),
        }
    }

    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        match call.operation.as_str() {
            "embeddings" => return embeddings::answer(&replies),
            "images.generate" | "images.edit" => return images::answer(&replies),
            "rerank" => return rerank::answer(&replies),
            _ => {}
        }
        let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
        if call.operation == "count-tokens" {
            return count::answer(reply);
        }
        match Place::of(call)?.route {
            Route::Invoke => invoke::answer(reply),
            Route::Converse => response::to_chat(&reply.json()?, &parse_state(&reply.state)?),
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

provider!(Bedrock);

#[cfg(test)]
mod tests;
