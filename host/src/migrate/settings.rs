//! Sections of the configuration that were set through LiteLLM's UI.

use serde_json::{Map, Value, json};

use super::fields::{ACTOR, Notes};
use super::secrets::{ENVIRONMENT, Secrets};
use super::{Done, Item, MigrateError, Move};
use crate::config::{Config, Env, Taken, looks_secret};
use crate::store::litellm::{Setting, Table};
use crate::store::{ConfigRow, Sealed, Stamp};

/// Sections that are settings here too.
const SECTIONS: [&str; 4] = [
    "general_settings",
    "litellm_settings",
    "router_settings",
    ENVIRONMENT,
];

/// What a gateway needs before it can read its database.
const OF_THE_FILE: [&str; 3] = ["master_key", "database_url", "salt_key"];

impl Move<'_, '_> {
    pub(super) async fn settings(&mut self, secrets: &Secrets) -> Done {
        let mut items = Vec::new();
        for (id, row) in &secrets.settings {
            let row = match row {
                Ok(row) => row,
                Err(why) => {
                    self.report.left_out(Setting::NAME, id, why);
                    continue;
                }
            };
            let Value::Object(values) = &row.param_value else {
                self.report
                    .left_out(Setting::NAME, id, "it is no section of the config");
                continue;
            };
            if !SECTIONS.contains(&id.as_str()) {
                let why = "this section has no counterpart; models and plugins are set elsewhere";
                self.report.left_out(Setting::NAME, id, why);
                continue;
            }
            let mut notes = Notes::default();
            let kept = taken(id, values.clone(), &self.plan.env, &mut notes);
            let mut row = ConfigRow {
                id: id.clone(),
                sealed: Sealed::default(),
                stamp: Stamp::new(self.now_ms, ACTOR),
                doc: Value::Null,
            };
            let mut plain = Map::new();
            for (name, value) in kept {
                match value.as_str() {
                    Some(text) if id == ENVIRONMENT || looks_secret(&name) => {
                        let sealed = self.plan.our_salt.seal(text);
                        let sealed = sealed.map_err(MigrateError::Target)?;
                        row.sealed.0.insert(name, sealed);
                    }
                    _ => {
                        plain.insert(name, value);
                    }
                }
            }
            let count = plain.len().saturating_add(row.sealed.0.len());
            row.doc = plain.into();
            items.push(Item {
                id: id.clone(),
                becomes: format!("{count} settings"),
                beside: secrets.beside(Setting::NAME, id),
                row,
                notes,
                sums: Vec::new(),
            });
        }
        self.bring(Setting::NAME, items).await
    }
}

/// The settings of a section that the gateway would take; what becomes of the others is said.
fn taken(
    section: &str,
    mut values: Map<String, Value>,
    env: &Env,
    notes: &mut Notes,
) -> Map<String, Value> {
    if section == ENVIRONMENT {
        return values;
    }
    if section == "general_settings" {
        for name in OF_THE_FILE {
            let there = values.shift_remove(name).is_some();
            notes.dropped(
                there,
                name,
                "it is set in the config file or the environment",
            );
        }
    }
    let file = json!({ section: values });
    let remarks = match Config::parse(&file.to_string(), env.clone()) {
        Ok((_, remarks)) => remarks,
        Err(why) => {
            notes.dropped(true, section, &why.to_string());
            return Map::new();
        }
    };
    for remark in remarks {
        let inside = remark.path.strip_prefix(section);
        let inside = inside.and_then(|it| it.strip_prefix('.'));
        let name = inside.and_then(|it| it.split(['.', '[']).next());
        let Some(name) = name.filter(|it| values.contains_key(*it)) else {
            continue;
        };
        match remark.taken {
            Taken::Wrong => {
                notes.dropped(true, &remark.path, &remark.text);
                values.shift_remove(name);
            }
            Taken::Accepted | Taken::Unknown => {
                notes.say(format!(
                    "`{}` has no effect here: {}",
                    remark.path, remark.text
                ));
            }
            Taken::Honoured | Taken::Warning => {}
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(section: &str, values: Value) -> (Value, Vec<String>) {
        let mut notes = Notes::default();
        let values = values.as_object().cloned().unwrap_or_default();
        let kept = taken(section, values, &Env::default(), &mut notes);
        (kept.into(), notes.0)
    }

    #[test]
    fn settings_that_cannot_be_are_dropped_by_name_and_the_rest_stays() {
        let (values, notes) = kept(
            "router_settings",
            json!({"num_retries": 2, "timeout": "soon", "nobody_knows": 1}),
        );
        assert_eq!(values, json!({"num_retries": 2, "nobody_knows": 1}));
        assert!(
            notes
                .iter()
                .any(|it| it.contains("router_settings.timeout")),
            "{notes:?}"
        );
        assert!(
            notes.iter().any(|it| it.contains("nobody_knows")),
            "{notes:?}"
        );
    }

    #[test]
    fn what_a_gateway_needs_before_its_database_stays_in_the_file() {
        let given = json!({"master_key": "sk-theirs", "database_url": "postgres://x"});
        let (values, notes) = kept("general_settings", given);
        assert_eq!((values, notes.len()), (json!({}), 2));
        assert!(!notes.concat().contains("sk-theirs"));
    }
}
