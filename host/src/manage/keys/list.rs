//! `GET /key/list` and `GET /key/aliases`.

use serde_json::{Value, json};

use crate::auth::Caller;
use crate::domain::Fault;
use crate::manage::cursor::{self, CURSOR};
use crate::manage::fault::{bad, forbidden};
use crate::manage::fields::{Field, Given, Kind};
use crate::manage::input::{Paging, flag};
use crate::manage::rights::{Rights, foreign};
use crate::manage::{Answer, Input, Manage};
use crate::store::{Filter, KeyRow, Query, TeamRow, UserRow};

const FILTERS: &[Field] = &[
    Field("page", Kind::Any),
    Field("size", Kind::Any),
    Field("user_id", Kind::Text),
    Field("team_id", Kind::Text),
    Field("organization_id", Kind::Text),
    Field("project_id", Kind::Text),
    Field("access_group_id", Kind::Text),
    Field("agent_id", Kind::Text),
    Field("key_hash", Kind::Text),
    Field("key_alias", Kind::Text),
    Field("search", Kind::Text),
    Field("return_full_object", Kind::Any),
    Field("include_team_keys", Kind::Any),
    Field("include_created_by_keys", Kind::Any),
    Field("substring_matching", Kind::Any),
    Field("sort_by", Kind::Text),
    Field("sort_order", Kind::Text),
    Field("expand", Kind::Any),
    Field(
        "status",
        Kind::Choice(&["active", "expired", "revoked", "deleted"]),
    ),
    Field("expires", Kind::Choice(&["active", "expired"])),
];

const TERMS: cursor::Terms = cursor::Terms {
    size: "size",
    default: 10,
    most: 100,
    sorts: SORTS,
};

const SORTS: &[(&str, &str)] = &[
    ("created_at", "created_at"),
    ("updated_at", "updated_at"),
    ("key_alias", "alias"),
    ("key_name", "name"),
    ("user_id", "user_id"),
    ("team_id", "team_id"),
    ("organization_id", "organization_id"),
    ("max_budget", "max_budget"),
    ("spend", "spend"),
    ("expires", "expires_at"),
    ("token", "id"),
];

/// Keys that the caller may see, filtered, sorted, in pages.
pub(in crate::manage) async fn list(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let asked = input.query_fields(&[FILTERS, CURSOR])?;
    let pages = cursor::Asked::read::<KeyRow>(&input, &asked, &TERMS)?;
    let expand = expands_user(&asked)?;
    let full = flag(&asked, "return_full_object")? || expand;
    let empty = asked.text("status").as_deref() == Some("deleted");
    let visible = visible(m, &rights, &asked).await?;
    let mut query = pages.of(Query::new().with(visible));
    if let Some(id) = asked.text("organization_id") {
        query = query.with(of_organizations(m, &[id]).await?);
    }
    if empty {
        // What was deleted stands in the audit log only.
        query = query.with(Filter::Any(Vec::new()));
    }
    if let Some(id) = asked.text("access_group_id") {
        let holds = |key: &KeyRow| key.doc.access_group_ids.contains(&id);
        query = query.with(by_document(m, "access_group_id", &id, holds).await?);
    }
    if let Some(id) = asked.text("agent_id") {
        let named = |key: &KeyRow| {
            key.doc
                .rest
                .get("agent_id")
                .and_then(Value::as_str)
                .is_some_and(|it| it == id)
        };
        query = query.with(by_document(m, "agent_id", &id, named).await?);
    }
    for filter in filters(&rights, &asked, m.now())? {
        query = query.with(filter);
    }
    let page = m.store.list::<KeyRow>(&query).await?;
    let keys: Vec<Value> = if full {
        let views = super::Views::of(m, &page.rows).await?;
        let mut shown: Vec<Value> = page.rows.iter().map(|it| views.show(m, it)).collect();
        if expand {
            with_users(m, &mut shown).await?;
        }
        shown
    } else {
        page.rows.iter().map(|it| it.id.clone().into()).collect()
    };
    Ok(json!({
        "keys": keys,
        "total_count": page.total,
        "current_page": pages.number(),
        "total_pages": pages.pages(page.total),
        "next_cursor": pages.next(&page),
    }))
}

