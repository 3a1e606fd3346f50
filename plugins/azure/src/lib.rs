//! Microsoft's two providers: Azure OpenAI (`azure`) and AI Foundry (`azure_ai`). They speak
//! OpenAI's dialect, so the client's own bytes are patched and answers relayed, with the filters'
//! results in them; Anthropic's models of Foundry speak their own, which is translated.

mod auth;
mod azure;
mod base;
mod describe;
mod files;
mod foundry;
mod patch;

use sluice_sdk::{
    Call, Decoded, Error, Frame, Head, Provider, Reply, Step, fault, parse_body, parse_state,
    provider,
};
use sluice_wire::anthropic::{errors, response, stream};

/// The providers.
pub struct Azure;

impl Provider for Azure {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let outbound = match call.provider.as_str() {
            "azure_ai" => foundry::outbound(call, body)?,
            _ => azure::outbound(call, &parse_body(body)?)?,
        };
        Ok(outbound.send())
    }

    fn resume(_call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
        response::to_chat(&reply.json()?, parse_state(&reply.state)?)
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
        // Only Anthropic's own say what they are.
        let document = reply.json().ok()?;
        (document.get("type")? == "error").then(|| errors::of_reply(reply))?
    }
}

provider!(Azure);

#[cfg(test)]
mod tests;
