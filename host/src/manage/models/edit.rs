//! `POST /model/new`, `/model/update`, `PATCH /model/{model_id}/update`, `POST /model/delete`,
//! `/model/block`, `/model/unblock`.

use serde_json::{Map, Value, json};

use super::params;
use crate::auth::Caller;
use crate::domain::Fault;
use crate::manage::fault::{absent, bad, forbidden, missing};
use crate::manage::fields::{Field, Given, Kind, read};
use crate::manage::rights::{Rights, foreign};
use crate::manage::work::Work;
use crate::manage::{Answer, Input, Manage, keys};
use crate::store::{ModelRow, Stamp, TeamRow};

const FIELDS: &[Field] = &[
    Field("model_name", Kind::Id),
    Field("litellm_params", Kind::Object),
    Field("model_info", Kind::Object),
];

/// Before the name of a variable of the gateway's environment.
const ENVIRONMENT: &str = "os.environ/";

fn open_for_models(m: &Manage) -> Result<(), Fault> {
    if m.settings().store_models {
        return Ok(());
    }
    let message = "models cannot be made through the API: set `store_model_in_db: true` in \
                   `general_settings`";
    Err(bad("model_name", message))
}

/// `model_info.id`, and `model_info.team_id`.
fn part(given: &Given, name: &str) -> Result<Option<String>, Fault> {
    let info = given.object("model_info");
    let mut one = Map::new();
    if let Some(value) = info.get(name) {
        one.insert(name.to_owned(), value.clone());
    }
    let fields = &[Field("id", Kind::Id), Field("team_id", Kind::Id)];
    let read = read(&one, &[fields]);
    let read = read.map_err(|it| it.with_param(format!("model_info.{name}")))?;
    Ok(read.text(name))
}

/// Whose models the caller may change: everybody's, or those of a team it leads.
async fn may(
    work: &mut Work<'_>,
    rights: &Rights,
    team: Option<&str>,
    field: &str,
) -> Result<Option<TeamRow>, Fault> {
    let Some(id) = team else {
        if rights.is_admin() {
            return Ok(None);
        }
        let message = "only a proxy admin may change models that are not a team's own";
        return Err(forbidden(field, message));
    };
    let row = work.get::<TeamRow>(id).await?;
    match row {
        Some(row) if rights.changes_team(&row) => Ok(Some(row)),
        Some(_) => Err(foreign(field, "team")),
        None if rights.is_admin() => Ok(None),
        None => Err(foreign(field, "team")),
    }
}

/// Team admins may not read the gateway's environment by way of a parameter.
fn check_texts(rights: &Rights, params: &Map<String, Value>) -> Result<(), Fault> {
    if rights.is_admin() {
        return Ok(());
    }
    fn reads(value: &Value) -> bool {
        match value {
            Value::String(text) => text.starts_with(ENVIRONMENT),
            Value::Array(all) => all.iter().any(reads),
            Value::Object(all) => all.values().any(reads),
            _ => false,
        }
    }
    match params.iter().find(|(_, value)| reads(value)) {
        None => Ok(()),
        Some((name, _)) => {
            let path = format!("litellm_params.{}", crate::manage::fault::shown(name));
            let message = "only a proxy admin may name variables of the environment";
            Err(forbidden(&path, message))
        }
    }
}

pub(in crate::manage) async fn create(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    open_for_models(m)?;
    let given = input.body_fields(&[FIELDS, &[Field("blocked", Kind::Flag)]])?;
    let blocked = given.flag("blocked").unwrap_or(false);
    if blocked {
        rights.need_admin("block models")?;
    }
    let name = given.need("model_name")?;
    let asked = given.object("litellm_params");
    let model = asked.get("model").and_then(Value::as_str);
    if model.is_none_or(str::is_empty) {
        return Err(missing("litellm_params.model"));
    }
    check_texts(&rights, &asked)?;
    let team = part(&given, "team_id")?;
    let mut work = m.work(&rights).await?;
    let owner = may(&mut work, &rights, team.as_deref(), "model_info.team_id").await?;
    if let (Some(id), None) = (&team, &owner) {
        return Err(keys::unknown("model_info.team_id", id));
    }
    let id = part(&given, "id")?.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let mut row = ModelRow {
        id: id.clone(),
        model_name: name.clone(),
        team_id: team,
        blocked,
        stamp: Stamp::new(work.now, &work.actor),
        ..ModelRow::default()
    };
    row.doc.model_info = given.object("model_info");
    row.doc.model_info.insert("id".to_owned(), id.into());
    row.doc
        .model_info
        .insert("db_model".to_owned(), true.into());
    params::apply(m, &asked, &mut row)?;
    m.in_force.check_model(&name, &params::whole(m, &row))?;
    let inserted = work.insert(&row).await;
    inserted.map_err(|it| match it.status {
        Some(400) => it.with_param("model_info.id"),
        _ => it,
    })?;
    if let Some(before) = owner {
        let public = name.as_str().into();
        row.doc
            .model_info
            .insert("team_public_model_name".to_owned(), public);
        work.change.update(&row).await?;
        allow(&mut work, &before, &name).await?;
    }
    work.commit().await?;
    m.take_over().await;
    Ok(params::show(m, &row))
}

