//! Black Forest Labs: images made and edited. A request is handed in and then asked after until
//! its image is ready; several images are several requests side by side.

mod describe;
mod errors;
mod poll;
mod request;

use sluice_sdk::fault;
use sluice_sdk::{Call, Error, Provider, Reply, Step, parse_body, provider};

/// The provider.
pub struct BlackForestLabs;

impl Provider for BlackForestLabs {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        match call.operation.as_str() {
            "images.generate" | "images.edit" => request::submit(call, &parse_body(body)?),
            other => Err(fault::unsupported(format!(
                "black_forest_labs has no operation `{other}`"
            ))),
        }
    }

    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        poll::next(call, &replies)
    }

    fn map_error(_call: &Call, reply: &Reply) -> Option<Error> {
        errors::of_reply(reply)
    }
}

provider!(BlackForestLabs);

#[cfg(test)]
mod tests;
