//! What the mappings and lists inside the sections may have. A table.

use super::Type::{Flag, List, Mapping, Number, Text, Whole};
use super::{Described, one};

#[rustfmt::skip]
pub(super) const SECTIONS: &[Described] = &[
    one("model_list", List, "[]", "deployments, and the names that clients ask for"),
    one("litellm_settings", Mapping, "{}", "calls, callbacks, money, what is made through the API"),
    one("router_settings", Mapping, "{}", "which deployment a call goes to, and what follows a failure"),
    one("general_settings", Mapping, "{}", "the gateway itself: keys, database, doors, limits"),
    one("environment_variables", Mapping, "{}", "variables that count before the process's own"),
    one("credential_list", List, "[]", "values that several deployments share"),
    one("guardrails", List, "[]", "who looks at what goes in and out"),
    one("callback_settings", Mapping, "{}", "settings of callbacks, by their name"),
    one("include", List, "[]", "more files, read as if they stood here"),
    one("plugins", Mapping, "{}", "where plugins lie, and what they may").ours(),
];

#[rustfmt::skip]
pub(super) const CACHE: &[Described] = &[
    one("type", Text, "\"local\"", "where answers are kept: local or redis; redis where a server is named"),
    one("mode", Text, "\"default_on\"", "default_off: only for calls that ask for it"),
    one("ttl", Number, "600.0", "seconds for which an answer is kept"),
    one("default_in_memory_ttl", Number, "null", "the same, in memory, where `ttl` is silent"),
    one("default_in_redis_ttl", Number, "null", "the same, in Redis, where `ttl` is silent"),
    one("namespace", Text, "\"sluice:cache\"", "stands before every key").env("REDIS_NAMESPACE"),
    one("supported_call_types", List, "null", "calls whose answers are kept; all unless said"),
    one("host", Text, "null", "the Redis server").env("REDIS_HOST"),
    one("port", Whole, "6379", "its port").env("REDIS_PORT"),
    one("username", Text, "null", "its user").env("REDIS_USERNAME"),
    one("password", Text, "null", "its password").env("REDIS_PASSWORD"),
    one("db", Whole, "0", "its database"),
    one("ssl", Flag, "false", "it is reached by TLS").env("REDIS_SSL"),
    one("url", Text, "null", "all of these in one").env("REDIS_URL"),
    one("sentinel_nodes", List, "[]", "`[[host, port]]` of Sentinels").env("REDIS_SENTINEL_NODES"),
    one("service_name", Text, "null", "the master that they are asked for").env("REDIS_SERVICE_NAME"),
    one("sentinel_password", Text, "null", "their password").env("REDIS_SENTINEL_PASSWORD"),
    one("share", Text, "\"tenant\"", "who gets whose answers: tenant, key or everyone").ours(),
    one("coalesce", Flag, "false", "calls that are the same and under way together wait for one answer").ours(),
    one("max_size_mb", Number, "64.0", "memory for answers, in MiB").ours(),
    one("max_entry_mb", Number, "1.0", "larger answers are not kept, in MiB").ours(),
];

#[rustfmt::skip]
pub(super) const STRATEGY: &[Described] = &[
    one("lowest_latency_buffer", Number, "0.0", "share of the fastest time that still counts as a tie"),
    one("ttl", Number, "null", "seconds for which a measured time counts"),
];

#[rustfmt::skip]
pub(super) const ALLOWANCE: &[Described] = &[
    one("budget_limit", Number, "null", "dollars"),
    one("max_budget", Number, "null", "the same, by its other name"),
    one("time_period", Text, "null", "after which the budget begins anew, such as 1d"),
    one("budget_duration", Text, "null", "the same, by its other name"),
];

#[rustfmt::skip]
pub(super) const RETRIES: &[Described] = &[
    one("BadRequestErrorRetries", Whole, "null", "retries after a request that was wrong"),
    one("AuthenticationErrorRetries", Whole, "null", "retries after a credential was refused"),
    one("TimeoutErrorRetries", Whole, "null", "retries after a timeout"),
    one("RateLimitErrorRetries", Whole, "null", "retries after a rate limit"),
    one("ContentPolicyViolationErrorRetries", Whole, "null", "retries after a policy refused the content"),
    one("InternalServerErrorRetries", Whole, "null", "retries after a failure of the provider"),
    one("ServiceUnavailableErrorRetries", Whole, "null", "retries after the provider was overloaded"),
    one("NotFoundErrorRetries", Whole, "null", "retries after something was not found"),
    one("BadGatewayErrorRetries", Whole, "null", "retries after a bad gateway"),
    one("DefaultRetries", Whole, "null", "retries after every other error"),
];

