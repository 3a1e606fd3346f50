//! What LiteLLM's sections say of databases, budgets and keys. Read here, understood by the
//! services that it is for.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};

use super::allowance::{Allowance, dollars};
use super::database::DatabaseUse;
use super::env::Env;
use super::management::Management;
use super::remarks::Taken;
use super::responses::StoredResponses;
use super::section::{Section, flag_of};
use crate::domain::{Secret, Usd};

/// LiteLLM's status for a budget that is spent.
const BUDGET_STATUS: u16 = 422;

/// Price tables from outside of the build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PriceSources {
    /// `litellm_settings.model_cost_map_file`. Ours.
    pub file: Option<PathBuf>,
    /// `litellm_settings.model_cost_map_url`, else `LITELLM_MODEL_COST_MAP_URL`. None: nothing is
    /// fetched.
    pub url: Option<String>,
    /// `LITELLM_LOCAL_MODEL_COST_MAP`: nothing is fetched whatever the address says.
    pub local_only: bool,
}

impl PriceSources {
    fn read(section: &mut Section<'_>) -> Self {
        let filled = |it: &String| !it.is_empty();
        let written = section.text("model_cost_map_url").filter(filled);
        let env = section.env();
        let url = written.or_else(|| env.text("LITELLM_MODEL_COST_MAP_URL").filter(filled));
        let http = |it: &String| it.starts_with("https://") || it.starts_with("http://");
        let local = env.text("LITELLM_LOCAL_MODEL_COST_MAP");
        let sources = Self {
            file: section
                .text("model_cost_map_file")
                .filter(filled)
                .map(PathBuf::from),
            url: url.clone().filter(http),
            local_only: local.is_some_and(|it| flag_of(&it) == Some(true)),
        };
        if url.is_some() && sources.url.is_none() {
            let text = "is no http address; a file is named by `model_cost_map_file`";
            section.say(Taken::Wrong, "model_cost_map_url", text);
        }
        sources
    }
}

/// Settings of the database, of budgets and of keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Money {
    /// `general_settings.database_url`, else `DATABASE_URL`. None: an embedded database.
    pub database_url: Option<Secret>,
    pub database_use: DatabaseUse,
    /// `proxy_batch_write_at`.
    pub write_every: Option<Duration>,
    /// `user_api_key_cache_ttl`.
    pub key_cache_ttl: Option<Duration>,
    /// `allow_requests_on_db_unavailable`.
    pub serve_without_database: bool,
    /// `fail_closed_budget_enforcement`: no call goes whose payers cannot be read.
    pub needs_accounts: bool,
    /// `fail_closed_rate_limit_enforcement`: no call with limits goes while the count that replicas
    /// share does not answer.
    pub needs_count: bool,
    /// `global_max_parallel_requests`, of the whole gateway.
    pub max_parallel_requests: Option<u32>,
    /// `general_settings.max_parallel_requests`, of each deployment.
    pub deployment_max_parallel_requests: Option<u32>,
    /// `token_rate_limit_type`.
    pub token_counting: Option<String>,
    /// Not `disable_budget_reservation`.
    pub reserves: bool,
    /// `apply_user_budget_to_team_keys`.
    pub user_budget_on_team_keys: bool,
    /// `store_model_in_db`, else `STORE_MODEL_IN_DB`.
    pub store_models: bool,
    /// `trust_stored_api_base`: models made through the API may have a private `api_base`. Ours.
    pub trust_stored_bases: bool,
    /// `LITELLM_SALT_KEY`: seals what is secret in the database. None: the master key does.
    pub salt_key: Option<Secret>,
    /// Rules for what is made through the API.
    pub management: Management,
    /// Of the whole gateway, in dollars.
    pub max_budget: Option<f64>,
    pub budget_duration: Option<String>,
    /// An IANA name.
    pub timezone: Option<String>,
    pub budget_reset_time: Option<String>,
    /// `budget_rollover`: what was spent beyond a budget counts in its next window.
    pub rolls_over: bool,
    /// `max_end_user_budget`, else its older name `max_user_budget`: of each customer without a
    /// budget of its own.
    pub end_user_budget: Option<Usd>,
    /// `max_end_user_budget_id`: the same, as a budget of the database.
    pub end_user_budget_id: Option<String>,
    /// `tag_budget_config`: of tags without a budget of their own.
    pub tag_budgets: BTreeMap<String, Allowance>,
    /// `budget_exceeded_status_code`.
    pub budget_status: u16,
    /// `budget_exceeded_throttle_percentage`: the share of its limits that a key keeps beyond its
    /// budget, if it asked for that.
    pub throttle: Option<f64>,
    /// `cost_discount_config`.
    pub discounts: Option<Map<String, Value>>,
    /// `cost_margin_config`.
    pub margins: Option<Map<String, Value>>,
    /// A call whose price nobody knows may go although a payer has a budget. Ours.
    pub allow_unknown_prices: bool,
    /// `block_requests_for_models_without_pricing`: no call goes whose price nobody knows.
    pub needs_prices: bool,
    pub rows: Rows,
    pub responses: StoredResponses,
    pub prices: PriceSources,
}

