//! `general_settings` and `litellm_settings`: settings of the whole gateway.

use std::time::Duration;

use serde_json::Value;

use super::access::Access;
use super::admission::Admission;
use super::allowance::Allowance;
use super::caching::Caching;
use super::callbacks::Lists;
use super::defaults;
use super::env::Env;
use super::fallbacks::Fallbacks;
use super::health::HealthChecks;
use super::money::Money;
use super::names::{GENERAL, LITELLM};
use super::realtime::Realtime;
use super::remarks::{Remarks, Taken};
use super::routing::RouterSettings;
use super::section::{Section, flag_of};
use super::seeing::Seeing;
use super::through::{self, Endpoint};
use super::ui::Ui;
use super::user_headers::UserHeaders;
use super::verify::Verify;
use crate::domain::Secret;

/// LiteLLM's name for letting clients ask for failures.
const MOCK_TESTING: &str = "dangerously_allow_mock_testing_request_params";

/// Settings of the whole gateway.
#[derive(Debug, Clone)]
pub struct General {
    pub master_key: Option<Secret>,
    pub key_header: Option<String>,
    pub max_request_bytes: usize,
    pub max_reply_bytes: usize,
    /// Of an upload to `/v1/files`.
    pub max_file_bytes: u64,
    /// How often batches that are not booked are looked at.
    pub batches_every: Duration,
    pub drop_params: bool,
    /// A pattern is listed as the models that its provider says it has.
    pub check_provider_endpoint: bool,
    /// The usage of every stream tells its cost.
    pub include_stream_cost: bool,
    pub request_timeout: Duration,
    pub json_logs: bool,
    pub debug: bool,
    /// How upstreams' certificates are judged, where a deployment does not say.
    pub verify: Verify,
    pub access: Access,
    pub user_headers: UserHeaders,
    pub admission: Admission,
    pub realtime: Realtime,
    pub health: HealthChecks,
    /// `dangerously_allow_mock_testing_request_params`: clients may ask for failures.
    pub mock_testing: bool,
    /// `/metrics` without a key.
    pub public_metrics: bool,
    /// Metrics, traces and alerts.
    pub seeing: Seeing,
    /// `redact_messages_in_exceptions`: what an upstream says of a failure is for its client alone.
    pub quiet_faults: bool,
    /// Who is told of calls, until their settings are read.
    pub(super) callbacks: Lists,
    /// Pages of other origins that may call; empty: LiteLLM's default.
    pub cors_origins: Vec<String>,
    /// The path under which a proxy serves the gateway (`SERVER_ROOT_PATH`); read at the start.
    pub root_path: Option<String>,
    /// `pass_through_endpoints`.
    pub endpoints: Vec<Endpoint>,
    /// The admin UI.
    pub ui: Ui,
}

impl General {
    /// Why the gateway may listen on loopback only, if it may not listen everywhere.
    pub fn loopback_only(&self) -> Option<&'static str> {
        match &self.master_key {
            None => Some("there is no master key"),
            Some(key) if well_known(key.reveal()) => {
                Some("the master key is one that everybody knows")
            }
            Some(_) => None,
        }
    }
}

/// Keys of tutorials, and `sk-` before digits that count up.
fn well_known(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let plain = key.strip_prefix("sk-").unwrap_or(&key);
    let counting = plain
        .chars()
        .zip("123456789012345678901234567890".chars())
        .all(|(left, right)| left == right);
    counting || defaults::WELL_KNOWN_KEYS.contains(&plain)
}

