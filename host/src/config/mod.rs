//! LiteLLM's `config.yaml`, read into what the rest of the house sees. Validation touches no
//! network; `sluice check` runs the same code.

mod access;
mod admission;
mod affinity;
mod allowance;
mod caching;
mod callbacks;
mod catalog;
mod credentials;
mod database;
pub mod defaults;
mod deployment;
mod dotenv;
mod drain;
mod env;
mod fallbacks;
mod general;
mod groups;
mod guardrails;
mod health;
mod home;
mod hooks;
mod include;
mod info;
mod injection;
mod management;
mod money;
mod names;
mod own_routing;
mod params;
mod pattern;
mod plugins;
mod policies;
mod provider;
mod realtime;
mod redis_address;
mod region;
mod remarks;
mod responses;
mod routing;
mod secrets;
mod section;
mod seeing;
mod shown;
mod sources;
mod sso;
mod stored;
mod strategy;
mod tag_pattern;
mod through;
mod ui;
mod user_headers;
mod verify;
mod yaml;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

pub use access::{Access, TokenAccess};
pub use admission::Admission;
pub use affinity::Affinities;
pub use allowance::Allowance;
pub use caching::{CachePlace, CacheShare, Caching};
pub use callbacks::{Callback, Delivery as CallbackDelivery, OURS as OWN_CALLBACKS, header_pairs};
pub use catalog::{Key as ReferenceKey, Standing, Table as ReferenceTable, Type, reference};
pub use database::DatabaseUse;
pub use deployment::Deployment;
pub use drain::Drain;
pub use env::{Env, Layer};
pub use general::General;
pub use groups::{Found, Groups, Resolved};
pub use guardrails::{Guardrail, ID as GUARDRAIL_ID, STORED as STORED_GUARDRAIL, Stage};
pub use health::{Checkup, HealthChecks, HealthRouting};
pub use hooks::of_guardrail as instead_of_python;
pub use include::{ReadFile, stamp};
pub use info::ModelInfo;
pub use management::{Management, PasswordRules};
pub use money::{Money, PriceSources, Rows};
pub use own_routing::OwnRouting;
pub use params::is_of_provider;
pub use plugins::{Grant, PluginLimits, PluginsSection, Row, Trust, Ungranted};
pub use policies::{Cooldowns, RetryPolicy};
pub use redis_address::{RedisAddress, Sentinels};
pub use region::Region;
pub use remarks::{Remark, Remarks, Taken, has_errors, hint};
pub use responses::StoredResponses;
pub use routing::RouterSettings;
pub use secrets::{REFERENCE, looks_secret};
pub use seeing::{Alerting, Export, MetricsShown, Protocol, Seeing};
pub use shown::{MASK, is_address, masked};
pub use sources::{ALSO_SHOWN, Setting, Source, Written};
pub use sso::{ClaimNames, RoleClaims, Sso};
pub use stored::{ENVIRONMENT, GENERAL, SECTIONS, SWITCH, Stored, is_of_config, is_of_file};
pub use strategy::Strategy;
pub use tag_pattern::TagPattern;
pub use through::{ENDPOINT, Endpoint, STORED_ENDPOINT, of_environment};
pub use ui::Ui;
pub use user_headers::UserHeaders;
pub use verify::{Authorities, Verify};

use crate::domain::Secret;
use fallbacks::Fallbacks;
use home::Sections;
use section::{Section, kind};
use sources::Origins;

/// A config that cannot be used at all.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// What the house sees. Cheap to share.
#[derive(Debug, Clone)]
pub struct Config {
    pub general: General,
    pub money: Money,
    pub caching: Caching,
    pub router: RouterSettings,
    pub groups: Groups,
    pub guardrails: Vec<Guardrail>,
    /// Who is told of calls, the gateway's own callbacks left out.
    pub callbacks: Vec<Callback>,
    pub plugins: PluginsSection,
    pub env: Env,
    /// The document that it was read from, secrets masked.
    pub shown: Arc<Map<String, Value>>,
    /// Its settings, secrets masked, and where each comes from.
    pub written: Arc<Written>,
    /// The files that it was read from, the main one first.
    pub files: Vec<ReadFile>,
    /// The file says nothing at all: a write may have been cut off before its first byte.
    pub is_blank: bool,
    /// What was to be said of it.
    pub remarks: Arc<[Remark]>,
}

