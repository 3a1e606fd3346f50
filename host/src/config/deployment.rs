//! One `model_list` entry.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use url::Url;

use super::allowance::Allowance;
use super::credentials::{self, Credentials};
use super::env::Env;
use super::info::ModelInfo;
use super::params;
use super::policies::Cooldowns;
use super::provider::{self, Route};
use super::remarks::{Remarks, Taken, nearest};
use super::secrets::{is_price, looks_secret};
use super::section::{Names, Section};
use super::tag_pattern::TagPattern;
use super::verify::Verify;
use crate::domain::{DeploymentId, ModelGroup, Secret};

/// One `model_list` entry.
#[derive(Debug, Clone)]
pub struct Deployment {
    pub id: DeploymentId,
    pub group: ModelGroup,
    /// Before the first slash of `litellm_params.model`, else what LiteLLM takes for a bare name.
    pub provider: String,
    /// After it. Each `*` stands for what the client's name has in its place.
    pub model: String,
    pub api_base: Option<Url>,
    pub secrets: BTreeMap<String, Secret>,
    /// Names of secrets that are written and have no value: it was said that their variables are
    /// not set.
    pub unset: BTreeSet<String>,
    /// Everything else of `litellm_params`: the plugin's settings, and defaults of the request.
    pub settings: Map<String, Value>,
    /// Their values may be credentials.
    pub extra_headers: Vec<(String, Secret)>,
    pub extra_body: Map<String, Value>,
    /// Its share of the group's calls; decided for the whole group (`weight`, else rpm, else tpm).
    pub weight: Option<f64>,
    pub rpm: Option<f64>,
    pub tpm: Option<f64>,
    pub order: u32,
    pub timeout: Option<Duration>,
    pub stream_timeout: Option<Duration>,
    /// Until a stream's first token.
    pub first_token_timeout: Option<Duration>,
    pub num_retries: Option<u32>,
    /// `cooldown_time`, and of `model_info` `allowed_fails` and its policy.
    pub cooldowns: Cooldowns,
    /// For requests with one of these, where the router filters by tags.
    pub tags: Vec<String>,
    /// `tag_regex`: likewise, for callers whose `User-Agent: ...` one of these is found in.
    pub tag_patterns: Vec<TagPattern>,
    pub drop_params: Option<bool>,
    pub additional_drop_params: Vec<String>,
    pub allowed_openai_params: Vec<String>,
    /// How its certificate is judged, if not as the others'.
    pub verify: Option<Verify>,
    pub mock_response: Option<String>,
    /// `mock_timeout`: it answers nothing until its time is up.
    pub mock_timeout: bool,
    /// Names of guardrails that look at every call of its group.
    pub guardrails: Vec<String>,
    /// `use_in_pass_through`: its address and credentials serve its provider's pass-through routes.
    pub passes_through: bool,
    /// What it may spend: `max_budget` with `budget_duration`.
    pub budget: Option<Allowance>,
    /// Calls at once; where it is not said, the default of the router or the gateway.
    pub max_parallel_requests: Option<u32>,
    /// Whether `rpm` and `tpm` are limits too, and not weights only.
    pub enforces_limits: bool,
    pub info: ModelInfo,
}

const NAMES: Names = Names {
    known: &["model_name", "litellm_params", "model_info"],
    accepted: &["tpm", "rpm", "access_groups"],
    unenforced: &[],
};

