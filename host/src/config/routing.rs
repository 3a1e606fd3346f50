//! `router_settings`: what the router goes by.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::affinity::{Affinities, LIMITS};
use super::allowance::Allowance;
use super::defaults;
use super::deployment::Deployment;
use super::env::Env;
use super::fallbacks::Fallbacks;
use super::groups::{Alias, Groups};
use super::health::HealthRouting;
use super::names::ROUTER;
use super::policies::{Cooldowns, RetryPolicy, retries_of_groups};
use super::redis_address::RedisAddress;
use super::remarks::{Remarks, Taken, hint};
use super::section::Section;
use super::strategy::Strategy;

/// What the router goes by.
#[derive(Debug, Clone)]
pub struct RouterSettings {
    pub strategy: Strategy,
    pub num_retries: Option<u32>,
    /// `litellm_settings.num_retries_per_request`: retries and fallbacks of one call in all.
    pub most_moves: Option<u32>,
    pub timeout: Option<Duration>,
    pub stream_timeout: Option<Duration>,
    /// `first_token_timeout`: until a stream's first token. Ours.
    pub first_token_timeout: Option<Duration>,
    /// `hedge_after`: so long a deployment has before a second one is asked as well. None: for ever.
    /// Ours.
    pub hedge_after: Option<Duration>,
    /// `hedge_most_percent`: of a hundred calls so many go to a second one, at most.
    pub hedge_most_percent: u32,
    pub fallbacks: BTreeMap<String, Vec<String>>,
    pub context_window_fallbacks: BTreeMap<String, Vec<String>>,
    pub content_policy_fallbacks: BTreeMap<String, Vec<String>>,
    pub default_fallbacks: Vec<String>,
    pub max_fallbacks: u32,
    pub retry_after: Duration,
    pub retry_policy: RetryPolicy,
    /// `model_group_retry_policy`.
    pub retry_by_group: BTreeMap<String, RetryPolicy>,
    pub cooldowns: Cooldowns,
    /// `disable_cooldowns`.
    pub disable_cooldowns: bool,
    /// `enable_tag_filtering`.
    pub filters_tags: bool,
    /// `tag_filtering_match_any`: one common tag is enough.
    pub tags_match_any: bool,
    /// `tag_routing_prefix`: only tags that begin so choose; the others are for spend alone.
    pub tag_prefix: Option<String>,
    /// Some deployment has a `tag_regex`: who calls chooses too.
    pub tags_by_agent: bool,
    pub affinities: Affinities,
    /// `model_group_affinity_config`.
    pub affinities_by_group: BTreeMap<String, Affinities>,
    /// `deployment_affinity_ttl_seconds`: how long an unused tie is remembered.
    pub affinity_ttl: Duration,
    /// `provider_budget_config`: what each provider may be paid.
    pub provider_budgets: BTreeMap<String, Allowance>,
    /// `default_max_parallel_requests`, of each deployment.
    pub max_parallel_requests: Option<u32>,
    /// `enable_pre_call_checks`, or `enforce_model_rate_limits` among `optional_pre_call_checks`:
    /// a deployment's `rpm` and `tpm` are limits.
    pub enforces_limits: bool,
    /// `enable_pre_call_checks`: a request that is longer than a model takes is not sent to it.
    pub checks_length: bool,
    pub health: HealthRouting,
    /// `default_litellm_params`: of every deployment that does not say them itself.
    pub default_params: Map<String, Value>,
    /// `ignore_invalid_deployments`: one with a mistake is left out, and the others serve.
    pub leaves_out_wrong: bool,
    /// `default_priority`: the place in line of a call that says none; lower goes first.
    pub default_priority: u8,
    /// `redis_url`, or `redis_host` and the like: what replicas share is there.
    pub redis: Option<RedisAddress>,
}

impl RouterSettings {
    /// The retry policy of a model group.
    pub fn retry_policy(&self, group: &str) -> &RetryPolicy {
        self.retry_by_group.get(group).unwrap_or(&self.retry_policy)
    }

    /// Whether anything binds callers of some model group to a deployment.
    fn ties_callers(&self) -> bool {
        let of_groups = self.affinities_by_group.values();
        let mut all = of_groups.chain([&self.affinities]);
        all.any(|it| *it != Affinities::default())
    }

    /// What binds callers of a model group to a deployment.
    pub fn affinities(&self, group: &str) -> Affinities {
        let own = self.affinities_by_group.get(group);
        own.copied().unwrap_or(self.affinities)
    }
}

