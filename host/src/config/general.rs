//! `general_settings`, `litellm_settings`, `router_settings`: what of them has effect.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::defaults;
use super::env::Env;
use super::groups::Alias;
use super::section::{Remarks, Section, Taken};
use crate::domain::Secret;

/// Settings of the whole gateway.
#[derive(Debug, Clone)]
pub struct General {
    pub master_key: Option<Secret>,
    pub key_header: Option<String>,
    pub max_request_bytes: usize,
    pub max_reply_bytes: usize,
    pub drop_params: bool,
    pub request_timeout: Duration,
    pub json_logs: bool,
    pub debug: bool,
    pub insecure_tls: bool,
    /// `/metrics` without a key.
    pub public_metrics: bool,
}

impl General {
    /// Why the gateway may listen on loopback only, if it may not listen everywhere.
    pub fn loopback_only(&self) -> Option<&'static str> {
        match &self.master_key {
            None => Some("there is no master key"),
            Some(key) if defaults::WELL_KNOWN_KEYS.contains(&key.reveal()) => {
                Some("the master key is one that everybody knows")
            }
            Some(_) => None,
        }
    }
}

/// What the router goes by.
#[derive(Debug, Clone, Default)]
pub struct RouterSettings {
    pub num_retries: Option<u32>,
    pub timeout: Option<Duration>,
    pub stream_timeout: Option<Duration>,
    pub fallbacks: BTreeMap<String, Vec<String>>,
    pub context_window_fallbacks: BTreeMap<String, Vec<String>>,
    pub content_policy_fallbacks: BTreeMap<String, Vec<String>>,
    pub default_fallbacks: Vec<String>,
    pub max_fallbacks: u32,
    pub retry_after: Duration,
    pub aliases: BTreeMap<String, Alias>,
}

const GENERAL: &[&str] = &[
    "master_key",
    "litellm_key_header_name",
    "max_request_size_mb",
    "max_response_size_mb",
];

const LITELLM: &[&str] = &[
    "drop_params",
    "request_timeout",
    "num_retries",
    "fallbacks",
    "context_window_fallbacks",
    "content_policy_fallbacks",
    "default_fallbacks",
    "json_logs",
    "set_verbose",
    "ssl_verify",
    "require_auth_for_metrics_endpoint",
    "max_fallbacks",
];

const ROUTER: &[&str] = &[
    "routing_strategy",
    "num_retries",
    "timeout",
    "stream_timeout",
    "retry_after",
    "fallbacks",
    "context_window_fallbacks",
    "content_policy_fallbacks",
    "default_fallbacks",
    "max_fallbacks",
    "model_group_alias",
];

/// Keys of LiteLLM's that are known and have no effect here yet.
const ACCEPTED: &[&str] = &[
    "alerting",
    "alerting_threshold",
    "alert_types",
    "alerting_args",
    "allow_requests_on_db_unavailable",
    "allowed_fails",
    "allowed_fails_policy",
    "allowed_ips",
    "allowed_routes",
    "audit_log_callbacks",
    "background_health_checks",
    "budget_duration",
    "cache",
    "cache_params",
    "cache_responses",
    "callbacks",
    "completion_model",
    "cooldown_time",
    "custom_auth",
    "database_connection_pool_limit",
    "database_connection_timeout",
    "database_url",
    "default_internal_user_params",
    "default_key_generate_params",
    "default_litellm_params",
    "default_max_parallel_requests",
    "default_team_settings",
    "disable_cooldowns",
    "disable_error_logs",
    "disable_spend_logs",
    "embedding_model",
    "enable_jwt_auth",
    "enable_pre_call_checks",
    "enable_tag_filtering",
    "enforce_user_param",
    "failure_callback",
    "forward_client_headers_to_llm_api",
    "forward_openai_org_id",
    "global_max_parallel_requests",
    "health_check_interval",
    "infer_model_from_keys",
    "key_generation_settings",
    "key_management_settings",
    "key_management_system",
    "langfuse_default_tags",
    "litellm_license",
    "log_raw_request_response",
    "max_budget",
    "max_end_user_budget",
    "max_internal_user_budget",
    "max_parallel_requests",
    "model_group_retry_policy",
    "modify_params",
    "num_retries_per_request",
    "optional_pre_call_checks",
    "pass_through_endpoints",
    "polling_interval",
    "provider_budget_config",
    "proxy_batch_write_at",
    "proxy_budget_rescheduler_max_time",
    "proxy_budget_rescheduler_min_time",
    "public_routes",
    "redact_user_api_key_info",
    "redis_db",
    "redis_host",
    "redis_password",
    "redis_port",
    "redis_url",
    "retry_policy",
    "routing_strategy_args",
    "s3_callback_params",
    "service_callback",
    "store_model_in_db",
    "store_prompts_in_spend_logs",
    "success_callback",
    "telemetry",
    "turn_off_message_logging",
    "ui_access_mode",
    "upperbound_key_generate_params",
    "use_redis_transaction_buffer",
    "user_header_name",
];

