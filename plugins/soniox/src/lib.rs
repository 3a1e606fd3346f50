//! Soniox: transcripts. A file is uploaded, a transcription of it is made and asked after, its
//! transcript is fetched, and what was left there is deleted.

mod describe;
mod request;
mod transcript;
mod turns;

use sluice_sdk::{Call, Error, Provider, Reply, Step, fault, parse_body, provider};

/// The provider.
pub struct Soniox;

impl Provider for Soniox {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        match call.operation.as_str() {
            "audio.transcribe" => request::upload(call, parse_body(body)?),
            other => Err(fault::unsupported(format!(
                "soniox has no operation `{other}`"
            ))),
        }
    }

    fn resume(_call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        turns::next(&replies)
    }
}

provider!(Soniox);

#[cfg(test)]
mod tests;
