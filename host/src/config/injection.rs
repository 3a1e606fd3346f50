//! `detect_prompt_injection` among LiteLLM's callbacks, with `prompt_injection_params`: a guardrail that
//! looks at every call, though it stands in another list.

use serde_json::{Map, Value};

use super::guardrails::Guardrail;
use super::remarks::Taken;
use super::section::{Names, Section};

/// The callback, and the guardrail that it is.
pub const NAME: &str = "detect_prompt_injection";

/// Where its settings stand.
const PARAMS: &str = "prompt_injection_params";

/// Settings that the guardrail has, too.
const SETTINGS: [&str; 2] = ["heuristics_check", "similarity_check"];

/// Checks that it has not, and what is there for them.
const NOT_DONE: [(&str, &str); 3] = [
    (
        "llm_api_check",
        "no model is asked: words and likeness are looked for; put a guardrail that asks a service beside \
         it (docs/guardrails-services.md)",
    ),
    (
        "vector_db_check",
        "no database is asked, as in LiteLLM: words and likeness are looked for",
    ),
    (
        "reject_as_response",
        "has no effect: what is refused is an error, as of every guardrail",
    ),
];

const NAMES: Names = Names {
    known: &[
        "heuristics_check",
        "similarity_check",
        "fail_on_error",
        "llm_api_check",
        "vector_db_check",
        "reject_as_response",
    ],
    accepted: &[
        "llm_api_name",
        "llm_api_system_prompt",
        "llm_api_fail_call_string",
        "skip_unscannable_attachments",
    ],
    unenforced: &[],
};

/// What `litellm_settings` has of it. `is_named`: one of its lists names the callback.
pub fn read(section: &mut Section<'_>, is_named: bool) -> Option<Guardrail> {
    if !is_named {
        let text = format!("is of `{NAME}`, which `callbacks` does not name");
        section.accept(PARAMS, &text);
        return None;
    }
    let params = section.raw(PARAMS);
    Some(section.inner(PARAMS, params, guardrail, &NAMES))
}

fn guardrail(params: &mut Section<'_>) -> Guardrail {
    let mut settings = Map::new();
    for name in SETTINGS {
        let flag = params.flag(name);
        settings.extend(flag.map(|it| (name.to_owned(), Value::from(it))));
    }
    for (name, why) in NOT_DONE {
        if params.flag(name) == Some(true) {
            params.say(Taken::Warning, name, why);
        }
    }
    Guardrail {
        settings,
        fails_open: params.flag("fail_on_error") == Some(false),
        ..Guardrail::before_all(NAME)
    }
}

/// It looks first; where `guardrails` has one of its name, that one counts.
pub fn add(own: Option<Guardrail>, all: &mut Vec<Guardrail>) {
    if let Some(own) = own.filter(|own| all.iter().all(|it| it.name != own.name)) {
        all.insert(0, own);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Env, Stage};
    use serde_json::json;

    fn of(litellm: Value, guardrails: Value) -> (Vec<Guardrail>, Vec<(Taken, String)>) {
        let file = json!({"model_list": [], "litellm_settings": litellm, "guardrails": guardrails});
        let (config, remarks) = Config::parse(&file.to_string(), Env::default()).unwrap();
        let said = remarks.into_iter().filter(|it| it.taken != Taken::Honoured);
        let said = said.map(|it| (it.taken, it.path)).collect();
        assert!(config.callbacks.is_empty());
        (config.guardrails.clone(), said)
    }

    #[test]
    fn a_callback_that_guards_is_a_guardrail_that_looks_at_every_call_first() {
        let other = json!([{"guardrail_name": "pii", "litellm_params": {"guardrail": "pii"}}]);
        let (all, said) = of(json!({"callbacks": [NAME]}), other);
        assert_eq!(said, []);
        let [own, _] = &all[..] else {
            panic!("{all:?}")
        };
        assert_eq!((own.name.as_str(), own.kind.as_str()), (NAME, NAME));
        assert!(own.default_on && !own.fails_open && own.settings.is_empty());
        assert_eq!(own.stages, [Stage::Pre]);
    }

    #[test]
    fn its_settings_are_read_and_checks_that_are_not_done_are_told() {
        let (all, said) = of(
            json!({"callbacks": [NAME], "prompt_injection_params": {"heuristics_check": true,
                "similarity_check": false, "fail_on_error": false, "llm_api_check": true,
                "llm_api_name": "judge", "reject_as_response": false, "unheard_of": 1}}),
            json!([]),
        );
        let settings = Value::from(all[0].settings.clone());
        assert_eq!(
            settings,
            json!({"heuristics_check": true, "similarity_check": false})
        );
        assert!(all[0].fails_open);
        let at = |name: &str| format!("litellm_settings.prompt_injection_params.{name}");
        let told = [
            (Taken::Warning, at("llm_api_check")),
            (Taken::Accepted, at("llm_api_name")),
            (Taken::Unknown, at("unheard_of")),
        ];
        assert_eq!(said, told);
    }

    #[test]
    fn an_entry_of_that_name_counts_and_settings_of_nobody_have_no_effect() {
        let entry =
            json!([{"guardrail_name": NAME, "litellm_params": {"guardrail": NAME, "timeout": 3}}]);
        let (all, _) = of(json!({"callbacks": [NAME]}), entry);
        assert_eq!((all.len(), all[0].default_on), (1, false));
        let (all, said) = of(
            json!({"prompt_injection_params": {"heuristics_check": true}}),
            json!([]),
        );
        let path = "litellm_settings.prompt_injection_params".to_owned();
        assert_eq!((all.len(), said), (0, vec![(Taken::Accepted, path)]));
    }
}
