//! `POST /organization/new`, `PATCH /organization/update`, `DELETE /organization/delete`.

use super::view::Views;
use crate::auth::Caller;
use crate::domain::{Entity, EntityKind};
use crate::manage::fault::{absent, forbidden, missing};
use crate::manage::fields::{Field, Given, Kind, set};
use crate::manage::rights::foreign;
use crate::manage::{Answer, Input, Manage, budgets, teams};
use crate::store::{KeyRow, OrganizationMemberRow, OrganizationRow, Query, Stamp, TeamRow};

const FIELDS: &[Field] = &[
    Field("organization_id", Kind::Id),
    Field("organization_alias", Kind::Id),
    Field("budget_id", Kind::Id),
    Field("models", Kind::Texts),
    Field("metadata", Kind::Object),
    Field("model_rpm_limit", Kind::Counts),
    Field("model_tpm_limit", Kind::Counts),
    Field("object_permission", Kind::Object),
    Field("spend", Kind::Money),
];

fn apply(given: &Given, row: &mut OrganizationRow) {
    let doc = &mut row.doc;
    set! { given;
        "organization_alias" => row.alias, text;
        "models" => doc.models, texts;
        "metadata" => doc.metadata, object;
    }
    for name in ["model_rpm_limit", "model_tpm_limit"] {
        given.keep(name, &mut doc.metadata);
    }
    given.keep("object_permission", &mut doc.rest);
}

pub(in crate::manage) async fn create(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    rights.need_admin("make organizations")?;
    let given = input.body_fields(&[FIELDS, budgets::BUDGET])?;
    given.need("organization_alias")?;
    let mut work = m.work(&rights).await?;
    let id = given.text("organization_id");
    let mut row = OrganizationRow {
        id: id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string()),
        stamp: Stamp::new(work.now, &work.actor),
        ..OrganizationRow::default()
    };
    if row.id.contains('/') {
        let message = "`organization_id` may not contain `/`";
        return Err(crate::manage::fault::bad("organization_id", message));
    }
    apply(&given, &mut row);
    row.budget_id = budgets::of_holder(&mut work, &given, None).await?;
    work.insert(&row).await?;
    if let Some(spend) = given.money("spend").filter(|it| !it.is_zero()) {
        let entity = Entity::new(EntityKind::Organization, row.id.as_str());
        work.set_spend(&entity, spend).await?;
    }
    work.commit().await?;
    Ok(Views::of(m, std::slice::from_ref(&row))
        .await?
        .show(m, &row))
}

/// Organisation admins change theirs, but not its money.
pub(in crate::manage) async fn update(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    // Who changed it is who asks, whatever the request says.
    let by = &[Field("updated_by", Kind::Text)];
    let mut given = input.body_fields(&[FIELDS, budgets::BUDGET, by])?;
    given.take("updated_by");
    let id = given.need("organization_id")?;
    let mut work = m.work(&rights).await?;
    let before = work.get::<OrganizationRow>(&id).await?;
    let before = before.ok_or_else(|| absent("organization_id", "organization", &id))?;
    if !rights.changes_organization(&id) {
        return Err(foreign("organization_id", "organization"));
    }
    if !rights.is_admin() {
        let own = ["organization_id", "organization_alias", "metadata"];
        if let Some(name) = given.names().find(|name| !own.contains(name)) {
            let message = format!("only a proxy admin may set an organization's `{name}`");
            return Err(forbidden(name, message));
        }
    }
    let mut row = before.clone();
    row.stamp.touch(work.now, &work.actor);
    apply(&given, &mut row);
    row.budget_id = budgets::of_holder(&mut work, &given, before.budget_id.as_deref()).await?;
    work.update("updated", &before, &row).await?;
    if let Some(spend) = given.money("spend") {
        let entity = Entity::new(EntityKind::Organization, id.as_str());
        work.set_spend(&entity, spend).await?;
    }
    work.commit().await?;
    Ok(Views::of(m, std::slice::from_ref(&row))
        .await?
        .show(m, &row))
}

/// Deletes organisations with their teams, keys and memberships: all of it, or nothing.
pub(in crate::manage) async fn delete(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    rights.need_admin("delete organizations")?;
    let given = input.body_fields(&[&[Field("organization_ids", Kind::Texts)]])?;
    let mut ids = given.texts("organization_ids");
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Err(missing("organization_ids"));
    }
    let mut work = m.work(&rights).await?;
    let mut rows = Vec::new();
    for id in &ids {
        let row = work.get::<OrganizationRow>(id).await?;
        let row = row.ok_or_else(|| absent("organization_ids", "organization", id))?;
        let query = || Query::new().is("organization_id", id.as_str());
        for team in work.change.list::<TeamRow>(&query()).await?.rows {
            teams::remove(&mut work, &team).await?;
        }
        let keys = work.change.list::<KeyRow>(&query()).await?.rows;
        work.delete(&keys).await?;
        for seat in work
            .change
            .list::<OrganizationMemberRow>(&query())
            .await?
            .rows
        {
            super::leave(&mut work, seat).await?;
        }
        work.delete(std::slice::from_ref(&row)).await?;
        rows.push(row);
    }
    work.commit().await?;
    let views = Views::of(m, &rows).await?;
    Ok(rows.iter().map(|it| views.show(m, it)).collect())
}
