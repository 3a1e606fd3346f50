//! `general_settings`. A table.

use super::Type::{Flag, List, Mapping, Number, Text, Whole};
use super::{Described, one};

#[rustfmt::skip]
pub(super) const ALL: &[Described] = &[
    // Of the start.
    one("master_key", Text, "null", "the operator's own key; without it the gateway listens on loopback only").env("LITELLM_MASTER_KEY"),
    one("database_url", Text, "null", "PostgreSQL; without it an embedded database").env("DATABASE_URL").at_start(),

    // The database.
    one("database_connection_pool_limit", Whole, "null", "connections to PostgreSQL; what its address says, else 10").at_start(),
    one("database_connection_timeout", Number, "null", "seconds for which a call waits for a connection; what its address says, else 10").at_start(),
    one("database_connect_timeout", Number, "null", "seconds for which a connection is waited for; what its address says, else 5").at_start(),
    one("database_disable_prepared_statements", Flag, "false", "no named statements and no session state, as behind PgBouncer").at_start(),
    one("store_model_in_db", Flag, "false", "models and settings of the database count, and may be made through the API").env("STORE_MODEL_IN_DB"),
    one("trust_stored_api_base", Flag, "false", "models made through the API may have a private `api_base`"),
    one("proxy_batch_write_at", Number, "10.0", "seconds after which spend is in the database"),
    one("user_api_key_cache_ttl", Number, "60.0", "seconds for which a checked key is remembered"),
    one("allow_requests_on_db_unavailable", Flag, "false", "known keys are served in an outage of the database"),
    one("fail_closed_budget_enforcement", Flag, "false", "no call goes whose budgets cannot be read"),
    one("fail_closed_rate_limit_enforcement", Flag, "false", "always so: limits are counted in memory"),
    one("disable_spend_logs", Flag, "false", "rows of calls are kept for an hour only"),
    one("maximum_spend_logs_retention_period", Text, "null", "how long rows of calls are kept; none: for ever"),
    one("maximum_spend_logs_retention_interval", Text, "null", "how often older rows are deleted; none: once a day"),
    one("maximum_spend_logs_cleanup_cron", Text, "null", "is not supported; use `maximum_spend_logs_retention_interval`"),
    one("store_prompts_in_spend_logs", Flag, "false", "bodies of calls are stored beside their rows").env("STORE_PROMPTS_IN_SPEND_LOGS"),
    one("store_responses", Flag, "true", "responses that went through chat are kept for who asked for them"),
    one("stored_responses_retention_period", Text, "\"30d\"", "how long they are found"),
    one("max_stored_response_size_mb", Number, "4.0", "the longest that is kept with the conversation before it, in MiB"),
    one("disable_responses_id_security", Flag, "false", "a response is whoever's that knows its id"),

    // Who may come in.
    one("litellm_key_header_name", Text, "null", "one more header that keys may come in"),
    one("allowed_routes", List, "null", "routes that are served; all if there are none"),
    one("admin_only_routes", List, "null", "routes for proxy admins only"),
    one("public_routes", List, "null", "routes that need no key"),
    one("allowed_ips", List, "null", "addresses and ranges that may come in"),
    one("use_x_forwarded_for", Flag, "false", "the proxy before the gateway says who calls"),
    one("trusted_proxy_ranges", List, "null", "addresses of proxies that are believed"),
    one("enable_jwt_auth", Flag, "false", "tokens of an identity provider are taken as keys"),
    one("litellm_jwtauth", Mapping, "null", "how those tokens are read"),
    one("disable_custom_api_keys", Flag, "false", "new keys cannot be brought along"),
    one("password_policy_min_length", Whole, "0", "the shortest password of a user, in characters"),
    one("password_policy_require_lowercase", Flag, "false", "passwords need a small letter"),
    one("password_policy_require_uppercase", Flag, "false", "passwords need a capital letter"),
    one("password_policy_require_numbers", Flag, "false", "passwords need a digit"),
    one("password_policy_require_special_characters", Flag, "false", "passwords need another character"),

    // The admin UI.
    one("disable_admin_ui", Flag, "false", "no pages are served, and nobody signs in").env("DISABLE_ADMIN_UI"),
    one("ui_access_mode", Text, "\"all\"", "who may sign in: all, or admin_only"),
    one("disable_env_credential_login", Flag, "false", "UI_USERNAME and UI_PASSWORD do not sign in"),
    one("ui_session_duration", Number, "86400.0", "seconds that a session of the UI lasts at most; the environment's LITELLM_UI_SESSION_DURATION has a unit"),
    one("ui_session_idle_timeout", Number, "7200.0", "seconds that a session of the UI lasts without a request"),

    // Requests.
    one("max_request_size_mb", Number, "64.0", "largest body of a request, in MiB"),
    one("max_response_size_mb", Number, "64.0", "largest answer of a provider that is read whole, in MiB"),
    one("max_file_size_mb", Number, "512.0", "largest file that clients upload, in MiB"),
    one("batch_polling_interval", Number, "300.0", "seconds between two looks at a batch that is not charged yet"),
    one("realtime_max_duration", Number, "7200.0", "seconds that a realtime session may last"),
    one("realtime_idle_timeout", Number, "600.0", "seconds that a realtime session may be without events"),
    one("max_in_flight_requests_per_worker", Whole, "null", "calls that are served at once by this process"),
    one("max_queued_requests_per_worker", Whole, "null", "calls that may wait for their turn; as many as are served at once unless said"),
    one("admission_queue_timeout_seconds", Number, "10.0", "seconds that a call waits for its turn at most"),
    one("dangerously_allow_mock_testing_request_params", Flag, "false", "clients may ask for failures"),
    one("enforced_params", List, "null", "fields that every call must have"),
    one("enforce_user_param", Flag, "false", "every call must name its `user`"),
    one("user_header_mappings", List, "[]", "headers that name a call's customer, or the user whose spend it is"),
    one("user_header_name", Text, "null", "one more header that names a call's customer"),
    one("reject_clientside_metadata_tags", Flag, "false", "clients may set no tags"),

    one("pass_through_endpoints", List, "[]", "paths whose requests are passed on to an address as they are"),

    // Health checks.
    one("background_health_checks", Flag, "false", "deployments are checked all the time, not only when an admin asks"),
    one("health_check_interval", Number, "300.0", "seconds between two rounds of checks"),
    one("health_check_concurrency", Whole, "16", "checks at once"),
    one("health_check_details", Flag, "true", "`/health` shows addresses, errors and times to admins"),

    // Budgets and limits.
    one("token_rate_limit_type", Text, "\"total\"", "tokens that limits count: total, input or output"),
    one("disable_budget_reservation", Flag, "false", "budgets are looked at, nothing is reserved"),
    one("apply_user_budget_to_team_keys", Flag, "false", "a user's budget binds keys of teams"),
    one("max_parallel_requests", Whole, "null", "calls at once, of each deployment"),
    one("global_max_parallel_requests", Whole, "null", "calls at once, of the whole gateway"),

    // Who is told.
    one("alerting", List, "[]", "channels that alerts go to: `slack`, which is any webhook that takes Slack's messages"),
    one("alert_to_webhook_url", Mapping, "{}", "addresses of webhooks, by type of alert"),
    one("alert_types", List, "null", "types of alerts that are sent; all unless said"),
    one("alerting_threshold", Number, "300.0", "seconds after which a call counts as slow"),
    one("alerting_args", Mapping, "{}", "how often alerts are said again, and what counts as an outage"),
];