/// Reads the three sections. Keys in the wrong one are honoured, with a word on where they belong.
pub fn read(
    general: Option<Value>,
    litellm: Option<Value>,
    router: Option<Value>,
    env: &Env,
    remarks: &mut Remarks,
) -> (General, RouterSettings) {
    let mut sections = [
        ("general_settings", map(general)),
        ("litellm_settings", map(litellm)),
        ("router_settings", map(router)),
    ];
    move_home(&mut sections, remarks);
    let [(_, general), (_, litellm), (_, router)] = sections;
    let mut result = read_general(general, env, remarks);
    let mut router_settings = read_router(router, env, remarks);
    read_litellm(litellm, env, remarks, &mut result, &mut router_settings);
    (result, router_settings)
}

fn map(value: Option<Value>) -> Map<String, Value> {
    value
        .and_then(|it| it.as_object().cloned())
        .unwrap_or_default()
}

/// Real configs have `master_key` under `litellm_settings` and the like, and LiteLLM swallows it.
fn move_home(sections: &mut [(&str, Map<String, Value>); 3], remarks: &mut Remarks) {
    let homes = [GENERAL, LITELLM, ROUTER];
    for from in 0..3 {
        let names: Vec<String> = sections[from].1.keys().cloned().collect();
        for name in names {
            let at_home = homes[from].contains(&name.as_str());
            let home = (0..3)
                .find(|home| homes[*home].contains(&name.as_str()))
                .filter(|_| !at_home);
            if let Some(home) = home {
                let value = sections[from].1.shift_remove(&name).unwrap_or_default();
                let text = format!("belongs under `{}`; it is honoured", sections[home].0);
                remarks.say(Taken::Warning, format!("{}.{name}", sections[from].0), text);
                sections[home].1.entry(name).or_insert(value);
            }
        }
    }
}

fn read_general(members: Map<String, Value>, env: &Env, remarks: &mut Remarks) -> General {
    let mut section = Section::new("general_settings", Some(members.into()), env, remarks);
    let mebibytes = |it: f64| (it.clamp(0.001, 65536.0) * 1_048_576.0) as usize;
    let master_key = section
        .secret("master_key")
        .or_else(|| env.get("LITELLM_MASTER_KEY"));
    if master_key
        .as_ref()
        .is_some_and(|key| !key.reveal().starts_with("sk-"))
    {
        section.remarks().say(
            Taken::Warning,
            "general_settings.master_key",
            "does not start with `sk-`, which clients of LiteLLM expect",
        );
    }
    let general = General {
        master_key,
        key_header: section
            .text("litellm_key_header_name")
            .map(|name| name.to_ascii_lowercase()),
        max_request_bytes: section
            .number("max_request_size_mb")
            .map_or(defaults::MAX_REQUEST_BYTES, mebibytes),
        max_reply_bytes: section
            .number("max_response_size_mb")
            .map_or(defaults::MAX_REPLY_BYTES, mebibytes),
        drop_params: false,
        request_timeout: defaults::REQUEST_TIMEOUT,
        json_logs: env
            .text("JSON_LOGS")
            .is_some_and(|it| it.eq_ignore_ascii_case("true")),
        debug: env
            .text("LITELLM_LOG")
            .is_some_and(|it| it.eq_ignore_ascii_case("debug")),
        insecure_tls: env
            .text("SSL_VERIFY")
            .is_some_and(|it| it.eq_ignore_ascii_case("false")),
        public_metrics: false,
    };
    section.finish(GENERAL, ACCEPTED);
    general
}

