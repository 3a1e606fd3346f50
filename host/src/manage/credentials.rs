//! Credentials: provider keys under a name. `/credentials`. Their values are sealed with the salt
//! key on their way into the database, and are never given back.

use serde_json::{Map, Value, json};

use super::fault::{absent, bad, missing};
use super::fields::{Field, Given, Kind};
use super::redact::MASK;
use super::rights::Rights;
use super::work::Audited;
use super::{Answer, Input, Manage, models, time};
use crate::auth::Caller;
use crate::domain::Fault;
use crate::store::{CredentialRow, ModelRow, Query, Sealed, Stamp};

const FIELDS: &[Field] = &[
    Field("credential_name", Kind::Id),
    Field("credential_values", Kind::Names),
    Field("credential_info", Kind::Object),
    Field("model_id", Kind::Id),
];

async fn admin(m: &Manage, caller: &Caller) -> Result<Rights, Fault> {
    let rights = m.rights(caller).await?;
    rights.need_admin("manage credentials")?;
    Ok(rights)
}

/// Seals texts by name. What a form shows for a value that it does not know keeps the old value.
pub(super) fn seal(
    m: &Manage,
    values: &Map<String, Value>,
    into: &mut Sealed,
) -> Result<(), Fault> {
    for (name, value) in values {
        match value.as_str() {
            Some(MASK) if into.0.contains_key(name) => {}
            Some(text) => {
                into.0.insert(name.clone(), m.salt.seal(text)?);
            }
            None => {
                into.0.remove(name);
            }
        }
    }
    Ok(())
}

/// `POST /credentials`. With `model_id` the values are those of a model of the database.
pub(super) async fn create(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let given = input.body_fields(&[FIELDS])?;
    let name = given.need("credential_name")?;
    let mut sealed = Sealed::default();
    seal(m, &given.object("credential_values"), &mut sealed)?;
    let mut work = m.work(&rights).await?;
    if let Some(id) = given.text("model_id") {
        let model = work.get::<ModelRow>(&id).await?;
        let model = model.ok_or_else(|| super::keys::unknown("model_id", &id))?;
        for (name, value) in model.sealed.0 {
            if models::is_secret(&name) || name == "api_base" {
                sealed.0.entry(name).or_insert(value);
            }
        }
    }
    if sealed.0.is_empty() {
        return Err(missing("credential_values"));
    }
    let row = CredentialRow {
        id: name,
        sealed,
        stamp: Stamp::new(work.now, &work.actor),
        doc: given.object("credential_info"),
    };
    work.insert(&row).await?;
    work.commit().await?;
    m.take_over().await;
    Ok(json!({"success": true, "message": "Credential created successfully"}))
}

/// `GET /credentials`.
pub(super) async fn list(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see credentials")?;
    input.query_fields(&[])?;
    let rows = m
        .store
        .list::<CredentialRow>(&Query::new().sorted("id", false))
        .await?
        .rows;
    let shown: Vec<Value> = rows.iter().map(Audited::shown).collect();
    Ok(json!({"success": true, "credentials": shown}))
}

/// `GET /credentials/{credential_name}` and `/credentials/by_name/{credential_name}`.
pub(super) async fn info(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see credentials")?;
    input.query_fields(&[])?;
    let name = input.part("credential_name")?;
    let row = m.store.get::<CredentialRow>(name).await?;
    Ok(row
        .ok_or_else(|| absent("credential_name", "credential", name))?
        .shown())
}

/// `GET /credentials/by_model/{model_id}`: which values a model of the database has.
pub(super) async fn of_model(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see credentials")?;
    input.query_fields(&[])?;
    let id = input.part("model_id")?;
    let model = m.store.get::<ModelRow>(id).await?;
    let model = model.ok_or_else(|| absent("model_id", "model", id))?;
    let names = model.sealed.0.keys().filter(|it| models::is_secret(it));
    let values: Map<String, Value> = names.map(|it| (it.clone(), MASK.into())).collect();
    Ok(json!({
        "credential_name": format!("{}-credential-{id}", model.model_name),
        "credential_values": values,
        "credential_info": {},
    }))
}

/// `PATCH /credentials/{credential_name}`: values that are named replace the old ones.
pub(super) async fn update(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let name = input.part("credential_name")?.to_owned();
    let given = input.body_fields(&[FIELDS])?;
    if given.text("credential_name").is_some_and(|it| it != name) {
        let message = "a credential keeps its name: models go by it";
        return Err(bad("credential_name", message));
    }
    let mut work = m.work(&rights).await?;
    let before = work.get::<CredentialRow>(&name).await?;
    let before = before.ok_or_else(|| absent("credential_name", "credential", &name))?;
    let mut row = before.clone();
    seal(m, &given.object("credential_values"), &mut row.sealed)?;
    merge(&given, &mut row.doc);
    row.stamp.touch(work.now, &work.actor);
    work.update("updated", &before, &row).await?;
    work.commit().await?;
    m.take_over().await;
    Ok(json!({"success": true, "message": "Credential updated successfully"}))
}

fn merge(given: &Given, into: &mut Map<String, Value>) {
    for (name, value) in given.object("credential_info") {
        into.insert(name, value);
    }
}

/// `DELETE /credentials/{credential_name}`. One that a model of the database names is refused.
pub(super) async fn delete(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let name = input.part("credential_name")?.to_owned();
    let mut work = m.work(&rights).await?;
    let row = work.get::<CredentialRow>(&name).await?;
    let row = row.ok_or_else(|| absent("credential_name", "credential", &name))?;
    for model in work.change.list::<ModelRow>(&Query::new()).await?.rows {
        let named = models::opened(m, &model, "litellm_credential_name");
        if named.as_deref() == Some(&name) {
            let message = format!(
                "the model `{}` still uses this credential",
                model.model_name
            );
            return Err(bad("credential_name", message));
        }
    }
    work.delete(&[row]).await?;
    work.commit().await?;
    m.take_over().await;
    Ok(json!({"success": true, "message": "Credential deleted successfully"}))
}

impl Audited for CredentialRow {
    fn shown(&self) -> Value {
        let values = self.sealed.0.keys().map(|it| (it.clone(), MASK.into()));
        let values: Map<String, Value> = values.collect();
        json!({
            "credential_name": self.id,
            "credential_values": values,
            "credential_info": self.doc,
            "created_at": time::iso(self.stamp.created_at),
            "updated_at": time::iso(self.stamp.updated_at),
        })
    }
}
