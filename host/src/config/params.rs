//! The names of `litellm_params`: which have a meaning here, and which go on to the plugin or into
//! the request.

/// Read into a [`super::Deployment`].
pub const READ: &[&str] = &[
    "model",
    "api_key",
    "api_base",
    "base_url",
    "base_model",
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
    "mock_timeout",
    "model_info",
    "max_budget",
    "budget_duration",
    "max_parallel_requests",
    "cooldown_time",
    "first_token_timeout",
    "tag_regex",
    "tags",
    "use_in_pass_through",
];

/// Known to LiteLLM, without effect yet.
pub const ACCEPTED: &[&str] = &[
    "api_type",
    "auto_router_config",
    "auto_router_default_model",
    "cache_control_injection_points",
    "caching",
    "configurable_clientside_auth_params",
    "custom_prompt_dict",
    "force_timeout",
    "hf_model_name",
    "keepalive_seconds",
    "litellm_metadata",
    "litellm_session_id",
    "litellm_trace_id",
    "logger_fn",
    "max_file_size_mb",
    "merge_reasoning_content_in_choices",
    "metadata",
    "model_config",
    "modify_params",
    "no-log",
    "provider_affinity_header",
    "success_callback",
    "supports_system_message",
    "ttl",
    "use_chat_completions_api",
    "use_litellm_proxy",
    "verbose",
];

/// The same, but somebody may rely on it for safety: a warning where it stands.
pub const UNENFORCED: &[&str] = &["allowed_model_region", "itpm", "otpm"];

/// Settings of providers: whether one is understood is for the plugin to say.
pub const PROVIDER: &[&str] = &[
    "api_version",
    "audience",
    "azure_ad_token",
    "azure_scope",
    "client_id",
    "client_secret",
    "iam_url",
    "organization",
    "project",
    "region_name",
    "scope",
    "tenant_id",
    "token_url",
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

/// Members of requests that only a client can set.
pub const CLIENTS: &[&str] = &["stream"];

/// Every name.
pub fn all() -> impl Iterator<Item = &'static str> {
    let lists = [READ, ACCEPTED, UNENFORCED, PROVIDER, BODY, CLIENTS];
    lists.into_iter().flatten().copied()
}

/// Whether a name is one that LiteLLM, a provider or OpenAI has.
pub fn is_known(name: &str) -> bool {
    is_of_provider(name) || all().any(|it| it == name)
}

/// Whether a name is a setting of some provider. No upstream takes it in a body: where the
/// deployment's own plugin has no such setting, it belongs nowhere.
pub fn is_of_provider(name: &str) -> bool {
    PROVIDER.contains(&name) || PROVIDER_PREFIXES.iter().any(|it| name.starts_with(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_settings_are_known_by_name_and_by_beginning() {
        for name in [
            "api_version",
            "tenant_id",
            "vertex_location",
            "watsonx_project",
        ] {
            assert!(is_of_provider(name), "{name}");
        }
        for name in ["temperature", "caching", "top_k"] {
            assert!(!is_of_provider(name), "{name}");
        }
    }

    #[test]
    fn no_name_stands_twice() {
        let mut names: Vec<_> = all().collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