/// How long the database keeps a row for each call, and what with it. Sums outlive them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// `maximum_spend_logs_retention_period`, a duration. None: for ever.
    pub keep: Option<String>,
    /// `maximum_spend_logs_retention_interval`: how often old ones are deleted.
    pub sweep_every: Option<String>,
    /// `disable_spend_logs`: as short as being exact allows.
    pub off: bool,
    /// `store_prompts_in_spend_logs`, else `STORE_PROMPTS_IN_SPEND_LOGS`: bodies are kept with them.
    pub bodies: bool,
    /// `turn_off_message_logging`: bodies without what was said.
    pub redacts: bool,
    /// `global_disable_no_log_param`: a client's `no-log` changes nothing.
    pub ignores_no_log: bool,
    /// Not `allow_dynamic_callback_disabling`: nobody switches callbacks off for their calls.
    pub keeps_callbacks: bool,
}

impl Rows {
    fn read(section: &mut Section<'_>) -> Self {
        const CRON: &str = "maximum_spend_logs_cleanup_cron";
        const BODIES: &str = "store_prompts_in_spend_logs";
        if section.raw(CRON).is_some() {
            let text = "is not supported; old rows are deleted every \
                `maximum_spend_logs_retention_interval`, once a day unless said";
            section.say(Taken::Warning, CRON, text);
        }
        let off = section.flag("disable_spend_logs").unwrap_or(false);
        let env = section.env();
        let bodies = section.flag(BODIES);
        let bodies = bodies.or_else(|| flag_of(&env.text("STORE_PROMPTS_IN_SPEND_LOGS")?));
        let bodies = bodies.unwrap_or(false);
        if off && bodies {
            let text = "has no effect: with `disable_spend_logs` no bodies are stored";
            section.say(Taken::Warning, BODIES, text);
        }
        Self {
            keep: section.text("maximum_spend_logs_retention_period"),
            sweep_every: section.text("maximum_spend_logs_retention_interval"),
            off,
            bodies,
            ..Self::default()
        }
    }

    fn read_litellm(&mut self, section: &mut Section<'_>) {
        self.redacts = section.flag("turn_off_message_logging").unwrap_or(false);
        self.ignores_no_log = section.flag("global_disable_no_log_param").unwrap_or(false);
        self.keeps_callbacks = section.flag("allow_dynamic_callback_disabling") == Some(false);
    }
}

impl Default for Money {
    fn default() -> Self {
        Self {
            database_url: None,
            database_use: DatabaseUse::default(),
            write_every: None,
            key_cache_ttl: None,
            serve_without_database: false,
            needs_accounts: false,
            needs_count: false,
            max_parallel_requests: None,
            deployment_max_parallel_requests: None,
            token_counting: None,
            reserves: true,
            user_budget_on_team_keys: false,
            store_models: false,
            trust_stored_bases: false,
            salt_key: None,
            management: Management::default(),
            max_budget: None,
            budget_duration: None,
            timezone: None,
            budget_reset_time: None,
            rolls_over: false,
            end_user_budget: None,
            end_user_budget_id: None,
            tag_budgets: BTreeMap::new(),
            budget_status: BUDGET_STATUS,
            throttle: None,
            discounts: None,
            margins: None,
            allow_unknown_prices: false,
            needs_prices: false,
            rows: Rows::default(),
            responses: StoredResponses::default(),
            prices: PriceSources::default(),
        }
    }
}

