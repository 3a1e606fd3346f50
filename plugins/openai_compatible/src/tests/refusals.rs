//! What providers' refusals mean, by their own documents: one table, whoever says it.

use sluice_sdk::fault::kind;
use sluice_sdk::{Payload, Reply};

use crate::errors::of_reply;

/// Status, document, kind.
const TABLE: &[(u16, &str, &str)] = &[
    // databricks
    (
        400,
        r#"{"error_code":"BAD_REQUEST","message":"bad"}"#,
        kind::INVALID_REQUEST,
    ),
    (
        403,
        r#"{"error_code":"PERMISSION_DENIED","message":"no"}"#,
        kind::PERMISSION,
    ),
    (
        404,
        r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"gone"}"#,
        kind::NOT_FOUND,
    ),
    (
        404,
        r#"{"error_code":"ENDPOINT_NOT_FOUND","message":"gone"}"#,
        kind::NOT_FOUND,
    ),
    (
        429,
        r#"{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"slow"}"#,
        kind::RATE_LIMIT,
    ),
    (
        503,
        r#"{"error_code":"TEMPORARILY_UNAVAILABLE","message":"later"}"#,
        kind::OVERLOADED,
    ),
    // snowflake
    (
        401,
        r#"{"code":"390144","message":"JWT token is invalid."}"#,
        kind::AUTHENTICATION,
    ),
    // cloudflare
    (
        400,
        r#"{"success":false,"errors":[{"code":5007,"message":"No such model"}]}"#,
        kind::NOT_FOUND,
    ),
    (
        400,
        r#"{"success":false,"errors":[{"code":7000,"message":"No route for that URI"}]}"#,
        kind::INVALID_REQUEST,
    ),
    (
        403,
        r#"{"success":false,"errors":[{"code":5023,"message":"AiError: JSON Schema mode is not supported with stream mode."}],"result":{}}"#,
        kind::INVALID_REQUEST,
    ),
    (
        403,
        r#"{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}"#,
        kind::PERMISSION,
    ),
    (
        429,
        r#"{"success":false,"errors":[{"code":3036,"message":"daily free allocation"}]}"#,
        kind::QUOTA,
    ),
    (
        429,
        r#"{"success":false,"errors":[{"code":3040,"message":"Capacity temporarily exceeded"}]}"#,
        kind::OVERLOADED,
    ),
    // The numbers are Cloudflare's alone.
    (
        429,
        r#"{"object":"error","code":"3040","message":"slow"}"#,
        kind::RATE_LIMIT,
    ),
    // huggingface: the router, text-generation and text-embeddings
    (
        402,
        r#"{"error":"You have exceeded your monthly included credits"}"#,
        kind::QUOTA,
    ),
    (
        422,
        r#"{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096","error_type":"validation"}"#,
        kind::CONTEXT_WINDOW,
    ),
    (
        413,
        r#"{"error":"Input validation error: `inputs` must have less than 512 tokens. Given: 600","error_type":"Validation"}"#,
        kind::INVALID_REQUEST,
    ),
    (
        429,
        r#"{"error":"Model is overloaded","error_type":"Overloaded"}"#,
        kind::OVERLOADED,
    ),
    // github_copilot, github
    (
        400,
        r#"{"error":{"message":"prompt token count of 9 exceeds the limit of 8","code":"model_max_prompt_tokens_exceeded"}}"#,
        kind::CONTEXT_WINDOW,
    ),
    (
        400,
        r#"{"error":{"message":"The requested model is not supported.","code":"model_not_supported","param":"model"}}"#,
        kind::NOT_FOUND,
    ),
    (
        404,
        r#"{"error":{"code":"unknown_model","message":"Unknown model: x"}}"#,
        kind::NOT_FOUND,
    ),
    (
        429,
        r#"{"error":{"code":"RateLimitReached","message":"Rate limit of 10 per 60s exceeded"}}"#,
        kind::RATE_LIMIT,
    ),
    // groq
    (
        400,
        r#"{"error":{"message":"gone","type":"invalid_request_error","code":"model_decommissioned"}}"#,
        kind::NOT_FOUND,
    ),
    (
        413,
        r#"{"error":{"message":"Request too large on tokens per minute","type":"tokens","code":"rate_limit_exceeded"}}"#,
        kind::RATE_LIMIT,
    ),
    // dashscope, volcengine, moonshot
    (
        400,
        r#"{"error":{"code":"DataInspectionFailed","message":"Input may contain inappropriate content"}}"#,
        kind::CONTENT_POLICY,
    ),
    (
        403,
        r#"{"error":{"code":"AllocationQuota.FreeTierOnly","message":"free tier"}}"#,
        kind::QUOTA,
    ),
    (
        403,
        r#"{"error":{"code":"AccountOverdueError","message":"overdue"}}"#,
        kind::QUOTA,
    ),
    (
        400,
        r#"{"error":{"code":"SensitiveContentDetected","message":"no"}}"#,
        kind::CONTENT_POLICY,
    ),
    (
        404,
        r#"{"error":{"message":"Not found the model x or Permission denied","type":"resource_not_found_error"}}"#,
        kind::NOT_FOUND,
    ),
    (
        400,
        r#"{"error":{"message":"Invalid request: Your request exceeded model token limit: 8192","type":"invalid_request_error"}}"#,
        kind::CONTEXT_WINDOW,
    ),
    // openrouter, xai
    (
        403,
        r#"{"error":{"code":403,"message":"x requires moderation on Y. Your input was flagged","metadata":{"reasons":["s"]}}}"#,
        kind::CONTENT_POLICY,
    ),
    (
        403,
        r#"{"code":"forbidden-content","error":"Content violates usage guidelines."}"#,
        kind::CONTENT_POLICY,
    ),
    // words of LiteLLM's list
    (
        400,
        r#"{"error":{"message":"Input too long: 9 input tokens, limit is 8"}}"#,
        kind::CONTEXT_WINDOW,
    ),
    (
        400,
        r#"{"error":{"message":"The requested token count exceeds the model's maximum context length of 8"}}"#,
        kind::CONTEXT_WINDOW,
    ),
    (
        429,
        r#"{"object":"error","message":"Service tier capacity exceeded for this model.","code":"3505"}"#,
        kind::RATE_LIMIT,
    ),
    // a field that is too long is no conversation that is too long
    (
        400,
        r#"{"error":{"message":"Invalid 'user': string too long","code":"string_above_max_length"}}"#,
        kind::INVALID_REQUEST,
    ),
];

#[test]
fn every_document_has_its_kind() {
    for (status, body, want) in TABLE {
        let reply = Reply {
            status: *status,
            headers: Vec::new(),
            body: Payload::Text((*body).to_owned()),
            state: String::new(),
        };
        let error = of_reply(&reply).unwrap();
        assert_eq!(error.kind, *want, "{status} {body}");
        assert!(!error.message.contains("did not say why"), "{body}");
    }
}
