//! Google's Vertex AI: Google's models in their own dialect, Anthropic's in theirs, and those of
//! others in OpenAI's, all behind Google's credentials.

mod claude;
mod describe;
mod embeddings;
mod errors;
mod family;
mod google;
mod hearing;
mod images;
mod partner;
mod place;
mod rerank;
mod sound;
mod stream;
mod voices;

use sluice_sdk::{
    Call, Decoded, Error, Frame, Head, Provider, Reply, Response, Step, fault, parse_body,
    parse_state, provider,
};
use sluice_wire::{anthropic, gemini};

use family::{Family, Model};

/// The provider.
pub struct VertexAi;

impl Provider for VertexAi {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let model = Model::of(&call.model)?;
        let outbound = match (call.operation.as_str(), model.family) {
            ("chat", Family::Claude) => {
                let outbound = claude::chat(call, model, parse_body(body)?)?;
                if call.streaming {
                    stream::claude(outbound)
                } else {
                    outbound
                }
            }
            ("chat", Family::Google | Family::Tuned) => {
                let outbound = google::chat(call, model, parse_body(body)?)?;
                if call.streaming {
                    stream::google(outbound)
                } else {
                    outbound
                }
            }
            ("chat", _) => partner::chat(call, model, &parse_body(body)?)?,
            ("messages", Family::Claude) => claude::messages(call, model)?,
            ("count-tokens", Family::Claude) => claude::count(call, model)?,
            ("count-tokens", Family::Google) => {
                let body = gemini::count::from_messages(call, &parse_body(body)?)?;
                google::post(call, model, "countTokens")?.json(&body)
            }
            ("count-chat", Family::Claude) => claude::count_chat(call, model, parse_body(body)?)?,
            ("count-chat", Family::Google) => {
                let body = gemini::request::from_chat(call, parse_body(body)?)?;
                google::post(call, model, "countTokens")?.json(&body)
            }
            ("count-contents", Family::Google) => google::post(call, model, "countTokens")?
                .patch(vec![("model".into(), None)])
                .canonical(),
            ("generate-content", _) => google::native(call, model.google(&call.operation)?)?,
            ("embeddings", _) => {
                return embeddings::request(
                    call,
                    model.google(&call.operation)?,
                    &parse_body(body)?,
                );
            }
            ("rerank", _) if rerank::ranks(model.name) => {
                return rerank::request(call, model.name, &parse_body(body)?);
            }
            ("audio.speech", _) => return sound::speech(call, model, &parse_body(body)?),
            ("audio.transcribe", _) => return sound::transcript(call, model, &parse_body(body)?),
            ("images.generate" | "images.edit", _) => {
                return images::request(call, model.google(&call.operation)?, &parse_body(body)?);
            }
            (operation, _) => return Err(model.lacks(operation)),
        };
        Ok(outbound.send())
    }

    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        match call.operation.as_str() {
            "embeddings" => return Ok(Response::json(&embeddings::answer(&replies)?).respond()),
            "images.generate" | "images.edit" => {
                return Ok(gemini::images::answer(&replies)?.respond());
            }
            "rerank" => return rerank::answer(&replies),
            "audio.speech" | "audio.transcribe" => return sound::answer(call, &replies),
            _ => {}
        }
        let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
        let answer = reply.json()?;
        if matches!(call.operation.as_str(), "count-tokens" | "count-chat") {
            return Ok(Response::json(&gemini::count::answer(&answer)?).respond());
        }
        match Model::of(&call.model)?.family {
            Family::Claude => anthropic::response::to_chat(&answer, parse_state(&reply.state)?),
            _ => Ok(Response::json(&gemini::response::to_chat(&answer)?).respond()),
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

provider!(VertexAi);

#[cfg(test)]
mod tests;