impl Money {
    /// What `general_settings` has of it.
    pub fn read_general(section: &mut Section<'_>, env: &Env) -> Self {
        let filled = |it: &Secret| !it.reveal().is_empty();
        let written = section.secret("database_url").filter(filled);
        let mut management = Management::default();
        management.read_general(section);
        Self {
            database_url: written.or_else(|| env.get("DATABASE_URL").filter(filled)),
            database_use: DatabaseUse::read(section),
            write_every: section.seconds("proxy_batch_write_at"),
            key_cache_ttl: section.seconds("user_api_key_cache_ttl"),
            serve_without_database: section
                .flag("allow_requests_on_db_unavailable")
                .unwrap_or(false),
            needs_count: section
                .flag("fail_closed_rate_limit_enforcement")
                .unwrap_or(false),
            needs_accounts: section
                .flag("fail_closed_budget_enforcement")
                .unwrap_or(false),
            max_parallel_requests: section.count("global_max_parallel_requests"),
            deployment_max_parallel_requests: section.count("max_parallel_requests"),
            token_counting: section.text("token_rate_limit_type"),
            reserves: section.flag("disable_budget_reservation") != Some(true),
            user_budget_on_team_keys: section
                .flag("apply_user_budget_to_team_keys")
                .unwrap_or(false),
            store_models: section
                .flag("store_model_in_db")
                .or_else(|| flag_of(&env.text("STORE_MODEL_IN_DB")?))
                .unwrap_or(false),
            trust_stored_bases: section.flag("trust_stored_api_base").unwrap_or(false),
            salt_key: env.get("LITELLM_SALT_KEY").filter(filled),
            management,
            rows: Rows::read(section),
            responses: StoredResponses::read(section),
            ..Self::default()
        }
    }

    /// What `litellm_settings` has of it.
    pub fn read_litellm(&mut self, section: &mut Section<'_>) {
        self.management.read_litellm(section);
        self.max_budget = section.number("max_budget");
        self.budget_duration = section.text("budget_duration");
        self.timezone = section.text("timezone");
        self.budget_reset_time = section.text("budget_reset_time");
        let status = section.count("budget_exceeded_status_code");
        let status = status.and_then(|it| u16::try_from(it).ok());
        self.budget_status = status
            .filter(|it| (400..600).contains(it))
            .unwrap_or(BUDGET_STATUS);
        self.rolls_over = section.flag("budget_rollover").unwrap_or(false);
        let older = dollars(section, "max_user_budget");
        self.end_user_budget = dollars(section, "max_end_user_budget").or(older);
        self.throttle = section.number("budget_exceeded_throttle_percentage");
        self.end_user_budget_id = section.text("max_end_user_budget_id");
        self.discounts = section.members("cost_discount_config");
        self.margins = section.members("cost_margin_config");
        self.allow_unknown_prices = section.flag("allow_unknown_prices").unwrap_or(false);
        self.needs_prices = section
            .flag("block_requests_for_models_without_pricing")
            .unwrap_or(false);
        self.prices = PriceSources::read(section);
        self.rows.read_litellm(section);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::remarks::Remarks;
    use serde_json::json;

    fn prices(section: Value, env: &[(&str, &str)]) -> (PriceSources, bool) {
        let (env, mut remarks) = (Env::of(env), Remarks::default());
        let mut section = Section::new("litellm_settings", Some(section), &env, &mut remarks);
        let read = PriceSources::read(&mut section);
        (read, remarks.0.iter().any(|it| it.taken == Taken::Wrong))
    }

    #[test]
    fn price_tables_are_named_by_the_file_then_the_environment() {
        let env = [("LITELLM_MODEL_COST_MAP_URL", "http://b/p.json")];
        let (read, _) = prices(json!({"model_cost_map_url": "https://a/p.json"}), &env);
        assert_eq!(read.url.as_deref(), Some("https://a/p.json"));
        let (read, wrong) = prices(json!({"model_cost_map_file": "p.json"}), &env);
        assert_eq!(read.url.as_deref(), Some("http://b/p.json"));
        assert_eq!((read.file, wrong), (Some(PathBuf::from("p.json")), false));
        let (read, wrong) = prices(json!({"model_cost_map_url": "file:///p.json"}), &[]);
        assert_eq!((read.url, wrong), (None, true));
        let (read, _) = prices(json!({}), &[("LITELLM_LOCAL_MODEL_COST_MAP", "True")]);
        assert!(read.local_only && read.url.is_none());
    }
}
