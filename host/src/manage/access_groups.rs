//! Access groups: models under one name, for keys and teams to list together. LiteLLM has two
//! APIs for them, by name (`/access_group/*`) and by id (`/v1/access_group`); both are the same
//! rows here.

mod holders;

use serde_json::{Value, json};

use holders::{KEYS, TEAMS, assign, forget, with_holders};

use super::fault::{absent, bad};
use super::fields::{Field, Given, Kind, set};
use super::rights::Rights;
use super::work::{Audited, Work};
use super::{Answer, Input, Manage, group_budgets, keys, time};
use crate::auth::Caller;
use crate::domain::Fault;
use crate::store::{AccessGroupRow, Filter, Query, Stamp};

/// By name.
const BY_NAME: &[Field] = &[
    Field("access_group", Kind::Id),
    Field("model_names", Kind::Texts),
    Field("model_ids", Kind::Texts),
    Field("description", Kind::Text),
];

/// By id.
const BY_ID: &[Field] = &[
    Field("access_group_name", Kind::Id),
    Field("description", Kind::Text),
    Field("access_model_names", Kind::Texts),
    Field("access_mcp_server_ids", Kind::Texts),
    Field("access_agent_ids", Kind::Texts),
    Field(TEAMS, Kind::Texts),
    Field(KEYS, Kind::Texts),
];

pub(super) async fn admin(m: &Manage, caller: &Caller) -> Result<Rights, Fault> {
    let rights = m.rights(caller).await?;
    rights.need_admin("manage access groups")?;
    Ok(rights)
}

fn apply(given: &Given, row: &mut AccessGroupRow) {
    set! { given;
        "description" => row.doc.description, text;
        "model_names" => row.doc.models, texts;
        "access_model_names" => row.doc.models, texts;
    }
    for name in ["access_mcp_server_ids", "access_agent_ids"] {
        given.keep(name, &mut row.doc.rest);
    }
}

async fn insert(
    m: &Manage,
    rights: &Rights,
    given: &Given,
    field: &str,
) -> Result<AccessGroupRow, Fault> {
    let name = given.need(field)?;
    let mut work = m.work(rights).await?;
    let mut row = AccessGroupRow {
        id: uuid::Uuid::new_v4().to_string(),
        name,
        stamp: Stamp::new(work.now, &work.actor),
        ..AccessGroupRow::default()
    };
    apply(given, &mut row);
    assign(&mut work, given, &row).await?;
    let inserted = work.insert(&row).await;
    inserted.map_err(|it| taken(it, field))?;
    work.commit().await?;
    Ok(row)
}

/// The refusal of a name that another group has, by the field that it came in.
fn taken(fault: Fault, field: &str) -> Fault {
    if fault.param.as_deref() != Some("name") {
        return fault;
    }
    let message = format!("`{field}` is taken already by another access group");
    bad(field, message)
}

/// The fields of a group by name, with the deployments in `model_ids` as the model groups that they
/// are of: a key may ask for a model group, never for one of its deployments.
fn by_models(m: &Manage, caller: &Caller, input: &Input) -> Result<Given, Fault> {
    let mut given = input.body_fields(&[BY_NAME])?;
    let ids = given.texts("model_ids");
    if ids.is_empty() {
        return Ok(given);
    }
    let all = m.in_force.deployments(caller);
    let mut names = given.texts("model_names");
    for id in ids {
        let found = all.iter().find(|it| it.id == id);
        let found = found.ok_or_else(|| keys::unknown("model_ids", &id))?;
        if !names.contains(&found.model_name) {
            names.push(found.model_name.clone());
        }
    }
    given.set("model_names", names.into());
    Ok(given)
}

/// `POST /access_group/new`.
pub(super) async fn create(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let given = by_models(m, caller, &input)?;
    if given.texts("model_names").is_empty() {
        return Err(bad("model_names", "`model_names` needs at least one model"));
    }
    let row = insert(m, &rights, &given, "access_group").await?;
    Ok(changed(&row))
}

/// `POST /v1/access_group`.
pub(super) async fn create_v1(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let given = input.body_fields(&[BY_ID])?;
    let row = insert(m, &rights, &given, "access_group_name").await?;
    with_holders(m, &row).await
}

/// The group that a path names: by name, or by id.
pub(super) async fn find(m: &Manage, input: &Input) -> Result<AccessGroupRow, Fault> {
    let named = input.part("access_group")?;
    let query = Query::new().is("name", named);
    let by_name = m.store.list::<AccessGroupRow>(&query).await?.rows.pop();
    let row = match by_name {
        Some(row) => Some(row),
        None => m.store.get(named).await?,
    };
    row.ok_or_else(|| absent("access_group", "access group", named))
}

