//! Models and credentials of the database: opened with LiteLLM's salt key, sealed with ours. All
//! of them are opened before anything is written, so that a wrong key is noticed in time.

mod sealed;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::{Map, Value, json};

use super::MigrateError;
use crate::store::SaltKey;
use crate::store::litellm::{Credential, Found, LiteLlm, Model, Setting, Table};

/// What a value encrypted in LiteLLM's newer form begins with.
const MARK: &str = "v2:gcm:";

/// Nonce and tag of its older form, in bytes.
const LEAST: usize = 24 + 16;

/// The section of LiteLLM's config whose values are encrypted.
pub(super) const ENVIRONMENT: &str = "environment_variables";

/// Rows with encrypted values, those that can be read opened.
#[derive(Debug)]
pub(super) struct Secrets {
    models: Vec<(String, Result<Model, String>)>,
    credentials: Vec<(String, Result<Credential, String>)>,
    pub settings: Vec<(String, Result<Setting, String>)>,
    /// Values as they are encrypted at the source, by table and id.
    sealed: BTreeMap<(&'static str, String), String>,
    /// Public names of teams' own models, by the names that LiteLLM gave them.
    public: BTreeMap<String, String>,
}

/// How opening went.
#[derive(Debug, Default)]
struct Opening {
    opened: usize,
    locked: usize,
}

impl Opening {
    /// Opens the texts of an object; what is not encrypted stays. The name of the first that does
    /// not open.
    fn open(
        &mut self,
        salt: &SaltKey,
        values: &mut Map<String, Value>,
        why: &str,
    ) -> Result<(), String> {
        for (name, value) in values {
            let Value::String(text) = &*value else {
                continue;
            };
            match salt.open(name, text) {
                Ok(secret) => {
                    self.opened += 1;
                    *value = secret.reveal().into();
                }
                Err(_) if looks_sealed(text) => {
                    self.locked += 1;
                    return Err(format!(
                        "`{name}` does not open with the salt key that opens others; {why}"
                    ));
                }
                Err(_) => {}
            }
        }
        Ok(())
    }
}

impl Secrets {
    /// Reads and opens every row that has secrets.
    ///
    /// # Errors
    /// The database refuses, or none of the values opens with this key.
    pub async fn read(source: &mut LiteLlm, salt: &SaltKey) -> Result<Self, MigrateError> {
        let mut all = Self {
            models: Vec::new(),
            credentials: Vec::new(),
            settings: Vec::new(),
            sealed: BTreeMap::new(),
            public: BTreeMap::new(),
        };
        let mut opening = Opening::default();
        let models = source.all::<Model>().await.map_err(MigrateError::Source)?;
        for found in models {
            let id = found.id();
            let row = opened(found, |row| {
                let sealed = json!(row.litellm_params).to_string();
                all.sealed
                    .insert((Model::NAME, row.model_id.clone()), sealed);
                let why = "set it again in LiteLLM, or make the model here by /model/new";
                opening.open(salt, &mut row.litellm_params, why)
            });
            if let Ok(row) = &row
                && let Some(public) = public_name(row)
                && public != row.model_name
            {
                all.public.insert(row.model_name.clone(), public.to_owned());
            }
            all.models.push((id, row));
        }
        let credentials = source.all::<Credential>().await;
        for found in credentials.map_err(MigrateError::Source)? {
            let id = found.id();
            let row = opened(found, |row| {
                let sealed = json!(row.credential_values).to_string();
                let place = (Credential::NAME, row.credential_name.clone());
                all.sealed.insert(place, sealed);
                let why = "set it again in LiteLLM, or make the credential here by /credentials";
                opening.open(salt, &mut row.credential_values, why)
            });
            all.credentials.push((id, row));
        }
        let settings = source.all::<Setting>().await;
        for found in settings.map_err(MigrateError::Source)? {
            let id = found.id();
            let row = opened(found, |row| {
                let place = (Setting::NAME, row.param_name.clone());
                all.sealed.insert(place, row.param_value.to_string());
                match &mut row.param_value {
                    Value::Object(values) if row.param_name == ENVIRONMENT => opening.open(
                        salt,
                        values,
                        "set it again in LiteLLM, or in the environment",
                    ),
                    _ => Ok(()),
                }
            });
            all.settings.push((id, row));
        }
        match opening {
            Opening {
                opened: 0,
                locked: values @ 1..,
            } => Err(MigrateError::WrongSalt { values }),
            _ => Ok(all),
        }
    }

    /// What was encrypted in a row, as it stands at the source.
    pub fn beside(&self, table: &'static str, id: &str) -> String {
        let found = self.sealed.get(&(table, id.to_owned()));
        found.cloned().unwrap_or_default()
    }

    /// LiteLLM gives a team's own models long names and the team an alias for each. Here they
    /// have their public names.
    pub fn rename(&self, models: &mut Vec<String>, aliases: &mut Map<String, Value>) {
        for model in models {
            if let Some(public) = self.public.get(model) {
                model.clone_from(public);
            }
        }
        aliases.retain(|alias, target| {
            let public = target.as_str().and_then(|it| self.public.get(it));
            public.is_none_or(|public| public != alias)
        });
    }
}

fn opened<T>(
    found: Found<T>,
    open: impl FnOnce(&mut T) -> Result<(), String>,
) -> Result<T, String> {
    let cure = |why| format!("it cannot be read ({why}); correct it in LiteLLM");
    let mut row = found.row.map_err(cure)?;
    open(&mut row)?;
    Ok(row)
}

/// Whether a text is an encrypted value, by its form.
fn looks_sealed(text: &str) -> bool {
    let bytes = || STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text));
    text.starts_with(MARK) || bytes().is_ok_and(|it| it.len() >= LEAST)
}

fn public_name(model: &Model) -> Option<&str> {
    model.model_info.get("team_id")?.as_str()?;
    model.model_info.get("team_public_model_name")?.as_str()
}
