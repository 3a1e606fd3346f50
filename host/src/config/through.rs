//! `general_settings.pass_through_endpoints`: paths of the operator's own whose requests are passed on
//! to an address as they are.

use std::time::Duration;

use serde_json::{Map, Value, json};
use url::Url;

use super::credentials::Credentials;
use super::deployment::{self, Deployment};
use super::env::Env;
use super::remarks::{Remarks, Taken};
use super::secrets::REFERENCE;
use super::section::{Names, Section, kind};
use crate::domain::Secret;

/// The provider that endpoints are filed under in rows, prices and metrics.
pub const ENDPOINT: &str = "pass_through";

/// The mark of an entry that the database has: it refers to nothing outside of itself, and its target
/// is nobody's to trust.
pub const STORED_ENDPOINT: &str = "db_endpoint";

/// How the name of what passes through begins, where no model is known.
const OWN_ID: &str = "pass-through:";

const SETTING: &str = "general_settings.pass_through_endpoints";

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

const NAMES: Names = Names {
    known: &[
        "path",
        "target",
        "headers",
        "default_query_params",
        "include_subpath",
        "forward_headers",
        "auth",
        "cost_per_request",
        "timeout",
        "methods",
        "guardrails",
    ],
    accepted: &["id", "is_from_config", "merge_query_params"],
    unenforced: &[],
};

/// One entry.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Without a slash at its end.
    pub path: String,
    pub target: Url,
    /// In place of the client's of the same names.
    pub headers: Vec<(String, Secret)>,
    /// Where the client sets none.
    pub query: Vec<(String, Secret)>,
    /// What stands below the path goes below the target.
    pub include_subpath: bool,
    /// The client's headers go on too.
    pub forward_headers: bool,
    /// Callers are proven.
    pub auth: bool,
    /// Dollars. None: nobody knows.
    pub cost_per_request: Option<f64>,
    pub timeout: Option<Duration>,
    /// Empty: all.
    pub methods: Vec<String>,
    /// It was made through the API.
    pub is_stored: bool,
    /// Names of guardrails that look at its calls, besides those that look at all.
    pub guardrails: Vec<String>,
}

impl Endpoint {
    /// Whether it takes requests to this path: what stands below its own.
    pub fn tail<'p>(&self, path: &'p str) -> Option<&'p str> {
        let tail = path.strip_prefix(self.path.as_str())?;
        let below = self.include_subpath && tail.starts_with('/');
        (tail.is_empty() || below).then_some(tail)
    }

    pub fn takes(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.iter().any(|it| it == method)
    }

    /// It as a deployment of a provider without a plugin.
    pub fn deployment(&self, env: &Env) -> Option<Deployment> {
        let mut info = Map::new();
        info.insert("id".to_owned(), format!("{OWN_ID}{}", self.path).into());
        if let Some(cost) = self.cost_per_request {
            info.insert("input_cost_per_request".to_owned(), cost.into());
            // The price is of all of it, whatever the answer counts.
            for name in ["input_cost_per_token", "output_cost_per_token"] {
                info.insert(name.to_owned(), 0.into());
            }
        }
        if self.is_stored {
            info.insert("db_model".to_owned(), true.into());
        }
        let params = json!({"model": format!("{ENDPOINT}/*"), "api_base": self.target.as_str()});
        let mut made = made(&self.path, params, info, env)?;
        made.timeout = self.timeout;
        made.extra_headers.clone_from(&self.headers);
        Some(made)
    }
}

/// What the environment knows of a provider, as a deployment.
pub fn of_environment(provider: &str, env: &Env) -> Option<Deployment> {
    let mut info = Map::new();
    info.insert("id".to_owned(), format!("{OWN_ID}/{provider}").into());
    let params = json!({"model": format!("{provider}/*")});
    made(&format!("/{provider}"), params, info, env)
}

fn made(name: &str, params: Value, info: Map<String, Value>, env: &Env) -> Option<Deployment> {
    let entry = json!({"model_name": name, "litellm_params": params, "model_info": info});
    // It is ours: there is nothing to say of it.
    let (shared, mut remarks) = (Credentials::new(), Remarks::default());
    deployment::read(0, entry, (&shared, &Map::new()), env, &mut remarks)
}

