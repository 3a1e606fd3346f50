//! Deepgram: transcription of recorded sound, and speech. The upload goes there as it came, and
//! everything else stands in the address.

mod describe;
mod errors;
mod request;
mod response;
mod speech;

use serde::{Deserialize, Serialize};
use sluice_sdk::fault;
use sluice_sdk::{Call, Error, Provider, Reply, Step, parse_body, parse_state, provider};

/// The provider.
pub struct Deepgram;

/// What has to be known when the answer comes.
#[derive(Default, Serialize, Deserialize)]
struct Asked {
    format: String,
    language: Option<String>,
}

impl Provider for Deepgram {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        match call.operation.as_str() {
            "audio.transcribe" => Ok(request::transcribe(call, &parse_body(body)?)?.send()),
            "audio.speech" => Ok(speech::speak(call, &parse_body(body)?)?.send()),
            other => Err(fault::unsupported(format!(
                "deepgram has no operation `{other}`"
            ))),
        }
    }

    fn resume(_call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
        let asked: Asked = parse_state(&reply.state)?;
        response::transcript(&reply.json()?, &asked)
    }

    fn map_error(_call: &Call, reply: &Reply) -> Option<Error> {
        errors::of_reply(reply)
    }
}

provider!(Deepgram);

#[cfg(test)]
mod tests;
