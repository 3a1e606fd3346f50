//! Deployments with the providers that serve them: built anew when the config or a plugin
//! changes, read without a lock.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};
use sluice_credentials::Signer;

use super::allowances;
use super::callbacks::{Sinks, check_callbacks};
use super::givens::{self, Environment};
use super::guards::{Guards, check_guardrails};
use super::own::OwnRoutings;
use super::params::ParamRules;
use super::priced::Priced;
use super::roster::Rosters;
use super::seen;
use super::through::Through;
use crate::auth::Caller;
use crate::budget::{AccountId, Terms};
use crate::config::{self, Config, Deployment, OwnRouting, defaults};
use crate::domain::{DeploymentId, ErrorKind, Fault, Secret};
use crate::limits::Limits;
use crate::plugins::describe::ProviderDescribe;
use crate::plugins::row::{self, RowError};
use crate::plugins::{Generation, Provider, Source, Table};
use crate::prices::{Entry, Overrides, Prices, Wanted};
use crate::telemetry::calls::Calls;
use crate::upstream::errors::{ErrorRules, KindRule};
use crate::upstream::{AuthScheme, SentTokens, Target, Timeouts};

/// Every deployment, ready to be tried or with the reason why not.
pub struct Fleet {
    pub config: Arc<Config>,
    lines: HashMap<DeploymentId, Result<Arc<Line>, Fault>>,
    /// The deployments of each group, as the router sees them.
    pub rosters: Rosters,
    /// What requests are passed on by as they are.
    pub through: Through,
    /// Who looks at calls.
    pub guards: Guards,
    /// Who is told of calls.
    pub callbacks: Arc<Sinks>,
    rows: Rows,
    own_routings: OwnRoutings,
    /// Names of the plugins' providers.
    providers: HashSet<String>,
    /// Names of the plugins, and of the files that they came in.
    plugins: HashSet<String>,
}

/// The providers that are rows of the config, by name.
pub(super) type Rows = BTreeMap<String, Result<Arc<Provider>, RowError>>;

/// A deployment and what serves it.
pub struct Line {
    pub deployment: Arc<Deployment>,
    pub provider: Arc<Provider>,
    pub target: Target,
    /// The base URL as answers name it and plugins are told it.
    pub api_base: Option<String>,
    /// The plugin's settings as JSON.
    pub settings: String,
    pub secret_names: Vec<String>,
    /// Google's project is not named: it is the credential's own.
    pub wants_project: bool,
    /// Members of the request where the client sets none.
    pub body_defaults: Vec<(String, String)>,
    /// The deployment's own prices.
    pub overrides: Option<Overrides>,
    /// What the deployment and its provider may spend.
    pub budgets: Vec<(AccountId, Terms)>,
    /// What an attempt at it is limited by.
    pub limits: Limits,
    priced: Priced,
    /// The number of its labels, once a call was counted.
    site: OnceLock<u32>,
}

impl Line {
    /// The optional parameters of OpenAI's chat that a model of this deployment takes.
    pub fn openai_params(&self, model: &str) -> Vec<&'static str> {
        let chat = self.provider.describe.operations.get("chat");
        chat.map_or_else(Vec::new, |operation| {
            let (unsupported, ignored) = operation.lists_for(model);
            let rules = ParamRules {
                allowed: operation.allowed_for(model),
                unsupported,
                ignored,
            };
            rules.openai()
        })
    }

    /// The number of its labels.
    pub fn site(&self, calls: &Calls) -> u32 {
        *self.site.get_or_init(|| calls.site(seen::site_of(self)))
    }

    /// The prices of a model of this deployment. None: nobody knows them.
    pub fn price(&self, prices: &Prices, model: &str) -> Option<Arc<Entry>> {
        let find = || self.find_price(prices, model);
        self.priced.get(prices, model, find)
    }

    /// The prices of another model of its provider, which it uses beside its own.
    pub fn price_beside(&self, prices: &Prices, model: &str) -> Option<Arc<Entry>> {
        let wanted = Wanted {
            provider: &self.deployment.provider,
            model,
            ..Wanted::default()
        };
        prices.find_for(&wanted, None)
    }

    fn find_price(&self, prices: &Prices, model: &str) -> Option<Arc<Entry>> {
        let region = ["aws_region_name", "region_name", "vertex_location"];
        let mut regions = region
            .iter()
            .filter_map(|it| self.deployment.settings.get(*it));
        let wanted = Wanted {
            provider: &self.deployment.provider,
            model,
            base_model: self.deployment.info.base_model.as_deref(),
            region: regions.find_map(Value::as_str),
            ..Wanted::default()
        };
        prices.find_for(&wanted, self.overrides.as_ref())
    }
}

