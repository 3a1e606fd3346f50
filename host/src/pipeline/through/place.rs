//! Where a request goes, and how it is authenticated, where a provider has a host for each region or
//! more than one kind of credential.

use serde_json::Value;
use sluice_engine::contract::Auth;
use url::Url;

use super::{Route, Tail};
use crate::domain::{ErrorKind, Fault};
use crate::pipeline::fleet::Line;

/// Where LiteLLM's defaults lead.
const BEDROCK_REGION: &str = "us-west-2";
const VERTEX_LOCATION: &str = "us-central1";

/// What Azure's model services are called by Entra ID.
const AZURE_SCOPE: &str = "https://cognitiveservices.azure.com/.default";

/// What belongs to Bedrock's agents, which have a host of their own.
const AGENTS: [&str; 7] = [
    "agents",
    "flows",
    "generateQuery",
    "knowledgebases",
    "optimize-prompt",
    "rerank",
    "retrieveAndGenerate",
];

/// Where a request goes.
#[derive(Debug)]
pub struct Place {
    pub base: Url,
    /// What goes below the base.
    pub tail: String,
    /// Empty: as the provider describes it.
    pub auth: Vec<Auth>,
}

impl Place {
    /// # Errors
    /// The deployment does not say where, or says what cannot be.
    pub fn of(route: Route, line: &Line, tail: &Tail) -> Result<Self, Fault> {
        let settings: Value = serde_json::from_str(&line.settings).unwrap_or_default();
        let setting = |name: &str| {
            let text = settings.get(name).and_then(Value::as_str);
            text.map(str::trim).filter(|it| !it.is_empty())
        };
        let has = |secret: &str| line.target.secrets.contains_key(secret);
        let own = line.target.base_url.clone();
        let plain = tail.as_str().to_owned();
        let (base, tail, auth) = match route {
            Route::Endpoint(_) => (own, plain, vec![auth("none", &[])]),
            Route::Provider("bedrock") => {
                let region = setting("aws_region_name").unwrap_or(BEDROCK_REGION);
                let base = match own {
                    Some(base) => base,
                    None => url(&bedrock_host(region, tail), region, "aws_region_name")?,
                };
                let auth = match has("api_key") {
                    true => auth("bearer", &[("secret", "api_key")]),
                    false => auth("sigv4", &[("service", "bedrock"), ("region", region)]),
                };
                (Some(base), plain, vec![auth])
            }
            Route::Provider("vertex_ai") => {
                let either = |names: [&str; 2]| names.iter().find_map(|it| setting(it));
                let location = either(["vertex_location", "vertex_ai_location"]);
                let project = either(["vertex_project", "vertex_ai_project"]);
                let tail = within_project(tail, project, location.unwrap_or(VERTEX_LOCATION));
                let named = after(&tail, "locations");
                let location = named.or(location).unwrap_or(VERTEX_LOCATION);
                let base = match own {
                    Some(base) => base,
                    None => url(&vertex_host(location), location, "vertex_location")?,
                };
                let express = has("api_key") && !has("vertex_credentials") && project.is_none();
                let auth = match express {
                    true => vec![auth(
                        "header",
                        &[("name", "x-goog-api-key"), ("secret", "api_key")],
                    )],
                    false => Vec::new(),
                };
                (Some(base), tail, auth)
            }
            Route::Provider("azure" | "azure_ai") => {
                let scope = setting("azure_scope").unwrap_or(AZURE_SCOPE);
                let auth = match (has("api_key"), has("azure_ad_token")) {
                    (true, _) => Vec::new(),
                    (_, true) => vec![auth("bearer", &[("secret", "azure_ad_token")])],
                    (..) => vec![auth("azure", &[("scope", scope)])],
                };
                (own, plain, auth)
            }
            Route::Provider(_) => (own, plain, Vec::new()),
        };
        let base = base.ok_or_else(|| {
            let message = format!(
                "nobody says where `{}` is: set its base URL in the environment, or `api_base` and \
                 `use_in_pass_through: true` in the `litellm_params` of one of its models",
                line.target.provider
            );
            Fault::operator(ErrorKind::InvalidRequest, message)
        })?;
        Ok(Self { base, tail, auth })
    }
}

