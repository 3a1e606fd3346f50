//! Azure AI Foundry: models of many publishers behind one resource, by the route that each has.

use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{Call, Error, Outbound, fault, parse_body};
use sluice_wire::anthropic::{Envelope, request};

use crate::auth;
use crate::base::Base;
use crate::patch;

/// The version of the route that all publishers share.
const DEFAULT_VERSION: &str = "2024-05-01-preview";

const ANTHROPIC_VERSION: &str = "2023-06-01";

/// Output formats and strict tools are a beta here.
const FORMATS_BETA: &str = "structured-outputs-2025-11-13";

/// Where Anthropic's models count.
const COUNT: &str = "/anthropic/v1/messages/count_tokens";

/// Where the resources of Foundry and of Azure OpenAI are.
const RESOURCES: &str = "services.ai.azure.com";
const OPENAI: [&str; 2] = ["openai.azure.com", "cognitiveservices.azure.com"];

pub fn is_claude(model: &str) -> bool {
    model.contains("claude")
}

pub fn outbound(call: &Call, body: &str) -> Result<Outbound, Error> {
    let base = Base::of(call);
    if is_claude(&call.model) {
        return claude(call, &base, body);
    }
    let head: Value = parse_body(body)?;
    let route = Route::of(call, &base)?;
    let post = |path: &str| Outbound::post(base.rest_of(path));
    let outbound = match call.operation.as_str() {
        "chat" => {
            let reasoning = patch::is_reasoning(&call.model);
            let patch = patch::chat(call, &head, reasoning);
            route.post(&base, "chat/completions").patch(patch)
        }
        "embeddings" => route.post(&base, "embeddings").patch(Vec::new()),
        "responses" => post("/openai/v1/responses").patch(Vec::new()),
        about if about.starts_with("responses.") => {
            Outbound::stored_response(about, &head, base.rest_of("/openai/v1/responses"))?
        }
        "images.generate" => post("/openai/v1/images/generations").patch(Vec::new()),
        "images.edit" => post("/openai/v1/images/edits").form(call, &head),
        "audio.transcribe" => post("/openai/v1/audio/transcriptions").form(call, &head),
        "rerank" if base.is_under(RESOURCES) => {
            post("/providers/cohere/v2/rerank").patch(Vec::new())
        }
        "rerank" => post("/v1/rerank").patch(Vec::new()),
        "models" => Outbound::get(base.rest_of("/openai/v1/models")),
        other => return Err(lacks(call, other)),
    };
    let mut outbound = outbound.canonical();
    let header = base.is_under("azure.com").then_some("api-key");
    outbound.auth = auth::of(call, header);
    Ok(outbound)
}

fn lacks(call: &Call, operation: &str) -> Error {
    let message = format!("`{}` has no `{operation}` at Azure AI", call.model);
    fault::unsupported(message)
}

/// How chat and embeddings are reached.
enum Route {
    /// `/models`, for every publisher.
    Shared(String),
    /// `/openai/v1`.
    First,
    /// A deployment with a host of its own.
    Own,
}

impl Route {
    fn of(call: &Call, base: &Base) -> Result<Self, Error> {
        let config = call.config();
        let version = config.get("api_version").and_then(Value::as_str);
        let first = matches!(version, Some("v1" | "latest" | "preview"))
            || base.path.ends_with("openai/v1")
            || OPENAI.iter().any(|it| base.is_under(it));
        if first {
            return Ok(Self::First);
        }
        if !base.is_under(RESOURCES) && !base.path.ends_with("models") {
            return Ok(Self::Own);
        }
        let version = version.unwrap_or(DEFAULT_VERSION);
        let fine = |it: char| it.is_ascii_alphanumeric() || it == '-';
        if !version.chars().all(fine) {
            let message = format!("`api_version` is no version: `{version}`");
            return Err(fault::invalid_request(message));
        }
        Ok(Self::Shared(version.to_owned()))
    }

    fn post(&self, base: &Base, operation: &str) -> Outbound {
        match self {
            Self::Shared(version) => {
                let path = format!("/models/{operation}?api-version={version}");
                // What this route does not know goes on to the model.
                Outbound::post(base.rest_of(&path)).header("extra-parameters", "pass-through")
            }
            Self::First => Outbound::post(base.rest_of(&format!("/openai/v1/{operation}"))),
            Self::Own => Outbound::post(base.rest_of(&format!("/{operation}"))),
        }
    }
}

fn claude(call: &Call, base: &Base, body: &str) -> Result<Outbound, Error> {
    let native = |path: &str| {
        let envelope = envelope(call, base, path, Vec::new());
        Ok(envelope.post().patch(Vec::new()).canonical())
    };
    match call.operation.as_str() {
        "messages" => native("/anthropic/v1/messages"),
        "count-tokens" => native(COUNT),
        "chat" => chat(call, base, parse_body(body)?),
        "count-chat" => {
            let mut translated = request::from_chat(call, parse_body(body)?)?;
            let betas = std::mem::take(&mut translated.betas);
            let envelope = envelope(call, base, COUNT, betas);
            Ok(envelope.post().json(&translated.counted()).canonical())
        }
        other => Err(lacks(call, other)),
    }
}

fn chat(call: &Call, base: &Base, body: Map<String, Value>) -> Result<Outbound, Error> {
    let mut translated = request::from_chat(call, body)?;
    let mut betas = std::mem::take(&mut translated.betas);
    let tools = translated.body.get("tools").and_then(Value::as_array);
    let strict = tools.is_some_and(|it| it.iter().any(|tool| tool.get("strict").is_some()));
    if strict || translated.body.pointer("/output_config/format").is_some() {
        betas.push(FORMATS_BETA.to_owned());
    }
    let envelope = envelope(call, base, "/anthropic/v1/messages", betas);
    Ok(translated.outbound(envelope, call.streaming))
}

fn envelope(call: &Call, base: &Base, path: &str, betas: Vec<String>) -> Envelope {
    let version = call
        .header("anthropic-version")
        .unwrap_or(ANTHROPIC_VERSION);
    let mut envelope = Envelope::new(base.rest_of(path))
        .header("anthropic-version", version)
        .betas(call, betas);
    for auth in auth::of(call, Some("x-api-key")) {
        let params = auth
            .params
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        envelope = envelope.auth(&auth.scheme, &params.collect::<Vec<_>>());
    }
    envelope
}