/// Reads one entry; what it leaves open is that of the credential that it names, else of the defaults.
/// None if it lacks what makes a deployment.
pub fn read(
    index: usize,
    entry: Value,
    (shared, defaults): (&Credentials, &Map<String, Value>),
    env: &Env,
    remarks: &mut Remarks,
) -> Option<Deployment> {
    let path = format!("model_list[{index}]");
    let id = written_id(&entry);
    let mut outer = Section::new(&path, Some(entry), env, remarks);
    let name = outer.text("model_name").filter(|name| !name.is_empty());
    let mut values = outer.members("litellm_params").unwrap_or_default();
    let info = outer.raw("model_info");
    misplaced(&mut outer);
    outer.finish(&NAMES);
    let Some(name) = name else {
        remarks.say(Taken::Wrong, format!("{path}.model_name"), "is missing");
        return None;
    };
    let at = format!("{path}.litellm_params");
    credentials::fill(&mut values, shared, &at, remarks);
    for (name, value) in defaults {
        // An address has two names, and only one may be said.
        let is_said = match name.as_str() {
            "api_base" => values.contains_key("base_url"),
            "base_url" => values.contains_key("api_base"),
            _ => false,
        };
        if !is_said {
            values.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    let mut params = Section::new(&at, Some(values.into()), env, remarks).of_model(&name);
    let inner_info = params.raw("model_info");
    let base_model = params.text("base_model");
    let route = provider::read(&name, &mut params);
    let mut deployment = read_params(&mut params, name, id, route?);
    let prices = read_rest(&mut params, &mut deployment);
    let cooldowns = &mut deployment.cooldowns;
    let mut info = ModelInfo::read(&path, [info, inner_info], cooldowns, env, remarks);
    info.base_model = info.base_model.or(base_model);
    for (price, value) in prices {
        info.rest.entry(price).or_insert(value);
    }
    if let Some(own) = &info.id {
        deployment.id = DeploymentId::new(own.as_str());
    }
    deployment.info = info;
    Some(deployment)
}

fn read_params(params: &mut Section<'_>, name: String, id: String, route: Route) -> Deployment {
    let (own, max) = (params.count("num_retries"), params.count("max_retries"));
    Deployment {
        id: DeploymentId::new(id),
        group: ModelGroup::new(name),
        provider: route.provider,
        model: route.model,
        api_base: api_base(params),
        secrets: BTreeMap::new(),
        unset: BTreeSet::new(),
        settings: Map::new(),
        extra_headers: headers(params),
        extra_body: extra_body(params),
        weight: params.amount("weight"),
        rpm: params.amount("rpm"),
        tpm: params.amount("tpm"),
        order: params.count("order").unwrap_or(0),
        timeout: params.seconds("timeout"),
        stream_timeout: params.seconds("stream_timeout"),
        first_token_timeout: params.seconds("first_token_timeout"),
        num_retries: own.or(max),
        cooldowns: Cooldowns::of_params(params),
        tags: params.texts("tags").unwrap_or_default(),
        tag_patterns: TagPattern::read(params),
        drop_params: params.flag("drop_params"),
        additional_drop_params: params.words("additional_drop_params").unwrap_or_default(),
        allowed_openai_params: params.words("allowed_openai_params").unwrap_or_default(),
        verify: Verify::read(params),
        mock_response: params.text("mock_response"),
        mock_timeout: params.flag("mock_timeout").unwrap_or(false),
        guardrails: params.words("guardrails").unwrap_or_default(),
        passes_through: params.flag("use_in_pass_through").unwrap_or(false),
        budget: Allowance::read(params, "max_budget", "budget_duration"),
        max_parallel_requests: params.count("max_parallel_requests"),
        enforces_limits: false,
        info: ModelInfo::default(),
    }
}

/// `api_base`, or else `base_url`.
fn api_base(params: &mut Section<'_>) -> Option<Url> {
    let (own, other) = (params.text("api_base"), params.text("base_url"));
    let (name, base) = match (own, other) {
        (Some(base), _) => ("api_base", base),
        (None, base) => ("base_url", base?),
    };
    match Url::parse(base.trim()) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Some(url),
        _ => {
            let text = "is no URL with http:// or https://";
            params.say(Taken::Wrong, name, text);
            None
        }
    }
}

/// `headers` and `extra_headers`; of a name that is in both, the latter.
fn headers(params: &mut Section<'_>) -> Vec<(String, Secret)> {
    let mut result: Vec<(String, Secret)> = Vec::new();
    for list in ["headers", "extra_headers"] {
        let members = match params.resolved(list) {
            Some(Value::Object(members)) => members,
            Some(_) => {
                params.say(Taken::Wrong, list, "expected a mapping of names to texts");
                continue;
            }
            None => continue,
        };
        for (name, value) in members {
            let value = match value {
                Value::String(text) => text,
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                _ => {
                    let path = format!("{list}.{name}");
                    params.say(Taken::Wrong, &path, "expected text");
                    continue;
                }
            };
            if let Some(what) = no_header(&name, &value) {
                params.say(Taken::Wrong, &format!("{list}.{name}"), what);
                continue;
            }
            result.retain(|(other, _)| !other.eq_ignore_ascii_case(&name));
            result.push((name, Secret::new(value)));
        }
    }
    result
}

/// Headers of one connection, and those that the gateway writes itself.
const NOT_TO_BE_SET: [&str; 10] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
];

