//! What a component asks for, in words that somebody reads before it is let in.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use sluice_engine::{Inspection, Kind};

use crate::plugins::describe::{Describe, SecretDescribe};

/// What a component asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Hosts besides a deployment's own `api_base`; a pattern as it is written.
    pub hosts: BTreeSet<String>,
    /// Environment names that the gateway would read for it.
    pub env: BTreeSet<String>,
    /// Names of secrets, with whether it cannot do without.
    pub secrets: BTreeSet<(String, bool)>,
    /// What it sees, in words.
    pub sees: String,
    /// Functions of the host that reach beyond translation, in words.
    pub reaches: Vec<&'static str>,
    /// Imports of WASI, which lead nowhere.
    pub wasi: Vec<String>,
}

impl Capabilities {
    /// What this document and these imports ask for.
    pub fn of(describe: &Describe, inspection: &Inspection) -> Self {
        let mut asked = Self {
            sees: sees(inspection.kind).to_owned(),
            ..Self::default()
        };
        for provider in &describe.providers {
            asked.place(provider.base_url.as_deref(), &provider.hosts);
            asked.env.extend(provider.wanted_env().map(str::to_owned));
            asked.secrets(&provider.secrets);
        }
        for hook in describe.guardrails.iter().chain(&describe.callbacks) {
            asked.place(hook.base_url.as_deref(), &hook.hosts);
            asked.env.extend(hook.wanted_env().map(str::to_owned));
            asked.secrets(&hook.secrets);
        }
        for (interface, words) in [
            ("http", "requests of its own, to hosts that are granted"),
            ("kv", "a small store of its own, apart for each tenant"),
            ("files", "the bytes of files that come with a request"),
        ] {
            let name = format!("sluice:plugin/{interface}");
            if inspection.imports.iter().any(|it| it.starts_with(&name)) {
                asked.reaches.push(words);
            }
        }
        let wasi = inspection
            .imports
            .iter()
            .filter(|it| it.starts_with("wasi:"));
        asked.wasi = wasi.cloned().collect();
        asked
    }

    fn place(&mut self, base: Option<&str>, hosts: &[String]) {
        self.hosts.extend(base.and_then(host_of));
        self.hosts.extend(hosts.iter().cloned());
    }

    fn secrets<'d>(&mut self, named: impl IntoIterator<Item = (&'d String, &'d SecretDescribe)>) {
        let named = named.into_iter();
        self.secrets
            .extend(named.map(|(name, it)| (name.clone(), it.required)));
    }

    /// A line for each thing.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("sees         {}", self.sees)];
        let list = |them: &BTreeSet<String>| them.iter().cloned().collect::<Vec<_>>().join(", ");
        lines.push(match self.hosts.is_empty() {
            true => "hosts        none but the `api_base` of its deployments".to_owned(),
            false => format!("hosts        {}", list(&self.hosts)),
        });
        if !self.secrets.is_empty() {
            let secrets = self.secrets.iter().map(|(name, required)| match required {
                true => name.clone(),
                false => format!("{name} (optional)"),
            });
            let secrets = secrets.collect::<Vec<_>>().join(", ");
            lines.push(format!(
                "credentials  {secrets}: the gateway adds them to requests, it never reads them"
            ));
        }
        if !self.env.is_empty() {
            lines.push(format!("environment  {}", list(&self.env)));
        }
        lines.extend(self.reaches.iter().map(|it| format!("may use      {it}")));
        if !self.wasi.is_empty() {
            let count = self.wasi.len();
            lines.push(format!(
                "WASI         {count} interfaces, linked and empty: no files, environment or sockets"
            ));
        }
        lines
    }

    /// As a document.
    pub fn json(&self) -> Value {
        let secrets = self.secrets.iter();
        let secrets: Map<String, Value> = secrets
            .map(|(name, required)| (name.clone(), json!({ "required": required })))
            .collect();
        json!({"sees": self.sees, "hosts": self.hosts, "environment": self.env,
            "secrets": secrets, "may_use": self.reaches, "wasi": self.wasi})
    }
}

const fn sees(kind: Kind) -> &'static str {
    match kind {
        Kind::Provider => "the requests and answers of its own deployments",
        Kind::Guardrail => {
            "the texts of every request that it guards, and may change or refuse them"
        }
        Kind::Callback => {
            "the records of finished requests, with their texts unless they are left out"
        }
    }
}

/// The host of a URL, with its port where it says one.
pub fn host_of(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Capabilities {
        let text = r#"{"name": "acme", "version": "1", "providers": [{"name": "acme",
            "base_url": "https://api.acme.example/v1", "hosts": ["*.acme.example"],
            "secrets": {"api_key": {"env": ["ACME_KEY"], "required": true}}, "operations": {"chat": {}}}]}"#;
        let inspection = Inspection {
            kind: Kind::Provider,
            version: "0.1.0".into(),
            imports: vec![
                "sluice:plugin/files@0.1.0".into(),
                "wasi:io/poll@0.2.0".into(),
            ],
            exports: Vec::new(),
        };
        Capabilities::of(&Describe::parse(text).unwrap(), &inspection)
    }

    #[test]
    fn everything_that_is_asked_for_has_a_line() {
        let lines = asked().lines().join("\n");
        for word in [
            "*.acme.example, api.acme.example",
            "credentials  api_key:",
            "ACME_KEY",
            "bytes of files",
            "WASI         1 interfaces",
            "own deployments",
        ] {
            assert!(lines.contains(word), "{word}: {lines}");
        }
    }
}
