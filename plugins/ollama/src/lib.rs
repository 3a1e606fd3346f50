//! Ollama by its own API, which knows what its OpenAI-compatible one does not: the size of the
//! context, how long a model stays loaded, thinking as a switch, schemas for the answer. Both of
//! LiteLLM's names, `ollama` and `ollama_chat`, chat through `/api/chat`: a prompt that is put
//! together here would not be the one the model was trained on.

mod describe;
mod embeddings;
mod errors;
mod generate;
mod messages;
mod models;
mod options;
mod request;
mod response;
mod stream;

use sluice_sdk::chat::ChatRequest;
use sluice_sdk::fault;
use sluice_sdk::{
    Call, Decoded, Error, Frame, Head, Outbound, Provider, Reply, Response, Step, parse_body,
    provider,
};

/// The provider.
pub struct Ollama;

impl Provider for Ollama {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let outbound = match call.operation.as_str() {
            "chat" => Outbound::post("/api/chat")
                .json(&request::from_chat(call, ChatRequest::parse(body)?)?),
            "completions" => Outbound::post("/api/generate")
                .json(&generate::from_completion(call, parse_body(body)?)?)
                .state(stream::OF_TEXT),
            "embeddings" => return embeddings::request(call, parse_body(body)?),
            "models" => return Ok(Outbound::get("/api/tags").send()),
            other => {
                return Err(fault::unsupported(format!(
                    "ollama has no operation `{other}`"
                )));
            }
        };
        Ok(if call.streaming {
            outbound.frames().option("framing", "lines").send()
        } else {
            outbound.send()
        })
    }

    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
        let answer = reply.json()?;
        if let Some(error) = errors::find(&answer) {
            return Err(error);
        }
        let document = match call.operation.as_str() {
            "chat" => response::to_chat(&answer)?,
            "completions" => generate::to_completion(&answer)?,
            "embeddings" => embeddings::answer(&answer, &reply.state)?,
            _ => models::list(&answer),
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

    fn map_error(_call: &Call, reply: &Reply) -> Option<Error> {
        errors::of_reply(reply)
    }
}

provider!(Ollama);

#[cfg(test)]
mod tests;