impl Config {
    /// The Redis by which replicas share limits and what they know of deployments: the router's own,
    /// else the one that answers are kept in.
    pub fn shared_redis(&self) -> Option<&RedisAddress> {
        match (&self.router.redis, &self.caching.place) {
            (Some(address), _) | (None, CachePlace::Redis(address)) => Some(address),
            (None, CachePlace::Memory) => None,
        }
    }

    /// Reads a file. The remarks say how every key was taken; a config with a `Wrong` one is not
    /// taken over by a running gateway.
    pub fn load(path: &Path, env: Env) -> Result<(Arc<Self>, Vec<Remark>), ConfigError> {
        Self::load_with(path, env, Stored::default())
    }

    /// Reads a file, with what the database has beside it.
    pub fn load_with(
        path: &Path,
        env: Env,
        stored: Stored,
    ) -> Result<(Arc<Self>, Vec<Remark>), ConfigError> {
        let mut remarks = Remarks::default();
        let include::Document {
            mut root,
            files,
            mut origins,
        } = include::read(path, &mut remarks)?;
        let is_blank = root.is_empty();
        if is_blank {
            let file = path.display().to_string();
            remarks.say(Taken::Warning, file, "is empty");
        }
        let of_database = [
            ("general_settings", "alert_to_webhook_url"),
            ("environment_variables", "SLACK_WEBHOOK_URL"),
            ("environment_variables", "ALERTING_WEBHOOK_URL"),
        ];
        let written = root.get("general_settings");
        let hooks = written.and_then(|it| it.get("alert_to_webhook_url"));
        let is_of_database = stored.counts(&root, &env)
            && (hooks.is_some_and(|it| stored.is_named_by(it))
                || of_database
                    .iter()
                    .any(|(section, name)| stored.sets(section, name)));
        stored.lay(&mut root, &env, &mut origins, &mut remarks);
        let mut config = Self::from_map(root, (path, origins), env, &mut remarks);
        if let Some(alerting) = &mut config.general.seeing.alerting {
            alerting.of_database = is_of_database;
        }
        config.files = files;
        config.is_blank = is_blank;
        config.remarks = remarks.0.clone().into();
        let authorities = config.authority_files();
        config.files.extend(authorities);
        let prices = config.money.prices.file.clone();
        config
            .files
            .extend(prices.map(|path| (path.clone(), stamp(&path))));
        Ok((Arc::new(config), remarks.0))
    }

    /// The files of certificate authorities that it names: a renewed one is a changed config.
    fn authority_files(&self) -> BTreeSet<ReadFile> {
        let own = self
            .groups
            .deployments()
            .filter_map(|it| it.verify.as_ref());
        let all = own.chain([&self.general.verify]);
        all.filter_map(Verify::file).collect()
    }

    /// Reads a document that is in memory.
    pub fn parse(text: &str, env: Env) -> Result<(Arc<Self>, Vec<Remark>), ConfigError> {
        let document = yaml::parse(text).map_err(|it| include::broken("config", &it))?;
        let mut remarks = Remarks::default();
        for path in document.twice {
            remarks.twice(path);
        }
        let origins = (Path::new("config"), Origins::default());
        let config = Self::from_map(document.root, origins, env, &mut remarks);
        Ok((Arc::new(config), remarks.0))
    }

