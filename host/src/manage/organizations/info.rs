//! `GET /organization/list`, `GET` and `POST /organization/info`.

use super::view::Views;
use crate::auth::Caller;
use crate::manage::fault::{absent, missing};
use crate::manage::fields::{Field, Kind};
use crate::manage::rights::foreign;
use crate::manage::{Answer, Input, Manage};
use crate::store::{Filter, OrganizationRow, Query};

/// Organisations that the caller is in, or all.
pub(in crate::manage) async fn list(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let fields = &[
        Field("org_id", Kind::Text),
        Field("organization_id", Kind::Text),
        Field("org_alias", Kind::Text),
    ];
    let asked = input.query_fields(&[fields])?;
    let mut query = Query::new();
    if !rights.sees_all() {
        let own = rights
            .organizations
            .iter()
            .map(|(id, _)| id.into())
            .collect();
        query = query.with(Filter::In("id", own));
    }
    for name in ["org_id", "organization_id"] {
        if let Some(id) = asked.text(name) {
            query = query.is("id", id);
        }
    }
    if let Some(part) = asked.text("org_alias") {
        query = query.with(Filter::Contains("alias", part));
    }
    let mut rows = m.store.list::<OrganizationRow>(&query).await?.rows;
    rows.sort_by(|left, right| left.alias.cmp(&right.alias));
    let views = Views::of(m, &rows).await?;
    Ok(rows.iter().map(|it| views.show(m, it)).collect())
}

pub(in crate::manage) async fn info(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let asked = input.query_fields(&[&[Field("organization_id", Kind::Text)]])?;
    let row = m.organization(&asked.need("organization_id")?).await?;
    if !rights.sees_organization(&row.id) {
        return Err(foreign("organization_id", "organization"));
    }
    Ok(Views::of(m, std::slice::from_ref(&row))
        .await?
        .show(m, &row))
}

/// The older form, for several at once.
pub(in crate::manage) async fn info_of_many(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let asked = input.body_fields(&[&[Field("organizations", Kind::Texts)]])?;
    let ids = asked.texts("organizations");
    if ids.is_empty() {
        return Err(missing("organizations"));
    }
    let mut rows = Vec::new();
    for id in ids {
        let row = m.store.get::<OrganizationRow>(&id).await?;
        let row = row.ok_or_else(|| absent("organizations", "organization", &id))?;
        if !rights.sees_organization(&id) {
            return Err(foreign("organizations", "organization"));
        }
        rows.push(row);
    }
    let views = Views::of(m, &rows).await?;
    Ok(rows.iter().map(|it| views.show(m, it)).collect())
}