/// Reads `general_settings`.
pub fn read(value: Option<Value>, env: &Env, remarks: &mut Remarks) -> (General, Money) {
    let verify = Verify::of_env(env, remarks);
    let mut section = Section::new("general_settings", value, env, remarks);
    let master_key = master_key(&mut section);
    let key_header = section.text("litellm_key_header_name");
    let access = Access::read(&mut section, env);
    let admission = Admission::read(&mut section);
    let realtime = Realtime::read(&mut section);
    let ui = Ui::read(&mut section, env);
    let mut general = General {
        master_key,
        key_header: key_header.map(|name| name.to_ascii_lowercase()),
        max_request_bytes: mebibytes(&mut section, "max_request_size_mb")
            .unwrap_or(defaults::MAX_REQUEST_BYTES),
        max_reply_bytes: mebibytes(&mut section, "max_response_size_mb")
            .unwrap_or(defaults::MAX_REPLY_BYTES),
        max_file_bytes: mebibytes(&mut section, "max_file_size_mb")
            .map_or(defaults::MAX_FILE_BYTES, |it| it as u64),
        batches_every: batches_every(&mut section),
        drop_params: false,
        include_stream_cost: false,
        check_provider_endpoint: false,
        request_timeout: defaults::REQUEST_TIMEOUT,
        json_logs: env_flag(env, "JSON_LOGS") == Some(true),
        debug: env
            .text("LITELLM_LOG")
            .is_some_and(|it| it.eq_ignore_ascii_case("debug")),
        verify: verify.unwrap_or_default(),
        access,
        user_headers: UserHeaders::read(&mut section),
        admission,
        realtime,
        health: HealthChecks::read(&mut section),
        mock_testing: section.flag(MOCK_TESTING).unwrap_or(false),
        public_metrics: false,
        callbacks: Lists::default(),
        seeing: Seeing {
            alerting: Seeing::read_general(&mut section),
            ..Seeing::default()
        },
        quiet_faults: false,
        cors_origins: origins(env),
        root_path: env.text("SERVER_ROOT_PATH"),
        endpoints: Vec::new(),
        ui,
    };
    let money = Money::read_general(&mut section, env);
    let endpoints = section.raw("pass_through_endpoints");
    section.finish(&GENERAL);
    general.endpoints = through::read(endpoints, env, remarks);
    (general, money)
}

/// `LITELLM_CORS_ORIGINS`, with commas between.
fn origins(env: &Env) -> Vec<String> {
    let text = env.text("LITELLM_CORS_ORIGINS").unwrap_or_default();
    let names = text.split(',').map(|it| it.trim().trim_end_matches('/'));
    names
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect()
}

fn env_flag(env: &Env, name: &str) -> Option<bool> {
    env.text(name).as_deref().and_then(flag_of)
}

/// An empty key is none: nobody may hold it, and the gateway stays on loopback.
fn master_key(section: &mut Section<'_>) -> Option<Secret> {
    let trimmed = |key: Secret| Some(Secret::new(key.reveal().trim()));
    let filled = |key: &Secret| !key.reveal().is_empty();
    let written = section.secret("master_key").and_then(trimmed);
    if written.as_ref().is_some_and(|key| !filled(key)) {
        section.say(Taken::Warning, "master_key", "is empty, which is none");
    }
    let from_env = || section.env().get("LITELLM_MASTER_KEY").and_then(trimmed);
    let key = written.filter(filled).or_else(from_env).filter(filled)?;
    if !key.reveal().starts_with("sk-") {
        let text = "does not start with `sk-`, which clients of LiteLLM expect";
        section.say(Taken::Warning, "master_key", text);
    }
    Some(key)
}

fn mebibytes(section: &mut Section<'_>, name: &str) -> Option<usize> {
    let number = section.number(name)?;
    if number <= 0.0 || number > 65536.0 {
        let text = format!("is {number}, expected megabytes, more than 0 and at most 65536");
        section.say(Taken::Wrong, name, text);
        return None;
    }
    Some((number * 1_048_576.0) as usize)
}

/// At least a second: providers are asked each time.
fn batches_every(section: &mut Section<'_>) -> Duration {
    const NAME: &str = "batch_polling_interval";
    match section.seconds(NAME) {
        Some(every) if every < Duration::from_secs(1) => {
            section.say(Taken::Wrong, NAME, "must be at least 1 second");
            defaults::BATCHES_EVERY
        }
        every => every.unwrap_or(defaults::BATCHES_EVERY),
    }
}

