//! Where a model is reached: host, project and location.

use sluice_sdk::serde_json::Value;
use sluice_sdk::{Auth, Call, Error, fault};
use sluice_wire::gemini::models;

/// Where nothing else is said, as LiteLLM has it.
const DEFAULT_LOCATION: &str = "us-central1";

/// The host of a location.
pub fn host(location: &str) -> String {
    match location {
        "global" => "aiplatform.googleapis.com".to_owned(),
        "us" | "eu" => format!("aiplatform.{location}.rep.googleapis.com"),
        _ => format!("{location}-aiplatform.googleapis.com"),
    }
}

/// A deployment's place.
pub struct Place {
    /// `https://host`, or nothing where the deployment has an `api_base`.
    host: String,
    /// The base has a version of its own, or stands for all that comes before `/models`.
    base: Base,
    /// `/projects/p/locations/l`, or nothing with a key of express mode.
    within: String,
    pub location: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    Bare,
    Versioned,
    Whole,
}

/// The first of a deployment's settings that is there.
fn setting(call: &Call, names: [&str; 2]) -> Option<String> {
    let config = call.config();
    let found = names.iter().find_map(|name| config.get(*name)?.as_str());
    found.filter(|it| !it.is_empty()).map(str::to_owned)
}

const PROJECT: [&str; 2] = ["vertex_project", "vertex_ai_project"];
const LOCATION: [&str; 2] = ["vertex_location", "vertex_ai_location"];

/// The project, for services that have no express mode.
pub fn project(call: &Call) -> Result<String, Error> {
    let project = setting(call, PROJECT).ok_or_else(|| {
        fault::invalid_request("the deployment needs a `vertex_project` in its `litellm_params`")
    })?;
    check("vertex_project", &project)?;
    Ok(project)
}

/// Where sounds are transcribed, which is not where models are by default.
pub fn hearing(call: &Call) -> Result<String, Error> {
    let location = setting(call, LOCATION).unwrap_or_else(|| "us".to_owned());
    check("vertex_location", &location)?;
    Ok(location)
}

/// The host of a service of its own, or nothing where the deployment has an `api_base` other than one
/// of Vertex AI's hosts, which have its models only.
pub fn own_host(call: &Call, host: &str) -> String {
    match call.context().get("base_url").and_then(Value::as_str) {
        Some(base) if !is_vertex(base) => String::new(),
        _ => host.to_owned(),
    }
}

/// Whether an address is at one of the hosts that [`host`] knows.
fn is_vertex(base: &str) -> bool {
    let Some(rest) = base.strip_prefix("https://") else {
        return false;
    };
    let name = rest.split(['/', ':']).next().unwrap_or_default();
    let name = name.to_ascii_lowercase();
    let at_large = name.strip_prefix("aiplatform.");
    name.ends_with("-aiplatform.googleapis.com")
        || at_large.is_some_and(|it| it == "googleapis.com" || it.ends_with(".rep.googleapis.com"))
}

impl Place {
    pub fn of(call: &Call) -> Result<Self, Error> {
        let context = call.context();
        let base = context.get("base_url").and_then(Value::as_str);
        let location = setting(call, LOCATION);
        let location = location.unwrap_or_else(|| default_location(&call.model).to_owned());
        let within = match setting(call, PROJECT) {
            Some(project) => {
                check("vertex_project", &project)?;
                check("vertex_location", &location)?;
                format!("/projects/{project}/locations/{location}")
            }
            None if has_key(call) => String::new(),
            None if base.map(kind_of) == Some(Base::Whole) => String::new(),
            None => {
                return Err(fault::invalid_request(
                    "the deployment needs a `vertex_project` in its `litellm_params`",
                ));
            }
        };
        Ok(Self {
            host: base.map_or_else(|| format!("https://{}", host(&location)), |_| String::new()),
            base: base.map_or(Base::Bare, kind_of),
            within,
            location,
        })
    }

    /// The address of a publisher's model.
    pub fn model(&self, version: &str, publisher: &str, name: &str, verb: &str) -> String {
        self.under(
            version,
            &format!("/publishers/{publisher}"),
            &format!("/models/{name}:{verb}"),
        )
    }

    /// The address of an endpoint: a project's own, or the one that open models share.
    pub fn endpoint(&self, version: &str, endpoint: &str, tail: &str) -> Result<String, Error> {
        if self.within.is_empty() && self.base != Base::Whole {
            return Err(fault::invalid_request(
                "this model needs a `vertex_project`: express mode has Google's models only",
            ));
        }
        Ok(self.under(version, &format!("/endpoints/{endpoint}"), tail))
    }

    fn under(&self, version: &str, collection: &str, tail: &str) -> String {
        let Self { host, within, .. } = self;
        match self.base {
            Base::Bare => format!("{host}/{version}{within}{collection}{tail}"),
            Base::Versioned => format!("{within}{collection}{tail}"),
            Base::Whole => tail.to_owned(),
        }
    }
}

fn kind_of(base: &str) -> Base {
    let rest = base.split_once("://").map_or(base, |(_, rest)| rest);
    match rest.split_once('/').map(|(_, path)| path.trim_matches('/')) {
        None | Some("") => Base::Bare,
        Some("v1" | "v1beta1") => Base::Versioned,
        Some(_) => Base::Whole,
    }
}

/// New models of Google's are served everywhere at once, and in no region.
fn default_location(model: &str) -> &'static str {
    let global = models::is_third(model);
    if global { "global" } else { DEFAULT_LOCATION }
}

/// A setting that becomes a part of a path or a host.
fn check(name: &str, value: &str) -> Result<(), Error> {
    let letter = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.' | ':');
    if value.chars().all(letter) && !value.starts_with('.') {
        return Ok(());
    }
    Err(fault::invalid_request(format!(
        "`{name}` is no name: `{value}`"
    )))
}

/// A key of express mode. No environment gives one, so whoever has it means it.
pub fn has_key(call: &Call) -> bool {
    call.has_secret("api_key")
}

/// The credential, where it is not the provider's usual one.
pub fn auth(call: &Call) -> Vec<Auth> {
    if !has_key(call) {
        return Vec::new();
    }
    let param = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    vec![Auth {
        scheme: "header".into(),
        params: vec![param("name", "x-goog-api-key"), param("secret", "api_key")],
    }]
}
