//! A callback's settings as its plugin has names for them, with secrets, addresses and headers apart.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};
use url::Url;

use crate::config::{Callback, Env, header_pairs};
use crate::domain::Secret;
use crate::plugins::describe::HookDescribe;

/// Where a secret of this name is one text of several headers, as LiteLLM's
/// `GENERIC_LOGGER_HEADERS` is.
const HEADERS: &str = "headers";

/// LiteLLM's name of the base URL of some.
const ENDPOINT: &str = "endpoint";

/// What of an entry is what to the plugin.
#[derive(Debug, Default)]
pub struct Sorted {
    pub settings: Map<String, Value>,
    pub secrets: BTreeMap<String, Secret>,
    pub api_base: Option<Url>,
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl Sorted {
    /// `env`: the environment, and what of it the plugin may read.
    ///
    /// # Errors
    /// What cannot be, by its name.
    pub fn of(
        entry: &Callback,
        describe: &HookDescribe,
        env: Option<(&Env, &[String])>,
    ) -> Result<Self, String> {
        let mut sorted = Self {
            api_base: entry.api_base.clone(),
            ..Self::default()
        };
        for (name, secret) in &entry.secrets {
            let place = Place::of(describe, name);
            sorted.put(place, name, secret.reveal().into())?;
        }
        for (name, value) in &entry.settings {
            let place = Place::of(describe, name);
            sorted.put(place, name, value.clone())?;
        }
        if let Some(env) = env {
            sorted.fill(describe, env);
        }
        let mut headers = entry.headers.clone();
        if let Some(text) = sorted.secrets.remove(HEADERS) {
            headers.extend(header_pairs(text.reveal()));
        }
        sorted.headers = headers
            .iter()
            .map(|(name, value)| header(name, value))
            .collect::<Result<_, String>>()?;
        Ok(sorted)
    }

    fn put(&mut self, place: Place<'_>, name: &str, value: Value) -> Result<(), String> {
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        match place {
            Place::Setting(own) => {
                self.settings.insert(own.to_owned(), value);
            }
            Place::Secret(own) => {
                let text = text(&value).ok_or_else(|| format!("`{name}` is no text"))?;
                self.secrets.insert(own.to_owned(), Secret::new(text));
            }
            Place::Base => {
                let url = text(&value).and_then(|it| Url::parse(it.trim()).ok());
                let url = url.filter(|it| matches!(it.scheme(), "http" | "https"));
                let url =
                    url.ok_or_else(|| format!("`{name}` is no URL with http:// or https://"))?;
                self.api_base.get_or_insert(url);
            }
        }
        Ok(())
    }

    /// Settings that the environment gives where nobody wrote them. Secrets and the base URL are
    /// looked for where requests are sent from.
    fn fill(&mut self, describe: &HookDescribe, (env, may_read): (&Env, &[String])) {
        for (name, names) in describe.settings_env() {
            let mut may = names
                .iter()
                .filter(|it| may_read.iter().any(|may| may == *it));
            let found = || may.find_map(|it| env.get(it));
            if let Some(value) = (!self.settings.contains_key(name)).then(found).flatten() {
                let value = typed(describe, name, value.reveal());
                self.settings.insert(name.to_owned(), value);
            }
        }
        if let Some(described) = describe.secrets.get(HEADERS)
            && !self.secrets.contains_key(HEADERS)
        {
            let mut may = described.env.iter().filter(|it| may_read.contains(it));
            let found = may.find_map(|it| env.get(it));
            self.secrets
                .extend(found.map(|it| (HEADERS.to_owned(), it)));
        }
    }
}

fn header(name: &str, value: &Secret) -> Result<(HeaderName, HeaderValue), String> {
    let parsed = HeaderName::from_bytes(name.as_bytes()).ok();
    let parsed = parsed.zip(HeaderValue::from_str(value.reveal()).ok());
    let (name, mut value) = parsed.ok_or_else(|| format!("`headers.{name}` is no valid header"))?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// A text of the environment as the schema wants it.
fn typed(describe: &HookDescribe, name: &str, text: &str) -> Value {
    let schema = describe.config_schema.as_ref();
    let kind = schema.and_then(|it| it.get("properties")?.get(name)?.get("type")?.as_str());
    let plain = || Value::from(text);
    match kind {
        Some("integer" | "number" | "boolean" | "array" | "object") => {
            // `True`, as it is written in the environment of Python.
            let read = |text: &str| serde_json::from_str(text).ok();
            let lower = || read(&text.to_ascii_lowercase());
            read(text).or_else(lower).unwrap_or_else(plain)
        }
        _ => plain(),
    }
}

/// What a name is to a plugin.
#[derive(Debug, PartialEq)]
enum Place<'h> {
    Setting(&'h str),
    Secret(&'h str),
    Base,
}

impl<'h> Place<'h> {
    /// A name is the plugin's own, or that of a variable of the environment in small letters.
    fn of(describe: &'h HookDescribe, name: &'h str) -> Self {
        let is = |env: &String| env.eq_ignore_ascii_case(name);
        if let Some((own, _)) = describe.secrets.get_key_value(name) {
            return Self::Secret(own);
        }
        let property = describe.config_schema.as_ref();
        if property.is_some_and(|it| it["properties"].get(name).is_some()) {
            return Self::Setting(name);
        }
        let mut secrets = describe.secrets.iter();
        if let Some((own, _)) = secrets.find(|(_, it)| it.env.iter().any(is)) {
            return Self::Secret(own);
        }
        if name == ENDPOINT || describe.base_url_env.iter().any(is) {
            return Self::Base;
        }
        let mut settings = describe.settings_env();
        let own = settings.find(|(_, names)| names.iter().any(|it| it.eq_ignore_ascii_case(name)));
        match own {
            Some((own, _)) => Self::Setting(own),
            None if crate::config::looks_secret(name) => Self::Secret(name),
            None => Self::Setting(name),
        }
    }
}