/// Why this cannot be a header of a request, if it cannot.
fn no_header(name: &str, value: &str) -> Option<&'static str> {
    let is_token = |it: u8| it.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&it);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Some("is no name of a header");
    }
    if NOT_TO_BE_SET.iter().any(|it| name.eq_ignore_ascii_case(it)) {
        return Some("belongs to the connection, which is the gateway's");
    }
    let is_broken = value
        .bytes()
        .any(|it| it < 0x20 && it != b'\t' || it == 0x7f);
    is_broken.then_some("has control characters in its value")
}

fn extra_body(params: &mut Section<'_>) -> Map<String, Value> {
    match params.resolved("extra_body") {
        Some(Value::Object(members)) => members,
        Some(_) => {
            params.say(Taken::Wrong, "extra_body", "expected a mapping");
            Map::new()
        }
        None => Map::new(),
    }
}

/// What is not read yet is the plugin's or goes upstream; what looks like a secret is kept as one.
/// Gives the prices.
fn read_rest(params: &mut Section<'_>, deployment: &mut Deployment) -> Map<String, Value> {
    let mut prices = Map::new();
    let (mut settings, mut secrets) = (Map::new(), BTreeMap::new());
    for name in params.names() {
        if is_price(&name) {
            prices.extend(params.resolved(&name).map(|value| (name.clone(), value)));
        } else if params::ACCEPTED.contains(&name.as_str()) {
            params.accept(&name, "has no effect yet");
        } else if params::UNENFORCED.contains(&name.as_str()) {
            params.forget(&name);
            let text = "is not enforced yet: do not rely on it";
            params.say(Taken::Warning, &name, text);
        } else if params::CLIENTS.contains(&name.as_str()) {
            params.accept(
                &name,
                "has no effect: whether it streams is the client's to say",
            );
        } else if looks_secret(&name) {
            let refers = params.refers(&name);
            let secret = params.secret(&name);
            if secret.is_none() && refers {
                deployment.unset.insert(name.clone());
            }
            // An empty one is none, as in LiteLLM: the provider's own variable may hold it.
            let filled = secret.filter(|it| !it.reveal().is_empty());
            secrets.extend(filled.map(|secret| (name, secret)));
        } else if let Some(value) = params.resolved(&name) {
            doubt(params, &name);
            settings.insert(name, value);
        }
    }
    deployment.settings = settings;
    deployment.secrets = secrets;
    prices
}

/// An unknown key goes upstream in the body, as LiteLLM sends it; a slip of the pen should not.
fn doubt(params: &mut Section<'_>, name: &str) {
    if params::is_known(name) {
        return;
    }
    if let Some(meant) = nearest(name, params::all()) {
        let text = format!(
            "is no known parameter, so it goes to the plugin or upstream; did you mean `{meant}`?"
        );
        params.say(Taken::Warning, name, text);
    }
}

/// Parameters beside `litellm_params`, where an indentation went wrong: LiteLLM ignores them.
fn misplaced(outer: &mut Section<'_>) {
    for name in outer.names() {
        if params::is_known(&name) && !NAMES.all().any(|it| it == name) {
            outer.forget(&name);
            let text = "belongs under `litellm_params`; here it has no effect";
            outer.say(Taken::Warning, &name, text);
        }
    }
}

/// The hash of name and parameters as written: the same entry has the same id in every process, and
/// a rotated key leaves it as it is.
fn written_id(entry: &Value) -> String {
    let mut hash = Sha256::new();
    for part in ["model_name", "litellm_params"] {
        hash.update(entry.get(part).unwrap_or(&Value::Null).to_string());
        hash.update([0]);
    }
    let digest = hash.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[path = "deployment_tests.rs"]
mod tests;
