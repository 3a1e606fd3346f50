//! Stability AI: images made and edited, each by a form of its own path.

mod describe;
mod errors;
mod form;
mod paths;
mod response;

use sluice_sdk::fault;
use sluice_sdk::{Call, Error, Provider, Reply, Step, parse_body, provider};

/// The provider.
pub struct Stability;

impl Provider for Stability {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        match call.operation.as_str() {
            "images.generate" | "images.edit" => form::request(call, &parse_body(body)?),
            other => Err(fault::unsupported(format!(
                "stability has no operation `{other}`"
            ))),
        }
    }

    fn resume(_call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        response::next(&replies)
    }

    fn map_error(_call: &Call, reply: &Reply) -> Option<Error> {
        errors::of_reply(reply)
    }
}

provider!(Stability);

#[cfg(test)]
mod tests;
