//! What a `describe` document may say, beyond its shape.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    AuthDescribe, Describe, ErrorsDescribe, HookDescribe, OperationDescribe, ProviderDescribe,
    SecretDescribe,
};
use crate::domain::{ErrorKind, host_pattern};

/// Most providers in one plugin, and examples of one plugin: a document is read at every load.
const MAX_PROVIDERS: usize = 500;
const MAX_EXAMPLES: usize = 200;

/// The schemes of the contract.
const SCHEMES: &[&str] = &[
    "", "none", "bearer", "header", "query", "basic", "sigv4", "oauth2", "google", "azure", "jwt",
];

const RATE_LIMIT_HEADERS: &[&str] = &[
    "limit_requests",
    "remaining_requests",
    "reset_requests",
    "limit_tokens",
    "remaining_tokens",
    "reset_tokens",
];

/// The first thing that is wrong.
pub fn check(document: &Describe) -> Result<(), String> {
    if !is_name(&document.name) {
        return Err(format!(
            "the name {:?} has other characters than letters, digits, `_`, `-`, `.`",
            document.name
        ));
    }
    if document.version.is_empty() || document.version.len() > 64 {
        return Err("`version` is empty or too long".into());
    }
    let hooks = [
        ("guardrail", &document.guardrails),
        ("callback", &document.callbacks),
    ];
    if document.providers.is_empty() && hooks.iter().all(|(_, it)| it.is_empty()) {
        return Err("it names no provider, no guardrail and no callback".into());
    }
    for (kind, hooks) in hooks {
        check_hooks(kind, hooks)?;
    }
    if document.providers.len() > MAX_PROVIDERS || document.examples.len() > MAX_EXAMPLES {
        return Err(format!(
            "it has more than {MAX_PROVIDERS} providers or {MAX_EXAMPLES} examples"
        ));
    }
    let mut names = BTreeSet::new();
    for provider in &document.providers {
        for name in provider.names() {
            if !is_name(name) {
                return Err(format!("the provider name {name:?} is none"));
            }
            if !names.insert(name) {
                return Err(format!("the provider name `{name}` is there twice"));
            }
        }
        check_provider(provider).map_err(|what| format!("provider `{}`: {what}", provider.name))?;
    }
    Ok(())
}

/// Guardrails and callbacks of one plugin; as the schema has it.
const MAX_HOOKS: usize = 50;

fn check_hooks(kind: &str, hooks: &[HookDescribe]) -> Result<(), String> {
    if hooks.len() > MAX_HOOKS {
        return Err(format!("it has more than {MAX_HOOKS} {kind}s"));
    }
    let mut names = BTreeSet::new();
    for hook in hooks {
        if !is_name(&hook.name) || !names.insert(&hook.name) {
            return Err(format!(
                "the {kind} name {:?} is none, or there twice",
                hook.name
            ));
        }
        check_hook(kind, hook).map_err(|what| format!("{kind} `{}`: {what}", hook.name))?;
    }
    Ok(())
}

fn check_hook(kind: &str, hook: &HookDescribe) -> Result<(), String> {
    let (stages, needs): (&[&str], &[&str]) = match kind {
        "guardrail" => (&["pre", "during", "post", "log"], &["request", "response"]),
        _ => (&[], &[]),
    };
    if let Some(bad) = hook.stages.iter().find(|it| !stages.contains(&it.as_str())) {
        return Err(format!("{bad:?} in `stages` is no stage"));
    }
    if let Some(bad) = hook.needs.iter().find(|it| !needs.contains(&it.as_str())) {
        return Err(format!("{bad:?} in `needs` is nothing that it can have"));
    }
    if hook
        .max_batch
        .is_some_and(|it| kind != "callback" || it == 0)
    {
        return Err("`max_batch` is a callback's, and at least 1".into());
    }
    check_place(&hook.base_url, &hook.hosts)?;
    let env = hook.secrets.values().flat_map(|secret| &secret.env);
    if let Some(bad) = env.chain(&hook.base_url_env).find(|it| !is_env(it)) {
        return Err(format!("{bad:?} is no environment name"));
    }
    check_auth(&hook.auth, &hook.secrets)?;
    check_schema(hook.config_schema.as_ref())
}

