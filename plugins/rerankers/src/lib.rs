//! Voyage AI and Jina AI: embeddings and rerank. Both answer nearly alike, and ask by different
//! names.

mod answer;
mod describe;
mod errors;
mod inputs;
mod jina;
mod voyage;

use serde::{Deserialize, Serialize};
use sluice_sdk::fault;
use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{
    Call, Error, Outbound, Provider, Reply, Step, parse_body, parse_state, provider, write_json,
};

/// The providers.
pub struct Rerankers;

/// What has to be known when the answer comes.
#[derive(Default, Serialize, Deserialize)]
struct Asked {
    /// OpenAI's clients ask for base64.
    base64: bool,
    /// How many vectors are to come.
    count: usize,
}

impl Provider for Rerankers {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let mut body: Map<String, Value> = parse_body(body)?;
        body.insert("model".into(), call.model.clone().into());
        body.retain(|_, value| !value.is_null());
        for gateways in ["metadata", "user", "stream"] {
            body.shift_remove(gateways);
        }
        let jina = call.provider == "jina_ai";
        let (path, body, asked) = match call.operation.as_str() {
            "embeddings" => {
                let base64 = body.get("encoding_format") == Some(&"base64".into());
                let (path, body, count) = if jina {
                    jina::embeddings(call, body)?
                } else {
                    voyage::embeddings(call, body)?
                };
                (path, body, Asked { base64, count })
            }
            "rerank" => {
                let documents = body.get("documents").and_then(Value::as_array);
                if documents.is_none_or(Vec::is_empty) {
                    return Err(fault::invalid_request(
                        "`documents` is no list of documents",
                    ));
                }
                let body = if jina {
                    jina::rerank(body)
                } else {
                    voyage::rerank(body)?
                };
                ("/rerank", body, Asked::default())
            }
            other => {
                return Err(fault::unsupported(format!(
                    "{} has no operation `{other}`",
                    call.provider
                )));
            }
        };
        let outbound = Outbound::post(path).json(&body.into());
        Ok(outbound.state(write_json(&asked)).send())
    }

    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
        let asked: Asked = parse_state(&reply.state)?;
        let answer = reply.json()?;
        match call.operation.as_str() {
            "embeddings" => answer::embeddings(&answer, &asked),
            _ => answer::rerank(&answer),
        }
    }

    fn map_error(_call: &Call, reply: &Reply) -> Option<Error> {
        errors::of_reply(reply)
    }
}

provider!(Rerankers);

#[cfg(test)]
mod tests;
