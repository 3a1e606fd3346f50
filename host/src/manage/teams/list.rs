//! `GET /team/list` and `/v2/team/list`.

use serde_json::Value;

use crate::auth::Caller;
use crate::domain::Fault;
use crate::manage::cursor::{self, CURSOR};
use crate::manage::fault::forbidden;
use crate::manage::fields::{Field, Given, Kind};
use crate::manage::input::Paging;
use crate::manage::rights::{Rights, foreign};
use crate::manage::{Answer, Input, Manage};
use crate::store::{Filter, KeyRow, Query, TeamMemberRow, TeamRow};

const FILTERS: &[Field] = &[
    Field("user_id", Kind::Text),
    Field("organization_id", Kind::Text),
    Field("team_id", Kind::Text),
    Field("team_ids", Kind::Text),
    Field("team_alias", Kind::Text),
    Field("search", Kind::Text),
    Field("search_team_id_match", Kind::Choice(&["exact", "prefix"])),
    Field("status", Kind::Choice(&["deleted"])),
    Field("page", Kind::Any),
    Field("page_size", Kind::Any),
    Field("sort_by", Kind::Text),
    Field("sort_order", Kind::Text),
];

const TERMS: cursor::Terms = cursor::Terms {
    size: "page_size",
    default: 10,
    most: 100,
    sorts: SORTS,
};

const SORTS: &[(&str, &str)] = &[
    ("created_at", "created_at"),
    ("updated_at", "updated_at"),
    ("team_alias", "alias"),
    ("team_id", "id"),
    ("max_budget", "max_budget"),
    ("spend", "spend"),
];

/// Every team that the caller may see, as one list.
pub(in crate::manage) async fn list(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let asked = input.query_fields(&[FILTERS])?;
    let query = filtered(m, &rights, &asked).await?;
    let teams = m.store.list::<TeamRow>(&query).await?.rows;
    let views = super::Views::of(m, &teams).await?;
    Ok(teams.iter().map(|it| views.show(m, it)).collect())
}

/// The same in pages, with counts.
pub(in crate::manage) async fn list_v2(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let asked = input.query_fields(&[FILTERS, CURSOR])?;
    let pages = cursor::Asked::read::<TeamRow>(&input, &asked, &TERMS)?;
    let query = pages.of(filtered(m, &rights, &asked).await?);
    let page = m.store.list::<TeamRow>(&query).await?;
    let views = super::Views::of(m, &page.rows).await?;
    let mut teams = Vec::new();
    for row in &page.rows {
        let mut shown = views.show(m, row);
        let keys = Query::new().is("team_id", row.id.as_str()).page(1, 1);
        let keys = m.store.list::<KeyRow>(&keys).await?.total;
        if let Some(shown) = shown.as_object_mut() {
            let members = shown.get("members_with_roles").and_then(Value::as_array);
            let members = members.map_or(0, Vec::len);
            shown.insert("members_count".to_owned(), members.into());
            shown.insert("keys_count".to_owned(), keys.into());
        }
        teams.push(shown);
    }
    Ok(pages.told("teams", teams, &page))
}

async fn filtered(m: &Manage, rights: &Rights, asked: &Given) -> Result<Query, Fault> {
    let mut query = Query::new().with(visible(rights));
    if let Some(user) = asked.text("user_id") {
        if !m.sees_user(rights, &user).await? {
            let message = "you may not list the teams of this user";
            return Err(forbidden("user_id", message));
        }
        let seats = Query::new().is("user_id", user);
        let seats = m.store.list::<TeamMemberRow>(&seats).await?.rows;
        let teams = seats.into_iter().map(|it| it.team_id.into()).collect();
        query = query.with(Filter::In("id", teams));
    }
    if let Some(organization) = asked.text("organization_id") {
        if !rights.sees_organization(&organization) {
            return Err(foreign("organization_id", "organization"));
        }
        query = query.is("organization_id", organization);
    }
    if let Some(id) = asked.text("team_id") {
        query = query.is("id", id);
    }
    if let Some(ids) = asked.text("team_ids") {
        let ids = ids.split(',').map(|it| it.trim().into()).collect();
        query = query.with(Filter::In("id", ids));
    }
    for name in ["team_alias", "search"] {
        if let Some(part) = asked.text(name) {
            let mut any = vec![Filter::Contains("alias", part.clone())];
            if name == "search" {
                let prefix = asked.text("search_team_id_match");
                any.push(match prefix.as_deref() {
                    Some("prefix") => Filter::Begins("id", part),
                    _ => Filter::Is("id", part.into()),
                });
            }
            query = query.with(Filter::Any(any));
        }
    }
    if asked.text("status").is_some() {
        // What was deleted stands in the audit log only.
        query = query.with(Filter::Any(Vec::new()));
    }
    Ok(query)
}

/// `GET /team/filter/ui`: which team a form may mean, by a part of its id or alias.
pub(in crate::manage) async fn filter_ui(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let fields = &[
        Field("team_id", Kind::Text),
        Field("team_alias", Kind::Text),
        Field("page", Kind::Any),
        Field("page_size", Kind::Any),
    ];
    let asked = input.query_fields(&[fields])?;
    let paging = Paging::read(&input.query, "page_size", 50, 100)?;
    let mut query = Query::new()
        .with(visible(&rights))
        .page(paging.page, paging.size);
    for (name, column) in [("team_id", "id"), ("team_alias", "alias")] {
        if let Some(part) = asked.text(name) {
            query = query.with(Filter::Contains(column, part));
        }
    }
    let teams = m.store.list::<TeamRow>(&query).await?.rows;
    let views = super::Views::of(m, &teams).await?;
    Ok(teams.iter().map(|it| views.show(m, it)).collect())
}

fn visible(rights: &Rights) -> Filter {
    if rights.sees_all() {
        return Filter::All(Vec::new());
    }
    let seats = rights.seats.iter().map(|(id, _)| id.into());
    let own = rights.key_team.iter().map(Into::into);
    let led = rights.led_organizations().map(Into::into).collect();
    Filter::Any(vec![
        Filter::In("id", seats.chain(own).collect()),
        Filter::In("organization_id", led),
    ])
}
