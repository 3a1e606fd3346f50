//! OpenAI. The gateway's canonical forms are OpenAI's, so this plugin only patches the client's
//! own bytes and has the answer relayed: the conversation never enters the component.

mod describe;
mod files;
mod session;

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
            "count-response" => Outbound::post("/responses/input_tokens").patch(Vec::new()),
            "moderations" => Outbound::post("/moderations").patch(Vec::new()),
            "images.generate" => Outbound::post("/images/generations").patch(Vec::new()),
            "audio.speech" => Outbound::post("/audio/speech").patch(Vec::new()),
            "images.edit" => Outbound::post("/images/edits").form(call, &head),
            "images.vary" => Outbound::post("/images/variations").form(call, &head),
            "audio.transcribe" => Outbound::post("/audio/transcriptions").form(call, &head),
            "audio.translate" => Outbound::post("/audio/translations").form(call, &head),
            "models" => Outbound::get("/models"),
            "realtime" => session::outbound(call),
            about if about.starts_with("responses.") => {
                Outbound::stored_response(about, &head, "/responses")?
            }
            other if files::knows(other) => files::outbound(call, &head)?,
            other => {
                return Err(fault::unsupported(format!(
                    "openai has no operation `{other}` here"
                )));
            }
        };
        let config = call.config();
        for (setting, header) in [
            ("organization", "openai-organization"),
            ("project", "openai-project"),
        ] {
            if let Some(value) = config.get(setting).and_then(Value::as_str) {
                outbound = outbound.header(header, value);
            }
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

/// The o-series and everything from gpt-5 on, fine-tuned or not; not the chat variants.
fn is_reasoning(model: &str) -> bool {
    let model = model.rsplit('/').next().unwrap_or(model);
    let model = model.strip_prefix("ft:").unwrap_or(model);
    let numbered = |prefix: &str, least: char| {
        let rest = model.strip_prefix(prefix);
        rest.is_some_and(|it| {
            it.starts_with(|digit: char| digit.is_ascii_digit() && digit >= least)
        })
    };
    (numbered("o", '1') || numbered("gpt-", '5')) && !model.contains("chat")
}

provider!(OpenAi);

#[cfg(test)]
mod tests;