/// A team that lists its models lists its own too.
async fn allow(work: &mut Work<'_>, before: &TeamRow, model: &str) -> Result<(), Fault> {
    let models = &before.doc.models;
    if models.is_empty() || models.iter().any(|it| it == model) {
        return Ok(());
    }
    let mut row = before.clone();
    row.doc.models.push(model.to_owned());
    row.stamp.touch(work.now, &work.actor);
    work.update("updated", before, &row).await
}

pub(in crate::manage) async fn update(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let given = input.body_fields(&[FIELDS])?;
    let id = part(&given, "id")?.ok_or_else(|| missing("model_info.id"))?;
    change(m, caller, &given, &id, "model_info.id").await
}

pub(in crate::manage) async fn patch(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let given = input.body_fields(&[FIELDS])?;
    let id = input.part("model_id")?;
    if part(&given, "id")?.is_some_and(|it| it != id) {
        let message = "`model_info.id` is not the id of the path";
        return Err(bad("model_info.id", message));
    }
    change(m, caller, &given, id, "model_id").await
}

/// Changes what is named; parameters that are left out stay.
async fn change(m: &Manage, caller: &Caller, given: &Given, id: &str, field: &str) -> Answer {
    let rights = m.rights(caller).await?;
    open_for_models(m)?;
    let asked = given.object("litellm_params");
    check_texts(&rights, &asked)?;
    let mut work = m.work(&rights).await?;
    let before = need(&mut work, &rights, id, field).await?;
    let mut row = before.clone();
    if let Some(name) = given.text("model_name") {
        row.model_name = name;
    }
    let team = part(given, "team_id")?;
    if given.object("model_info").contains_key("team_id") && team != before.team_id {
        let message = "a model keeps its team: make another";
        return Err(bad("model_info.team_id", message));
    }
    for (name, value) in given.object("model_info") {
        row.doc.model_info.insert(name, value);
    }
    row.doc.model_info.insert("id".to_owned(), id.into());
    row.doc
        .model_info
        .insert("db_model".to_owned(), true.into());
    params::apply(m, &asked, &mut row)?;
    m.in_force
        .check_model(&row.model_name, &params::whole(m, &row))?;
    row.stamp.touch(work.now, &work.actor);
    work.update("updated", &before, &row).await?;
    work.commit().await?;
    m.take_over().await;
    Ok(params::show(m, &row))
}

async fn need(
    work: &mut Work<'_>,
    rights: &Rights,
    id: &str,
    field: &str,
) -> Result<ModelRow, Fault> {
    let row = work.get::<ModelRow>(id).await?;
    let Some(row) = row else {
        rights.need_admin("change models that are not a team's own")?;
        let message = format!(
            "there is no model `{}` in the database; models of the file change in the file",
            crate::manage::fault::shown(id)
        );
        return Err(Fault {
            message,
            ..absent(field, "model", id)
        });
    };
    let team = row.team_id.clone();
    may(work, rights, team.as_deref(), field).await?;
    Ok(row)
}

pub(in crate::manage) async fn delete(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let id = input.body_fields(&[&[Field("id", Kind::Id)]])?.need("id")?;
    let mut work = m.work(&rights).await?;
    let row = need(&mut work, &rights, &id, "id").await?;
    work.delete(&[row]).await?;
    work.commit().await?;
    m.take_over().await;
    Ok(json!({"message": format!("Model: {id} deleted successfully")}))
}

pub(in crate::manage) async fn block(m: &Manage, caller: &Caller, input: Input) -> Answer {
    set_blocked(m, caller, &input, true).await
}

pub(in crate::manage) async fn unblock(m: &Manage, caller: &Caller, input: Input) -> Answer {
    set_blocked(m, caller, &input, false).await
}

async fn set_blocked(m: &Manage, caller: &Caller, input: &Input, blocked: bool) -> Answer {
    let rights = m.rights(caller).await?;
    rights.need_admin("block models")?;
    let id = input
        .body_fields(&[&[Field("model_id", Kind::Id)]])?
        .need("model_id")?;
    let mut work = m.work(&rights).await?;
    let before = need(&mut work, &rights, &id, "model_id").await?;
    let mut row = before.clone();
    row.blocked = blocked;
    row.stamp.touch(work.now, &work.actor);
    let action = if blocked { "blocked" } else { "unblocked" };
    work.update(action, &before, &row).await?;
    work.commit().await?;
    m.take_over().await;
    Ok(params::show(m, &row))
}