impl Default for RouterSettings {
    fn default() -> Self {
        Self {
            strategy: Strategy::default(),
            num_retries: None,
            most_moves: None,
            timeout: None,
            stream_timeout: None,
            first_token_timeout: None,
            hedge_after: None,
            hedge_most_percent: defaults::HEDGE_MOST_PERCENT,
            fallbacks: BTreeMap::new(),
            context_window_fallbacks: BTreeMap::new(),
            content_policy_fallbacks: BTreeMap::new(),
            default_fallbacks: Vec::new(),
            max_fallbacks: defaults::MAX_FALLBACKS,
            retry_after: Duration::ZERO,
            retry_policy: RetryPolicy::default(),
            retry_by_group: BTreeMap::new(),
            cooldowns: Cooldowns::default(),
            disable_cooldowns: false,
            filters_tags: false,
            tags_match_any: true,
            tag_prefix: None,
            tags_by_agent: false,
            affinities: Affinities::default(),
            affinities_by_group: BTreeMap::new(),
            affinity_ttl: defaults::AFFINITY_TTL,
            provider_budgets: BTreeMap::new(),
            max_parallel_requests: None,
            enforces_limits: false,
            checks_length: false,
            health: HealthRouting::default(),
            default_params: Map::new(),
            leaves_out_wrong: false,
            default_priority: 0,
            redis: None,
        }
    }
}

/// Reads the section: the settings, the lists it has, and the aliases.
pub fn read(
    value: Option<Value>,
    env: &Env,
    remarks: &mut Remarks,
) -> (RouterSettings, Fallbacks, BTreeMap<String, Alias>) {
    let mut section = Section::new("router_settings", value, env, remarks);
    let mut settings = RouterSettings {
        strategy: Strategy::read(&mut section),
        num_retries: section.count("num_retries"),
        timeout: section.seconds("timeout"),
        stream_timeout: section.seconds("stream_timeout"),
        first_token_timeout: section.seconds("first_token_timeout"),
        hedge_after: section.seconds("hedge_after"),
        max_parallel_requests: section.count("default_max_parallel_requests"),
        retry_policy: RetryPolicy::read(&mut section, "retry_policy"),
        retry_by_group: retries_of_groups(&mut section).into_iter().collect(),
        filters_tags: section.flag("enable_tag_filtering").unwrap_or(false),
        tags_match_any: section.flag("tag_filtering_match_any").unwrap_or(true),
        tag_prefix: section
            .text("tag_routing_prefix")
            .filter(|it| !it.is_empty()),
        affinities_by_group: Affinities::read_groups(&mut section).into_iter().collect(),
        health: HealthRouting::read(&mut section),
        redis: RedisAddress::read(&mut section, "redis_"),
        default_params: default_params(&mut section),
        leaves_out_wrong: section.flag("ignore_invalid_deployments").unwrap_or(false),
        default_priority: priority(&mut section),
        ..RouterSettings::default()
    };
    let ttl = section.seconds("deployment_affinity_ttl_seconds");
    settings.affinity_ttl = ttl.unwrap_or(settings.affinity_ttl);
    if let Some(after) = section.number("retry_after") {
        match Duration::try_from_secs_f64(after) {
            Ok(after) => settings.retry_after = after,
            Err(_) => section.say(Taken::Wrong, "retry_after", "is no number of seconds"),
        }
    }
    hedging(&mut section, &mut settings);
    cooldowns(&mut section, &mut settings);
    pre_call_checks(&mut section, &mut settings);
    if ttl.is_some() && !settings.ties_callers() {
        let text = "has no effect without an affinity in `optional_pre_call_checks` or \
                    `model_group_affinity_config`";
        section.say(Taken::Warning, "deployment_affinity_ttl_seconds", text);
    }
    tags(&mut section, &settings);
    let limits = [settings.timeout, settings.stream_timeout];
    for said in too_late(settings.first_token_timeout, limits) {
        section.say(Taken::Warning, FIRST_TOKEN, said);
    }
    let fallbacks = Fallbacks::read(&mut section);
    let aliases = aliases(&mut section);
    let budgets = section.members("provider_budget_config");
    let always = "is always so: a failed deployment's calls go to the others by weight";
    section.accept("enable_weighted_failover", always);
    section.finish(&ROUTER);
    let at = "router_settings.provider_budget_config";
    settings.provider_budgets = Allowance::read_all(at, budgets, env, remarks);
    (settings, fallbacks, aliases)
}

const FIRST_TOKEN: &str = "first_token_timeout";

/// What only says how tags choose, where they do not.
fn tags(section: &mut Section<'_>, settings: &RouterSettings) {
    if settings.filters_tags {
        return;
    }
    let idle = [
        ("tag_filtering_match_any", !settings.tags_match_any),
        ("tag_routing_prefix", settings.tag_prefix.is_some()),
    ];
    for (name, _) in idle.into_iter().filter(|(_, is_set)| *is_set) {
        section.say(Taken::Warning, name, WITHOUT_TAGS);
    }
}

/// A key or a team may go by tags where the router does not.
const WITHOUT_TAGS: &str =
    "has no effect without `enable_tag_filtering`, of the router or of a key or team";

/// Why a wait for the first token never ends by itself: one of `timeout` and `stream_timeout` ends
/// the stream before.
fn too_late(first: Option<Duration>, limits: [Option<Duration>; 2]) -> Vec<String> {
    let named = ["timeout", "stream_timeout"].into_iter().zip(limits);
    let sooner = named.filter(|(_, limit)| limit.zip(first).is_some_and(|(it, first)| it <= first));
    sooner
        .map(|(name, _)| format!("has no effect: `{name}` is not longer and ends the stream first"))
        .collect()
}