impl Fleet {
    pub fn build(config: Arc<Config>, table: &Table) -> Self {
        let rows = config.plugins.providers.iter();
        let rows: Rows = rows
            .map(|(name, row)| {
                let provider = row::provider(table, name, row);
                (name.clone(), provider.map(Arc::new))
            })
            .collect();
        let environment = givens::environment(&config.env);
        let lines: HashMap<_, _> = config
            .groups
            .deployments()
            .map(|deployment| {
                (
                    deployment.id.clone(),
                    line(&config, deployment, (table, &rows), &environment).map(Arc::new),
                )
            })
            .collect();
        let ready = |id: &DeploymentId| lines.get(id).is_some_and(Result::is_ok);
        let rosters = Rosters::new(&config, ready);
        let make = |deployment: &Arc<Deployment>, more: &Rows| {
            let rows = if more.is_empty() { &rows } else { more };
            line(&config, deployment, (table, rows), &environment)
        };
        let through = Through::build(&config, table, &lines, &make);
        let guards = Guards::build(&config, table, &environment);
        let callbacks = Arc::new(Sinks::build(&config, table, &environment));
        Self {
            config,
            lines,
            rosters,
            through,
            guards,
            callbacks,
            rows,
            own_routings: OwnRoutings::default(),
            providers: table.providers.keys().cloned().collect(),
            plugins: named(table),
        }
    }

    /// The same, with what the one before knows of how its deployments are doing.
    #[must_use]
    pub fn after(mut self, before: &Self) -> Self {
        self.rosters = self.rosters.with_standings_of(&before.rosters);
        self
    }

    /// What of the router's settings is another for the calls of this caller. None: nothing.
    pub fn own_routing(&self, caller: &Caller) -> Option<Arc<OwnRouting>> {
        self.own_routings.of(&self.config.router, caller.grant())
    }

    /// Mistakes in the config's provider rows and budgets, by path: those of them that only
    /// plugins and services can tell.
    pub fn mistakes(&self) -> Vec<(String, String)> {
        let mut wrong = allowances::mistakes(&self.config);
        for (name, row) in &self.rows {
            match row {
                Err(RowError::Wrong(mistakes)) => wrong.extend(mistakes.iter().cloned()),
                Err(cause @ RowError::Taken(_)) => {
                    wrong.push((
                        format!("plugins.providers.{name}"),
                        format!("cannot be: {cause}"),
                    ));
                }
                // Its plugin may still be dropped in.
                Err(RowError::NoPlugin(_)) | Ok(_) => {}
            }
        }
        wrong
    }

    /// What each provider of `provider_budget_config` may be paid.
    pub fn provider_budgets(&self) -> Vec<(AccountId, Terms)> {
        allowances::of_providers(&self.config)
    }

    pub fn line(&self, id: &DeploymentId) -> Result<Arc<Line>, Fault> {
        match self.lines.get(id) {
            Some(line) => line.clone(),
            None => Err(Fault::ours(
                "the deployment is gone",
                format!("no line for {id}"),
            )),
        }
    }

    /// Whether any plugin or row serves this provider.
    pub fn serves(&self, provider: &str) -> bool {
        self.providers.contains(provider) || self.rows.contains_key(provider)
    }

