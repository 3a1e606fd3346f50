//! Petals: texts from a swarm of machines, through the HTTP interface of its chat server. There is no
//! public one any more that could be the default: a deployment has its own `api_base`.

mod describe;

use sluice_sdk::chat::{ChatAnswer, ChatRequest};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{
    Body, Call, Error, Outbound, Provider, Reply, Response, Step, fault, parse_body, provider,
};
use sluice_wire::prompt;

/// The provider.
pub struct Petals;

/// Where the server generates.
const PATH: &str = "/api/v1/generate";

/// The server refuses a call without a limit; LiteLLM's number.
const MAX_TOKENS: &str = "256";

/// What is not sent on: it is read here, or for the gateway alone.
const READ: [&str; 9] = [
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "prompt",
    "stream",
    "stream_options",
    "user",
];

impl Provider for Petals {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let mut asked: Map<String, Value> = parse_body(body)?;
        let text = match call.operation.as_str() {
            "chat" => prompt::transcript(&ChatRequest::parse(body)?, "petals")?,
            "completions" => prompt::only(asked.shift_remove("prompt"), "petals")?,
            other => {
                return Err(fault::unsupported(format!(
                    "petals has no operation `{other}`"
                )));
            }
        };
        // LiteLLM's `api_base` is the whole address.
        let context = call.context();
        let base = context.get("base_url").and_then(Value::as_str);
        let whole = base.map(|it| it.trim_end_matches('/'));
        let whole = whole.filter(|it| it.ends_with("/generate"));
        let mut outbound = Outbound::post(whole.unwrap_or(PATH));
        outbound.body = Body::Form(form(call, text, &asked));
        Ok(outbound.send())
    }

    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
        let answer = reply.json()?;
        let said = |name: &str| answer.get(name).and_then(Value::as_str);
        if answer.get("ok") == Some(&false.into()) {
            // What is told is the server's own stack, of which the last line says what is wrong.
            let mut lines = said("traceback").unwrap_or_default().lines();
            let last = lines.rfind(|it| !it.trim().is_empty());
            return Err(fault::upstream(last.unwrap_or("the provider failed")));
        }
        let text = said("outputs")
            .ok_or_else(|| fault::upstream("the provider's answer has no `outputs`"))?;
        let document = match call.operation.as_str() {
            "chat" => ChatAnswer::new()
                .content(text)
                .finish_reason("stop")
                .into_value(),
            _ => {
                let choice =
                    json!({"text": text, "index": 0, "logprobs": null, "finish_reason": "stop"});
                json!({"object": "text_completion", "choices": [choice]})
            }
        };
        Ok(Response::json(&document).respond())
    }
}

/// The fields, which are those of Hugging Face's generation.
fn form(call: &Call, text: String, asked: &Map<String, Value>) -> Vec<(String, String)> {
    let given = |name: &str| asked.get(name).filter(|it| !it.is_null());
    let limit = given("max_completion_tokens").or_else(|| given("max_tokens"));
    let limit = limit.map_or_else(|| MAX_TOKENS.to_owned(), Value::to_string);
    let mut fields = vec![
        ("model".to_owned(), call.model.clone()),
        ("inputs".to_owned(), text),
        ("max_new_tokens".to_owned(), limit),
    ];
    // Without it, temperature and the like are not looked at.
    let cold = given("temperature").and_then(Value::as_f64) == Some(0.0);
    let samples = ["temperature", "top_k", "top_p"];
    if samples.iter().any(|it| given(it).is_some()) && given("do_sample").is_none() && !cold {
        fields.push(("do_sample".to_owned(), "1".to_owned()));
    }
    for (name, value) in asked {
        let read = READ.contains(&name.as_str()) || cold && name == "temperature";
        if read || value.is_null() {
            continue;
        }
        let text = value.as_str().map(str::to_owned);
        fields.push((name.clone(), text.unwrap_or_else(|| value.to_string())));
    }
    fields
}

provider!(Petals);

#[cfg(test)]
mod tests;
