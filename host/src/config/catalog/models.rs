//! What an entry of `model_list` may have. A table.

use super::Type::{Flag, List, Mapping, Number, Text, Whole};
use super::{Described, one};

#[rustfmt::skip]
pub(super) const ENTRY: &[Described] = &[
    one("model_name", Text, "null", "what clients ask for; several entries of one name are a group. `*` in it is a pattern"),
    one("litellm_params", Mapping, "{}", "where its calls go, and how"),
    one("model_info", Mapping, "{}", "what is known of the model"),
];

#[rustfmt::skip]
pub(super) const PARAMS: &[Described] = &[
    one("model", Text, "null", "`provider/model`"),
    one("custom_llm_provider", Text, "null", "the provider, where `model` does not begin with it"),
    one("api_key", Text, "null", "the credential; unless said, the provider's variable of the environment"),
    one("api_base", Text, "null", "the provider's address; unless said, its own"),
    one("base_url", Text, "null", "the same, by OpenAI's name"),
    one("base_model", Text, "null", "the model whose price and limits count"),
    one("litellm_credential_name", Text, "null", "an entry of `credential_list` that fills what is not written here"),
    one("extra_headers", Mapping, "{}", "headers that every request to the provider carries"),
    one("headers", Mapping, "{}", "the same; of a name that is in both, `extra_headers` counts"),
    one("extra_body", Mapping, "{}", "members that every body to the provider carries"),
    one("weight", Number, "null", "how often it is drawn, beside the others of its group"),
    one("order", Whole, "0", "those of the lowest are asked first"),
    one("rpm", Number, "null", "requests a minute: a weight, and a limit with `enable_pre_call_checks`"),
    one("tpm", Number, "null", "tokens a minute: a weight, and a limit with `enable_pre_call_checks`"),
    one("max_parallel_requests", Whole, "null", "calls of it at once"),
    one("timeout", Number, "null", "seconds for one attempt"),
    one("stream_timeout", Number, "null", "seconds for one attempt of a stream"),
    one("first_token_timeout", Number, "null", "seconds until the first token of a stream").ours(),
    one("num_retries", Whole, "null", "retries of a call that it failed"),
    one("max_retries", Whole, "null", "the same, by OpenAI's name"),
    one("cooldown_time", Number, "null", "seconds for which it rests"),
    one("drop_params", Flag, "null", "parameters that the provider does not take are left out"),
    one("additional_drop_params", List, "[]", "parameters that are always left out"),
    one("allowed_openai_params", List, "[]", "parameters that are sent although the provider is said not to take them"),
    one("ssl_verify", Text, "null", "which certificates are trusted: true, false, or a file of authorities"),
    one("max_budget", Number, "null", "dollars that it may cost"),
    one("budget_duration", Text, "null", "after which that budget begins anew"),
    one("tags", List, "[]", "whose requests it takes, with `enable_tag_filtering`"),
    one("tag_regex", List, "[]", "the same, as patterns of `Header: value`"),
    one("guardrails", List, "[]", "guardrails that look at its calls"),
    one("use_in_pass_through", Flag, "false", "its credential serves pass-through requests to its provider"),
    one("mock_response", Text, "null", "the answer that is given without asking anybody"),
    one("mock_timeout", Flag, "false", "every call of it runs out of time"),
    one("model_info", Mapping, "{}", "as beside `litellm_params`"),
];

#[rustfmt::skip]
pub(super) const INFO: &[Described] = &[
    one("id", Text, "null", "the deployment's id; else a digest of what is written"),
    one("mode", Text, "null", "what it is for: chat, embedding, image_generation, …; the price table's unless said"),
    one("base_model", Text, "null", "the model whose price and limits count"),
    one("access_groups", List, "[]", "groups by which keys and teams are let in"),
    one("blocked", Flag, "false", "it is neither served nor listed"),
    one("allowed_fails", Whole, "null", "failures in a minute after which it rests"),
    one("allowed_fails_policy", Mapping, "{}", "the same, by class of error"),
    one("health_check_model", Text, "null", "the model that a health check asks"),
    one("health_check_timeout", Number, "60.0", "seconds for a health check"),
    one("health_check_max_tokens", Whole, "16", "tokens that a health check asks for"),
    one("disable_background_health_check", Flag, "false", "it is only checked when somebody asks"),
];

#[rustfmt::skip]
pub(super) const CREDENTIALS: &[Described] = &[
    one("credential_name", Text, "null", "by which `litellm_credential_name` names it"),
    one("credential_values", Mapping, "{}", "members of `litellm_params`, `api_key` above all"),
];