    /// Whether a deployment needs this provider of a plugin, itself or for the row that it uses, or an
    /// entry this guardrail (`guardrail/pii`) or callback (`callback/langfuse`).
    pub fn uses(&self, provider: &str) -> bool {
        if let Some(kind) = provider.strip_prefix("guardrail/") {
            return self.config.guardrails.iter().any(|it| it.kind == kind);
        }
        if let Some(kind) = provider.strip_prefix("callback/") {
            return self.config.callbacks.iter().any(|it| it.kind == kind);
        }
        let mut deployments = self.config.groups.deployments();
        deployments.any(|it| {
            let for_row = provider == row::GENERIC && self.rows.contains_key(&it.provider);
            it.provider == provider || for_row
        })
    }

    /// What an operator should know: deployments that cannot serve, and keys that are missing.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.unknown_plugins();
        warnings.extend(self.guards.warnings());
        warnings.extend(self.callbacks.warnings());
        for (name, row) in &self.rows {
            if let Err(cause @ RowError::NoPlugin(_)) = row {
                warnings.push(format!("plugins.providers.{name}: {cause}"));
            }
        }
        for deployment in self.config.groups.deployments() {
            let group = &deployment.group;
            match self.lines.get(&deployment.id) {
                Some(Err(fault)) => warnings.push(format!("model `{group}`: {}", fault.message)),
                Some(Ok(line)) => {
                    for name in strange_settings(deployment, &line.provider.describe) {
                        warnings.push(format!("model `{group}`: `{name}` is no setting of provider `{}`, so it has no effect", line.provider.name));
                    }
                    for (name, secret) in &line.provider.describe.secrets {
                        let is_said = deployment.unset.contains(name);
                        if secret.required && !is_said && !line.target.secrets.contains_key(name) {
                            let env = secret.env.join(" or ");
                            warnings.push(format!("model `{group}`: no `{name}` for provider `{}`; set it in `litellm_params` or set {env}", line.provider.name));
                        }
                    }
                }
                None => {}
            }
        }
        warnings.sort();
        warnings.dedup();
        warnings
    }

    /// What the config says of plugins that are not there: a slip of the pen would take a pin away.
    fn unknown_plugins(&self) -> Vec<String> {
        let section = &self.config.plugins;
        let named = |key: &'static str, name: &String| (key, name.clone());
        let pins = section.sha256.keys().map(|it| named("sha256", it));
        let isolation = section.isolation.keys().map(|it| named("isolation", it));
        let grants = section.grants.keys().map(|it| named("grants", it));
        let wasi = section.without_wasi.iter().map(|it| named("wasi", it));
        let ungranted = section.ungranted.names().map(|it| named("ungranted", it));
        let all = pins.chain(isolation).chain(grants).chain(wasi);
        let all = all.chain(ungranted);
        let unknown = all.filter(|(_, name)| !self.plugins.contains(name));
        let said = unknown.map(|(key, name)| {
            let hint = config::hint(&name, self.plugins.iter().map(String::as_str));
            format!("plugins.{key}.{name}: no plugin of this name is loaded{hint}")
        });
        said.collect()
    }
}

fn named(table: &Table) -> HashSet<String> {
    let names = table.plugins.iter();
    let names = names.flat_map(|(name, it)| [name.clone(), it.stem.clone()]);
    names.collect()
}

/// The reason against a plugin's new version, by the config's rows that stand on it and by the
/// settings of the deployments that use it.
pub fn check_settings(config: &Config, generation: &Generation) -> Result<(), String> {
    // A wrong row is no reason against the plugin that came with the gateway: without it the row
    // would only seem to lack its plugin.
    let may_be_refused = generation.source != Source::Bundled;
    let stands_on_it = |row: &config::Row| row.plugin == generation.describe.name;
    let rows = config.plugins.providers.iter();
    for (name, row) in rows.filter(|(_, row)| may_be_refused && stands_on_it(row)) {
        row::judge_new(&generation.describe.providers, name, row)
            .map_err(|cause| format!("the config's row of provider `{name}`: {cause}"))?;
    }
    check_guardrails(config, generation)?;
    check_callbacks(config, generation)?;
    for deployment in config.groups.deployments() {
        let used = generation
            .describe
            .providers
            .iter()
            .find(|it| it.names().any(|name| name == deployment.provider));
        if let Some(provider) = used {
            let (settings, _) = split_settings(deployment, provider);
            let settled = provider.settle(settings);
            settled.map_err(|what| format!("model `{}`: {what}", deployment.group))?;
        }
    }
    Ok(())
}