/// The aliases of the keys that the caller may see.
pub(in crate::manage) async fn aliases(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let fields = &[
        Field("page", Kind::Any),
        Field("size", Kind::Any),
        Field("search", Kind::Text),
        Field("team_id", Kind::Text),
    ];
    let asked = input.query_fields(&[fields])?;
    let paging = Paging::read(&input.query, "size", 50, 100)?;
    let mut query = Query::new()
        .with(own(m, &rights, true, true).await?)
        .with(Filter::NotNull("alias"))
        .sorted("alias", false)
        .page(paging.page, paging.size);
    if let Some(part) = asked.text("search") {
        query = query.with(Filter::Contains("alias", part));
    }
    if let Some(team) = asked.text("team_id") {
        query = query.is("team_id", team);
    }
    let page = m.store.list::<KeyRow>(&query).await?;
    let aliases: Vec<String> = page.rows.into_iter().filter_map(|it| it.alias).collect();
    Ok(json!({
        "aliases": aliases,
        "total_count": page.total,
        "current_page": paging.page,
        "total_pages": paging.pages(page.total),
        "size": paging.size,
    }))
}

fn expands_user(asked: &Given) -> Result<bool, Fault> {
    let Some(value) = asked.value("expand") else {
        return Ok(false);
    };
    let all = match value {
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    };
    match all.iter().find(|it| it.as_str() != Some("user")) {
        None => Ok(true),
        Some(_) => Err(bad("expand", "`expand` can be `user` only")),
    }
}

/// Which keys are the caller's to see: its own, its teams' if asked, its organisations'.
async fn own(m: &Manage, rights: &Rights, team_keys: bool, created: bool) -> Result<Filter, Fault> {
    if rights.sees_all() {
        return Ok(Filter::All(Vec::new()));
    }
    let texts = |ids: &mut dyn Iterator<Item = &str>| ids.map(Into::into).collect::<Vec<_>>();
    let mut any = Vec::new();
    if let Some(user) = &rights.user {
        any.push(Filter::Is("user_id", user.into()));
        if created {
            let seats = &mut rights.seats.iter().map(|(id, _)| id.as_str());
            let still = vec![
                Filter::IsNull("team_id"),
                Filter::In("team_id", texts(seats)),
            ];
            let by_me = Filter::Is("created_by", user.into());
            any.push(Filter::All(vec![by_me, Filter::Any(still)]));
        }
    } else if let Some(key) = &rights.key {
        any.push(Filter::Is("id", key.into()));
    }
    let led: Vec<String> = rights.led_organizations().map(str::to_owned).collect();
    any.push(of_organizations(m, &led).await?);
    if team_keys {
        any.push(Filter::In("team_id", texts(&mut rights.led_teams())));
        let seats = &mut rights.seats.iter().map(|(id, _)| id.as_str());
        let services = vec![
            Filter::In("team_id", texts(seats)),
            Filter::IsNull("user_id"),
        ];
        any.push(Filter::All(services));
    }
    Ok(Filter::Any(any))
}

/// Keys of these organisations: their own, and those of their teams that name no other.
async fn of_organizations(m: &Manage, ids: &[String]) -> Result<Filter, Fault> {
    if ids.is_empty() {
        return Ok(Filter::Any(Vec::new()));
    }
    let these = || Filter::In("organization_id", ids.iter().map(Into::into).collect());
    let teams = m.store.list::<TeamRow>(&Query::new().with(these())).await?;
    let teams = teams.rows.into_iter().map(|it| it.id.into()).collect();
    let by_team = vec![
        Filter::IsNull("organization_id"),
        Filter::In("team_id", teams),
    ];
    Ok(Filter::Any(vec![these(), Filter::All(by_team)]))
}

