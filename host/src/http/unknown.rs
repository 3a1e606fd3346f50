//! Routes that are not here: LiteLLM's are answered 501 with their name, others 404.

use axum::http::{Method, Uri};

use super::error::ApiError;
use crate::domain::{ErrorKind, Fault};

/// First segments of LiteLLM's routes that this gateway does not serve.
const LITELLM: &[&str] = &[
    ".well-known",
    "a2a",
    "access_group",
    "agent",
    "agents",
    "alerting",
    "assemblyai",
    "assistants",
    "audio",
    "azure_speech",
    "budget",
    "cache",
    "callbacks",
    "claude-code",
    "cloudzero",
    "comprehendmedical",
    "config",
    "containers",
    "credentials",
    "cursor",
    "customer",
    "debug",
    "decisions",
    "deepgram",
    "docs",
    "end_user",
    "engines",
    "eu.assemblyai",
    "evals",
    "fal_ai",
    "fallback",
    "fine_tuning",
    "gateway",
    "gigachat",
    "global",
    "guardrails",
    "health",
    "images",
    "indexes",
    "interactions",
    "invitation",
    "key",
    "langfuse",
    "login",
    "mcp",
    "mcp-rest",
    "memory",
    "milvus",
    "model",
    "model_group",
    "models",
    "moderations",
    "nvidia_nim",
    "ocr",
    "onboarding",
    "openai",
    "openapi.json",
    "openrouter",
    "organization",
    "policies",
    "policy",
    "project",
    "prompts",
    "provider",
    "public",
    "queue",
    "rag",
    "realtime",
    "redoc",
    "reload",
    "rerank",
    "responses",
    "roi-calculator",
    "router",
    "routes",
    "schedule",
    "scim",
    "search",
    "skills",
    "spend",
    "sso",
    "tag",
    "team",
    "threads",
    "toolset",
    "transcribe",
    "ui",
    "user",
    "utils",
    "v2",
    "v3",
    "vector_store",
    "vector_stores",
    "videos",
    "vllm",
    "watsonx",
    "workflows",
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