fn line(
    config: &Config,
    deployment: &Arc<Deployment>,
    (table, rows): (&Table, &Rows),
    environment: &Environment,
) -> Result<Line, Fault> {
    let name = &deployment.provider;
    let provider = match rows.get(name) {
        Some(row) => Some(row.clone().map_err(|cause| {
            let message = format!("the row of provider `{name}` cannot be used: {cause}");
            Fault::operator(ErrorKind::InvalidRequest, message)
        })?),
        None => table.providers.get(name).cloned(),
    };
    let provider = provider.ok_or_else(|| {
        let known = table.providers.keys().chain(rows.keys());
        let hint = config::hint(name, known.map(String::as_str));
        let message = format!("no plugin serves provider `{name}`{hint}");
        Fault::operator(ErrorKind::NotFound, message)
    })?;
    let describe = &provider.describe;
    let env = |name: &str| {
        let allowed = provider.may_read_environment.iter().any(|it| it == name);
        allowed.then(|| config.env.get(name)).flatten()
    };
    let (mut settings, body_defaults) = split_settings(deployment, describe);
    for (name, names) in describe.settings_env() {
        let found = || names.iter().find_map(|it| env(it));
        if let Some(value) = (!settings.contains_key(name)).then(found).flatten() {
            settings.insert(name.to_owned(), value.reveal().into());
        }
    }
    let mut settings = describe
        .settle(settings)
        .map_err(|what| Fault::operator(ErrorKind::InvalidRequest, what))?;
    if let Some(row) = &provider.row {
        settings.insert("row".into(), over(row, settings.get("row")));
    }
    let mut secrets: HashMap<_, _> = deployment.secrets.clone().into_iter().collect();
    for (name, secret) in &describe.secrets {
        if let Some(value) = secret
            .env
            .iter()
            .find_map(|it| env(it))
            .filter(|_| !secrets.contains_key(name))
        {
            secrets.insert(name.clone(), value);
        }
    }
    let from_env = describe
        .base_url_env
        .iter()
        .find_map(|it| env(it))
        .and_then(|it| url::Url::parse(it.reveal()).ok());
    let own = deployment.api_base.clone().or(from_env);
    // The operator wrote it, or it is a bundled provider's own (local servers among them).
    let bundled = provider.generation.source == Source::Bundled;
    // Whoever may make models through the API may not reach into the operator's network by it.
    let base_trusted = match (&own, deployment.info.is_stored()) {
        (Some(_), true) => config.money.trust_stored_bases,
        (Some(_), false) => true,
        (None, _) => provider.row.is_some() || bundled,
    };
    let default = describe
        .base_url
        .as_deref()
        .filter(|_| provider.base_url_granted);
    let base_url = own.or_else(|| url::Url::parse(default?).ok());
    let mut secret_names: Vec<String> = secrets.keys().cloned().collect();
    secret_names.sort();
    let total = deployment
        .timeout
        .or(config.router.timeout)
        .unwrap_or(config.general.request_timeout);
    let target = Target {
        provider: provider.name.clone(),
        base_url,
        base_trusted,
        further: Vec::new(),
        granted_hosts: provider.granted_hosts.clone(),
        allow_private: provider.allow_private,
        auth: AuthScheme {
            scheme: describe.auth.scheme.clone(),
            params: describe.auth.params.clone().into_iter().collect(),
        },
        given: givens::given(deployment, &provider, &secrets, environment),
        secrets,
        secret_slots: describe.secrets.keys().cloned().collect(),
        extra_headers: extra_headers(deployment)?,
        timeouts: Timeouts {
            first_byte: total.min(defaults::FIRST_BYTE_TIMEOUT),
            idle: defaults::IDLE_TIMEOUT.min(total),
            total,
        },
        verify: deployment
            .verify
            .clone()
            .unwrap_or_else(|| config.general.verify.clone()),
        max_reply_bytes: config.general.max_reply_bytes,
        errors: error_rules(describe),
        may_capture: provider.may_capture,
        sent: SentTokens::default(),
        quiet: config.general.quiet_faults,
    };
    let overrides = Overrides::read(&deployment.info.rest).map_err(|cause| {
        let message = format!("a price of model `{}` is wrong: {cause}", deployment.group);
        Fault::operator(ErrorKind::InvalidRequest, message)
    })?;
    let budgets = allowances::of_deployment(config, deployment).map_err(|cause| {
        let message = format!(
            "the budget of model `{}` is wrong: {cause}",
            deployment.group
        );
        Fault::operator(ErrorKind::InvalidRequest, message)
    })?;
    let limits = allowances::limits(deployment);
    let wants_project = givens::wants_project(describe, &settings, &secret_names);
    let deployment = Arc::clone(deployment);
    let base = target.base_url.as_ref();
    Ok(Line {
        api_base: base.map(|url| shown(url).trim_end_matches('/').to_owned()),
        deployment,
        provider,
        target,
        wants_project,
        settings: Value::from(settings).to_string(),
        secret_names,
        body_defaults,
        overrides,
        budgets,
        limits,
        priced: Priced::default(),
        site: OnceLock::new(),
    })
}

