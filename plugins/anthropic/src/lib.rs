//! Anthropic's Messages API. `messages` and `count-tokens` go there as the client wrote them;
//! `chat` is translated both ways, one at a time and in batches, and to be counted. Files are kept
//! for messages.

mod batches;
mod describe;
mod files;
mod outbound;

use sluice_sdk::fault;
use sluice_sdk::{
    Call, Decoded, Error, Frame, Head, Provider, Reply, Step, parse_body, parse_state, provider,
};
use sluice_wire::anthropic::batch::results;
use sluice_wire::anthropic::{errors, request, response, stream};

const MESSAGES: &str = "/v1/messages";
const COUNT: &str = "/v1/messages/count_tokens";

/// The provider.
pub struct Anthropic;

impl Provider for Anthropic {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let plain = |path: &str| outbound::envelope(call, path, Vec::new());
        let outbound = match call.operation.as_str() {
            "chat" => {
                let mut translated = request::from_chat(call, parse_body(body)?)?;
                let betas = std::mem::take(&mut translated.betas);
                translated.outbound(outbound::envelope(call, MESSAGES, betas), call.streaming)
            }
            "count-chat" => {
                let mut translated = request::from_chat(call, parse_body(body)?)?;
                let betas = std::mem::take(&mut translated.betas);
                let envelope = outbound::envelope(call, COUNT, betas);
                envelope.post().json(&translated.counted()).canonical()
            }
            "messages" => plain(MESSAGES).post().patch(Vec::new()).canonical(),
            "count-tokens" => plain(COUNT).post().patch(Vec::new()).canonical(),
            // Twenty a page without a limit.
            "models" => plain("/v1/models?limit=1000").request("GET"),
            about if files::knows(about) => files::request(call, &parse_body(body)?)?,
            about if batches::knows(about) => return batches::start(call, parse_body(body)?),
            other => {
                return Err(fault::unsupported(format!(
                    "anthropic has no operation `{other}`"
                )));
            }
        };
        Ok(outbound.send())
    }

    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
        if files::knows(&call.operation) {
            return files::respond(call, reply);
        }
        if batches::knows(&call.operation) {
            return batches::respond(reply);
        }
        let answer = reply.json()?;
        if call.operation == "models" {
            return Ok(response::models(&answer).respond());
        }
        response::to_chat(&answer, parse_state(&reply.state)?)
    }

    fn decode(
        _head: Option<Head>,
        state: String,
        frames: Vec<Frame>,
        last: bool,
    ) -> Result<Decoded, Error> {
        if results::knows(&state) {
            return results::decode(&state, &frames);
        }
        stream::decode(&state, &frames, last)
    }

    fn map_error(_call: &Call, reply: &Reply) -> Option<Error> {
        errors::of_reply(reply)
    }
}

provider!(Anthropic);

#[cfg(test)]
mod tests;
