//! ElevenLabs: speech and transcription.

mod describe;
mod errors;
mod speech;
mod transcription;

use sluice_sdk::fault;
use sluice_sdk::{Call, Error, Provider, Reply, Step, parse_body, provider};

/// The provider.
pub struct ElevenLabs;

impl Provider for ElevenLabs {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let outbound = match call.operation.as_str() {
            "audio.speech" => speech::request(call, parse_body(body)?)?,
            "audio.transcribe" => transcription::request(call, &parse_body(body)?)?,
            other => {
                return Err(fault::unsupported(format!(
                    "elevenlabs has no operation `{other}`"
                )));
            }
        };
        Ok(outbound.send())
    }

    fn resume(_call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
        transcription::answer(reply)
    }

    fn map_error(_call: &Call, reply: &Reply) -> Option<Error> {
        errors::of_reply(reply)
    }
}

provider!(ElevenLabs);

#[cfg(test)]
mod tests;
