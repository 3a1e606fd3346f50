//! NVIDIA's Triton Inference Server: texts through its `generate` extension, or as tensors through
//! `infer`, and vectors through `infer`. A model is found by its name, or the deployment's `api_base`
//! leads to its endpoint already.

mod describe;
mod generate;
mod infer;
mod place;
mod stream;

use sluice_sdk::chat::ChatRequest;
use sluice_sdk::fault;
use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{
    Call, Decoded, Error, Frame, Head, Provider, Reply, Response, Step, parse_body, provider,
};
use sluice_wire::prompt;

use crate::place::Place;

/// The provider.
pub struct Triton;

impl Provider for Triton {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let mut asked: Map<String, Value> = parse_body(body)?;
        let place = Place::of(call);
        let text = match call.operation.as_str() {
            "chat" => prompt::transcript(&ChatRequest::parse(body)?, "triton")?,
            "completions" => prompt::only(asked.shift_remove("prompt"), "triton")?,
            "embeddings" => return infer::vectors_request(&place, &asked),
            other => {
                return Err(fault::unsupported(format!(
                    "triton has no operation `{other}`"
                )));
            }
        };
        match place {
            Place::Infer(_) if call.streaming => Err(fault::unsupported(
                "triton streams what is generated, not what is inferred",
            )),
            Place::Infer(url) => infer::request(url, &text, asked),
            _ => generate::request(call, &place, text, asked),
        }
    }

    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
        let answer = reply.json()?;
        if let Some(message) = answer.get("error").and_then(Value::as_str) {
            return Err(fault::upstream(message));
        }
        if call.operation == "embeddings" {
            return infer::vectors_answer(&answer, &reply.state);
        }
        let text = match answer.get("outputs") {
            Some(_) => infer::text(&answer)?,
            None => generate::text(&answer, &reply.state)?,
        };
        Ok(Response::json(&generate::answered(&call.operation, &text)).respond())
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

provider!(Triton);

#[cfg(test)]
mod tests;
