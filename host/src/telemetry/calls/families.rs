//! LiteLLM's metrics that are made of calls: their names, labels and what they read. A table.

use super::labels::Label;
use super::series::{End, Left, Series, Times};

/// What a metric reads of a series.
#[derive(Clone, Copy)]
pub(super) enum Read {
    Number(fn(&Series) -> f64),
    /// Calls, by how they ended.
    Ends(fn(&End) -> bool),
    Times(fn(&Series) -> &Times),
    /// The last that was said.
    Left(fn(&Series) -> Left),
}

/// A metric: its name without `_total`, what it is, its labels, what it reads.
pub(super) type Family = (&'static str, &'static str, &'static [Label], Read);

use Label as L;

/// The holder of a key with organization.
const HOLDER: [Label; 9] = [
    L::EndUser,
    L::Key,
    L::KeyAlias,
    L::Team,
    L::TeamAlias,
    L::User,
    L::UserEmail,
    L::Org,
    L::OrgAlias,
];

/// The labels of a holder, and these.
macro_rules! holder_and {
    ($($label:ident),*) => {
        &[
            HOLDER[0], HOLDER[1], HOLDER[2], HOLDER[3], HOLDER[4], HOLDER[5], HOLDER[6],
            HOLDER[7], HOLDER[8], $(L::$label),*
        ]
    };
}

/// The labels of a deployment with its key, and these.
macro_rules! site_and {
    ($($label:ident),*) => {
        &[L::LitellmModel, L::ModelId, L::ApiBase, L::Provider, L::Key, L::KeyAlias, $(L::$label),*]
    };
}

const TOKENS: &[Label] = holder_and![Model, RequestedModel, ModelId, Provider];
const LATENCY: &[Label] = holder_and![
    Model,
    RequestedModel,
    ModelId,
    ModelGroup,
    Provider,
    ServiceTier
];
const KEPT: &[Label] = holder_and![Model, ModelId];

#[expect(clippy::cast_precision_loss, reason = "Prometheus' numbers are floats")]
pub(super) const fn float(count: u64) -> f64 {
    count as f64
}

pub(super) const FAMILIES: [Family; 24] = [
    (
        "litellm_proxy_total_requests_metric",
        "Calls, answered and failed",
        holder_and![
            RequestedModel,
            Status,
            Route,
            ClientIp,
            UserAgent,
            ModelId,
            Provider
        ],
        Read::Ends(|_| true),
    ),
    (
        "litellm_proxy_failed_requests_metric",
        "Calls that failed",
        holder_and![
            RequestedModel,
            ExceptionStatus,
            ExceptionClass,
            Route,
            ClientIp,
            UserAgent,
            ModelId,
            Provider
        ],
        Read::Ends(|end| end.class.is_some()),
    ),
    (
        "litellm_requests_metric",
        "Calls that were answered",
        holder_and![Model, ClientIp, UserAgent, ModelId, Provider],
        Read::Number(|it| float(it.answered())),
    ),
    (
        "litellm_spend_metric",
        "Dollars spent, by calls whose price is known",
        holder_and![Model, ClientIp, UserAgent, ModelId, Provider, ServiceTier],
        Read::Number(|it| it.spend),
    ),
    (
        "litellm_total_tokens_metric",
        "Tokens, read and written",
        TOKENS,
        Read::Number(|it| float(it.input.saturating_add(it.output))),
    ),
    (
        "litellm_input_tokens_metric",
        "Tokens read",
        TOKENS,
        Read::Number(|it| float(it.input)),
    ),
    (
        "litellm_output_tokens_metric",
        "Tokens written",
        TOKENS,
        Read::Number(|it| float(it.output)),
    ),
    (
        "litellm_input_cached_tokens_metric",
        "Tokens read from the provider's cache",
        TOKENS,
        Read::Number(|it| float(it.cached)),
    ),
    (
        "litellm_input_cache_creation_tokens_metric",
        "Tokens written to the provider's cache",
        TOKENS,
        Read::Number(|it| float(it.cache_write)),
    ),
    (
        "litellm_input_audio_tokens_metric",
        "Audio tokens read",
        TOKENS,
        Read::Number(|it| float(it.input_audio)),
    ),
    (
        "litellm_output_audio_tokens_metric",
        "Audio tokens written",
        TOKENS,
        Read::Number(|it| float(it.output_audio)),
    ),
    (
        "litellm_output_reasoning_tokens_metric",
        "Tokens that the model thought in",
        TOKENS,
        Read::Number(|it| float(it.reasoning)),
    ),
    (
        "litellm_cache_hits_metric",
        "Calls that the response cache answered",
        KEPT,
        Read::Number(|it| float(it.cache_hits)),
    ),
    (
        "litellm_cache_misses_metric",
        "Calls that the response cache did not answer",
        KEPT,
        Read::Number(|it| float(it.cache_misses)),
    ),
    (
        "litellm_cached_tokens_metric",
        "Tokens of answers out of the response cache",
        KEPT,
        Read::Number(|it| float(it.kept_tokens)),
    ),
    (
        "litellm_request_total_latency_metric",
        "Whole calls, in seconds",
        LATENCY,
        Read::Times(|it| &it.total),
    ),
    (
        "litellm_llm_api_latency_metric",
        "Time spent waiting for upstreams, in seconds",
        LATENCY,
        Read::Times(|it| &it.upstream),
    ),
    (
        "litellm_llm_api_time_to_first_token_metric",
        "From a call's start to the first event of its stream, in seconds",
        LATENCY,
        Read::Times(|it| &it.first_token),
    ),
    (
        "litellm_overhead_latency_metric",
        "Calls less the time spent waiting for upstreams, in seconds",
        site_and![ModelGroup],
        Read::Times(|it| &it.overhead),
    ),
    (
        "litellm_request_queue_time_seconds",
        "From a request's arrival to its turn, in seconds",
        holder_and![
            RequestedModel,
            Model,
            ModelId,
            LitellmModel,
            ApiBase,
            Provider,
            ModelGroup
        ],
        Read::Times(|it| &it.queue),
    ),
    (
        "litellm_deployment_latency_per_output_token",
        "Time spent waiting for the upstream by output tokens, in seconds",
        site_and![Team, TeamAlias, Org, OrgAlias],
        Read::Times(|it| &it.per_token),
    ),
    (
        "litellm_remaining_requests_metric",
        "What an upstream said last is left of its limit of requests",
        site_and![ModelGroup],
        Read::Left(|it| it.left_requests),
    ),
    (
        "litellm_remaining_tokens_metric",
        "What an upstream said last is left of its limit of tokens",
        site_and![ModelGroup],
        Read::Left(|it| it.left_tokens),
    ),
    (
        "litellm_llm_api_failed_requests_metric",
        "Calls that failed, as older dashboards ask for them",
        KEPT,
        Read::Number(|it| {
            let bad = it.ends.iter().filter(|(end, _)| end.class.is_some());
            float(bad.map(|(_, count)| count).sum())
        }),
    ),
];

/// LiteLLM's metrics that this gateway has, by the names that a config lists.
pub const NAMES: [&str; 62] = {
    let mut names = [""; 62];
    let mut at = 0;
    while at < FAMILIES.len() {
        names[at] = FAMILIES[at].0;
        at += 1;
    }
    let mut more = 0;
    while more < MORE.len() {
        names[at + more] = MORE[more];
        more += 1;
    }
    names
};

/// Those that are not made of calls.
const MORE: [&str; 38] = [
    "litellm_api_key_budget_remaining_hours_metric",
    "litellm_api_key_max_budget_metric",
    "litellm_api_key_rate_limit_allowed_metric",
    "litellm_api_key_rate_limit_used_metric",
    "litellm_callback_logging_failures_metric",
    "litellm_customer_budget_remaining_hours_metric",
    "litellm_customer_max_budget_metric",
    "litellm_deployment_cooled_down",
    "litellm_deployment_failed_fallbacks",
    "litellm_deployment_failure_responses",
    "litellm_deployment_rpm_limit",
    "litellm_deployment_state",
    "litellm_deployment_success_responses",
    "litellm_deployment_successful_fallbacks",
    "litellm_deployment_total_requests",
    "litellm_deployment_tpm_limit",
    "litellm_guardrail_errors",
    "litellm_guardrail_latency_seconds",
    "litellm_guardrail_requests",
    "litellm_in_flight_requests",
    "litellm_org_budget_remaining_hours_metric",
    "litellm_org_max_budget_metric",
    "litellm_provider_remaining_budget_metric",
    "litellm_remaining_api_key_budget_metric",
    "litellm_remaining_api_key_requests_for_model",
    "litellm_remaining_api_key_tokens_for_model",
    "litellm_remaining_customer_budget_metric",
    "litellm_remaining_org_budget_metric",
    "litellm_remaining_team_budget_metric",
    "litellm_remaining_user_budget_metric",
    "litellm_team_budget_remaining_hours_metric",
    "litellm_team_max_budget_metric",
    "litellm_team_rate_limit_allowed_metric",
    "litellm_team_rate_limit_used_metric",
    "litellm_teams_count",
    "litellm_total_users",
    "litellm_user_budget_remaining_hours_metric",
    "litellm_user_max_budget_metric",
];

/// LiteLLM's metrics that this gateway has not: a config that names them is no mistake.
pub const UNSERVED: [&str; 15] = [
    "litellm_check_batch_cost_errors_total",
    "litellm_check_batch_cost_jobs_polled",
    "litellm_check_batch_cost_jobs_processed_total",
    "litellm_check_batch_cost_last_run_timestamp",
    "litellm_in_memory_daily_spend_update_queue_size",
    "litellm_in_memory_spend_update_queue_size",
    "litellm_managed_batch_created_total",
    "litellm_managed_batch_duration_seconds",
    "litellm_managed_file_created_total",
    "litellm_managed_file_deleted_total",
    "litellm_managed_file_size_bytes",
    "litellm_mcp_tool_calls_total",
    "litellm_pod_lock_manager_size",
    "litellm_redis_daily_spend_update_queue_size",
    "litellm_redis_spend_update_queue_size",
];
