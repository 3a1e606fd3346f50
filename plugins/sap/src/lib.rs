//! SAP's generative AI hub, through the second version of its orchestration service: chats and
//! vectors of models of many makers, asked at a deployment of the account.

mod chat;
mod describe;
mod embeddings;
mod place;
mod stream;

use sluice_sdk::chat::ChatRequest;
use sluice_sdk::fault;
use sluice_sdk::serde_json::Value;
use sluice_sdk::{
    Call, Decoded, Error, Frame, Head, Outbound, Provider, Reply, Response, Step, parse_body,
    provider,
};

use crate::place::Place;

/// The provider.
pub struct Sap;

impl Provider for Sap {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let (path, body, state) = match call.operation.as_str() {
            "chat" => {
                let body = chat::request(call, ChatRequest::parse(body)?)?;
                ("/v2/completion", body, String::new())
            }
            "embeddings" => {
                let (body, state) = embeddings::request(call, parse_body(body)?)?;
                ("/v2/embeddings", body, state)
            }
            other => {
                return Err(fault::unsupported(format!(
                    "sap has no operation `{other}`"
                )));
            }
        };
        let mut outbound = Outbound::post(path).json(&body).state(state);
        if call.streaming {
            outbound = outbound.frames();
        }
        Place::of(call)?.first(outbound)
    }

    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
        let mut answer = reply.json()?;
        if let Some(next) = Place::of(call)?.then(&answer, &reply.state)? {
            return Ok(next);
        }
        let result = answer.get_mut("final_result").map(Value::take);
        let result = result.filter(Value::is_object);
        let result =
            result.ok_or_else(|| fault::upstream("the provider's answer has no `final_result`"))?;
        let document = match call.operation.as_str() {
            "chat" => chat::answer(result)?,
            _ => embeddings::answer(result, &reply.state)?,
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
}

provider!(Sap);

#[cfg(test)]
mod tests;
