//! Which kind of failure a provider's words and codes mean.

use sluice_sdk::fault::kind;

/// Codes and types with a meaning of their own, lower case.
const WORDS: &[(&str, &[&str])] = &[
    (
        kind::CONTEXT_WINDOW,
        &[
            "context_length_exceeded",
            "exceed_context_size_error",
            "tokens_limit_reached",
            "model_max_prompt_tokens_exceeded",
        ],
    ),
    (
        kind::CONTENT_POLICY,
        &[
            "content_policy_violation",
            "content_filter",
            "content_filter_policy",
            "data_inspection_failed",
            "responsibleaipolicyviolation",
            "sensitive",
            "datainspectionfailed",
            "sensitivecontentdetected",
            "inputtextsensitivecontentdetected",
            "outputtextsensitivecontentdetected",
        ],
    ),
    (
        kind::QUOTA,
        &[
            "insufficient_quota",
            "billing_hard_limit_reached",
            "billing_not_active",
            "insufficient_balance",
            "exceeded_current_quota_error",
            "arrearage",
            "payment_required",
            "accountoverdueerror",
            "allocationquota.freetieronly",
            "quota_exceeded",
        ],
    ),
    (
        kind::AUTHENTICATION,
        &[
            "invalid_api_key",
            "wrong_api_key",
            "invalid_key",
            "authentication_error",
            "invalid_authentication_error",
            "unauthorized",
            "invalidapikey",
            "invalid_access_token",
        ],
    ),
    (
        kind::PERMISSION,
        &[
            "permission_error",
            "permission_denied",
            "permission_denied_error",
            "forbidden",
        ],
    ),
    (
        kind::NOT_FOUND,
        &[
            "model_not_found",
            "invalid_model",
            "unknown_model",
            "model_not_supported",
            "model_decommissioned",
            "not_found_error",
            "resource_not_found_error",
            "resource_does_not_exist",
            "endpoint_not_found",
        ],
    ),
    (
        kind::RATE_LIMIT,
        &[
            "rate_limit_exceeded",
            "rate_limit_error",
            "rate_limit_reached_error",
            "too_many_requests",
            "rate_limited",
            "request_limit_exceeded",
            "resource_exhausted",
            "ratelimitreached",
        ],
    ),
    (
        kind::OVERLOADED,
        &[
            "overloaded_error",
            "engine_overloaded_error",
            "service_unavailable",
            "insufficient_system_resource",
            "overloaded",
            "temporarily_unavailable",
        ],
    ),
    (kind::TIMEOUT, &["timeout_error", "request_timeout"]),
];

/// Pieces of messages, lower case, and the statuses under which they are believed; no status (an
/// error inside an answer) always counts.
const TEXTS: &[(&str, &[u16], &[&str])] = &[
    (
        kind::CONTEXT_WINDOW,
        &[400, 413, 422, 500],
        &[
            "maximum context length",
            "context length is",
            "context window",
            "maximum context",
            // Ollama's cloud, November 2026.
            "max context length",
            "exceed context limit",
            "exceeds the available context size",
            "is longer than the model's context",
            "input tokens exceed",
            "exceeds the maximum number of tokens",
            "prompt is too long",
            "too many tokens",
            "maximum input length is",
            "input length and `max_tokens` exceed",
            "`inputs` tokens + `max_new_tokens` must be",
            "model's maximum context",
            "exceeds the model's maximum",
            "exceeded model token limit",
            "inputs must have less than",
            "input tokens, limit is",
            "reduce the length of the messages",
            "expected a string with maximum length",
        ],
    ),
    (
        kind::CONTENT_POLICY,
        &[400, 403, 422],
        &[
            "content management policy",
            "content policy",
            "content_filter",
            "content filtering policy",
            "inappropriate content",
            "safety system",
            "usage guidelines",
            "requires moderation",
            "the model produced invalid content",
        ],
    ),
    (
        kind::QUOTA,
        &[402, 403, 429],
        &[
            "exceeded your current quota",
            "insufficient balance",
            "credit balance",
            "depleted your",
            "insufficient credits",
        ],
    ),
    (
        kind::AUTHENTICATION,
        &[400, 401, 403],
        &[
            "incorrect api key",
            "invalid api key",
            "api key not valid",
            "invalid api token",
            "check the api-key",
        ],
    ),
    (
        kind::NOT_FOUND,
        &[400, 404, 422],
        &[
            "model not exist",
            "invalid model",
            "model does not exist",
            "supported api model names",
            "no such model",
            "model not found",
        ],
    ),
    (
        kind::INVALID_REQUEST,
        &[400, 500],
        &["input is not supported"],
    ),
    (
        kind::INVALID_REQUEST,
        &[403],
        // Cloudflare's Workers AI refuses a schema with the status of a missing permission.
        &["json schema mode is not supported", "suuport json schema"],
    ),
    (kind::RATE_LIMIT, &[429], &["rate limit", "rate_limit"]),
];

/// The kind of an error, by its code and type, then by its message, then by its status.
pub fn of(
    code: Option<&str>,
    class: Option<&str>,
    message: &str,
    status: Option<u16>,
) -> &'static str {
    for word in [code, class].into_iter().flatten() {
        let word = word.to_ascii_lowercase();
        if let Some((kind, _)) = WORDS
            .iter()
            .find(|(_, words)| words.contains(&word.as_str()))
        {
            return kind;
        }
    }
    let lower = message.to_ascii_lowercase();
    let said = TEXTS.iter().find(|(_, statuses, texts)| {
        status.is_none_or(|it| statuses.contains(&it)) && texts.iter().any(|it| lower.contains(it))
    });
    if let Some((kind, _, _)) = said {
        return kind;
    }
    match status {
        Some(401) => kind::AUTHENTICATION,
        Some(402) => kind::QUOTA,
        Some(403) => kind::PERMISSION,
        Some(404) => kind::NOT_FOUND,
        Some(408 | 504 | 524) => kind::TIMEOUT,
        Some(429) => kind::RATE_LIMIT,
        Some(503 | 529) => kind::OVERLOADED,
        Some(400..=499) => kind::INVALID_REQUEST,
        Some(_) => kind::UPSTREAM,
        None => match class.unwrap_or_default() {
            "invalid_request_error" | "BadRequestError" => kind::INVALID_REQUEST,
            _ => kind::UPSTREAM,
        },
    }
}

/// Cloudflare's numbers, where the status says something else. None: the status is right.
pub fn of_cloudflare(code: u64) -> Option<&'static str> {
    match code {
        5007 => Some(kind::NOT_FOUND),
        // What a model cannot do is answered by 403 (seen 2026-02).
        5023 | 5025 => Some(kind::INVALID_REQUEST),
        3036 => Some(kind::QUOTA),
        3040 => Some(kind::OVERLOADED),
        _ => None,
    }
}

/// The status that MiniMax gives in an answer of 200.
pub fn of_minimax(code: u64) -> &'static str {
    match code {
        1000 | 1013 | 1024 | 1033 => kind::UPSTREAM,
        1001 => kind::TIMEOUT,
        1002 | 1041 => kind::RATE_LIMIT,
        1004 | 2049 => kind::AUTHENTICATION,
        1008 => kind::QUOTA,
        1026 | 1027 => kind::CONTENT_POLICY,
        1039 => kind::CONTEXT_WINDOW,
        _ => kind::INVALID_REQUEST,
    }
}
