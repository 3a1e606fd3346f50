//! `model_list`: deployments, and how the name a client asks for finds them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use url::Url;

use super::env::Env;
use super::section::{Remarks, Section, Taken, looks_secret};
use crate::domain::{DeploymentId, ModelGroup, Secret};

/// One `model_list` entry.
#[derive(Debug, Clone)]
pub struct Deployment {
    pub id: DeploymentId,
    pub group: ModelGroup,
    /// Before the first slash of `litellm_params.model`; `openai` where there is none.
    pub provider: String,
    /// After it. May hold a `*` that stands for what the client's name has in its place.
    pub model: String,
    pub api_base: Option<Url>,
    pub secrets: BTreeMap<String, Secret>,
    /// Everything else of `litellm_params`: the plugin's settings, and defaults of the request.
    pub settings: Map<String, Value>,
    pub extra_headers: Vec<(String, String)>,
    pub extra_body: Map<String, Value>,
    pub weight: Option<f64>,
    pub order: u32,
    pub timeout: Option<Duration>,
    pub stream_timeout: Option<Duration>,
    pub num_retries: Option<u32>,
    pub drop_params: Option<bool>,
    pub additional_drop_params: Vec<String>,
    pub allowed_openai_params: Vec<String>,
    pub insecure_tls: bool,
    pub mock_response: Option<String>,
    pub info: Map<String, Value>,
}

/// Known to LiteLLM, without effect yet.
const ACCEPTED: &[&str] = &[
    "cache_control_injection_points",
    "configurable_clientside_auth_params",
    "cooldown_time",
    "input_cost_per_token",
    "itpm",
    "keepalive_seconds",
    "max_budget",
    "budget_duration",
    "max_parallel_requests",
    "merge_reasoning_content_in_choices",
    "modify_params",
    "otpm",
    "output_cost_per_token",
    "provider_affinity_header",
    "tag_regex",
    "tags",
    "tiered_pricing",
    "use_chat_completions_api",
    "use_in_pass_through",
];

/// Reads one entry. None if it lacks what makes a deployment.
pub fn read(
    index: usize,
    entry: Value,
    credentials: &BTreeMap<String, Map<String, Value>>,
    env: &Env,
    remarks: &mut Remarks,
) -> Option<Deployment> {
    let path = format!("model_list[{index}]");
    let id = fallback_id(&entry);
    let mut outer = Section::new(&path, Some(entry), env, remarks);
    let name = outer.text("model_name");
    let params = outer.raw("litellm_params");
    let info = outer.raw("model_info");
    outer.finish(
        &["model_name", "litellm_params", "model_info"],
        &["tpm", "rpm", "access_groups"],
    );
    let Some(name) = name else {
        remarks.say(Taken::Wrong, format!("{path}.model_name"), "is missing");
        return None;
    };
    let params = with_credential(params, credentials, &path, remarks);
    let mut params = Section::new(
        &format!("{path}.litellm_params"),
        Some(params.into()),
        env,
        remarks,
    );
    let Some(full) = params.text("model") else {
        params.remarks().say(
            Taken::Wrong,
            format!("{path}.litellm_params.model"),
            "is missing",
        );
        return None;
    };
    let info = info
        .and_then(|it| it.as_object().cloned())
        .unwrap_or_default();
    let own_id = info.get("id").and_then(Value::as_str).map(str::to_owned);
    let (provider, model) = match full.split_once('/') {
        Some((provider, model)) => (provider.to_owned(), model.to_owned()),
        None => (provider_of(&full).to_owned(), full),
    };
    let base = params.text("api_base").or_else(|| params.text("base_url"));
    let api_base = base.and_then(|base| match Url::parse(&base) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Some(url),
        _ => {
            let at = params.at("api_base");
            params
                .remarks()
                .say(Taken::Wrong, at, "is no http or https URL");
            None
        }
    });
    let headers = params
        .raw("extra_headers")
        .or_else(|| params.raw("headers"));
    let extra_body = params
        .raw("extra_body")
        .and_then(|it| it.as_object().cloned())
        .unwrap_or_default();
    let (rpm, tpm) = (params.number("rpm"), params.number("tpm"));
    let weight = params.number("weight").or(rpm).or(tpm);
    let retries = params
        .count("num_retries")
        .or_else(|| params.count("max_retries"));
    let mut deployment = Deployment {
        id: DeploymentId::new(own_id.unwrap_or(id)),
        group: ModelGroup::new(name),
        provider,
        model,
        api_base,
        secrets: BTreeMap::new(),
        settings: Map::new(),
        extra_headers: texts_of(headers),
        extra_body,
        weight,
        order: params.count("order").unwrap_or(0),
        timeout: params.seconds("timeout"),
        stream_timeout: params.seconds("stream_timeout"),
        num_retries: retries,
        drop_params: params.flag("drop_params"),
        additional_drop_params: params.texts("additional_drop_params").unwrap_or_default(),
        allowed_openai_params: params.texts("allowed_openai_params").unwrap_or_default(),
        insecure_tls: params.flag("ssl_verify") == Some(false),
        mock_response: params.text("mock_response"),
        info,
    };
    read_rest(params, &mut deployment);
    Some(deployment)
}

/// What this reader does not know is the plugin's, or goes upstream; what looks like a secret is
/// kept as one.
fn read_rest(mut params: Section<'_>, deployment: &mut Deployment) {
    let names: Vec<String> = params.names();
    for name in names {
        if ACCEPTED.contains(&name.as_str()) {
            let at = params.at(&name);
            params
                .remarks()
                .say(Taken::Accepted, at, "has no effect yet");
            params.forget(&name);
        } else if looks_secret(&name) {
            if let Some(secret) = params.secret(&name) {
                deployment.secrets.insert(name, secret);
            }
        } else if params.is_text(&name) {
            if let Some(text) = params.text(&name) {
                deployment.settings.insert(name, text.into());
            }
        } else if let Some(value) = params.raw(&name) {
            deployment.settings.insert(name, value);
        }
    }
}

fn with_credential(
    params: Option<Value>,
    credentials: &BTreeMap<String, Map<String, Value>>,
    path: &str,
    remarks: &mut Remarks,
) -> Map<String, Value> {
    let mut params = params
        .and_then(|it| it.as_object().cloned())
        .unwrap_or_default();
    let named = params.shift_remove("litellm_credential_name");
    let Some(name) = named.as_ref().and_then(Value::as_str) else {
        return params;
    };
    match credentials.get(name) {
        Some(values) => {
            for (key, value) in values {
                params.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        None => {
            let at = format!("{path}.litellm_params.litellm_credential_name");
            remarks.say(
                Taken::Wrong,
                at,
                format!("names `{name}`, which is not in `credential_list`"),
            );
        }
    }
    params
}

fn texts_of(value: Option<Value>) -> Vec<(String, String)> {
    let members = value
        .and_then(|it| it.as_object().cloned())
        .unwrap_or_default();
    let text = |value: Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    members
        .into_iter()
        .map(|(name, value)| (name, text(value)))
        .collect()
}

/// The provider of a bare model name, as LiteLLM tells it.
fn provider_of(model: &str) -> &'static str {
    if model.starts_with("claude-") {
        "anthropic"
    } else if model.starts_with("gemini-") {
        "gemini"
    } else {
        "openai"
    }
}

/// The same entry has the same id in every process.
fn fallback_id(entry: &Value) -> String {
    let hash = Sha256::digest(entry.to_string().as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
