//! What a deployment's `api_base` says: people write the resource, a route, or all of an address.

use sluice_sdk::Call;
use sluice_sdk::serde_json::Value;

/// A base URL in its parts.
pub struct Base {
    pub host: String,
    /// Without the slash at its end.
    pub path: String,
}

impl Base {
    pub fn of(call: &Call) -> Self {
        let context = call.context();
        let url = context.get("base_url").and_then(Value::as_str);
        let url = url.unwrap_or_default();
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = host.split(':').next().unwrap_or(host);
        Self {
            host: host.to_ascii_lowercase(),
            path: path.trim_end_matches('/').to_owned(),
        }
    }

    /// Whether the host is this one or lies under it.
    pub fn is_under(&self, domain: &str) -> bool {
        let rest = self.host.strip_suffix(domain);
        rest.is_some_and(|it| it.is_empty() || it.ends_with('.'))
    }

    /// What is left of a path when the base has its beginning already: of `/openai/v1/x` under a
    /// base that ends in `/openai` it is `/v1/x`.
    pub fn rest_of<'p>(&self, path: &'p str) -> &'p str {
        let ends = path.match_indices('/').map(|(at, _)| at);
        let ends = ends.chain([path.find('?').unwrap_or(path.len())]);
        let known = |end: &usize| {
            let begun = path[..*end].trim_start_matches('/');
            let own = self.path.strip_suffix(begun);
            !begun.is_empty() && own.is_some_and(|it| it.is_empty() || it.ends_with('/'))
        };
        ends.filter(known).max().map_or(path, |end| &path[end..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(path: &str) -> Base {
        Base {
            host: "r.openai.azure.com".into(),
            path: path.into(),
        }
    }

    #[test]
    fn what_the_base_has_is_not_said_twice() {
        let path = "/openai/deployments/d/chat/completions?api-version=1";
        for (own, want) in [
            ("", path),
            ("openai", "/deployments/d/chat/completions?api-version=1"),
            ("openai/deployments/d", "/chat/completions?api-version=1"),
            ("openai/deployments/d/chat/completions", "?api-version=1"),
            (
                "proxy/openai",
                "/deployments/d/chat/completions?api-version=1",
            ),
            ("proxy", path),
            ("notopenai", path),
        ] {
            assert_eq!(base(own).rest_of(path), want, "{own}");
        }
    }

    #[test]
    fn a_host_is_under_its_domain_only() {
        assert!(base("").is_under("azure.com") && base("").is_under("r.openai.azure.com"));
        assert!(!base("").is_under("penai.azure.com"));
    }
}