#[rustfmt::skip]
pub(super) const ALLOWED_FAILS: &[Described] = &[
    one("BadRequestErrorAllowedFails", Whole, "null", "requests that were wrong, in a minute, before a rest"),
    one("AuthenticationErrorAllowedFails", Whole, "null", "refused credentials before a rest"),
    one("TimeoutErrorAllowedFails", Whole, "null", "timeouts before a rest"),
    one("RateLimitErrorAllowedFails", Whole, "null", "rate limits before a rest"),
    one("ContentPolicyViolationErrorAllowedFails", Whole, "null", "refusals of a policy before a rest"),
    one("InternalServerErrorAllowedFails", Whole, "null", "failures of the provider before a rest"),
    one("ServiceUnavailableErrorAllowedFails", Whole, "null", "overloads before a rest"),
    one("NotFoundErrorAllowedFails", Whole, "null", "things not found before a rest"),
    one("BadGatewayErrorAllowedFails", Whole, "null", "bad gateways before a rest"),
];

#[rustfmt::skip]
pub(super) const ENDPOINTS: &[Described] = &[
    one("path", Text, "null", "where clients ask; a route of the gateway goes first"),
    one("target", Text, "null", "the address that requests are passed on to"),
    one("headers", Mapping, "{}", "in place of the client's"),
    one("default_query_params", Mapping, "{}", "where the client sets none of the name"),
    one("include_subpath", Flag, "false", "what stands below the path goes below the target"),
    one("forward_headers", Flag, "false", "the client's headers go on, not only `accept`, `content-type` and `x-pass-*`"),
    one("auth", Flag, "true", "false lets everybody in"),
    one("cost_per_request", Number, "null", "dollars for each answered call; unknown unless said"),
    one("timeout", Number, "null", "seconds; `request_timeout` unless said"),
    one("methods", List, "null", "methods that are taken; all unless said"),
    one("guardrails", List, "[]", "guardrails that look at its calls"),
];

#[rustfmt::skip]
pub(super) const GUARDRAILS: &[Described] = &[
    one("guardrail_name", Text, "null", "by which requests, keys and teams name it"),
    one("litellm_params", Mapping, "{}", "which guardrail it is, when it looks, and the settings of its plugin"),
    one("guardrail_info", Mapping, "null", "shown with it"),
    one("guardrail_id", Text, "null", "the id of an entry of the database"),
];

#[rustfmt::skip]
pub(super) const GUARDRAIL: &[Described] = &[
    one("guardrail", Text, "null", "the kind, as a plugin names it"),
    one("mode", Text, "\"pre_call\"", "when it looks: pre_call, during_call, post_call, logging_only; one, a list, or by tag"),
    one("default_on", Flag, "false", "it looks at every call"),
    one("unreachable_fallback", Text, "\"fail_closed\"", "fail_open: calls go on where it cannot look"),
    one("timeout", Number, "10.0", "seconds for one look"),
    one("api_base", Text, "null", "the address of its service"),
    one("subject", List, "null", "what it is told of a call besides its texts").ours(),
];

#[rustfmt::skip]
pub(super) const LIMITS: &[Described] = &[
    one("memory_mb", Whole, "64", "memory of an instance, in MiB; 256 at most").ours(),
    one("cpu_ms", Whole, "500", "milliseconds of computing for one step").ours(),
    one("wall_ms", Whole, "30000", "milliseconds for one step, with all that it waits for").ours(),
    one("state_kb", Whole, "1024", "what a call may remember between steps, in KiB").ours(),
    one("output_mb", Whole, "32", "what one step may give back, in MiB").ours(),
    one("concurrency", Whole, "256", "instances at once").ours(),
    one("log_lines", Whole, "100", "lines that one step may log").ours(),
];

#[rustfmt::skip]
pub(super) const TRUST: &[Described] = &[
    one("keys", List, "[]", "public keys of signers, as `sluice plugin keygen` writes them").ours(),
    one("require", Flag, "false", "a file that none of them signed is refused").ours(),
];

#[rustfmt::skip]
pub(super) const GRANT: &[Described] = &[
    one("hosts", List, "[]", "hosts that it may be sent to").ours(),
    one("env", List, "[]", "variables of the environment whose values may be its secrets").ours(),
    one("private_addresses", Flag, "false", "those hosts may have private addresses").ours(),
    one("capture", Flag, "false", "it may take a token out of an answer").ours(),
];

#[rustfmt::skip]
pub(super) const ROLLBACK: &[Described] = &[
    one("window", Number, "300.0", "seconds after a new version in which it may be taken back").ours(),
    one("min_failures", Whole, "5", "failures of the new version that are needed").ours(),
    one("factor", Number, "10.0", "how much more often than the old version it must fail").ours(),
];