/// Warns of a deployment whose own times leave no room for its first token.
pub fn check_times(
    index: usize,
    deployment: &Deployment,
    router: &RouterSettings,
    remarks: &mut Remarks,
) {
    let Deployment {
        first_token_timeout: first,
        timeout,
        stream_timeout: silence,
        ..
    } = deployment;
    // What the router alone says was told of the router.
    if [first, timeout, silence].iter().all(|it| it.is_none()) {
        return;
    }
    let limits = [
        timeout.or(router.timeout),
        silence.or(router.stream_timeout),
    ];
    for said in too_late(first.or(router.first_token_timeout), limits) {
        let path = format!("model_list[{index}].litellm_params.{FIRST_TOKEN}");
        remarks.say(Taken::Warning, path, said);
    }
}

/// Parameters that make a deployment what it is have no default.
fn default_params(section: &mut Section<'_>) -> Map<String, Value> {
    const NAME: &str = "default_litellm_params";
    let mut params = section.members(NAME).unwrap_or_default();
    for own in ["model", "custom_llm_provider", "model_info"] {
        if params.shift_remove(own).is_some() {
            let path = format!("{NAME}.{own}");
            let text = "is for each deployment to say; here it has no effect";
            section.say(Taken::Warning, &path, text);
        }
    }
    params
}

fn priority(section: &mut Section<'_>) -> u8 {
    const NAME: &str = "default_priority";
    let Some(said) = section.count(NAME) else {
        return 0;
    };
    u8::try_from(said).unwrap_or_else(|_| {
        section.say(Taken::Wrong, NAME, "must be from 0 to 255");
        0
    })
}

fn hedging(section: &mut Section<'_>, settings: &mut RouterSettings) {
    let name = "hedge_most_percent";
    let Some(percent) = section.count(name) else {
        return;
    };
    if !(1..=100).contains(&percent) {
        section.say(Taken::Wrong, name, "must be from 1 to 100");
        return;
    }
    settings.hedge_most_percent = percent;
    if settings.hedge_after.is_none() {
        section.say(Taken::Warning, name, "has no effect without `hedge_after`");
    }
}

fn cooldowns(section: &mut Section<'_>, settings: &mut RouterSettings) {
    settings.cooldowns.read_time(section);
    settings.cooldowns.read_allowed(section);
    settings.disable_cooldowns = section.flag("disable_cooldowns").unwrap_or(false);
    if settings.disable_cooldowns && settings.cooldowns.is_set() {
        let text = "leaves the other settings of cooldowns without effect";
        section.say(Taken::Warning, "disable_cooldowns", text);
    }
}

/// The checks before a call. Budgets always are among them.
fn pre_call_checks(section: &mut Section<'_>, settings: &mut RouterSettings) {
    let name = "optional_pre_call_checks";
    let checks = section.texts(name).unwrap_or_default();
    settings.affinities = Affinities::of(section, name, &checks);
    settings.checks_length = section.flag("enable_pre_call_checks").unwrap_or(false);
    settings.enforces_limits = settings.checks_length || checks.iter().any(|it| it == LIMITS);
}

/// Warns of what deployments say in vain, and of groups that the settings name and that are none.
pub fn check(settings: &RouterSettings, groups: &Groups, remarks: &mut Remarks) {
    if settings.tags_by_agent && !settings.filters_tags {
        let text = format!("`tag_regex` {WITHOUT_TAGS}");
        remarks.say(Taken::Warning, "model_list", text);
    }
    let policies = settings.retry_by_group.keys();
    let affinities = settings.affinities_by_group.keys();
    let named = policies.map(|it| ("model_group_retry_policy", it));
    let named = named.chain(affinities.map(|it| ("model_group_affinity_config", it)));
    for (list, name) in named {
        if groups.resolve(name).is_none() {
            let hint = hint(name, groups.names());
            let text = format!("names `{name}`, which is no model group{hint}");
            remarks.say(Taken::Warning, format!("router_settings.{list}"), text);
        }
    }
}

/// `model_group_alias`: a name, or `{model, hidden}`.
fn aliases(section: &mut Section<'_>) -> BTreeMap<String, Alias> {
    let members = section.members("model_group_alias").unwrap_or_default();
    let mut result = BTreeMap::new();
    for (name, value) in members {
        match alias(&value) {
            Some(alias) => drop(result.insert(name, alias)),
            None => {
                let path = format!("model_group_alias.{name}");
                let text = "is neither the name of a model group nor `{model, hidden}`";
                section.say(Taken::Wrong, &path, text);
            }
        }
    }
    result
}

fn alias(value: &Value) -> Option<Alias> {
    let empty = Map::new();
    let members = value.as_object().unwrap_or(&empty);
    let model = value.as_str().or_else(|| members.get("model")?.as_str())?;
    let hidden = members.get("hidden").and_then(Value::as_bool);
    Some(Alias {
        model: model.to_owned(),
        hidden: hidden.unwrap_or(false),
    })
}

#[cfg(test)]
#[path = "routing_tests.rs"]
mod tests;