fn read_litellm(
    members: Map<String, Value>,
    env: &Env,
    remarks: &mut Remarks,
    general: &mut General,
    router: &mut RouterSettings,
) {
    let mut section = Section::new("litellm_settings", Some(members.into()), env, remarks);
    general.drop_params = section.flag("drop_params").unwrap_or(false);
    general.request_timeout = section
        .seconds("request_timeout")
        .unwrap_or(general.request_timeout);
    general.json_logs |= section.flag("json_logs").unwrap_or(false);
    general.debug |= section.flag("set_verbose").unwrap_or(false);
    general.insecure_tls |= section.flag("ssl_verify") == Some(false);
    general.public_metrics = section.flag("require_auth_for_metrics_endpoint") == Some(false);
    router.num_retries = router.num_retries.or(section.count("num_retries"));
    if let Some(list) = section.texts("default_fallbacks") {
        router.default_fallbacks = list;
    }
    for (name, target) in [
        ("fallbacks", &mut router.fallbacks),
        (
            "context_window_fallbacks",
            &mut router.context_window_fallbacks,
        ),
        (
            "content_policy_fallbacks",
            &mut router.content_policy_fallbacks,
        ),
    ] {
        let more = fallbacks(&mut section, name);
        for (group, list) in more {
            target.entry(group).or_insert(list);
        }
    }
    section.count("max_fallbacks");
    section.finish(LITELLM, ACCEPTED);
}

fn read_router(members: Map<String, Value>, env: &Env, remarks: &mut Remarks) -> RouterSettings {
    let mut section = Section::new("router_settings", Some(members.into()), env, remarks);
    if let Some(strategy) = section
        .text("routing_strategy")
        .filter(|it| it != "simple-shuffle")
    {
        let at = section.at("routing_strategy");
        let text = format!("`{strategy}` is not served yet; deployments are shuffled");
        section.remarks().say(Taken::Warning, at, text);
    }
    let settings = RouterSettings {
        num_retries: section.count("num_retries"),
        timeout: section.seconds("timeout"),
        stream_timeout: section.seconds("stream_timeout"),
        fallbacks: fallbacks(&mut section, "fallbacks"),
        context_window_fallbacks: fallbacks(&mut section, "context_window_fallbacks"),
        content_policy_fallbacks: fallbacks(&mut section, "content_policy_fallbacks"),
        default_fallbacks: section.texts("default_fallbacks").unwrap_or_default(),
        max_fallbacks: section
            .count("max_fallbacks")
            .unwrap_or(defaults::MAX_FALLBACKS),
        retry_after: section
            .number("retry_after")
            .and_then(|it| Duration::try_from_secs_f64(it).ok())
            .unwrap_or_default(),
        aliases: aliases(section.raw("model_group_alias")),
    };
    section.finish(ROUTER, ACCEPTED);
    settings
}

/// `[{group: [other, ...]}, ...]`, or the mapping itself.
fn fallbacks(section: &mut Section<'_>, name: &str) -> BTreeMap<String, Vec<String>> {
    let Some(value) = section.raw(name) else {
        return BTreeMap::new();
    };
    let maps: Vec<Value> = match value {
        Value::Array(list) => list,
        one => vec![one],
    };
    let mut result = BTreeMap::new();
    for (group, targets) in maps.iter().filter_map(Value::as_object).flatten() {
        let texts = match targets {
            Value::String(one) => vec![one.clone()],
            other => serde_json::from_value(other.clone()).unwrap_or_default(),
        };
        if texts.is_empty() {
            let at = section.at(name);
            section.remarks().say(
                Taken::Wrong,
                at,
                format!("`{group}` has no list of model names"),
            );
        }
        result.insert(group.clone(), texts);
    }
    result
}

fn aliases(value: Option<Value>) -> BTreeMap<String, Alias> {
    let members = map(value);
    let read = |value: &Value| match value {
        Value::String(model) => Some(Alias {
            model: model.clone(),
            hidden: false,
        }),
        other => {
            let model = other.get("model")?.as_str()?.to_owned();
            let hidden = other
                .get("hidden")
                .and_then(Value::as_bool)
                .unwrap_or(false);
            Some(Alias { model, hidden })
        }
    };
    members
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), read(value)?)))
        .collect()
}
