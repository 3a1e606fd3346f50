//! Routes that are not here: LiteLLM's are answered 501 with their name, others 404.

use axum::http::{Method, Uri};

use super::error::ApiError;
use crate::domain::{ErrorKind, Fault};

/// First segments of LiteLLM's routes that this gateway does not serve.
const LITELLM: &[&str] = &[
    "a2a",
    "access_group",
    "anthropic",
    "apply_guardrail",
    "assistants",
    "audio",
    "azure",
    "azure_ai",
    "batches",
    "bedrock",
    "budget",
    "cache",
    "cohere",
    "config",
    "containers",
    "credentials",
    "customer",
    "end_user",
    "fallback",
    "files",
    "fine_tuning",
    "gemini",
    "global",
    "guardrails",
    "health",
    "images",
    "invitation",
    "key",
    "langfuse",
    "mcp",
    "mistral",
    "model",
    "model_group",
    "moderations",
    "ocr",
    "onboarding",
    "openai",
    "openrouter",
    "organization",
    "policies",
    "project",
    "prompts",
    "provider",
    "rag",
    "realtime",
    "reload",
    "rerank",
    "responses",
    "router",
    "search",
    "spend",
    "sso",
    "tag",
    "team",
    "threads",
    "ui",
    "user",
    "utils",
    "v2",
    "vector_store",
    "vector_stores",
    "vertex-ai",
    "vertex_ai",
    "videos",
    "vllm",
    "watsonx",
];

/// `any other path`
pub async fn unknown_route(method: Method, uri: Uri) -> ApiError {
    let path = uri.path();
    let mut segments = path
        .split('/')
        .filter(|segment| !matches!(*segment, "" | "v1" | "v1beta"));
    let known = segments
        .next()
        .is_some_and(|first| LITELLM.contains(&first));
    let (status, kind, message) = if known {
        let message =
            format!("`{method} {path}` is a LiteLLM route that sluice does not serve yet");
        (501, ErrorKind::Unsupported, message)
    } else {
        (
            404,
            ErrorKind::NotFound,
            format!("there is no route `{method} {path}`"),
        )
    };
    Fault::caller(kind, message).with_status(status).into()
}

/// A path that exists, asked with another method.
pub async fn wrong_method(method: Method, uri: Uri) -> ApiError {
    let message = format!("`{}` does not take {method}", uri.path());
    Fault::caller(ErrorKind::InvalidRequest, message)
        .with_status(405)
        .into()
}
