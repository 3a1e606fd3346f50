//! Replicate: every model is run as a prediction, which is asked for and then looked at until it
//! has come to an end. Everything goes to the deployment's own base URL, the looks included: the
//! addresses that an answer names would lead past a proxy.

mod chat;
mod describe;
mod errors;
mod images;
mod models;
mod prediction;
mod prompt;

use sluice_sdk::chat::ChatRequest;
use sluice_sdk::fault;
use sluice_sdk::{Call, Error, Provider, Reply, Response, Step, parse_body, provider};

use crate::prediction::Next;

/// The provider.
pub struct Replicate;

impl Provider for Replicate {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let input = match call.operation.as_str() {
            "chat" => chat::input(call, ChatRequest::parse(body)?)?,
            "images.generate" => images::input(call, parse_body(body)?)?,
            other => {
                return Err(fault::unsupported(format!(
                    "replicate has no operation `{other}`"
                )));
            }
        };
        prediction::submit(call, input)
    }

    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
        let prediction = match prediction::look(reply)? {
            Next::Look(step) => return Ok(step),
            Next::Ready(prediction) => prediction,
        };
        let document = match call.operation.as_str() {
            "chat" => chat::answer(&prediction)?,
            _ => images::answer(&prediction)?,
        };
        Ok(Response::json(&document).respond())
    }

    fn map_error(_call: &Call, reply: &Reply) -> Option<Error> {
        errors::of_reply(reply)
    }
}

provider!(Replicate);

#[cfg(test)]
mod tests;