/// A base URL as guests, clients and logs may see it: a name, a password or a query in it may be
/// a credential.
fn shown(base: &url::Url) -> String {
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Only URLs without a host refuse this, and they have neither.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url.into()
}

/// A row with what a deployment of its provider has otherwise.
fn over(row: &Value, deployments: Option<&Value>) -> Value {
    let mut row = row.clone();
    if let (Some(members), Some(Value::Object(own))) = (row.as_object_mut(), deployments) {
        members.extend(own.clone());
    }
    row
}

/// The plugin's settings, and what goes into the request's body.
fn split_settings(
    deployment: &Deployment,
    describe: &ProviderDescribe,
) -> (Map<String, Value>, Vec<(String, String)>) {
    let (mut settings, mut body) = (Map::new(), Vec::new());
    for (name, value) in &deployment.settings {
        if describe.settings().any(|known| known == name) {
            settings.insert(name.clone(), value.clone());
        } else if !config::is_of_provider(name) {
            body.push((name.clone(), value.to_string()));
        }
    }
    (settings, body)
}

/// Settings of other providers: they are neither this plugin's nor of any request.
fn strange_settings<'d>(
    deployment: &'d Deployment,
    describe: &ProviderDescribe,
) -> impl Iterator<Item = &'d String> {
    let names = deployment.settings.keys();
    let read_by_scheme = Signer::settings(&describe.auth.scheme);
    names.filter(move |name| {
        let known =
            describe.settings().any(|it| it == *name) || describe.secrets.contains_key(*name);
        config::is_of_provider(name) && !known && !read_by_scheme.contains(&name.as_str())
    })
}

fn extra_headers(deployment: &Deployment) -> Result<Vec<(HeaderName, HeaderValue)>, Fault> {
    let read = |(name, value): &(String, Secret)| {
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .ok()
            .zip(HeaderValue::from_str(value.reveal()).ok());
        parsed.ok_or_else(|| {
            let message = format!(
                "`extra_headers` of model `{}`: `{name}` is no valid header",
                deployment.group
            );
            Fault::operator(ErrorKind::InvalidRequest, message)
        })
    };
    deployment.extra_headers.iter().map(read).collect()
}

fn error_rules(describe: &ProviderDescribe) -> ErrorRules {
    let errors = &describe.errors;
    let rule = |it: &crate::plugins::describe::KindDescribe| KindRule {
        pointer: it.pointer.clone(),
        equals: it.equals.clone(),
        contains: it.contains.clone(),
        kind: ErrorKind::from_contract(&it.kind),
    };
    ErrorRules {
        message: errors.message.clone(),
        kind: errors.kind.clone(),
        code: errors.code.clone(),
        param: errors.param.clone(),
        kinds: errors.kinds.iter().map(rule).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_shown_without_what_may_be_a_credential() {
        let url = url::Url::parse("https://me:s3cret@h.test:8/v1?key=s3cret#x").unwrap();
        assert_eq!(shown(&url), "https://h.test:8/v1");
    }
}
