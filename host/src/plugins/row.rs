//! Providers that an operator writes as data rows (`plugins.providers`): over one of a plugin's
//! own providers if the name is one, else over its generic one. The plugin reads how the row
//! translates; this file reads what the gateway itself has to know, and holds the row against the
//! plugin's schema.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::describe::{AuthDescribe, ModelParams, OperationDescribe, ProviderDescribe};
use super::registry::{Provider, Table};
use crate::config::{Row, hint};

/// The provider that rows of new names stand on.
pub const GENERIC: &str = "openai_like";

/// Why a row gives no provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    #[error("plugin `{0}` is not loaded, or has no generic provider for rows")]
    NoPlugin(String),
    #[error("the plugin `{0}` serves this provider already: the row needs a name of its own")]
    Taken(String),
    /// What is wrong, by the path in the config.
    #[error("{}", listed(.0))]
    Wrong(Vec<(String, String)>),
}

fn listed(wrong: &[(String, String)]) -> String {
    let lines: Vec<String> = wrong
        .iter()
        .map(|(path, text)| format!("`{path}` {text}"))
        .collect();
    lines.join("; ")
}

/// Members of a row that are the gateway's business.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    base_url: Option<String>,
    base_url_env: Option<Vec<String>>,
    env: Option<Vec<String>>,
    auth: Option<AuthDescribe>,
    key_optional: Option<bool>,
    operations: Option<Vec<String>>,
    settings: Vec<String>,
    unsupported: Vec<String>,
    ignored: Vec<String>,
    user: bool,
    thinking: Option<String>,
    models: Vec<ModelSaid>,
}

/// The parameter lists of a pattern; its other members are the plugin's.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ModelSaid {
    r#match: Vec<String>,
    supported: Vec<String>,
    unsupported: Vec<String>,
    ignored: Vec<String>,
}

/// The provider that the row `name` makes.
pub fn provider(table: &Table, name: &str, row: &Row) -> Result<Provider, RowError> {
    let of_plugin = |it: &&Arc<Provider>| it.generation.describe.name == row.plugin;
    let own = table.providers.get(name);
    if let Some(other) = own.filter(|it| !of_plugin(it)) {
        let plugin = other.generation.describe.name.clone();
        return Err(RowError::Taken(plugin));
    }
    let generic = table.providers.get(GENERIC).filter(of_plugin);
    let generic = generic.ok_or_else(|| RowError::NoPlugin(row.plugin.clone()))?;
    let base = own.unwrap_or(generic);
    let path = format!("plugins.providers.{name}");
    judge(&generic.describe, &row.row, &path)?;
    let said: Said = serde_json::from_value(row.row.clone())
        .map_err(|cause| RowError::Wrong(vec![(path.clone(), cause.to_string())]))?;
    let describe = described(base, generic, &said, name, &path)?;
    let mut may_read_environment = base.may_read_environment.clone();
    let named = said.env.iter().chain(&said.base_url_env).flatten();
    may_read_environment.extend(named.cloned());
    Ok(Provider {
        generation: Arc::clone(&base.generation),
        name: name.to_owned(),
        described_as: base.described_as.clone(),
        describe: Arc::new(describe),
        may_read_environment,
        granted_hosts: base.granted_hosts.clone(),
        base_url_granted: base.base_url_granted || said.base_url.is_some(),
        allow_private: base.allow_private || said.base_url.is_some(),
        may_capture: base.may_capture,
        row: Some(row.row.clone()),
    })
}

/// Whether a version of the row's plugin that does not serve yet could take the row.
pub fn judge_new(providers: &[ProviderDescribe], name: &str, row: &Row) -> Result<(), RowError> {
    let generic = providers
        .iter()
        .find(|it| it.names().any(|it| it == GENERIC));
    let generic = generic.ok_or_else(|| RowError::NoPlugin(row.plugin.clone()))?;
    judge(generic, &row.row, &format!("plugins.providers.{name}"))
}

/// Everything in the row that the plugin's schema does not know.
fn judge(generic: &ProviderDescribe, row: &Value, path: &str) -> Result<(), RowError> {
    let schema = generic.config_schema.as_ref();
    let Some(schema) = schema.and_then(|it| it.pointer("/$defs/row")) else {
        return Ok(());
    };
    let known = schema.get("properties").and_then(Value::as_object);
    let mut wrong = Vec::new();
    let mut judged = row.clone();
    if let (Some(known), Some(members)) = (known, judged.as_object_mut()) {
        members.retain(|name, _| {
            let names = known.keys().map(String::as_str);
            if !known.contains_key(name) {
                let text = format!("is no member of a row{}", hint(name, names));
                wrong.push((format!("{path}.{name}"), text));
            }
            known.contains_key(name)
        });
    }
    let validator = jsonschema::validator_for(schema)
        .map_err(|cause| RowError::Wrong(vec![(path.to_owned(), cause.to_string())]))?;
    wrong.extend(validator.iter_errors(&judged).map(|cause| {
        let inside = cause.instance_path().to_string().replace('/', ".");
        (format!("{path}{inside}"), format!("does not fit: {cause}"))
    }));
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(RowError::Wrong(wrong))
    }
}

