//! AWS SageMaker endpoints. `sagemaker_chat` is a container that speaks OpenAI's chat completions,
//! `sagemaker` one that speaks Hugging Face's text generation and embeddings. What is in the
//! endpoint's streams is cut by AWS wherever it likes, and is put together here.

mod describe;
mod embeddings;
mod errors;
mod generate;
mod stream;

use sluice_sdk::fault;
use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{
    Call, Decoded, Error, Frame, Head, Outbound, Provider, Reply, Response, Step, parse_body,
    provider,
};

/// The provider.
pub struct SageMaker;

impl Provider for SageMaker {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let body: Map<String, Value> = parse_body(body)?;
        let (body, state) = match (call.provider.as_str(), call.operation.as_str()) {
            ("sagemaker_chat" | "sagemaker_nova", "chat") => (chat(body), String::new()),
            (_, "completions") => (
                generate::request(call.streaming, body)?,
                stream::OF_TEXT.to_owned(),
            ),
            (_, "embeddings") => embeddings::request(body)?,
            (provider, other) => {
                return Err(fault::unsupported(format!(
                    "{provider} has no operation `{other}`"
                )));
            }
        };
        Ok(outbound(call)?.json(&body).state(state).send())
    }

    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
        let answer = reply.json()?;
        if let Some(error) = errors::find(&answer) {
            return Err(error);
        }
        let document = match call.operation.as_str() {
            "chat" if has_choices(&answer) => answer,
            "chat" => return Err(fault::upstream("the endpoint's answer has no `choices`")),
            "completions" => generate::answer(&answer)?,
            _ => embeddings::answer(&answer, &reply.state)?,
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

provider!(SageMaker);

/// The request without its body, signed for the endpoint's region.
fn outbound(call: &Call) -> Result<Outbound, Error> {
    let config = call.config();
    let setting = |name: &str| config.get(name).and_then(Value::as_str);
    let plain = |text: &str| {
        text.chars()
            .all(|it| it.is_ascii_alphanumeric() || it == '-')
    };
    if call.model.is_empty() || !plain(&call.model) {
        return Err(fault::invalid_request(format!(
            "`{}` is not the name of an endpoint",
            call.model
        )));
    }
    let region = setting("aws_region_name").unwrap_or("us-east-1");
    if !plain(region) {
        return Err(fault::invalid_request("`aws_region_name` is not a region"));
    }
    let method = if call.streaming {
        "invocations-response-stream"
    } else {
        "invocations"
    };
    let path = format!("/endpoints/{}/{method}", call.model);
    let context = call.context();
    let base = context.get("base_url").and_then(Value::as_str);
    let has_base = base.is_some_and(|it| it.trim_end_matches('/') != describe::DEFAULT_BASE);
    let url = if has_base {
        path
    } else {
        let china = if region.starts_with("cn-") { ".cn" } else { "" };
        format!("https://runtime.sagemaker.{region}.amazonaws.com{china}{path}")
    };
    let mut outbound =
        Outbound::post(url).auth("sigv4", &[("service", "sagemaker"), ("region", region)]);
    if let Some(component) = setting("model_id") {
        outbound = outbound.header("x-amzn-sagemaker-inference-component", component);
    }
    Ok(if call.streaming {
        outbound.frames().option("framing", "aws")
    } else {
        outbound
    })
}

/// OpenAI's body, as the container takes it; usage has to be asked for.
fn chat(mut body: Map<String, Value>) -> Value {
    if body.get("stream") == Some(&true.into()) {
        let usage = sluice_sdk::serde_json::json!({"include_usage": true});
        body.insert("stream_options".into(), usage);
    }
    body.shift_remove("metadata");
    body.into()
}

fn has_choices(answer: &Value) -> bool {
    let choices = answer.get("choices").and_then(Value::as_array);
    choices.is_some_and(|it| {
        !it.is_empty()
            && it
                .iter()
                .all(|it| it.get("message").is_some_and(Value::is_object))
    })
}

#[cfg(test)]
mod tests;