/// Keys that name this id in their document, which no index has: `names` says so for sure.
async fn by_document(
    m: &Manage,
    field: &str,
    id: &str,
    names: impl Fn(&KeyRow) -> bool,
) -> Result<Filter, Fault> {
    /// More ids make no statement.
    const MOST: u64 = 10_000;
    let text = Value::from(id).to_string();
    let query = Query::new()
        .with(Filter::Contains("doc", text))
        .page(1, MOST);
    let found = m.store.list::<KeyRow>(&query).await?;
    if found.total > MOST {
        let message =
            format!("more than {MOST} keys name this `{field}`: they cannot be listed by it");
        return Err(bad(field, message));
    }
    let named = found.rows.into_iter().filter(|it| names(it));
    Ok(Filter::In("id", named.map(|it| it.id.into()).collect()))
}

/// `own`, and what a filter by team or organisation opens beyond it.
async fn visible(m: &Manage, rights: &Rights, asked: &Given) -> Result<Filter, Fault> {
    let team_keys = flag(asked, "include_team_keys")?;
    let created = flag(asked, "include_created_by_keys")?;
    if rights.sees_all() {
        return own(m, rights, team_keys, created).await;
    }
    if let Some(user) = asked.text("user_id")
        && !m.sees_user(rights, &user).await?
    {
        return Err(forbidden(
            "user_id",
            "you may not list the keys of this user",
        ));
    }
    let mut any = vec![own(m, rights, team_keys, created).await?];
    if let Some(id) = asked.text("team_id") {
        let team = m.store.get::<TeamRow>(&id).await?;
        let Some(team) = team.filter(|it| rights.sees_team(it)) else {
            return Err(foreign("team_id", "team"));
        };
        let listed = team
            .doc
            .team_member_permissions
            .iter()
            .any(|it| it == "/key/list");
        if rights.changes_team(&team) || (listed && rights.in_team(&id)) {
            any.push(Filter::Is("team_id", id.into()));
        }
    }
    if let Some(id) = asked.text("organization_id")
        && !rights.sees_organization(&id)
    {
        return Err(foreign("organization_id", "organization"));
    }
    Ok(Filter::Any(any))
}

fn filters(rights: &Rights, asked: &Given, now: i64) -> Result<Vec<Filter>, Fault> {
    let mut all = Vec::new();
    let part = flag(asked, "substring_matching")?;
    for (name, column, part) in [
        ("user_id", "user_id", part && rights.sees_all()),
        ("team_id", "team_id", false),
        ("project_id", "project_id", false),
        ("key_alias", "alias", part),
    ] {
        match asked.text(name) {
            Some(text) if part => all.push(Filter::Contains(column, text)),
            Some(text) => all.push(Filter::Is(column, text.into())),
            None => {}
        }
    }
    if let Some(hash) = asked.text("key_hash") {
        all.push(Filter::Is("id", super::lookup::id(&hash).into()));
    }
    if let Some(text) = asked.text("search") {
        let hash = Filter::Is("id", text.as_str().into());
        all.push(Filter::Any(vec![hash, Filter::Contains("alias", text)]));
    }
    // A moment has come when it is now.
    let past = || Filter::Below("expires_at", now.saturating_add(1));
    let ahead = || {
        let later = Filter::AtLeast("expires_at", now.saturating_add(1));
        Filter::Any(vec![Filter::IsNull("expires_at"), later])
    };
    let blocked = |it: bool| Filter::Is("blocked", it.into());
    match asked.text("status").as_deref() {
        Some("active") => all.extend([blocked(false), ahead()]),
        Some("expired") => all.extend([blocked(false), past()]),
        Some("revoked") => all.push(blocked(true)),
        _ => {}
    }
    match asked.text("expires").as_deref() {
        Some("active") => all.push(ahead()),
        Some("expired") => all.push(past()),
        _ => {}
    }
    Ok(all)
}

/// `expand=user`: who holds each key.
async fn with_users(m: &Manage, shown: &mut [Value]) -> Result<(), Fault> {
    for key in shown {
        let Some(key) = key.as_object_mut() else {
            continue;
        };
        let user = key.get("user_id").and_then(Value::as_str);
        let user = match user {
            Some(id) => m.store.get::<UserRow>(id).await?,
            None => None,
        };
        let user = user.map_or(
            Value::Null,
            |it| json!({"user_id": it.id, "user_email": it.email, "user_alias": it.alias}),
        );
        key.insert("user".to_owned(), user);
    }
    Ok(())
}
