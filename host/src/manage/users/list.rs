//! `GET /user/list` and `/user/available_users`.

use serde_json::{Value, json};

use super::fields::ROLES;
use crate::auth::Caller;
use crate::domain::Fault;
use crate::manage::cursor::{self, CURSOR};
use crate::manage::fault::forbidden;
use crate::manage::fields::{Field, Given, Kind};
use crate::manage::input::Paging;
use crate::manage::rights::{Rights, foreign};
use crate::manage::{Answer, Input, Manage};
use crate::store::{
    Filter, KeyRow, OrganizationMemberRow, Query, TeamMemberRow, UserRow, Value as Cell,
};

const FILTERS: &[Field] = &[
    Field("role", Kind::Choice(ROLES)),
    Field("user_ids", Kind::Text),
    Field("sso_user_ids", Kind::Text),
    Field("user_email", Kind::Text),
    Field("user_alias", Kind::Text),
    Field("team", Kind::Text),
    Field("organization_id", Kind::Text),
    Field("organization_ids", Kind::Text),
    Field("search", Kind::Text),
    Field("page", Kind::Any),
    Field("page_size", Kind::Any),
    Field("sort_by", Kind::Text),
    Field("sort_order", Kind::Text),
];

const TERMS: cursor::Terms = cursor::Terms {
    size: "page_size",
    default: 25,
    most: 100,
    sorts: SORTS,
};

const SORTS: &[(&str, &str)] = &[
    ("created_at", "created_at"),
    ("updated_at", "updated_at"),
    ("user_id", "id"),
    ("user_email", "email"),
    ("user_alias", "alias"),
    ("user_role", "role"),
    ("max_budget", "max_budget"),
    ("spend", "spend"),
];

/// Users, filtered, sorted, in pages. Organisation admins list those of their organisations.
pub(in crate::manage) async fn list(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let asked = input.query_fields(&[FILTERS, CURSOR])?;
    let pages = cursor::Asked::read::<UserRow>(&input, &asked, &TERMS)?;
    let query = pages.of(filtered(m, &rights, &asked).await?);
    let page = m.store.list::<UserRow>(&query).await?;
    let mut users = super::show_all(m, &page.rows).await?;
    for (shown, row) in users.iter_mut().zip(&page.rows) {
        let keys = Query::new().is("user_id", row.id.as_str()).page(1, 1);
        let keys = m.store.list::<KeyRow>(&keys).await?.total;
        if let Some(shown) = shown.as_object_mut() {
            shown.insert("key_count".to_owned(), keys.into());
        }
    }
    Ok(pages.told("users", users, &page))
}

async fn filtered(m: &Manage, rights: &Rights, asked: &Given) -> Result<Query, Fault> {
    let mut query = Query::new();
    if !rights.sees_all() {
        query = query.with(Filter::In("id", in_led_organizations(m, rights).await?));
    }
    for (name, column) in [("user_ids", "id"), ("sso_user_ids", "sso_id")] {
        if let Some(ids) = asked.text(name) {
            let ids = ids.split(',').map(|it| it.trim().into()).collect();
            query = query.with(Filter::In(column, ids));
        }
    }
    if let Some(role) = asked.text("role") {
        query = query.is("role", role);
    }
    for (name, column) in [("user_email", "email"), ("user_alias", "alias")] {
        if let Some(part) = asked.text(name) {
            query = query.with(Filter::Contains(column, part));
        }
    }
    if let Some(part) = asked.text("search") {
        query = query.with(Filter::Any(vec![
            Filter::Contains("id", part.clone()),
            Filter::Contains("email", part.clone()),
            Filter::Contains("alias", part),
        ]));
    }
    if let Some(id) = asked.text("team") {
        let team = m.team(&id).await.map_err(|it| it.with_param("team"))?;
        if !rights.sees_all() && !rights.changes_team(&team) {
            return Err(foreign("team", "team"));
        }
        let seats = Query::new().is("team_id", id);
        let seats = m.store.list::<TeamMemberRow>(&seats).await?.rows;
        let ids = seats.into_iter().map(|it| it.user_id.into()).collect();
        query = query.with(Filter::In("id", ids));
    }
    for name in ["organization_id", "organization_ids"] {
        let Some(ids) = asked.text(name) else {
            continue;
        };
        let ids = match name {
            "organization_id" => vec![ids.into()],
            _ => ids.split(',').map(|it| it.trim().into()).collect(),
        };
        let rows = Query::new().with(Filter::In("organization_id", ids));
        let rows = m.store.list::<OrganizationMemberRow>(&rows).await?.rows;
        let ids = rows.into_iter().map(|it| it.user_id.into()).collect();
        query = query.with(Filter::In("id", ids));
    }
    Ok(query)
}

/// The users of the organisations that the caller administers.
async fn in_led_organizations(m: &Manage, rights: &Rights) -> Result<Vec<Cell>, Fault> {
    let led: Vec<Cell> = rights.led_organizations().map(Into::into).collect();
    if led.is_empty() {
        let message = "only proxy admins and organization admins may list users";
        return Err(forbidden("user_ids", message));
    }
    let query = Query::new().with(Filter::In("organization_id", led));
    let rows = m.store.list::<OrganizationMemberRow>(&query).await?.rows;
    let mut ids: Vec<String> = rows.into_iter().map(|it| it.user_id).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(ids.into_iter().map(Into::into).collect())
}

/// `GET /user/filter/ui`: whom a form may mean, by a part of the id or email.
pub(in crate::manage) async fn filter_ui(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let fields = &[
        Field("user_id", Kind::Text),
        Field("user_email", Kind::Text),
        Field("search", Kind::Text),
        Field("team_id", Kind::Text),
        Field("page", Kind::Any),
        Field("page_size", Kind::Any),
    ];
    let asked = input.query_fields(&[fields])?;
    let paging = Paging::read(&input.query, "page_size", 50, 100)?;
    let mut query = Query::new().page(paging.page, paging.size);
    if !rights.sees_all() {
        query = query.with(Filter::In("id", in_led_organizations(m, &rights).await?));
    }
    for (name, columns) in [
        ("user_id", &["id"][..]),
        ("user_email", &["email"]),
        ("search", &["id", "email"]),
    ] {
        if let Some(part) = asked.text(name) {
            let any = columns.iter().map(|it| Filter::Contains(it, part.clone()));
            query = query.with(Filter::Any(any.collect()));
        }
    }
    let users = m.store.list::<UserRow>(&query).await?.rows;
    let users = users.iter();
    Ok(users
        .map(|it| json!({"user_id": it.id, "user_email": it.email}))
        .collect())
}

/// How many users there are.
pub(in crate::manage) async fn available(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("count users")?;
    input.query_fields(&[])?;
    let users = m
        .store
        .list::<UserRow>(&Query::new().page(1, 1))
        .await?
        .total;
    // LiteLLM's licence counts users; here there is no limit.
    Ok(json!({"total_users": null, "total_users_used": users,
        "total_users_remaining": Value::Null}))
}
