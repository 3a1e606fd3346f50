//! LiteLLM's hooks in Python. None of them runs here; what takes the place of each is said where a
//! config names one, and in docs/migrate.md.

use serde_json::Value;

use super::env::Env;
use super::remarks::{Remarks, Taken};
use super::section::{Section, is_set};

/// A setting that names a hook, and what takes its place.
type Hook = (&'static str, &'static str);

/// Of `general_settings`.
const GENERAL: [Hook; 7] = [
    (
        "custom_auth",
        "it keeps nobody out: let callers in by keys, or by tokens of an identity provider \
         (`enable_jwt_auth` and `litellm_jwtauth`, docs/auth.md)",
    ),
    (
        "custom_key_generate",
        "set `litellm_settings.default_key_generate_params`, `upperbound_key_generate_params`, \
         `key_generation_settings` or `key_alias_pattern` (docs/budgets.md)",
    ),
    (
        "custom_key_update",
        "set `litellm_settings.upperbound_key_generate_params`, which holds for changes too \
         (docs/budgets.md)",
    ),
    (
        "custom_key_policy",
        "set `litellm_settings.upperbound_key_generate_params` and `key_generation_settings`, and \
         `team_member_permissions` of teams (docs/management.md)",
    ),
    (
        "custom_sso",
        "set `SLUICE_OIDC_ISSUER` or `GENERIC_*` for an identity provider; its groups say the role \
         (docs/ui.md)",
    ),
    (
        "custom_ui_sso_sign_in_handler",
        "set `SLUICE_OIDC_ISSUER` or `GENERIC_*` for an identity provider: people sign in there, and no \
         header is trusted (docs/ui.md)",
    ),
    (
        "custom_team_metadata_validate",
        "set `litellm_settings.default_team_params` for what teams have; nothing judges their metadata, \
         so let only admins make them (docs/management.md)",
    ),
];

/// Of `litellm_settings`.
const LITELLM: [Hook; 4] = [
    (
        "pre_call_rules",
        "put a guardrail with `mode: pre_call` into `guardrails`: `keywords` for words and patterns, or a \
         plugin of your own (docs/guardrails.md)",
    ),
    (
        "post_call_rules",
        "put a guardrail with `mode: post_call` into `guardrails`: `keywords` for words and patterns, or \
         a plugin of your own (docs/guardrails.md)",
    ),
    (
        "input_callback",
        "name a component in `callbacks` (docs/callbacks.md), which is told of each call when it has ended",
    ),
    (
        "custom_provider_map",
        "write a plugin of the provider (docs/write-a-provider.md), or a row of `plugins.providers` if it \
         speaks OpenAI's dialect (docs/openai-compatible.md)",
    ),
];

/// Functions that each of LiteLLM's workers runs when it starts.
const STARTUP: &str = "LITELLM_WORKER_STARTUP_HOOKS";

/// LiteLLM's callbacks that change or refuse calls, and the guardrail here that does.
const GUARDS: [(&str, &str); 6] = [
    ("azure_content_safety", "azure.text_moderations"),
    ("banned_keywords", "keywords"),
    ("hide_secrets", "hide-secrets"),
    ("lakera_prompt_injection", "lakera_v2"),
    ("openai_moderations", "openai_moderation"),
    ("presidio", "presidio"),
];

/// Hooks that `general_settings` names.
pub fn of_general(section: &mut Section<'_>) {
    tell(section, &GENERAL);
}

/// Hooks that `litellm_settings` names, but for callbacks.
pub fn of_litellm(section: &mut Section<'_>) {
    tell(section, &LITELLM);
}

fn tell(section: &mut Section<'_>, hooks: &[Hook]) {
    for (name, instead) in hooks {
        let Some(value) = section.peek(name).filter(|it| is_set(it)) else {
            continue;
        };
        let text = match modules(value).as_slice() {
            [] => format!("is Python, which does not run here: {instead}"),
            named => format!(
                "names {}, which is Python and does not run here: {instead}",
                named.join(", ")
            ),
        };
        section.forget(name);
        section.say(Taken::Warning, name, text);
    }
}

/// The names of functions and classes in a setting.
fn modules(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![format!("`{text}`")],
        Value::Array(all) => all.iter().flat_map(modules).collect(),
        Value::Object(members) => members.get("custom_handler").map_or(Vec::new(), modules),
        _ => Vec::new(),
    }
}

/// Hooks that the environment names.
pub fn of_environment(env: &Env, remarks: &mut Remarks) {
    let named = env.text(STARTUP).unwrap_or_default();
    let named = named.split(',').map(str::trim).filter(|it| !it.is_empty());
    let named: Vec<String> = named.map(|it| format!("`{it}`")).collect();
    if named.is_empty() {
        return;
    }
    let text = format!(
        "names {}, which is Python and does not run here: what a component needs stands in its settings, \
         and what it keeps in `kv` (docs/plugins.md)",
        named.join(", ")
    );
    remarks.say(Taken::Warning, STARTUP, text);
}