/// The provider's `describe` with the row over it.
fn described(
    base: &Provider,
    generic: &Provider,
    said: &Said,
    name: &str,
    path: &str,
) -> Result<ProviderDescribe, RowError> {
    let mut describe = (*base.describe).clone();
    describe.name = name.to_owned();
    describe.aliases.clear();
    describe.verified = false;
    describe.base_url = said.base_url.clone().or(describe.base_url);
    if let Some(names) = &said.base_url_env {
        describe.base_url_env.clone_from(names);
    }
    if let Some(auth) = &said.auth {
        describe.auth.clone_from(auth);
    }
    if let Some(secret) = describe.secrets.get_mut("api_key") {
        if let Some(names) = &said.env {
            secret.env.clone_from(names);
            secret.required = !names.is_empty();
        }
        if let Some(optional) = said.key_optional {
            secret.required = !optional;
        }
    }
    if let Some(wanted) = &said.operations {
        let mut kept = wanted.clone();
        kept.push("models".to_owned());
        let taken = kept.into_iter().filter_map(|operation| {
            let known = describe.operations.get(&operation);
            let known = known.or_else(|| generic.describe.operations.get(&operation));
            known.cloned().map(|known| (operation, known))
        });
        describe.operations = taken.collect();
    }
    for (operation, rules) in &mut describe.operations {
        match operation.as_str() {
            "chat" => said.rule_chat(rules),
            "embeddings" => rules.ignored.extend(said.ignored.iter().cloned()),
            _ => {}
        }
    }
    said.add_settings(&mut describe, path)?;
    Ok(describe)
}

impl Said {
    /// What the row says of parameters, added to what is said already.
    fn rule_chat(&self, rules: &mut OperationDescribe) {
        let mut taken = Vec::new();
        if self.user {
            taken.push("user");
        }
        if self.thinking.is_some() {
            taken.push("thinking");
        }
        rules.unsupported.retain(|it| !taken.contains(&it.as_str()));
        rules.ignored.retain(|it| !taken.contains(&it.as_str()));
        rules.unsupported.extend(self.unsupported.iter().cloned());
        rules.ignored.extend(self.ignored.iter().cloned());
        rules
            .models
            .extend(self.models.iter().map(|it| ModelParams {
                r#match: it.r#match.clone(),
                supported: it.supported.clone(),
                unsupported: it.unsupported.clone(),
                ignored: it.ignored.clone(),
            }));
    }

    /// Settings of `litellm_params` that the row's paths and headers use.
    fn add_settings(&self, describe: &mut ProviderDescribe, path: &str) -> Result<(), RowError> {
        if self.settings.is_empty() {
            return Ok(());
        }
        let schema = describe
            .config_schema
            .get_or_insert_with(|| json!({"type": "object"}));
        for name in &self.settings {
            if name == "row" {
                let text = "has `row`, which is the row itself".to_owned();
                return Err(RowError::Wrong(vec![(format!("{path}.settings"), text)]));
            }
            schema["properties"][name] = json!({"type": "string"});
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic() -> ProviderDescribe {
        serde_json::from_value(json!({
            "name": "openai_like",
            "secrets": {"api_key": {"env": []}},
            "operations": {
                "chat": {"unsupported": ["thinking"], "ignored": ["user"]},
                "embeddings": {}, "models": {}
            },
            "config_schema": {"type": "object", "$defs": {"row": {
                "type": "object", "additionalProperties": false, "properties": {
                    "base_url": {"type": "string", "pattern": "^https?://"},
                    "renamed": {"type": "object", "additionalProperties": {"type": "string"}},
                    "clamp": {"type": "object"}
                }
            }}}
        }))
        .unwrap()
    }

    fn said(row: Value) -> Said {
        serde_json::from_value(row).unwrap()
    }

    #[test]
    fn every_mistake_of_a_row_is_named_by_its_path() {
        let row = json!({"base_url": "llm.example", "renamed": {"seed": 7}, "clampp": {}});
        let error = judge(&generic(), &row, "plugins.providers.mine").unwrap_err();
        let text = error.to_string();
        for part in [
            "`plugins.providers.mine.clampp` is no member of a row; did you mean `clamp`?",
            "`plugins.providers.mine.base_url` does not fit",
            "`plugins.providers.mine.renamed.seed` does not fit",
        ] {
            assert!(text.contains(part), "{text}");
        }
        let good = json!({"base_url": "https://llm.example", "renamed": {"seed": "random_seed"}});
        assert_eq!(judge(&generic(), &good, "x"), Ok(()));
    }

    #[test]
    fn a_new_version_must_take_the_rows_that_stand_on_it() {
        let row = |row: Value| Row {
            plugin: "mine".into(),
            row,
        };
        let good = row(json!({"clamp": {}}));
        assert_eq!(judge_new(&[generic()], "acme", &good), Ok(()));
        let stricter = judge_new(&[generic()], "acme", &row(json!({"user": true})));
        assert!(matches!(stricter, Err(RowError::Wrong(_))), "{stricter:?}");
        let without = judge_new(&[], "acme", &good);
        assert_eq!(without, Err(RowError::NoPlugin("mine".into())));
    }

    #[test]
    fn a_row_rules_the_parameters_by_model() {
        let mut describe = generic();
        let chat = describe.operations.get_mut("chat").unwrap();
        said(json!({"user": true, "unsupported": ["seed"],
            "models": [{"match": ["big-*"], "supported": ["seed"], "unsupported": ["n"], "clamp": {}}]}))
        .rule_chat(chat);
        assert_eq!(
            chat.lists_for("small"),
            (vec!["thinking", "seed"], Vec::new())
        );
        assert_eq!(chat.lists_for("big-1").0, ["thinking", "n"]);
    }

    #[test]
    fn settings_of_a_row_are_the_plugins_and_not_the_requests() {
        let mut describe = generic();
        let row = said(json!({"settings": ["tenant"]}));
        row.add_settings(&mut describe, "x").unwrap();
        assert!(describe.settings().any(|it| it == "tenant"));
        let row = said(json!({"settings": ["row"]}));
        let error = row.add_settings(&mut describe, "plugins.providers.mine");
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("plugins.providers.mine.settings")
        );
    }
}