/// Reads `litellm_settings`; what it has of the router fills what `router_settings` leaves open.
pub fn read_litellm(
    value: Option<Value>,
    env: &Env,
    remarks: &mut Remarks,
    (general, money): (&mut General, &mut Money),
    router: &mut RouterSettings,
) -> (Fallbacks, Caching) {
    let mut section = Section::new("litellm_settings", value, env, remarks);
    general.drop_params = section.flag("drop_params").unwrap_or(false);
    general.check_provider_endpoint = section.flag("check_provider_endpoint").unwrap_or(false);
    general.include_stream_cost = section
        .flag("include_cost_in_streaming_usage")
        .unwrap_or(false);
    let timeout = section.seconds("request_timeout");
    general.request_timeout = timeout.unwrap_or(general.request_timeout);
    general.json_logs = section.flag("json_logs").unwrap_or(general.json_logs);
    general.debug |= section.flag("set_verbose").unwrap_or(false);
    // The environment has the last word, as in LiteLLM.
    let verify = Verify::read(&mut section);
    if let Some(verify) = verify.filter(|_| env.text("SSL_VERIFY").is_none_or(|it| it.is_empty())) {
        general.verify = verify;
    }
    general.public_metrics = section.flag("require_auth_for_metrics_endpoint") == Some(false);
    general.quiet_faults = section
        .flag("redact_messages_in_exceptions")
        .unwrap_or(false);
    general.callbacks = Lists::read(&mut section);
    let otel = general.callbacks.otel;
    general.seeing.read_litellm(&mut section, otel);
    let retries = section.count("num_retries");
    router.num_retries = router.num_retries.or(retries);
    router.most_moves = section.count("num_retries_per_request");
    let fails = section.count("allowed_fails");
    router.cooldowns.allowed_fails = router.cooldowns.allowed_fails.or(fails);
    money.read_litellm(&mut section);
    if money.rows.redacts {
        general.seeing.keep_private();
    }
    let fallbacks = Fallbacks::read(&mut section);
    let tags = section.members("tag_budget_config");
    let caches = section.flag("cache").unwrap_or(false);
    let cache_params = section.raw("cache_params");
    section.finish(&LITELLM);
    let at = "litellm_settings.tag_budget_config";
    money.tag_budgets = Allowance::read_all(at, tags, env, remarks);
    let caching = Caching::read(caches, cache_params, env, remarks);
    (fallbacks, caching)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn general(value: Value, env: &Env) -> (General, Remarks) {
        let mut remarks = Remarks::default();
        let (general, _) = read(Some(value), env, &mut remarks);
        (general, remarks)
    }

    #[test]
    fn an_empty_master_key_is_none_and_keeps_the_gateway_on_loopback() {
        for key in ["", "  "] {
            let (read, _) = general(json!({ "master_key": key }), &Env::default());
            assert!(read.master_key.is_none() && read.loopback_only().is_some());
        }
        let env = Env::of(&[("LITELLM_MASTER_KEY", "sk-of-the-environment")]);
        let (read, _) = general(json!({"master_key": ""}), &env);
        assert!(read.loopback_only().is_none());
    }

    #[test]
    fn well_known_keys_are_known_in_all_their_spellings() {
        for key in [
            "sk-1234",
            "1234",
            "sk-1234567890",
            "sk-",
            "SK-master-key",
            "sk-Test",
        ] {
            let (read, _) = general(json!({ "master_key": key }), &Env::default());
            assert!(read.loopback_only().is_some(), "{key}");
        }
        let (read, _) = general(json!({"master_key": "sk-1234f0a9c3"}), &Env::default());
        assert!(read.loopback_only().is_none());
    }

    #[test]
    fn sizes_that_cannot_be_are_wrong() {
        let (read, remarks) = general(json!({"max_request_size_mb": 0}), &Env::default());
        assert_eq!(read.max_request_bytes, defaults::MAX_REQUEST_BYTES);
        assert!(remarks.0.iter().any(|it| it.taken == Taken::Wrong));
        let (read, _) = general(json!({"max_request_size_mb": 0.5}), &Env::default());
        assert_eq!(read.max_request_bytes, 512 << 10);
    }

    #[test]
    fn uploads_and_batches_have_their_bounds() {
        let (read, _) = general(json!({}), &Env::default());
        assert_eq!(read.max_file_bytes, defaults::MAX_FILE_BYTES);
        assert_eq!(read.batches_every, defaults::BATCHES_EVERY);
        let set = json!({"max_file_size_mb": 2, "batch_polling_interval": 60});
        let (read, _) = general(set, &Env::default());
        assert_eq!(read.max_file_bytes, 2 << 20);
        assert_eq!(read.batches_every, Duration::from_secs(60));
        let often = json!({"batch_polling_interval": 0.5});
        let (read, remarks) = general(often, &Env::default());
        assert_eq!(read.batches_every, defaults::BATCHES_EVERY);
        assert!(remarks.0.iter().any(|it| it.taken == Taken::Wrong));
    }
}