    fn from_map(
        root: Map<String, Value>,
        (path, origins): (&Path, Origins),
        env: Env,
        remarks: &mut Remarks,
    ) -> Self {
        let shown = Arc::new(shown::masked(&root));
        let mut top = Section::new("", Some(root.into()), &env, remarks);
        let variables = top.members("environment_variables");
        let [models, credentials, plugins, guardrails, callbacks] = [
            "model_list",
            "credential_list",
            "plugins",
            "guardrails",
            "callback_settings",
        ]
        .map(|name| top.raw(name));
        let sections = Sections {
            general: top.raw("general_settings"),
            litellm: top.raw("litellm_settings"),
            router: top.raw("router_settings"),
        };
        top.finish(&names::TOP);
        let over = variables_of(variables.unwrap_or_default(), &env, remarks);
        let env = env.with(over);
        hooks::of_environment(&env, remarks);
        let sections = home::move_home(sections, remarks);
        let mut written = sections.masked();
        for name in ALSO_SHOWN.into_iter().chain([ENVIRONMENT]) {
            written.extend(shown.get(name).map(|it| (name.to_owned(), it.clone())));
        }
        let written = Written::new(written, origins, path.to_owned(), env.clone());
        let (mut general, mut money) = general::read(sections.general, &env, remarks);
        let (mut router, own, aliases) = routing::read(sections.router, &env, remarks);
        let (more, caching) = general::read_litellm(
            sections.litellm,
            &env,
            remarks,
            (&mut general, &mut money),
            &mut router,
        );
        let credentials = credentials::read(credentials, &env, remarks);
        let mut deployments = Vec::new();
        for (index, entry) in entries(models, remarks).into_iter().enumerate() {
            let from = (&credentials, &router.default_params);
            let said = remarks.0.len();
            let mut read = deployment::read(index, entry, from, &env, remarks);
            if router.leaves_out_wrong && remarks.forgive(said) {
                read = None;
            }
            deployments.extend(read.map(|mut it| {
                routing::check_times(index, &it, &router, remarks);
                it.stream_timeout = it.stream_timeout.or(router.stream_timeout);
                it.first_token_timeout = it.first_token_timeout.or(router.first_token_timeout);
                let parallel = it.max_parallel_requests.or(router.max_parallel_requests);
                it.max_parallel_requests = parallel.or(money.deployment_max_parallel_requests);
                it.enforces_limits = router.enforces_limits;
                it
            }));
        }
        let by_agent = |it: &Deployment| !it.tag_patterns.is_empty();
        router.tags_by_agent = deployments.iter().any(by_agent);
        let groups = Groups::new(deployments, aliases, remarks);
        routing::check(&router, &groups, remarks);
        own.check(&groups, remarks);
        more.check(&groups, remarks);
        Fallbacks::settle(own, more, &mut router);
        let plugins = plugins::read(plugins, &env, remarks);
        let mut guardrails = guardrails::read(guardrails, &env, remarks);
        let mut lists = std::mem::take(&mut general.callbacks);
        injection::add(lists.injection.take(), &mut guardrails);
        let callbacks = lists.settle(callbacks, &env, remarks);
        Self {
            general,
            money,
            caching,
            router,
            groups,
            guardrails,
            callbacks,
            plugins,
            env,
            shown,
            written: Arc::new(written),
            files: Vec::new(),
            is_blank: false,
            remarks: Arc::new([]),
        }
    }
}

fn entries(models: Option<Value>, remarks: &mut Remarks) -> Vec<Value> {
    match models {
        Some(Value::Array(list)) => list,
        Some(other) => {
            let text = format!("is {}, expected a list", kind(&other));
            remarks.say(Taken::Wrong, "model_list", text);
            Vec::new()
        }
        None => {
            let text = "is missing: no model can be asked for";
            remarks.say(Taken::Warning, "model_list", text);
            Vec::new()
        }
    }
}

fn variables_of(
    members: Map<String, Value>,
    env: &Env,
    remarks: &mut Remarks,
) -> HashMap<String, Secret> {
    let mut variables = HashMap::new();
    for (name, value) in members {
        let path = format!("environment_variables.{name}");
        let value = match value {
            Value::Null => continue,
            Value::String(text) => match text.strip_prefix(REFERENCE) {
                Some(other) => match env.get(other) {
                    Some(value) => value,
                    None => {
                        let text = format!("the environment variable {other} is not set");
                        remarks.say(Taken::Warning, path, text);
                        continue;
                    }
                },
                None => Secret::new(text),
            },
            Value::Array(_) | Value::Object(_) => {
                let text = format!("is {}, expected text", kind(&value));
                remarks.say(Taken::Wrong, path, text);
                continue;
            }
            other => Secret::new(other.to_string()),
        };
        variables.insert(name, value);
    }
    variables
}

#[cfg(test)]
mod tests;