fn auth(scheme: &str, params: &[(&str, &str)]) -> Auth {
    let params = params.iter();
    let params = params.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Auth {
        scheme: scheme.to_owned(),
        params: params.collect(),
    }
}

/// The URL of a host that is named after a region.
fn url(host: &str, region: &str, setting: &str) -> Result<Url, Fault> {
    let plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    let is_region = !region.is_empty() && region.len() < 40 && region.bytes().all(plain);
    let parsed = Url::parse(&format!("https://{host}"))
        .ok()
        .filter(|_| is_region);
    parsed.ok_or_else(|| {
        let message = format!("`{setting}` is {region:?}, which is no region");
        Fault::caller(ErrorKind::InvalidRequest, message)
    })
}

fn bedrock_host(region: &str, tail: &Tail) -> String {
    let first = tail.segments().first().map_or("", String::as_str);
    let service = match AGENTS.contains(&first) {
        true => "bedrock-agent-runtime",
        false => "bedrock-runtime",
    };
    let china = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("{service}.{region}.amazonaws.com{china}")
}

fn vertex_host(location: &str) -> String {
    match location {
        "global" => "aiplatform.googleapis.com".to_owned(),
        "us" | "eu" => format!("aiplatform.{location}.rep.googleapis.com"),
        _ => format!("{location}-aiplatform.googleapis.com"),
    }
}

/// The segment after this one.
fn after<'t>(tail: &'t str, name: &str) -> Option<&'t str> {
    let mut segments = tail.split('/');
    segments.find(|it| *it == name)?;
    segments.next()
}

/// The path within the deployment's project, where the client names none.
fn within_project(tail: &Tail, project: Option<&str>, location: &str) -> String {
    let raw = tail.as_str();
    let is_version =
        |it: &&str| it.starts_with('v') && it.chars().nth(1).is_some_and(char::is_numeric);
    let first = raw.split('/').nth(1).filter(is_version);
    let rest = match first {
        Some(version) => raw.get(version.len() + 1..).unwrap_or_default(),
        None => raw,
    };
    let is_bare = rest.starts_with("/publishers/") || rest.starts_with("/endpoints/");
    match project.filter(|_| is_bare) {
        Some(project) => {
            let version = first.unwrap_or("v1");
            format!("/{version}/projects/{project}/locations/{location}{rest}")
        }
        None => raw.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(raw: &str) -> Tail {
        Tail::parse(raw).unwrap()
    }

    #[test]
    fn hosts_are_named_after_regions_and_nothing_else() {
        assert_eq!(
            bedrock_host("eu-west-1", &tail("/model/m/converse")),
            "bedrock-runtime.eu-west-1.amazonaws.com"
        );
        assert_eq!(
            bedrock_host("cn-north-1", &tail("/agents/a")),
            "bedrock-agent-runtime.cn-north-1.amazonaws.com.cn"
        );
        assert_eq!(vertex_host("global"), "aiplatform.googleapis.com");
        for region in ["evil.test/", "a.b", "x@y", "", "A"] {
            assert!(
                url(&vertex_host(region), region, "vertex_location").is_err(),
                "{region}"
            );
        }
    }

    #[test]
    fn a_path_without_a_project_goes_to_the_deployments() {
        let within = |raw: &str, project| within_project(&tail(raw), project, "us-east5");
        let model = "/publishers/google/models/g:generateContent";
        let want = "/v1/projects/p/locations/us-east5/publishers/google/models/g:generateContent";
        assert_eq!(within(model, Some("p")), want);
        assert_eq!(within(&format!("/v1{model}"), Some("p")), want);
        assert_eq!(within(model, None), model);
        let own = "/v1beta1/projects/q/locations/eu/publishers/google/models/g:x";
        assert_eq!(within(own, Some("p")), own);
        assert_eq!(after(own, "locations"), Some("eu"));
    }
}
