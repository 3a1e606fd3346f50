//! Models and credentials, sealed with our salt key. A model that the gateway could not start with
//! stays out.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Secrets, public_name};
use crate::config::{Config, Env, Remark, Stored, Taken, looks_secret};
use crate::migrate::fields::{Notes, stamp};
use crate::migrate::{Done, Item, MigrateError, Move, Plan};
use crate::store::litellm::{Credential, Model, Table};
use crate::store::{CredentialRow, ModelRow, SaltKey, Sealed};

impl Move<'_, '_> {
    pub(in crate::migrate) async fn credentials(&mut self, secrets: &Secrets) -> Done {
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
                    stamp: stamp(self.now_ms, row.made),
                    doc: row.credential_info,
                },
                notes,
                sums: Vec::new(),
            });
        }
        self.bring(Credential::NAME, items).await
    }

    pub(in crate::migrate) async fn models(&mut self, secrets: &Secrets) -> Done {
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
                    let inside = inside_base(&row.litellm_params).filter(|_| !check.trusts_bases);
                    let mut item = model(row, &self.plan.our_salt, self.now_ms)?;
                    if let Some(host) = inside {
                        item.notes.say(format!(
                            "its `api_base` is on `{host}`, which looks private: unless the config \
                             file says `general_settings.trust_stored_api_base: true`, calls are \
                             refused"
                        ));
                    }
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
pub(super) struct Check<'c> {
    pub config: Option<&'c Path>,
    pub env: &'c Env,
    pub credentials: Vec<Value>,
    /// What is wrong without the model.
    pub before: Vec<Remark>,
    /// `general_settings.trust_stored_api_base`.
    pub trusts_bases: bool,
}

impl<'c> Check<'c> {
    fn new(plan: &'c Plan, credentials: Vec<Value>) -> Self {
        let mut check = Self {
            config: plan.config.as_deref(),
            env: &plan.env,
            credentials,
            before: Vec::new(),
            trusts_bases: false,
        };
        if let Ok((before, trusts_bases)) = check.read(Vec::new()) {
            (check.before, check.trusts_bases) = (before, trusts_bases);
        }
        check
    }

    /// What is wrong with these models beside the config's own, and whether it trusts their bases.
    fn read(&self, models: Vec<Value>) -> Result<(Vec<Remark>, bool), String> {
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
        let (config, remarks) = read.map_err(|cause| cause.to_string())?;
        let wrong = remarks.into_iter();
        let wrong = wrong.filter(|it| it.taken == Taken::Wrong).collect();
        Ok((wrong, config.money.trust_stored_bases))
    }

    /// A model that the gateway could not start with stays out.
    pub fn usable(&self, row: &Model) -> Result<(), String> {
        let cure = "correct it in LiteLLM, or make the model here by /model/new";
        let wrong = self.read(vec![json!({
            "model_name": row.model_name,
            "litellm_params": row.litellm_params,
            "model_info": row.model_info,
        })]);
        let (wrong, _) = wrong.map_err(|why| format!("{why}; {cure}"))?;
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

/// The host of a model's `api_base`, if it looks like one of the operator's own network. Names are
/// judged by their look: nothing is resolved here.
pub(super) fn inside_base(params: &Map<String, Value>) -> Option<String> {
    const INSIDE: [&str; 6] = [
        ".local",
        ".localhost",
        ".internal",
        ".lan",
        ".home.arpa",
        ".svc",
    ];
    let base = url::Url::parse(params.get("api_base")?.as_str()?).ok()?;
    let inside = match base.host()? {
        url::Host::Ipv4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        url::Host::Ipv6(ip) => ip.is_loopback() || ip.is_unique_local(),
        url::Host::Domain(name) => {
            !name.contains('.') || INSIDE.iter().any(|end| name.ends_with(end))
        }
    };
    inside.then(|| base.host_str().unwrap_or_default().to_owned())
}

/// Texts are sealed, and objects that are secrets; the rest is plain.
pub(super) fn model(
    mut it: Model,
    salt: &SaltKey,
    now_ms: i64,
) -> Result<Item<ModelRow>, MigrateError> {
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
        stamp: stamp(now_ms, it.made),
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
