//! `router_settings`: what the router goes by.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::allowance::Allowance;
use super::defaults;
use super::env::Env;
use super::groups::{Alias, Groups};
use super::names::ROUTER;
use super::remarks::{Remarks, Taken, hint};
use super::section::{Names, Section, kind};

/// What the router goes by.
#[derive(Debug, Clone)]
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
    /// `provider_budget_config`: what each provider may be paid.
    pub provider_budgets: BTreeMap<String, Allowance>,
    /// `default_max_parallel_requests`, of each deployment.
    pub max_parallel_requests: Option<u32>,
    /// `enable_pre_call_checks`, or `enforce_model_rate_limits` among `optional_pre_call_checks`:
    /// a deployment's `rpm` and `tpm` are limits.
    pub enforces_limits: bool,
}

impl Default for RouterSettings {
    fn default() -> Self {
        Self {
            num_retries: None,
            timeout: None,
            stream_timeout: None,
            fallbacks: BTreeMap::new(),
            context_window_fallbacks: BTreeMap::new(),
            content_policy_fallbacks: BTreeMap::new(),
            default_fallbacks: Vec::new(),
            max_fallbacks: defaults::MAX_FALLBACKS,
            retry_after: Duration::ZERO,
            provider_budgets: BTreeMap::new(),
            max_parallel_requests: None,
            enforces_limits: false,
        }
    }
}

/// The strategies of LiteLLM.
const STRATEGIES: &[&str] = &[
    "simple-shuffle",
    "least-busy",
    "usage-based-routing",
    "usage-based-routing-v2",
    "latency-based-routing",
    "cost-based-routing",
    "provider-budget-routing",
];

/// The kinds of error that `retry_policy` and `allowed_fails_policy` tell apart.
const RETRIES: Names = Names::known(&[
    "BadRequestErrorRetries",
    "AuthenticationErrorRetries",
    "TimeoutErrorRetries",
    "RateLimitErrorRetries",
    "ContentPolicyViolationErrorRetries",
    "InternalServerErrorRetries",
    "ServiceUnavailableErrorRetries",
    "NotFoundErrorRetries",
    "DefaultRetries",
]);
const ALLOWED_FAILS: Names = Names::known(&[
    "BadRequestErrorAllowedFails",
    "AuthenticationErrorAllowedFails",
    "TimeoutErrorAllowedFails",
    "RateLimitErrorAllowedFails",
    "ContentPolicyViolationErrorAllowedFails",
    "InternalServerErrorAllowedFails",
    "ServiceUnavailableErrorAllowedFails",
    "NotFoundErrorAllowedFails",
    "BadGatewayErrorAllowedFails",
]);

/// Reads the section: the settings, the lists it has, and the aliases.
pub fn read(
    value: Option<Value>,
    env: &Env,
    remarks: &mut Remarks,
) -> (RouterSettings, Fallbacks, BTreeMap<String, Alias>) {
    let mut section = Section::new("router_settings", value, env, remarks);
    strategy(&mut section);
    let mut settings = RouterSettings {
        num_retries: section.count("num_retries"),
        timeout: section.seconds("timeout"),
        stream_timeout: section.seconds("stream_timeout"),
        max_parallel_requests: section.count("default_max_parallel_requests"),
        ..RouterSettings::default()
    };
    if let Some(after) = section.number("retry_after") {
        match Duration::try_from_secs_f64(after) {
            Ok(after) => settings.retry_after = after,
            Err(_) => section.say(Taken::Wrong, "retry_after", "is no number of seconds"),
        }
    }
    let fallbacks = Fallbacks::read(&mut section);
    let aliases = aliases(&mut section);
    let policies = [
        ("retry_policy", section.raw("retry_policy"), &RETRIES),
        (
            "allowed_fails_policy",
            section.raw("allowed_fails_policy"),
            &ALLOWED_FAILS,
        ),
    ];
    let by_group = section.members("model_group_retry_policy");
    let budgets = section.members("provider_budget_config");
    settings.enforces_limits = pre_call_checks(&mut section);
    no_effect_yet(&mut section);
    section.finish(&ROUTER);
    let at = "router_settings.provider_budget_config";
    settings.provider_budgets = Allowance::read_all(at, budgets, env, remarks);
    for (name, value, names) in policies {
        policy(
            &format!("router_settings.{name}"),
            value,
            names,
            env,
            remarks,
        );
    }
    for (group, value) in by_group.unwrap_or_default() {
        let path = format!("router_settings.model_group_retry_policy.{group}");
        policy(&path, Some(value), &RETRIES, env, remarks);
    }
    (settings, fallbacks, aliases)
}

fn strategy(section: &mut Section<'_>) {
    let Some(strategy) = section.text("routing_strategy") else {
        return;
    };
    if !STRATEGIES.contains(&strategy.as_str()) {
        let hint = hint(&strategy, STRATEGIES.iter().copied());
        let text = format!("is `{strategy}`, which is no strategy{hint}");
        section.say(Taken::Wrong, "routing_strategy", text);
    } else if !matches!(&*strategy, "simple-shuffle" | "provider-budget-routing") {
        let text = format!("`{strategy}` is not served yet; deployments are shuffled");
        section.say(Taken::Warning, "routing_strategy", text);
    }
}