/// Reads the list.
pub fn read(value: Option<Value>, env: &Env, remarks: &mut Remarks) -> Vec<Endpoint> {
    let list = match value {
        None => Vec::new(),
        Some(Value::Array(list)) => list,
        Some(other) => {
            let text = format!("is {}, expected a list", kind(&other));
            remarks.say(Taken::Wrong, SETTING, text);
            Vec::new()
        }
    };
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for (index, mut entry) in list.into_iter().enumerate() {
        let at = format!("{SETTING}[{index}]");
        let mark = |it: &mut Map<String, Value>| it.shift_remove(STORED_ENDPOINT);
        let is_stored = entry.as_object_mut().and_then(mark).is_some();
        if is_stored && entry.to_string().contains(REFERENCE) {
            let text = "refers to the environment, which only the configuration file may: left out";
            remarks.say(Taken::Warning, at, text);
            continue;
        }
        let mut section = Section::new(&at, Some(entry), env, remarks);
        let read = read_one(&mut section, is_stored);
        section.finish(&NAMES);
        let Some(endpoint) = read else { continue };
        let same = |other: &Endpoint| {
            let mut methods = METHODS.iter();
            other.path == endpoint.path && methods.any(|it| other.takes(it) && endpoint.takes(it))
        };
        if endpoints.iter().any(same) {
            let text = format!("`{}` stands twice; the first one counts", endpoint.path);
            remarks.say(Taken::Warning, format!("{at}.path"), text);
        }
        endpoints.push(endpoint);
    }
    endpoints
}

fn read_one(section: &mut Section<'_>, is_stored: bool) -> Option<Endpoint> {
    let (path, target) = (path(section), target(section));
    let headers = texts(section, "headers");
    let query = texts(section, "default_query_params");
    let cost_per_request = section.amount("cost_per_request");
    let methods = methods(section);
    let endpoint = Endpoint {
        path: path?,
        target: target?,
        headers,
        query,
        include_subpath: section.flag("include_subpath").unwrap_or(false),
        forward_headers: section.flag("forward_headers").unwrap_or(false),
        auth: section.flag("auth").unwrap_or(true),
        cost_per_request,
        timeout: section.seconds("timeout"),
        methods,
        is_stored,
        guardrails: guardrails(section),
    };
    if !endpoint.auth {
        let text = "lets everybody in: whoever reaches the gateway may spend by it";
        section.say(Taken::Warning, "auth", text);
    }
    Some(endpoint)
}

fn path(section: &mut Section<'_>) -> Option<String> {
    let Some(path) = section.text("path") else {
        section.say(Taken::Wrong, "path", "is missing");
        return None;
    };
    let trimmed = path.trim_end_matches('/');
    let plain = |it: u8| it.is_ascii_alphanumeric() || b"/-_.~".contains(&it);
    let is_path = trimmed.starts_with('/') && trimmed.bytes().all(plain);
    if !is_path || trimmed.contains("//") || trimmed.split('/').any(|it| it == "..") {
        let text = format!("is `{path}`, expected a path such as `/bria`");
        section.say(Taken::Wrong, "path", text);
        return None;
    }
    Some(trimmed.to_owned())
}

fn target(section: &mut Section<'_>) -> Option<Url> {
    let Some(text) = section.text("target") else {
        section.say(Taken::Wrong, "target", "is missing");
        return None;
    };
    let url = Url::parse(text.trim()).ok();
    let url = url.filter(|it| matches!(it.scheme(), "http" | "https") && it.fragment().is_none());
    if url.is_none() {
        let text = "is no URL with http:// or https://";
        section.say(Taken::Wrong, "target", text);
    }
    url
}

/// A list of names, or LiteLLM's mapping of them to fields of the body, which are all looked at.
fn guardrails(section: &mut Section<'_>) -> Vec<String> {
    match section.peek("guardrails") {
        Some(Value::Object(_)) => {
            let members = section.members("guardrails").unwrap_or_default();
            members.into_iter().map(|(name, _)| name).collect()
        }
        _ => section.words("guardrails").unwrap_or_default(),
    }
}

fn methods(section: &mut Section<'_>) -> Vec<String> {
    let listed = section.texts("methods").unwrap_or_default();
    let upper = listed.iter().map(|it| it.trim().to_ascii_uppercase());
    let (known, other): (Vec<_>, Vec<_>) = upper.partition(|it| METHODS.contains(&it.as_str()));
    if !other.is_empty() {
        let text = format!(
            "has `{}`, expected {}",
            other.join("`, `"),
            METHODS.join(", ")
        );
        section.say(Taken::Wrong, "methods", text);
    }
    known
}

