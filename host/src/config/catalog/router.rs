//! `router_settings`. A table.

use super::Type::{Flag, List, Mapping, Number, Text, Whole};
use super::{Described, one};

const LITELLM: &str = "litellm_settings";

#[rustfmt::skip]
pub(super) const ALL: &[Described] = &[
    one("routing_strategy", Text, "\"simple-shuffle\"", "by what the deployments of a group are told apart"),
    one("routing_strategy_args", Mapping, "{}", "more of the strategy"),
    one("default_litellm_params", Mapping, "{}", "parameters of every deployment that does not say them itself"),
    one("ignore_invalid_deployments", Flag, "false", "a deployment with a mistake is left out, and the others serve"),
    one("default_priority", Whole, "0", "place in line of a call that says none; lower goes first"),
    one("num_retries", Whole, "2", "retries of a call").or(LITELLM, "num_retries"),
    one("timeout", Number, "null", "seconds for one attempt"),
    one("stream_timeout", Number, "null", "seconds for one attempt of a stream"),
    one("first_token_timeout", Number, "null", "seconds until the first token of a stream"),
    one("hedge_after", Number, "null", "seconds after which a second deployment is asked as well"),
    one("hedge_most_percent", Whole, "5", "of a hundred calls so many go to a second deployment, at most"),
    one("retry_after", Number, "0.0", "seconds, the least wait before a retry"),
    one("retry_policy", Mapping, "{}", "retries by class of error"),
    one("model_group_retry_policy", Mapping, "{}", "the same, by model group"),
    one("fallbacks", List, "[]", "groups that a failing group's calls go to").or(LITELLM, "fallbacks"),
    one("context_window_fallbacks", List, "[]", "the same, for calls that are too long").or(LITELLM, "context_window_fallbacks"),
    one("content_policy_fallbacks", List, "[]", "the same, for calls that a provider's policy refuses").or(LITELLM, "content_policy_fallbacks"),
    one("default_fallbacks", List, "[]", "groups that every failing group's calls go to").or(LITELLM, "default_fallbacks"),
    one("max_fallbacks", Whole, "5", "groups that one call may fall back to").or(LITELLM, "max_fallbacks"),
    one("model_group_alias", Mapping, "{}", "other names of model groups"),
    one("allowed_fails", Whole, "null", "failures of a deployment in a minute after which it rests").or(LITELLM, "allowed_fails"),
    one("allowed_fails_policy", Mapping, "{}", "the same, by class of error"),
    one("cooldown_time", Number, "5.0", "seconds for which a deployment rests"),
    one("disable_cooldowns", Flag, "false", "no deployment rests"),
    one("enable_health_check_routing", Flag, "false", "calls pass over deployments that a health check found ill"),
    one("health_check_staleness_threshold", Number, "null", "seconds for which a check counts; twice `health_check_interval` unless said"),
    one("health_check_ignore_transient_errors", Flag, "false", "rate limits and timeouts of checks say nothing"),
    one("enable_tag_filtering", Flag, "false", "a request's tags choose among the deployments of its group"),
    one("tag_filtering_match_any", Flag, "true", "one common tag is enough"),
    one("tag_routing_prefix", Text, "null", "only tags that begin so choose among deployments"),
    one("model_group_affinity_config", Mapping, "{}", "what binds callers of a group to a deployment"),
    one("deployment_affinity_ttl_seconds", Number, "3600.0", "seconds for which an unused tie is remembered"),
    one("default_max_parallel_requests", Whole, "null", "calls at once, of each deployment"),
    one("enable_pre_call_checks", Flag, "false", "`rpm` and `tpm` of deployments are limits, not weights only"),
    one("optional_pre_call_checks", List, "[]", "more checks before a call"),
    one("redis_url", Text, "null", "the Redis by which replicas share limits and what they know of deployments; unless said, that of `cache_params`").at_start(),
    one("redis_host", Text, "null", "the same, without a URL").at_start(),
    one("redis_port", Whole, "6379", "its port").at_start(),
    one("redis_username", Text, "null", "its user").at_start(),
    one("redis_password", Text, "null", "its password").at_start(),
    one("redis_db", Whole, "0", "its database").at_start(),
    one("redis_ssl", Flag, "false", "it is reached by TLS").at_start(),
    one("provider_budget_config", Mapping, "{}", "what each provider may be paid"),
];