async fn change(
    m: &Manage,
    rights: &Rights,
    input: &Input,
    given: &Given,
) -> Result<AccessGroupRow, Fault> {
    let found = find(m, input).await?;
    let mut work = m.work(rights).await?;
    let before: AccessGroupRow = work.change.need(&found.id).await?;
    let mut row = before.clone();
    row.stamp.touch(work.now, &work.actor);
    if let Some(name) = given.text("access_group_name") {
        row.name = name;
    }
    apply(given, &mut row);
    assign(&mut work, given, &row).await?;
    let updated = work.update("updated", &before, &row).await;
    updated.map_err(|it| taken(it, "access_group_name"))?;
    work.commit().await?;
    Ok(row)
}

/// `PUT /access_group/{access_group}/update`.
pub(super) async fn update(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let given = by_models(m, caller, &input)?;
    if let Some(named) = given.text("access_group")
        && named != find(m, &input).await?.name
    {
        let message = "`access_group` is not the group that the path names: a name is changed by \
                       `access_group_name` of `PUT /v1/access_group/{id}`";
        return Err(bad("access_group", message));
    }
    if given.has("model_names") && given.texts("model_names").is_empty() {
        return Err(bad("model_names", "`model_names` needs at least one model"));
    }
    Ok(changed(&change(m, &rights, &input, &given).await?))
}

/// `PUT /v1/access_group/{access_group}`.
pub(super) async fn update_v1(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let given = input.body_fields(&[BY_ID])?;
    let row = change(m, &rights, &input, &given).await?;
    with_holders(m, &row).await
}

/// `DELETE /access_group/{access_group}/delete` and `/v1/access_group/{access_group}`. Keys and
/// teams that name the group lose it: left behind, the name would open nothing, or the models of
/// a later group of that name.
pub(super) async fn delete(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let found = find(m, &input).await?;
    let mut work = m.work(&rights).await?;
    let row: AccessGroupRow = work.change.need(&found.id).await?;
    let touched = forget(&mut work, &row).await?;
    work.delete(std::slice::from_ref(&row)).await?;
    group_budgets::let_go(&mut work, group_budgets::budget_of(&row)).await?;
    work.commit().await?;
    Ok(json!({
        "access_group": row.name,
        "models_updated": row.doc.models.len(),
        "holders_updated": touched,
        "message": format!("Access group {} deleted", row.name),
    }))
}

/// Whether any access group has this budget.
pub(super) async fn share_budget(work: &mut Work<'_>, id: &str) -> Result<bool, Fault> {
    let query = Query::new().with(Filter::Contains("doc", format!("\"{id}\"")));
    let rows = work.change.list::<AccessGroupRow>(&query).await?.rows;
    Ok(rows
        .iter()
        .any(|it| group_budgets::budget_of(it) == Some(id)))
}

/// `GET /access_group/{access_group}/info`.
pub(super) async fn info(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see access groups")?;
    input.query_fields(&[])?;
    Ok(by_name(&find(m, &input).await?))
}

/// `GET /v1/access_group/{access_group}`.
pub(super) async fn info_v1(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see access groups")?;
    input.query_fields(&[])?;
    let row = find(m, &input).await?;
    with_holders(m, &row).await
}

/// `GET /access_group/list`.
pub(super) async fn list(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rows = all(m, caller, &input).await?;
    let shown: Vec<Value> = rows.iter().map(by_name).collect();
    Ok(json!({"access_groups": shown}))
}

/// `GET /v1/access_group`.
pub(super) async fn list_v1(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rows = all(m, caller, &input).await?;
    Ok(rows.iter().map(Audited::shown).collect())
}

async fn all(m: &Manage, caller: &Caller, input: &Input) -> Result<Vec<AccessGroupRow>, Fault> {
    m.rights(caller).await?.need_sight("see access groups")?;
    input.query_fields(&[])?;
    let query = Query::new().sorted("name", false);
    Ok(m.store.list::<AccessGroupRow>(&query).await?.rows)
}

fn changed(row: &AccessGroupRow) -> Value {
    json!({
        "access_group": row.name,
        "access_group_id": row.id,
        "model_names": row.doc.models,
        "model_ids": null,
        "models_updated": row.doc.models.len(),
    })
}

fn by_name(row: &AccessGroupRow) -> Value {
    json!({
        "access_group": row.name,
        "access_group_id": row.id,
        "model_names": row.doc.models,
        "deployment_count": row.doc.models.len(),
        "description": row.doc.description,
    })
}

impl Audited for AccessGroupRow {
    fn shown(&self) -> Value {
        let rest = |name: &str| {
            self.doc
                .rest
                .get(name)
                .cloned()
                .unwrap_or_else(|| json!([]))
        };
        json!({
            "access_group_id": self.id,
            "access_group_name": self.name,
            "description": self.doc.description,
            "access_model_names": self.doc.models,
            "budget_id": group_budgets::budget_of(self),
            "access_mcp_server_ids": rest("access_mcp_server_ids"),
            "access_agent_ids": rest("access_agent_ids"),
            "created_at": time::iso(self.stamp.created_at),
            "updated_at": time::iso(self.stamp.updated_at),
            "created_by": self.stamp.created_by,
            "updated_by": self.stamp.updated_by,
        })
    }
}
