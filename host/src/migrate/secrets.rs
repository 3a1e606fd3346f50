//! Models and credentials of the database: opened with LiteLLM's salt key, sealed with ours. All
//! of them are opened before anything is written, so that a wrong key is noticed in time.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::{Map, Value, json};

use super::fields::{Notes, stamp};
use super::{Done, Item, MigrateError, Move, Plan};
use crate::config::{Config, Env, Remark, Stored, Taken, looks_secret};
use crate::store::litellm::{Credential, Found, LiteLlm, Model, Setting, Table};
use crate::store::{CredentialRow, ModelRow, SaltKey, Sealed};

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

impl Move<'_, '_> {
    pub(super) async fn credentials(&mut self, secrets: &Secrets) -> Done {
        let mut items = Vec::new();
        for (id, row) in &secrets.credentials {
            let row = match row {
                Ok(row) => row.clone(),
                Err(why) => {
                    self.report.left_out(Credential::NAME, id, why);
                    continue;
                }
            };
            let mut notes = Notes::default();
            let texts = row.credential_values.iter().map(|(name, value)| {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                (name.as_str(), text)
            });
            let texts: Vec<(&str, String)> = texts.collect();
            let texts = texts.iter().map(|(name, text)| (*name, text.as_str()));
            let sealed = self.plan.our_salt.seal_all(texts);
            let sealed = sealed.map_err(MigrateError::Target)?;
            notes.dropped(sealed.0.is_empty(), "credential_values", "there are none");
            items.push(Item {
                id: id.clone(),
                becomes: format!("credential, sealed anew: {}", names(&sealed)),
                beside: secrets.beside(Credential::NAME, id),
                row: CredentialRow {
                    id: row.credential_name,
                    sealed,
                    stamp: stamp(
                        self.now_ms,
                        (row.created_at, row.created_by),
                        (row.updated_at, row.updated_by),
                    ),
                    doc: row.credential_info,
                },
                notes,
                sums: Vec::new(),
            });
        }
        self.bring(Credential::NAME, items).await
    }

    pub(super) async fn models(&mut self, secrets: &Secrets) -> Done {
        let mut items = Vec::new();
        let credentials = secrets.credentials.iter();
        let credentials = credentials.filter_map(|(_, row)| row.as_ref().ok());
        let credentials = credentials.map(|it| {
            json!({
                "credential_name": it.credential_name,
                "credential_values": it.credential_values,
            })
        });
        let check = Check::new(self.plan, credentials.collect());
        for (id, row) in &secrets.models {
            let usable = match row {
                Ok(row) => check.usable(row).map(|()| row.clone()),
                Err(why) => Err(why.clone()),
            };
            match usable {
                Ok(row) => {
                    let mut item = model(row, &self.plan.our_salt, self.now_ms)?;
                    item.beside = secrets.beside(Model::NAME, id);
                    items.push(item);
                }
                Err(why) => self.report.left_out(Model::NAME, id, why),
            }
        }
        self.bring(Model::NAME, items).await
    }
}

fn names(sealed: &Sealed) -> String {
    let names: Vec<&str> = sealed.0.keys().map(String::as_str).collect();
    names.join(", ")
}

/// Whether the gateway would start with a model: as its config file is, with the credentials that
/// come along.
struct Check<'c> {
    config: Option<&'c Path>,
    env: &'c Env,
    credentials: Vec<Value>,
    /// What is wrong without the model.
    before: Vec<Remark>,
}

impl<'c> Check<'c> {
    fn new(plan: &'c Plan, credentials: Vec<Value>) -> Self {
        let mut check = Self {
            config: plan.config.as_deref(),
            env: &plan.env,
            credentials,
            before: Vec::new(),
        };
        check.before = check.wrong(Vec::new()).unwrap_or_default();
        check
    }