/// What is to be said of a name in a list of callbacks that is no component's.
pub fn of_callback(name: &str) -> Option<String> {
    if let Some((_, guard)) = GUARDS.iter().find(|it| it.0 == name) {
        return Some(format!(
            "names `{name}`, which looks at no call from here: put `{guard}` into `guardrails`, with \
             `default_on: true` (docs/guardrails.md)"
        ));
    }
    let (module, _) = name.split_once('.')?;
    Some(format!(
        "names `{name}`, which is Python (`{module}`) and does not run here: hooks that log are a callback \
         plugin (docs/callbacks.md) or one that ships (docs/callbacks-shipped.md), hooks that change or \
         refuse calls are a guardrail (docs/guardrails.md), which may ask your Python as a service \
         (`generic_guardrail_api`)"
    ))
}

/// What takes the place of a guardrail that no plugin has, if it is Python.
pub fn of_guardrail(kind: &str) -> Option<String> {
    let what = match kind.split_once('.') {
        None if kind == "custom_code" => "the text in `custom_code` is Python",
        None => return None,
        Some(_) => "a class of Python",
    };
    Some(format!(
        "{what} does not run here: write a guardrail plugin (docs/guardrails.md#writing-one), or let your \
         Python answer as a service that `generic_guardrail_api` asks (docs/guardrails-services.md)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Remark};
    use serde_json::json;

    fn said(file: &Value, env: &[(&str, &str)]) -> Vec<Remark> {
        let (_, remarks) = Config::parse(&file.to_string(), Env::of(env)).unwrap();
        remarks
    }

    #[test]
    fn every_hook_is_told_with_what_takes_its_place() {
        let mut file = json!({"model_list": [], "general_settings": {}, "litellm_settings": {}});
        for (section, hooks) in [
            ("general_settings", &GENERAL[..]),
            ("litellm_settings", &LITELLM[..]),
        ] {
            for (name, _) in hooks {
                file[section][name] = json!("hooks.it");
            }
        }
        let remarks = said(&file, &[]);
        for (section, hooks) in [
            ("general_settings", &GENERAL[..]),
            ("litellm_settings", &LITELLM[..]),
        ] {
            for (name, instead) in hooks {
                let path = format!("{section}.{name}");
                let all: Vec<_> = remarks.iter().filter(|it| it.path == path).collect();
                let [one] = all[..] else {
                    panic!("{path}: {all:?}")
                };
                assert_eq!(one.taken, Taken::Warning, "{path}");
                assert!(
                    one.text.starts_with("names `hooks.it`, which is Python"),
                    "{}",
                    one.text
                );
                assert!(one.text.ends_with(instead), "{}", one.text);
            }
        }
    }

    #[test]
    fn lists_and_maps_of_hooks_are_told_by_their_names_and_what_is_off_is_not() {
        let file = json!({"model_list": [], "general_settings": {"custom_auth": ""},
            "litellm_settings": {"pre_call_rules": ["a.b", "c.d"], "post_call_rules": [],
                "custom_provider_map": [{"provider": "mine", "custom_handler": "llm.mine"}]}});
        let remarks = said(&file, &[]);
        let of = |name: &str| {
            let mut all = remarks.iter();
            all.find(|it| it.path.ends_with(name))
                .map(|it| (it.taken, it.text.clone()))
        };
        assert!(
            of("pre_call_rules")
                .unwrap()
                .1
                .starts_with("names `a.b`, `c.d`, which")
        );
        assert!(
            of("custom_provider_map")
                .unwrap()
                .1
                .starts_with("names `llm.mine`, which")
        );
        assert_eq!(of("post_call_rules").unwrap().0, Taken::Accepted);
        assert_eq!(of("custom_auth").unwrap().0, Taken::Accepted);
    }

    #[test]
    fn what_the_environment_names_is_told_too() {
        let file = json!({"model_list": []});
        let startup = |env: &[(&str, &str)]| {
            let mut all = said(&file, env).into_iter();
            all.find(|it| it.path == STARTUP).map(|it| it.text)
        };
        assert_eq!(startup(&[]), None);
        let text = startup(&[(STARTUP, "flags:parse, other:run")]).unwrap();
        assert!(
            text.starts_with("names `flags:parse`, `other:run`, which"),
            "{text}"
        );
    }

    #[test]
    fn callbacks_and_guardrails_in_python_are_told_from_components() {
        assert!(of_callback("hooks.handler").unwrap().contains("(`hooks`)"));
        assert!(
            of_callback("presidio")
                .unwrap()
                .contains("put `presidio` into `guardrails`")
        );
        assert_eq!(of_callback("langfuse"), None);
        assert!(
            of_guardrail("hooks.Guard")
                .unwrap()
                .starts_with("a class of Python")
        );
        assert!(
            of_guardrail("custom_code")
                .unwrap()
                .contains("`custom_code`")
        );
        assert_eq!(of_guardrail("lakera"), None);
    }
}