/// A base URL, and the hosts besides it.
fn check_place(base: &Option<String>, hosts: &[String]) -> Result<(), String> {
    if let Some(base) = base {
        check_base(base).map_err(|what| format!("`base_url` {what}"))?;
    }
    match hosts.iter().find(|host| !is_host(host)) {
        Some(bad) => Err(format!("{bad:?} in `hosts` is no host name")),
        None => Ok(()),
    }
}

fn check_schema(schema: Option<&serde_json::Value>) -> Result<(), String> {
    match schema {
        Some(schema) => {
            jsonschema::meta::validate(schema).map_err(|cause| format!("`config_schema`: {cause}"))
        }
        None => Ok(()),
    }
}

fn check_provider(provider: &ProviderDescribe) -> Result<(), String> {
    if provider.operations.is_empty() {
        return Err("it has no operation".into());
    }
    for (name, operation) in &provider.operations {
        check_operation(operation).map_err(|what| format!("operation `{name}`: {what}"))?;
    }
    check_place(&provider.base_url, &provider.hosts)?;
    let env = provider.secrets.values().flat_map(|secret| &secret.env);
    if let Some(bad) = env.chain(&provider.base_url_env).find(|it| !is_env(it)) {
        return Err(format!("{bad:?} is no environment name"));
    }
    check_auth(&provider.auth, &provider.secrets)?;
    check_errors(&provider.errors)?;
    for (kind, header) in &provider.rate_limit_headers {
        if !RATE_LIMIT_HEADERS.contains(&kind.as_str()) {
            return Err(format!("`rate_limit_headers` has no `{kind}`"));
        }
        if http::HeaderName::from_bytes(header.as_bytes()).is_err() {
            return Err(format!("{header:?} in `rate_limit_headers` is no header"));
        }
    }
    check_schema(provider.config_schema.as_ref())
}

fn check_operation(operation: &OperationDescribe) -> Result<(), String> {
    if operation.models.iter().any(|rule| rule.r#match.is_empty()) {
        return Err("an entry of `models` matches nothing".into());
    }
    Ok(())
}

fn check_base(base: &str) -> Result<(), String> {
    let url = url::Url::parse(base).map_err(|cause| format!("is no URL: {cause}"))?;
    if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
        return Err("is no http or https URL".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a name or password in it".into());
    }
    Ok(())
}

/// A secret that the scheme names must be one that the host knows to look for.
fn check_auth(
    auth: &AuthDescribe,
    secrets: &BTreeMap<String, SecretDescribe>,
) -> Result<(), String> {
    if !SCHEMES.contains(&auth.scheme.as_str()) {
        return Err(format!("`auth.scheme` `{}` is unknown", auth.scheme));
    }
    let named = auth.params.iter().filter(|(name, _)| {
        name.as_str() == "secret" || name.ends_with("-secret") || name.ends_with("_secret")
    });
    for (name, secret) in named {
        if !secrets.contains_key(secret) {
            return Err(format!(
                "`auth.{name}` is `{secret}`, which is not in `secrets`"
            ));
        }
    }
    Ok(())
}

