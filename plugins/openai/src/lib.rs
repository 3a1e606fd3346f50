//! OpenAI. The gateway's canonical forms are OpenAI's, so this plugin only patches the client's
//! own bytes and has the answer relayed: the conversation never enters the component.

mod describe;

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Call, Error, Outbound, Provider, Step, fault, parse_body, provider};

/// The provider.
pub struct OpenAi;

impl Provider for OpenAi {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let head: Value = parse_body(body)?;
        let mut outbound = match call.operation.as_str() {
            "chat" => Outbound::post("/chat/completions").patch(chat_patch(call, &head)),
            "completions" => Outbound::post("/completions").patch(stream_patch(call, &head)),
            "embeddings" => Outbound::post("/embeddings").patch(Vec::new()),
            "responses" => Outbound::post("/responses").patch(Vec::new()),
            "moderations" => Outbound::post("/moderations").patch(Vec::new()),
            "models" => Outbound::get("/models"),
            other => {
                return Err(fault::unsupported(format!(
                    "openai has no operation `{other}` here"
                )));
            }
        };
        if let Some(organization) = call.config().get("organization").and_then(Value::as_str) {
            outbound = outbound.header("openai-organization", organization);
        }
        if let Some(beta) = call.header("openai-beta") {
            outbound = outbound.header("openai-beta", beta);
        }
        Ok(outbound.canonical().send())
    }
}

type Patch = Vec<(String, Option<String>)>;

/// Reasoning models take `max_completion_tokens` only; it means the same to the others.
fn chat_patch(call: &Call, head: &Value) -> Patch {
    let mut patch = stream_patch(call, head);
    let old = head.get("max_tokens").filter(|it| !it.is_null());
    if let Some(limit) = old.filter(|_| is_reasoning(&call.model)) {
        if head.get("max_completion_tokens").is_none() {
            patch.push(("max_completion_tokens".into(), Some(limit.to_string())));
        }
        patch.push(("max_tokens".into(), None));
    }
    patch
}

/// Usage is always asked for; the gateway keeps it from clients that did not.
fn stream_patch(call: &Call, head: &Value) -> Patch {
    let asked = head.pointer("/stream_options/include_usage") == Some(&Value::Bool(true));
    if !call.streaming || asked {
        return Vec::new();
    }
    let mut options = head
        .get("stream_options")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    options.insert("include_usage".into(), json!(true));
    vec![(
        "stream_options".into(),
        Some(Value::from(options).to_string()),
    )]
}

fn is_reasoning(model: &str) -> bool {
    let model = model.rsplit('/').next().unwrap_or(model);
    let numbered = model.starts_with('o') && model[1..].starts_with(|it: char| it.is_ascii_digit());
    numbered
        || (model.starts_with("gpt-5") && !model.contains("chat"))
        || model.starts_with("gpt-6")
}

provider!(OpenAi);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasoning_models_are_told_apart() {
        for model in [
            "o1",
            "o3-mini",
            "o4-mini-2025-04-16",
            "gpt-5",
            "gpt-5.6-sol",
            "gpt-6",
        ] {
            assert!(is_reasoning(model), "{model}");
        }
        for model in [
            "gpt-4o",
            "gpt-5-chat-latest",
            "omni-moderation-latest",
            "chatgpt-4o-latest",
        ] {
            assert!(!is_reasoning(model), "{model}");
        }
    }

    #[test]
    fn fixtures_are_translated() {
        sluice_sdk::testing::run_dir::<OpenAi>("fixtures");
    }
}
