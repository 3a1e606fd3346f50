//! Every OpenAI-compatible provider, as one component and a table (`providers.json`). Requests
//! are the client's own bytes with small changes; answers are brought into OpenAI's exact form,
//! since "compatible" upstreams differ in many small things.

mod answer;
mod describe;
mod rows;
mod stream;
mod tidy;

use sluice_sdk::fault;
use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{
    Call, Decoded, Error, Frame, Head, Outbound, Provider, Reply, Response, Step, parse_body,
    provider,
};

use rows::Row;

/// The providers.
pub struct OpenAiCompatible;

impl Provider for OpenAiCompatible {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let row = Row::of(call)?;
        let head: Value = parse_body(body)?;
        let outbound = match call.operation.as_str() {
            "chat" => Outbound::post(row.chat_path()).patch(patch(call, &row, &head)),
            "completions" => Outbound::post("/completions")
                .patch(patch(call, &row, &head))
                .canonical(),
            "embeddings" => Outbound::post("/embeddings").patch(Vec::new()).canonical(),
            "models" => Outbound::get("/models").canonical(),
            other => {
                return Err(fault::unsupported(format!(
                    "{} has no operation `{other}`",
                    row.name
                )));
            }
        };
        let outbound = if call.operation == "chat" && call.streaming {
            outbound.frames()
        } else {
            outbound
        };
        let outbound = if call.has_secret("api_key") {
            outbound
        } else {
            outbound.auth("none", &[])
        };
        Ok(outbound.send())
    }

    fn resume(_call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
        Ok(Response::json(&answer::tidied(reply.json()?)?).respond())
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

type Patch = Vec<(String, Option<String>)>;

/// Renames, value changes, and the wish for usage, in the client's own body.
fn patch(call: &Call, row: &Row, head: &Value) -> Patch {
    let mut patch = Patch::new();
    for (from, to) in &row.renamed {
        if let Some(value) = head.get(from).filter(|it| !it.is_null()) {
            if head.get(to).is_none() {
                patch.push((to.clone(), Some(value.to_string())));
            }
            patch.push((from.clone(), None));
        }
    }
    if let Some(value) = head
        .get("tool_choice")
        .and_then(Value::as_str)
        .and_then(|choice| row.tool_choice.get(choice))
    {
        patch.push(("tool_choice".into(), Some(json!(value).to_string())));
    }
    let asked = head.pointer("/stream_options/include_usage") == Some(&Value::Bool(true));
    if call.streaming && row.takes("stream_options") && !asked {
        let mut options = head
            .get("stream_options")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        options.insert("include_usage".into(), true.into());
        patch.push((
            "stream_options".into(),
            Some(Value::from(options).to_string()),
        ));
    }
    patch
}

provider!(OpenAiCompatible);

#[cfg(test)]
mod tests;
