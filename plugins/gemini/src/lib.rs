//! Google's Gemini API (AI Studio). `generate-content` goes there as the client wrote it; `chat`,
//! `embeddings`, `count-tokens`, images, speech and transcripts are translated both ways, chats also
//! in batches.

mod batches;
mod describe;
mod embeddings;
mod media;
mod path;

use sluice_sdk::fault;
use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{
    Call, Decoded, Error, Frame, Head, Outbound, Provider, Reply, Response, Step, parse_body,
    provider,
};
use sluice_wire::gemini::batch::results;
use sluice_wire::gemini::{count, errors, request, response, stream};

/// The provider.
pub struct Gemini;

impl Provider for Gemini {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let post = |method: &str| {
            let model = path::of(&call.model)?;
            Ok::<_, Error>(Outbound::post(format!("/v1beta/{model}:{method}")))
        };
        let method = if call.streaming {
            "streamGenerateContent?alt=sse"
        } else {
            "generateContent"
        };
        let outbound = match call.operation.as_str() {
            "chat" => {
                let body = request::from_chat(call, parse_body(body)?)?;
                let outbound = post(method)?.json(&body);
                if call.streaming {
                    outbound.frames()
                } else {
                    outbound
                }
            }
            "embeddings" => return embeddings::request(call, &parse_body(body)?),
            "generate-content" => post(method)?
                .patch(vec![("model".into(), None)])
                .canonical(),
            "count-chat" => {
                let mut counted = request::from_chat(call, parse_body(body)?)?;
                counted["model"] = path::of(&call.model)?.into();
                // Beside `contents` nothing else is counted.
                post("countTokens")?.json(&json!({ "generateContentRequest": counted }))
            }
            "count-contents" => post("countTokens")?
                .patch(vec![("model".into(), None)])
                .canonical(),
            "count-tokens" => {
                let mut asked = count::from_messages(call, &parse_body(body)?)?;
                // Beside the wrapped form there is one that takes contents alone.
                asked["model"] = path::of(&call.model)?.into();
                post("countTokens")?.json(&json!({"generateContentRequest": asked}))
            }
            "models" => Outbound::get("/v1beta/models?pageSize=1000"),
            about if media::knows(about) => return media::start(call, &parse_body(body)?),
            about if batches::knows(about) => return batches::start(call, parse_body(body)?),
            other => {
                return Err(fault::unsupported(format!(
                    "gemini has no operation `{other}`"
                )));
            }
        };
        Ok(outbound.send())
    }

    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        if call.operation == "embeddings" {
            return Ok(Response::json(&embeddings::answer(&replies)?).respond());
        }
        if media::knows(&call.operation) {
            return media::resume(call, &replies);
        }
        let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
        if batches::knows(&call.operation) {
            return batches::resume(call, reply);
        }
        let answer = reply.json()?;
        let response = match call.operation.as_str() {
            "chat" => Response::json(&response::to_chat(&answer)?),
            "count-chat" | "count-tokens" => Response::json(&count::answer(&answer)?),
            _ => Response::json(&list(&answer)),
        };
        Ok(response.respond())
    }

    fn decode(
        _head: Option<Head>,
        state: String,
        frames: Vec<Frame>,
        last: bool,
    ) -> Result<Decoded, Error> {
        if results::knows(&state) {
            return results::decode(&state, &frames, last);
        }
        stream::decode(&state, &frames, last)
    }

    fn map_error(_call: &Call, reply: &Reply) -> Option<Error> {
        errors::of_reply(reply)
    }
}

/// Google's list of models in OpenAI's form.
fn list(answer: &Value) -> Value {
    let list = answer
        .get("models")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let data: Vec<Value> = list
        .map(|model| {
            let name = model.get("name").and_then(Value::as_str).unwrap_or_default();
            json!({"id": name.strip_prefix("models/").unwrap_or(name), "object": "model", "owned_by": "google",
                "display_name": model.get("displayName"), "max_input_tokens": model.get("inputTokenLimit"),
                "max_output_tokens": model.get("outputTokenLimit")})
        })
        .collect();
    json!({"object": "list", "data": data})
}

provider!(Gemini);

#[cfg(test)]
mod tests;