    fn wrong(&self, models: Vec<Value>) -> Result<Vec<Remark>, String> {
        let stored = Stored {
            models,
            credentials: self.credentials.clone(),
            ..Stored::default()
        };
        let read = match self.config {
            Some(path) => Config::load_with(path, self.env.clone(), stored),
            None => {
                let file = json!({
                    "model_list": stored.models, "credential_list": stored.credentials,
                });
                Config::parse(&file.to_string(), self.env.clone())
            }
        };
        let (_, remarks) = read.map_err(|cause| cause.to_string())?;
        let wrong = remarks.into_iter();
        Ok(wrong.filter(|it| it.taken == Taken::Wrong).collect())
    }

    /// A model that the gateway could not start with stays out.
    fn usable(&self, row: &Model) -> Result<(), String> {
        let cure = "correct it in LiteLLM, or make the model here by /model/new";
        let wrong = self.wrong(vec![json!({
            "model_name": row.model_name,
            "litellm_params": row.litellm_params,
            "model_info": row.model_info,
        })]);
        let wrong = wrong.map_err(|why| format!("{why}; {cure}"))?.into_iter();
        match wrong.into_iter().find(|it| !self.before.contains(it)) {
            None => Ok(()),
            Some(wrong) => {
                let path = wrong.path.split_once("].").map(|(_, path)| path);
                let path = path.unwrap_or(&wrong.path);
                Err(format!("`{path}` {}; {cure}", wrong.text))
            }
        }
    }
}