/// Whether limits of deployments are among the checks before a call. Budgets always are.
fn pre_call_checks(section: &mut Section<'_>) -> bool {
    const LIMITS: &str = "enforce_model_rate_limits";
    let name = "optional_pre_call_checks";
    let checks = section.texts(name).unwrap_or_default();
    for check in &checks {
        if !matches!(&**check, LIMITS | "router_budget_limiting") {
            let text = format!("`{check}` is not enforced yet: do not rely on it");
            section.say(Taken::Warning, name, text);
        }
    }
    let all = section.flag("enable_pre_call_checks").unwrap_or(false);
    all || checks.iter().any(|it| it == LIMITS)
}

/// Cooldowns and retry policies: their types are checked, and that is all so far.
fn no_effect_yet(section: &mut Section<'_>) {
    section.count("allowed_fails");
    section.number("cooldown_time");
    section.flag("disable_cooldowns");
    for name in ["allowed_fails", "cooldown_time", "disable_cooldowns"] {
        section.accepted(name);
    }
}

fn policy(path: &str, value: Option<Value>, names: &Names, env: &Env, remarks: &mut Remarks) {
    if value.is_none() {
        return;
    }
    let mut section = Section::new(path, value, env, remarks);
    for name in names.known {
        section.count(name);
        section.accepted(name);
    }
    section.finish(names);
}

/// The lists of one section, with where they stand.
#[derive(Debug, Default)]
pub struct Fallbacks {
    section: String,
    lists: [(&'static str, BTreeMap<String, Vec<String>>); 3],
    default: Vec<String>,
    max: Option<u32>,
}

impl Fallbacks {
    /// Reads them out of a section that has them.
    pub fn read(section: &mut Section<'_>) -> Self {
        let names = [
            "fallbacks",
            "context_window_fallbacks",
            "content_policy_fallbacks",
        ];
        Self {
            section: section.at(""),
            lists: names.map(|name| (name, lists(section, name))),
            default: section.texts("default_fallbacks").unwrap_or_default(),
            max: section.count("max_fallbacks"),
        }
    }

    /// Warns of names that are no model group.
    pub fn check(&self, groups: &Groups, remarks: &mut Remarks) {
        let mut names: Vec<(&str, &str)> = Vec::new();
        for (list, map) in &self.lists {
            for (group, targets) in map {
                names.extend(targets.iter().map(|it| (*list, it.as_str())));
                names.extend((group != "*").then_some((*list, group.as_str())));
            }
        }
        let default = self.default.iter().map(String::as_str);
        names.extend(default.map(|it| ("default_fallbacks", it)));
        for (list, name) in names {
            if groups.resolve(name).is_none() {
                let hint = hint(name, groups.names());
                let text = format!("names `{name}`, which is no model group{hint}");
                remarks.say(Taken::Warning, format!("{}{list}", self.section), text);
            }
        }
    }

    /// Puts the lists of both sections into the settings; what `router_settings` has counts.
    pub fn settle(router: Self, litellm: Self, settings: &mut RouterSettings) {
        let max = router.max.or(litellm.max);
        settings.max_fallbacks = max.unwrap_or(settings.max_fallbacks);
        for own in [router, litellm] {
            let [(_, any), (_, window), (_, policy)] = own.lists;
            for (target, more) in [
                (&mut settings.fallbacks, any),
                (&mut settings.context_window_fallbacks, window),
                (&mut settings.content_policy_fallbacks, policy),
            ] {
                for (group, list) in more {
                    target.entry(group).or_insert(list);
                }
            }
            if settings.default_fallbacks.is_empty() {
                settings.default_fallbacks = own.default;
            }
        }
    }
}

/// `[{group: [other, ...]}, ...]`, or the mapping itself.
fn lists(section: &mut Section<'_>, name: &str) -> BTreeMap<String, Vec<String>> {
    let mut result = BTreeMap::new();
    let maps = match section.resolved(name) {
        None => return result,
        Some(Value::Array(list)) => list,
        Some(one) => vec![one],
    };
    for value in maps {
        let Value::Object(map) = value else {
            let text = format!(
                "holds {}, expected mappings of a model group to a list",
                kind(&value)
            );
            section.say(Taken::Wrong, name, text);
            continue;
        };
        for (group, targets) in map {
            match models(&targets) {
                Some(models) => drop(result.insert(group, models)),
                None => {
                    let text = format!("`{group}` has no list of model names");
                    section.say(Taken::Wrong, name, text);
                }
            }
        }
    }
    result
}

/// Names, or LiteLLM's mappings with a `model` (of which only the name is taken).
fn models(targets: &Value) -> Option<Vec<String>> {
    let list = match targets {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    let name = |it: &Value| {
        it.as_str()
            .or_else(|| it.get("model")?.as_str())
            .map(str::to_owned)
    };
    list.iter().map(name).collect()
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
