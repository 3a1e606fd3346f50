//! Anthropic's Messages API. `messages` and `count-tokens` go there as the client wrote them;
//! `chat` is translated both ways.

mod block;
mod blocks;
mod citations;
mod describe;
mod errors;
mod models;
mod names;
mod outbound;
mod parts;
mod request;
mod response;
mod schema;
mod stream;
mod structured;
mod thinking;
mod tools;
mod usage;

use sluice_sdk::fault;
use sluice_sdk::{
    Call, Decoded, Error, Frame, Head, Provider, Reply, Step, parse_body, parse_state, provider,
};

use outbound::Envelope;

/// The provider.
pub struct Anthropic;

impl Provider for Anthropic {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let plain = || Envelope::of(call, Vec::new());
        let outbound = match call.operation.as_str() {
            "chat" => {
                let translated = request::from_chat(call, parse_body(body)?)?;
                let outbound = translated.envelope.post("/v1/messages");
                let outbound = outbound.json(&translated.body);
                if call.streaming {
                    let state = stream::opening(translated.plan);
                    outbound.state(state).frames()
                } else {
                    outbound.state(translated.plan.write())
                }
            }
            "messages" => plain().post("/v1/messages").patch(Vec::new()).canonical(),
            "count-tokens" => plain()
                .post("/v1/messages/count_tokens")
                .patch(Vec::new())
                .canonical(),
            // Twenty a page without a limit.
            "models" => plain().request("GET", "/v1/models?limit=1000"),
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
        stream::decode(&state, &frames, last)
    }

    fn map_error(_call: &Call, reply: &Reply) -> Option<Error> {
        errors::of_reply(reply)
    }
}

provider!(Anthropic);

#[cfg(test)]
mod tests;
