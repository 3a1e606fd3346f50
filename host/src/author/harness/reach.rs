//! Where a component wants to send something, and with which secrets: what it may without being
//! granted more than its document says.

use std::collections::BTreeSet;

use serde_json::Value;

use super::case::{Case, Played};
use crate::author::capabilities::host_of;
use crate::domain::host_pattern;
use crate::plugins::describe::Describe;

/// What one provider, guardrail or callback declares.
struct Declared {
    hosts: Vec<String>,
    secrets: BTreeSet<String>,
}

/// The hosts and secrets of a run that were not declared.
#[derive(Debug, Default)]
pub struct Beyond {
    pub hosts: Vec<String>,
    pub secrets: Vec<String>,
}

/// Judges what a case asked for.
pub fn beyond(describe: &Describe, case: &Case, played: &Played) -> Beyond {
    let mut beyond = Beyond::default();
    let Some(mut declared) = declared(describe, case.of()) else {
        let what = format!(
            "`{}` is for `{}`, which the document does not name",
            case.name(),
            case.of()
        );
        beyond.hosts.push(what);
        return beyond;
    };
    declared.hosts.extend(own_hosts(case));
    for request in &played.requests {
        if let Some(host) = foreign_host(&request.url, &declared.hosts) {
            let what = format!(
                "`{}`: it wants to reach {host}, which it does not declare",
                case.name()
            );
            beyond.hosts.push(what);
        }
        for secret in &request.secrets {
            if !declared.secrets.contains(secret) {
                let what = format!(
                    "`{}`: it wants the secret `{secret}`, which it does not declare",
                    case.name()
                );
                beyond.secrets.push(what);
            }
        }
        // What was taken out of an answer is its own from then on.
        declared.secrets.extend(request.captures.clone());
    }
    beyond
}

fn declared(describe: &Describe, name: &str) -> Option<Declared> {
    let provider = describe
        .providers
        .iter()
        .find(|it| it.names().any(|it| it == name));
    let mut hooks = describe.guardrails.iter().chain(&describe.callbacks);
    let hook = hooks.find(|it| it.name == name);
    let (base, hosts, secrets) = match (provider, hook) {
        (Some(it), _) => (&it.base_url, &it.hosts, &it.secrets),
        (None, Some(it)) => (&it.base_url, &it.hosts, &it.secrets),
        (None, None) => return None,
    };
    let base = base.as_deref().and_then(host_of);
    Some(Declared {
        hosts: base.into_iter().chain(hosts.iter().cloned()).collect(),
        secrets: secrets.keys().cloned().collect(),
    })
}

/// Hosts of the deployment's own addresses, which it always may reach.
fn own_hosts(case: &Case) -> Vec<String> {
    let mut found = Vec::new();
    match case {
        Case::Provider(fixture) => {
            let settings = fixture.config.values().chain(fixture.context.values());
            settings.for_each(|it| urls(it, &mut found));
        }
        Case::Hook(example) => {
            let settings = example.config.iter();
            settings.for_each(|it| urls(it, &mut found));
        }
    }
    found
}

fn urls(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.extend(host_of(text)),
        Value::Array(items) => items.iter().for_each(|it| urls(it, found)),
        Value::Object(members) => members.values().for_each(|it| urls(it, found)),
        _ => {}
    }
}

/// The host of a whole URL that is none of these.
fn foreign_host(url: &str, hosts: &[String]) -> Option<String> {
    if !url.contains("://") {
        return None;
    }
    let Ok(parsed) = url::Url::parse(url) else {
        return Some(format!("{url:?} (no URL)"));
    };
    let host = parsed.host_str().unwrap_or_default();
    let port = parsed.port_or_known_default().unwrap_or(0);
    let with_port = format!("{host}:{port}");
    let fits = |it: &String| host_pattern::fits(it, host) || host_pattern::fits(it, &with_port);
    (!hosts.iter().any(fits)).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_at_home_and_a_whole_url_has_to_be_declared() {
        let hosts = [
            "api.acme.example".to_owned(),
            "*.files.example.com".to_owned(),
            "b.example:8443".to_owned(),
        ];
        assert_eq!(foreign_host("/v1/chat", &hosts), None);
        assert_eq!(foreign_host("https://api.acme.example/x", &hosts), None);
        assert_eq!(foreign_host("https://eu.files.example.com/x", &hosts), None);
        assert_eq!(foreign_host("https://b.example:8443/x", &hosts), None);
        assert_eq!(
            foreign_host("https://b.example/x", &hosts).as_deref(),
            Some("b.example")
        );
        assert_eq!(
            foreign_host("http://169.254.169.254/x", &hosts).as_deref(),
            Some("169.254.169.254")
        );
        assert!(foreign_host("https://:x", &hosts).is_some());
    }
}