/// Texts are sealed, and objects that are secrets; the rest is plain.
fn model(mut it: Model, salt: &SaltKey, now_ms: i64) -> Result<Item<ModelRow>, MigrateError> {
    let mut notes = Notes::default();
    let team_id = it.model_info.get("team_id").and_then(Value::as_str);
    let team_id = team_id.map(str::to_owned);
    if let Some(public) = public_name(&it).map(str::to_owned)
        && public != it.model_name
    {
        notes.say(format!("LiteLLM's own name for it was `{}`", it.model_name));
        it.model_name = public;
    }
    let mut row = ModelRow {
        id: it.model_id.clone(),
        model_name: it.model_name,
        team_id,
        blocked: it.blocked,
        sealed: Sealed::default(),
        stamp: stamp(
            now_ms,
            (it.created_at, it.created_by),
            (it.updated_at, it.updated_by),
        ),
        ..ModelRow::default()
    };
    for (name, value) in it.litellm_params {
        let text = match &value {
            Value::Null => continue,
            Value::String(text) => Some(text.clone()),
            Value::Object(_) | Value::Array(_) if looks_secret(&name) => Some(value.to_string()),
            _ => None,
        };
        match text {
            Some(text) => {
                let sealed = salt.seal(&text).map_err(MigrateError::Target)?;
                row.sealed.0.insert(name, sealed);
            }
            None => {
                row.doc.params.insert(name, value);
            }
        }
    }
    row.doc.model_info = it.model_info;
    let info = &mut row.doc.model_info;
    info.insert("id".to_owned(), it.model_id.clone().into());
    info.insert("db_model".to_owned(), true.into());
    let team = row.team_id.as_ref().map(|it| format!(" of team `{it}`"));
    Ok(Item {
        id: it.model_id,
        becomes: format!(
            "model `{}`{}, sealed anew: {}",
            row.model_name,
            team.unwrap_or_default(),
            names(&row.sealed)
        ),
        row,
        beside: String::new(),
        notes,
        sums: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Secret;

    fn salt(text: &str) -> SaltKey {
        SaltKey::new(&Secret::new(text))
    }

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn texts_are_opened_and_what_is_none_stays() {
        let mut opening = Opening::default();
        let mut values = object(json!({
            "api_key": salt("theirs").seal("sk-live").unwrap(),
            "model": "openai/gpt-4o",
            "rpm": 5,
        }));
        opening.open(&salt("theirs"), &mut values, "").unwrap();
        assert_eq!(values["api_key"], "sk-live");
        assert_eq!(values["model"], "openai/gpt-4o");
        assert_eq!((opening.opened, opening.locked), (1, 0));
    }

    #[test]
    fn a_value_that_does_not_open_is_named() {
        let mut opening = Opening::default();
        let mut values = object(json!({"api_key": salt("other").seal("sk-live").unwrap()}));
        let why = opening
            .open(&salt("theirs"), &mut values, "set it again")
            .unwrap_err();
        assert!(
            why.contains("`api_key`") && why.contains("set it again"),
            "{why}"
        );
        assert_eq!(opening.locked, 1);
    }

    #[test]
    fn encrypted_values_are_known_by_their_form() {
        assert!(looks_sealed(&salt("a").seal("x").unwrap()));
        assert!(looks_sealed(&URL_SAFE.encode([0xfb; 41])));
        for plain in [
            "openai/gpt-4o",
            "us-east-1",
            "https://a.example/v1",
            "sk-1",
            "",
        ] {
            assert!(!looks_sealed(plain), "{plain}");
        }
    }

    #[test]
    fn a_models_texts_are_sealed_with_our_key_and_its_numbers_are_plain() {
        let it = Model {
            model_id: "m1".to_owned(),
            model_name: "gpt-4o".to_owned(),
            litellm_params: object(json!({
                "model": "openai/gpt-4o", "api_key": "sk-live", "rpm": 5,
                "vertex_credentials": {"private_key": "k"}, "extra_headers": {"x": "y"},
                "nothing": null,
            })),
            model_info: object(json!({"mode": "chat"})),
            blocked: true,
            ..Model::default()
        };
        let item = model(it, &salt("ours"), 1).unwrap();
        let opened = salt("ours").open_all(&item.row.sealed).unwrap();
        assert_eq!(opened["api_key"].reveal(), "sk-live");
        assert_eq!(
            opened["vertex_credentials"].reveal(),
            r#"{"private_key":"k"}"#
        );
        let plain = json!({"rpm": 5, "extra_headers": {"x": "y"}});
        assert_eq!(Value::from(item.row.doc.params), plain);
        assert_eq!(item.row.doc.model_info["id"], "m1");
        assert!(item.row.blocked);
    }

    #[test]
    fn a_teams_model_has_its_public_name_and_so_has_the_team() {
        let info = object(json!({"team_id": "t", "team_public_model_name": "fast"}));
        let it = Model {
            model_id: "m".to_owned(),
            model_name: "model_name_t_1".to_owned(),
            model_info: info,
            ..Model::default()
        };
        let item = model(it, &salt("ours"), 1).unwrap();
        assert_eq!(item.row.model_name, "fast");
        assert_eq!(item.row.team_id.as_deref(), Some("t"));
        let secrets = Secrets {
            models: Vec::new(),
            credentials: Vec::new(),
            settings: Vec::new(),
            sealed: BTreeMap::new(),
            public: BTreeMap::from([("model_name_t_1".to_owned(), "fast".to_owned())]),
        };
        let mut models = vec!["model_name_t_1".to_owned(), "other".to_owned()];
        let mut aliases = object(json!({"fast": "model_name_t_1", "a": "b"}));
        secrets.rename(&mut models, &mut aliases);
        assert_eq!(models, ["fast", "other"]);
        assert_eq!(Value::from(aliases), json!({"a": "b"}));
    }

    #[test]
    fn a_model_that_the_gateway_could_not_start_with_is_named() {
        let mut it = Model {
            model_name: "m".to_owned(),
            litellm_params: object(json!({
                "model": "openai/gpt-4o", "litellm_credential_name": "c",
            })),
            ..Model::default()
        };
        let env = Env::default();
        let mut check = Check {
            config: None,
            env: &env,
            credentials: vec![json!({"credential_name": "c", "credential_values": {}})],
            before: Vec::new(),
        };
        assert_eq!(check.usable(&it), Ok(()));
        check.credentials.clear();
        let why = check.usable(&it).unwrap_err();
        assert!(
            why.starts_with("`litellm_params.litellm_credential_name`"),
            "{why}"
        );
        it.litellm_params.clear();
        assert!(check.usable(&it).unwrap_err().contains("model"));
    }
}
