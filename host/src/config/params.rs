//! The names of `litellm_params`: which have a meaning here, and which go on to the plugin or into
//! the request.

/// Read into a [`super::Deployment`].
pub const READ: &[&str] = &[
    "model",
    "api_key",
    "api_base",
    "base_url",
    "custom_llm_provider",
    "litellm_credential_name",
    "extra_headers",
    "headers",
    "extra_body",
    "weight",
    "order",
    "rpm",
    "tpm",
    "timeout",
    "stream_timeout",
    "num_retries",
    "max_retries",
    "drop_params",
    "additional_drop_params",
    "allowed_openai_params",
    "ssl_verify",
    "mock_response",
    "model_info",
    "max_budget",
    "budget_duration",
    "max_parallel_requests",
    "cooldown_time",
    "first_token_timeout",
    "tags",
];

/// Known to LiteLLM, without effect yet.
pub const ACCEPTED: &[&str] = &[
    "auto_router_config",
    "auto_router_default_model",
    "cache_control_injection_points",
    "configurable_clientside_auth_params",
    "itpm",
    "keepalive_seconds",
    "max_file_size_mb",
    "merge_reasoning_content_in_choices",
    "modify_params",
    "otpm",
    "provider_affinity_header",
    "tag_regex",
    "tiered_pricing",
    "use_chat_completions_api",
    "use_in_pass_through",
    "use_litellm_proxy",
];

/// Settings of providers: whether one is understood is for the plugin to say.
pub const PROVIDER: &[&str] = &[
    "api_version",
    "azure_ad_token",
    "azure_scope",
    "client_id",
    "client_secret",
    "organization",
    "project",
    "region_name",
    "tenant_id",
];

/// The same, by how they begin.
const PROVIDER_PREFIXES: &[&str] = &[
    "aws_",
    "azure_",
    "bedrock_",
    "gcs_",
    "oci_",
    "s3_",
    "sap_",
    "vertex_",
    "vertexai_",
    "watsonx_",
];

/// Members of requests, as defaults where the client sets none.
pub const BODY: &[&str] = &[
    "audio",
    "dimensions",
    "encoding_format",
    "frequency_penalty",
    "function_call",
    "functions",
    "input",
    "instructions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "modalities",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];

/// Every name.
pub fn all() -> impl Iterator<Item = &'static str> {
    let lists = [READ, ACCEPTED, PROVIDER, BODY];
    lists.into_iter().flatten().copied()
}

/// Whether a name is one that LiteLLM, a provider or OpenAI has.
pub fn is_known(name: &str) -> bool {
    all().any(|it| it == name) || PROVIDER_PREFIXES.iter().any(|it| name.starts_with(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_twice() {
        let mut names: Vec<_> = all().collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
