//! Where a model is reached: its route, its id, its region, and who signs.

use sluice_sdk::serde_json::Value;
use sluice_sdk::{Call, Error, Outbound, fault};

use crate::family::Family;

/// Where nothing else is said, as LiteLLM has it.
const DEFAULT_REGION: &str = "us-west-2";

/// The host of a service in a region.
pub fn host(service: &str, region: &str) -> String {
    let china = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("{service}.{region}.amazonaws.com{china}")
}

/// In whose dialect a chat is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    Converse,
    Invoke,
}

/// A deployment's place.
#[derive(Debug)]
pub struct Place {
    pub route: Route,
    pub family: Family,
    /// The model's name without route, region and commitment: what it can do is told by it.
    pub name: String,
    /// What stands in the path: the name, or the ARN that `model_id` gives.
    pub id: String,
    pub region: String,
    /// What stands before a path: nothing where the host has a base URL.
    base: String,
    own_base: bool,
    bearer: bool,
}

impl Place {
    pub fn of(call: &Call) -> Result<Self, Error> {
        let config = call.config();
        let setting = |name: &str| {
            let text = config.get(name).and_then(Value::as_str);
            text.map(str::trim).filter(|it| !it.is_empty())
        };
        let mut asked = Asked::read(&call.model)?;
        let id = setting("model_id").unwrap_or(asked.name);
        // An ARN is good in its own region only.
        let region = arn_region(id)
            .or_else(|| arn_region(asked.name))
            .or(asked.region)
            .or_else(|| setting("aws_region_name"))
            .unwrap_or(DEFAULT_REGION);
        if !is_region(region) {
            return Err(fault::invalid_request(format!(
                "`aws_region_name` is {region:?}, which is no region"
            )));
        }
        let family = asked.family.unwrap_or_else(|| Family::of(asked.name));
        if asked.route == Route::Invoke && family != Family::Claude {
            // The others' own dialects are prompts in templates: Converse reaches the same model.
            asked.route = Route::Converse;
        }
        let own_base = call.context().get("base_url").is_some_and(Value::is_string);
        let base = match setting("aws_bedrock_runtime_endpoint") {
            _ if own_base => String::new(),
            Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
            None => format!("https://{}", host("bedrock-runtime", region)),
        };
        Ok(Self {
            route: asked.route,
            family,
            name: asked.name.to_owned(),
            id: id.to_owned(),
            region: region.to_owned(),
            base,
            own_base,
            bearer: call.has_secret("api_key"),
        })
    }

    /// The address of something that a model does.
    pub fn model(&self, verb: &str) -> String {
        format!("{}/model/{}/{verb}", self.base, encoded(&self.id))
    }

    /// The address of the counter of tokens, which knows models and none of their profiles.
    pub fn counter(&self) -> String {
        let is_arn = self.name.starts_with("arn:");
        let vendor = self.name.find("anthropic.").filter(|_| !is_arn);
        let bare = vendor.and_then(|at| self.name.get(at..));
        let bare = encoded(bare.unwrap_or(&self.name));
        format!("{}/model/{bare}/count-tokens", self.base)
    }

    /// The address at the agents' service, which rerank belongs to.
    pub fn agents(&self, path: &str) -> String {
        if self.own_base {
            return path.to_owned();
        }
        format!(
            "https://{}{path}",
            host("bedrock-agent-runtime", &self.region)
        )
    }

    /// The model's ARN, as the agents' service wants it.
    pub fn arn(&self) -> String {
        if self.id.starts_with("arn:") {
            return self.id.clone();
        }
        let china = if self.region.starts_with("cn-") {
            "-cn"
        } else {
            ""
        };
        format!(
            "arn:aws{china}:bedrock:{}::foundation-model/{}",
            self.region, self.id
        )
    }

    /// With a key of Bedrock's own, or signed for the region.
    pub fn sign(&self, outbound: Outbound) -> Outbound {
        if self.bearer {
            return outbound.auth("bearer", &[("secret", "api_key")]);
        }
        outbound.auth("sigv4", &[("service", "bedrock"), ("region", &self.region)])
    }
}

/// What LiteLLM's model names say: `converse/`, `us-east-1/`, `1-month-commitment/`, `llama/arn:…`.
struct Asked<'m> {
    route: Route,
    family: Option<Family>,
    region: Option<&'m str>,
    name: &'m str,
}

impl<'m> Asked<'m> {
    fn read(model: &'m str) -> Result<Self, Error> {
        let mut asked = Self {
            route: Route::Converse,
            family: None,
            region: None,
            name: model,
        };
        while !asked.name.starts_with("arn:")
            && let Some((word, rest)) = asked.name.split_once('/')
        {
            match word {
                "bedrock" | "converse" | "converse_like" | "1-month-commitment"
                | "6-month-commitment" => {}
                "invoke" => asked.route = Route::Invoke,
                region if is_region(region) => asked.region = Some(region),
                family if rest.starts_with("arn:") => asked.family = Some(Family::of(family)),
                "agent" | "agentcore" | "async_invoke" | "mantle" | "openai" => {
                    return Err(fault::unsupported(format!(
                        "bedrock's route `{word}/` is not served here"
                    )));
                }
                _ => break,
            }
            asked.name = rest;
        }
        if asked.name.is_empty() {
            return Err(fault::invalid_request("the model has no name"));
        }
        Ok(asked)
    }
}

/// `us-east-1`, `us-gov-west-1`.
fn is_region(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let letters = |it: &&str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_lowercase());
    match parts.as_slice() {
        [area, middle @ .., number] => {
            area.len() == 2
                && letters(area)
                && !middle.is_empty()
                && middle.iter().all(letters)
                && number.len() == 1
                && number.bytes().all(|it| it.is_ascii_digit())
        }
        [] | [_] => false,
    }
}

/// `arn:aws:bedrock:us-east-1:…`.
fn arn_region(id: &str) -> Option<&str> {
    let rest = id.strip_prefix("arn:")?;
    rest.split(':').nth(2).filter(|it| is_region(it))
}

/// Percent-encoded, colons and slashes too: an ARN is one segment of the path.
fn encoded(id: &str) -> String {
    let mut out = String::with_capacity(id.len() + 16);
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