/// A mapping of texts, each with a variable in it followed: `bearer os.environ/KEY`.
fn texts(section: &mut Section<'_>, name: &str) -> Vec<(String, Secret)> {
    let mut found = Vec::new();
    for (member, value) in section.members(name).unwrap_or_default() {
        let path = format!("{name}.{member}");
        let text = match value {
            Value::String(text) => text,
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => {
                section.say(Taken::Wrong, &path, "expected text");
                continue;
            }
        };
        let Some((before, variable)) = text.split_once(REFERENCE) else {
            found.push((member, Secret::new(text)));
            continue;
        };
        match section.env().get(variable.trim()) {
            Some(value) => {
                found.push((member, Secret::new(format!("{before}{}", value.reveal()))));
            }
            None => {
                let text = format!("the environment variable {variable} is not set");
                section.say(Taken::Warning, &path, text);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: Value) -> (Vec<Endpoint>, Vec<String>) {
        let mut remarks = Remarks::default();
        let env = Env::of(&[("BRIA_KEY", "k-bria")]);
        let endpoints = read(Some(value), &env, &mut remarks);
        let said = remarks.0.iter().filter(|it| it.taken != Taken::Honoured);
        let said = said.map(|it| format!("{}: {}", it.path, it.text)).collect();
        (endpoints, said)
    }

    #[test]
    fn litellms_endpoint_is_read_with_its_variable_inside_of_a_header() {
        let (endpoints, said) = of(json!([{"path": "/bria/", "target": "https://bria.test/v1",
            "headers": {"Authorization": "bearer os.environ/BRIA_KEY", "x-n": 7},
            "default_query_params": {"v": "1"}, "include_subpath": true, "cost_per_request": "0.25",
            "timeout": 5, "methods": ["post"], "is_from_config": true}]));
        let [endpoint] = &endpoints[..] else {
            panic!("{said:?}")
        };
        assert_eq!(endpoint.path, "/bria");
        assert_eq!(endpoint.headers[0].1.reveal(), "bearer k-bria");
        assert_eq!(endpoint.headers[1].1.reveal(), "7");
        assert!(endpoint.auth && endpoint.takes("POST") && !endpoint.takes("GET"));
        assert_eq!(endpoint.tail("/bria"), Some(""));
        assert_eq!(endpoint.tail("/bria/a/b"), Some("/a/b"));
        assert_eq!(endpoint.tail("/briar"), None);
        let deployment = endpoint.deployment(&Env::default()).unwrap();
        assert_eq!(deployment.provider, ENDPOINT);
        assert_eq!(deployment.id.as_str(), "pass-through:/bria");
        assert_eq!(deployment.info.rest["input_cost_per_request"], 0.25);
    }

    #[test]
    fn an_endpoint_of_the_database_refers_to_nothing_and_is_trusted_with_nothing() {
        let entry = |headers: Value| {
            json!([{"path": "/a", "target": "https://a.test",
            "headers": headers, "db_endpoint": true}])
        };
        let (endpoints, said) = of(entry(json!({"x": "bearer os.environ/BRIA_KEY"})));
        assert!(endpoints.is_empty());
        assert!(said[0].contains("refers to the environment"), "{said:?}");
        let (endpoints, _) = of(entry(json!({"x": "k"})));
        let deployment = endpoints[0].deployment(&Env::default()).unwrap();
        assert!(endpoints[0].is_stored && deployment.info.is_stored());
    }

    #[test]
    fn what_cannot_be_is_named_and_left_out() {
        for (entry, expected) in [
            (json!({"target": "https://a.test"}), "[0].path: is missing"),
            (json!({"path": "/a"}), "[0].target: is missing"),
            (
                json!({"path": "a", "target": "https://a.test"}),
                "expected a path",
            ),
            (
                json!({"path": "/a/../b", "target": "https://a.test"}),
                "expected a path",
            ),
            (
                json!({"path": "/", "target": "https://a.test"}),
                "expected a path",
            ),
            (json!({"path": "/a", "target": "ftp://a.test"}), "is no URL"),
        ] {
            let (endpoints, said) = of(json!([entry]));
            assert!(endpoints.is_empty(), "{expected}");
            assert!(said.iter().any(|it| it.contains(expected)), "{said:?}");
        }
        let (endpoints, said) = of(json!([
            {"path": "/a", "target": "https://a.test", "methods": ["FETCH"], "auth": false},
            {"path": "/a", "target": "https://b.test", "headers": {"x": "os.environ/NOT_SET"}}
        ]));
        assert_eq!(endpoints.len(), 2);
        for expected in [
            "`FETCH`",
            "lets everybody in",
            "stands twice",
            "NOT_SET is not set",
        ] {
            assert!(
                said.iter().any(|it| it.contains(expected)),
                "{expected}: {said:?}"
            );
        }
    }
}
