//! `litellm_settings`. A table.

use super::Type::{Flag, List, Mapping, Number, Text, Whole};
use super::{Described, one};

#[rustfmt::skip]
pub(super) const ALL: &[Described] = &[
    // Calls.
    one("drop_params", Flag, "false", "parameters that a provider does not take are left out, not refused"),
    one("check_provider_endpoint", Flag, "false", "a pattern is listed as the models that its provider says it has"),
    one("request_timeout", Number, "6000.0", "seconds for a whole call"),
    one("num_retries", Whole, "null", "retries of a call, where `router_settings` says none"),
    one("allowed_fails", Whole, "null", "failures of a deployment in a minute after which it rests, where `router_settings` says none"),
    one("fallbacks", List, "[]", "groups that a failing group's calls go to"),
    one("context_window_fallbacks", List, "[]", "the same, for calls that are too long"),
    one("content_policy_fallbacks", List, "[]", "the same, for calls that a provider's policy refuses"),
    one("default_fallbacks", List, "[]", "groups that every failing group's calls go to"),
    one("max_fallbacks", Whole, "5", "groups that one call may fall back to"),
    one("num_retries_per_request", Whole, "null", "retries and fallbacks that one call may have in all"),
    one("include_cost_in_streaming_usage", Flag, "false", "the usage of every stream tells its cost"),
    one("ssl_verify", Text, "\"true\"", "which certificates of upstreams are trusted: true, false, or a file of authorities").env_first("SSL_VERIFY"),

    one("cache", Flag, "false", "answers are kept for the same requests"),
    one("cache_params", Mapping, "{}", "which answers are kept, where, and for whom"),

    // Logs and metrics.
    one("json_logs", Flag, "false", "log lines are JSON").env("JSON_LOGS").at_start(),
    one("set_verbose", Flag, "false", "debug lines are logged").at_start(),
    one("require_auth_for_metrics_endpoint", Flag, "true", "`/metrics` needs a key"),
    one("callbacks", List, "[]", "who is told of every call: callbacks of plugins; `otel` sends traces and metrics to a collector, from the next start on; `prometheus` is always on"),
    one("success_callback", List, "[]", "the same, of calls that succeed"),
    one("failure_callback", List, "[]", "the same, of calls that fail"),
    one("service_callback", List, "[]", "who is told of the gateway's own services: metrics are"),
    one("service_callbacks", List, "[]", "the same, in LiteLLM's other spelling"),
    one("callback_settings", Mapping, "{}", "settings of callbacks by their name, as `callback_settings` of the file has them"),
    one("s3_callback_params", Mapping, "{}", "settings of the callbacks `s3` and `s3_v2`"),
    one("datadog_params", Mapping, "{}", "settings of the callback `datadog`"),
    one("aws_sqs_callback_params", Mapping, "{}", "settings of the callback `aws_sqs`"),
    one("generic_logger_headers", Mapping, "{}", "headers of the callbacks `generic` and `generic_api`"),
    one("langfuse_default_tags", List, "[]", "the setting `default_tags` of the callback `langfuse`"),
    one("prometheus_metrics_config", List, "[]", "the only metrics of LiteLLM's that are shown, with their labels"),
    one("prometheus_exclude_metrics", List, "[]", "metrics of LiteLLM's that are not shown"),
    one("prometheus_exclude_labels", List, "[]", "labels that LiteLLM's metrics go without"),
    one("prometheus_latency_buckets", List, "[]", "upper ends of the buckets of latency, in seconds"),
    one("prometheus_initialize_budget_metrics", Flag, "false", "budgets that nobody used yet are shown, too"),
    one("custom_prometheus_metadata_labels", List, "[]", "members of metadata that become labels"),
    one("custom_prometheus_tags", List, "[]", "tags of requests, patterns with `*` among them, that become labels: `true` where a request has one"),
    one("enable_end_user_cost_tracking_prometheus_only", Flag, "false", "the label `end_user` names customers"),
    one("disable_end_user_cost_tracking_prometheus_only", Flag, "false", "the label `end_user` names nobody, whatever the other one says"),
    one("turn_off_message_logging", Flag, "false", "stored bodies and records of calls are without what was said"),
    one("redact_messages_in_exceptions", Flag, "false", "what an upstream says of a failure is told its client only: logs, alerts, traces and rows have the kind"),
    one("redact_user_api_key_info", Flag, "false", "traces and callbacks do not say whose a call was"),
    one("global_disable_no_log_param", Flag, "false", "a client's `no-log` changes nothing"),

    // Money.
    one("max_budget", Number, "null", "dollars that the whole gateway may spend"),
    one("budget_duration", Text, "null", "after which that budget begins anew"),
    one("timezone", Text, "\"UTC\"", "in which budgets begin anew, an IANA name"),
    one("budget_reset_time", Text, "null", "time of day at which budgets begin anew"),
    one("budget_rollover", Flag, "false", "what was spent beyond a budget counts in its next window"),
    one("budget_exceeded_status_code", Whole, "422", "status of an answer to a key whose budget is spent"),
    one("budget_exceeded_throttle_percentage", Number, "null", "share of its limits that a key keeps beyond its budget, if it asked for that"),
    one("max_end_user_budget", Number, "null", "dollars of each customer without a budget"),
    one("max_user_budget", Number, "null", "the older name of `max_end_user_budget`"),
    one("max_end_user_budget_id", Text, "null", "the same, as a budget of the database"),
    one("max_internal_user_budget", Number, "null", "dollars of each new internal user"),
    one("default_max_internal_user_budget", Number, "null", "the older name of `max_internal_user_budget`"),
    one("internal_user_budget_duration", Text, "null", "after which that budget begins anew"),
    one("tag_budget_config", Mapping, "{}", "budgets of tags that have none of their own"),
    one("cost_discount_config", Mapping, "{}", "share by provider that is taken off a price"),
    one("cost_margin_config", Mapping, "{}", "share by provider, or a fixed amount, that is put onto a price"),
    one("allow_unknown_prices", Flag, "false", "a call of unknown price may go although a payer has a budget"),
    one("block_requests_for_models_without_pricing", Flag, "false", "a call of unknown price is refused, whoever pays"),
    one("model_cost_map_url", Text, "null", "where newer prices are fetched from").env("LITELLM_MODEL_COST_MAP_URL"),
    one("model_cost_map_file", Text, "null", "a file of prices of your own"),

    // What is made through the API.
    one("default_key_generate_params", Mapping, "{}", "what a new key has where the request is silent"),
    one("upperbound_key_generate_params", Mapping, "{}", "the most that a new key may have"),
    one("key_generation_settings", Mapping, "{}", "who may make keys, and what they must say"),
    one("key_alias_pattern", Text, "null", "a pattern that a whole alias of a key must match"),
    one("default_internal_user_params", Mapping, "{}", "what a new user has where the request is silent"),
    one("default_team_params", Mapping, "{}", "what a new team has where the request is silent"),
];
