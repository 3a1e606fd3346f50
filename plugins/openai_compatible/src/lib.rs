//! Every provider that speaks OpenAI's chat completions, as a row of data (`providers.json`).
//! Requests are the client's own bytes, patched; answers are brought into canonical form, because
//! hardly any of these providers writes OpenAI's dialect without an accent.

mod access;
mod answer;
mod cited;
mod describe;
mod embeddings;
mod errors;
mod examples;
mod exchange;
mod fim;
mod finish;
mod heard;
mod images;
mod kinds;
mod message;
mod messages;
mod native;
mod object;
mod place;
mod ranks;
mod remote;
mod request;
mod row;
mod run;
mod schema;
mod speech;
mod stream;
mod structured;
mod think;
mod tools;
mod turns;
mod usage;
mod vectors;

use sluice_sdk::{
    Call, Decoded, Error, Frame, Head, Payload, Provider, Reply, Response, Step, fault, provider,
};

use crate::row::Row;
use crate::stream::Stream;

/// The provider.
pub struct OpenAiCompatible;

impl Provider for OpenAiCompatible {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let own = call.config().get("row").cloned();
        let row = Row::of(&call.provider, own.as_ref(), &call.model)?;
        let mut outbound = place::outbound(call, &row, own.is_some())?;
        if row.turn_headers && matches!(call.operation.as_str(), "chat" | "messages") {
            outbound = turns::headers(outbound, body);
        }
        let outbound = match call.operation.as_str() {
            _ if run::serves(call, &row) => run::request(call, &row, outbound, body)?,
            _ if images::serves(call, &row) => images::request(call, &row, outbound, body)?,
            "models" if row.run => outbound,
            "models" => outbound.canonical(),
            "chat" => {
                let chat = request::chat(call, &row, body)?;
                let outbound = outbound.patch(chat.patch);
                match (row.relay, call.streaming) {
                    (true, _) => outbound.canonical(),
                    (false, true) => {
                        let mut stream = Stream::begin(&row, &call.id);
                        stream.json_tool = chat.json_tool;
                        outbound.frames().state(stream.state())
                    }
                    (false, false) if chat.json_tool => outbound.state(structured::JSON_TOOL),
                    (false, false) => outbound,
                }
            }
            "embeddings" => match vectors::request(call, &row, body)? {
                Some((body, state)) => outbound.json(&body).state(state),
                None => {
                    let outbound = outbound.patch(request::other(call, &row, body)?);
                    if embeddings::wants_base64(body) {
                        outbound
                    } else {
                        outbound.canonical()
                    }
                }
            },
            "rerank" => match ranks::request(call, &row, body)? {
                Some((body, state)) => outbound.json(&body).state(state),
                None if row.rerank.is_some() => outbound.patch(request::other(call, &row, body)?),
                None => outbound
                    .patch(request::other(call, &row, body)?)
                    .canonical(),
            },
            "messages" => native::request(call, &row, outbound, body)?,
            "completions" if row.fim.is_some() => fim::request(call, &row, outbound, body)?,
            "audio.speech" if row.speech.is_some() => speech::request(call, &row, outbound, body)?,
            "audio.transcribe" if row.transcription.is_some() => {
                heard::request(call, &row, outbound, body)?
            }
            about if remote::knows(about) => remote::request(call, &row, outbound, body)?,
            "images.edit" | "audio.transcribe" | "audio.translate" => outbound
                .form(call, &request::fields(call, &row, body)?)
                .canonical(),
            _ => outbound
                .patch(request::other(call, &row, body)?)
                .canonical(),
        };
        Ok(exchange::first(call, &row, outbound))
    }

    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let reply = replies
            .first()
            .ok_or_else(|| fault::internal("resumed without an answer"))?;
        let own = call.config().get("row").cloned();
        let row = Row::of(&call.provider, own.as_ref(), &call.model)?;
        if let Some(step) = exchange::then(call, &row, reply)? {
            return Ok(step);
        }
        let body = match call.operation.as_str() {
            _ if run::serves(call, &row) => return run::respond(call, &row, reply),
            _ if images::serves(call, &row) => return images::respond(&row, reply),
            "models" => return run::models(reply),
            "completions" => return fim::respond(&row, reply, &call.id),
            "audio.speech" => return speech::respond(&row, reply),
            "audio.transcribe" => return heard::respond(&row, reply),
            about if remote::knows(about) => return remote::respond(reply),
            // The state tells that the dialect was another one.
            "embeddings" if !reply.state.is_empty() => return vectors::respond(reply),
            "embeddings" => embeddings::packed(reply)?,
            "rerank" => return ranks::respond(&row, reply),
            _ => answer::canonical(&row, reply, &call.id)?,
        };
        let response = Response {
            body: Payload::Text(body),
            content_type: None,
            headers: Vec::new(),
            usage: None,
        };
        Ok(response.respond())
    }

    fn decode(
        _: Option<Head>,
        state: String,
        frames: Vec<Frame>,
        last: bool,
    ) -> Result<Decoded, Error> {
        stream::decode(&state, &frames, last)
    }

    fn map_error(_: &Call, reply: &Reply) -> Option<Error> {
        errors::of_reply(reply)
    }
}

provider!(OpenAiCompatible);

#[cfg(test)]
mod tests;