fn check_errors(errors: &ErrorsDescribe) -> Result<(), String> {
    let kinds = errors.kinds.iter().map(|it| &it.pointer);
    let plain = [&errors.message, &errors.kind, &errors.code, &errors.param];
    let mut pointers = plain.into_iter().flatten().chain(kinds);
    if let Some(bad) = pointers.find(|it| !it.is_empty() && !it.starts_with('/')) {
        return Err(format!("{bad:?} in `errors` is no JSON pointer"));
    }
    for rule in &errors.kinds {
        // Elsewhere an unknown kind counts as `upstream`; here it is a slip of the pen.
        if ErrorKind::from_contract(&rule.kind).as_str() != rule.kind {
            return Err(format!("the error kind `{}` is unknown", rule.kind));
        }
        if rule.equals.is_some() == rule.contains.is_some() {
            return Err(format!(
                "the rule for `{}` needs one of `equals` and `contains`",
                rule.kind
            ));
        }
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    let plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-' | b'.');
    !name.is_empty() && name.len() <= 64 && name.bytes().all(plain)
}

fn is_env(name: &str) -> bool {
    let plain = |it: u8| it.is_ascii_alphanumeric() || it == b'_';
    !name.is_empty() && name.len() <= 128 && name.bytes().all(plain)
}

/// A host, or a host and a port: no scheme, no path. One with a `*` is a pattern.
fn is_host(host: &str) -> bool {
    let example = host.replace('*', "a");
    let names = host.split('.');
    url::Url::parse(&format!("https://{example}/"))
        .is_ok_and(|url| url.path() == "/" && url.username().is_empty() && url.query().is_none())
        && !host.contains(['/', '@', '#', '?', '\\'])
        && host_pattern::is_bounded(host)
        && names.into_iter().all(|it| it.matches('*').count() <= 1)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::Describe;

    fn refusal(provider: Value) -> String {
        let mut document = json!({"name": "a", "version": "1",
            "providers": [{"name": "a", "operations": {"chat": {}}}]});
        for (name, value) in provider.as_object().unwrap() {
            document["providers"][0][name] = value.clone();
        }
        match Describe::parse(&document.to_string()) {
            Ok(_) => String::new(),
            Err(cause) => cause.to_string(),
        }
    }

    #[test]
    fn a_plain_document_is_taken() {
        assert_eq!(
            refusal(json!({
                "base_url": "https://api.acme.example/v1", "hosts": ["files.acme.example:8443", "*.acme.example", "rt.*.acme.example"],
                "auth": {"scheme": "header", "name": "x-key", "secret": "api_key"},
                "secrets": {"api_key": {"env": ["ACME_API_KEY"]}},
                "errors": {"message": "/error/message",
                    "kinds": [{"pointer": "/error/code", "equals": "slow", "kind": "rate-limit"}]},
                "config_schema": {"type": "object"}
            })),
            ""
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            (json!({"name": "a/b"}), "a/b"),
            (json!({"aliases": ["a"]}), "twice"),
            (json!({"operations": {}}), "no operation"),
            (json!({"base_url": "ftp://a.example"}), "base_url"),
            (json!({"base_url": "https://u:p@a.example"}), "password"),
            (json!({"hosts": ["*.example"]}), "*.example"),
            (json!({"hosts": ["a.example.*"]}), "a.example.*"),
            (json!({"hosts": ["*a*.example.com"]}), "*a*.example.com"),
            (json!({"hosts": ["https://a.example"]}), "https://a.example"),
            (json!({"base_url_env": ["A=B"]}), "A=B"),
            (json!({"auth": {"scheme": "magic"}}), "magic"),
            (
                json!({"auth": {"scheme": "bearer", "secret": "key"}}),
                "`key`",
            ),
            (json!({"errors": {"message": "error"}}), "pointer"),
            (json!({"rate_limit_headers": {"rpm": "x"}}), "rpm"),
            (
                json!({"config_schema": {"type": "objekt"}}),
                "config_schema",
            ),
        ];
        for (provider, what) in cases {
            let refusal = refusal(provider.clone());
            assert!(refusal.contains(what), "{provider}: {refusal:?}");
        }
    }

    #[test]
    fn an_error_kind_that_is_none_is_named() {
        let rule = |rule: Value| refusal(json!({"errors": {"kinds": [rule]}}));
        assert!(rule(json!({"pointer": "/a", "equals": "b", "kind": "slow"})).contains("slow"));
        assert!(rule(json!({"pointer": "/a", "kind": "quota"})).contains("equals"));
    }
}
