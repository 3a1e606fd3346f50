//! Customers, whom LiteLLM also calls end users: who is named by the `user` of a request.
//! `/customer/*` and `/end_user/*`.

use serde_json::{Map, Value, json};

use super::cursor::{self, CURSOR};
use super::fault::{absent, missing};
use super::fields::{Field, Given, Kind, set};
use super::holders::Views;
use super::input::Paging;
use super::rights::Rights;
use super::work::{Audited, Work};
use super::{Answer, Input, Manage, budgets, time};
use crate::auth::Caller;
use crate::domain::{Entity, EntityKind, Fault};
use crate::store::{EndUserRow, Filter, Query, Stamp};

const FIELDS: &[Field] = &[
    Field("user_id", Kind::Id),
    Field("alias", Kind::Id),
    Field("blocked", Kind::Flag),
    Field("budget_id", Kind::Id),
    Field("spend", Kind::Money),
    Field("allowed_model_region", Kind::Choice(&["eu", "us"])),
    Field("default_model", Kind::Text),
    Field("models", Kind::Texts),
    Field("object_permission", Kind::Object),
];

const IN_REST: &[&str] = &["models", "object_permission"];

async fn admin(m: &Manage, caller: &Caller) -> Result<Rights, Fault> {
    let rights = m.rights(caller).await?;
    rights.need_admin("manage customers")?;
    Ok(rights)
}

fn apply(given: &Given, row: &mut EndUserRow) {
    let doc = &mut row.doc;
    set! { given;
        "alias" => row.alias, text;
        "default_model" => doc.default_model, text;
        "allowed_model_region" => doc.allowed_model_region, text;
    }
    if given.has("blocked") {
        row.blocked = given.flag("blocked").unwrap_or(false);
    }
    for name in IN_REST {
        given.keep(name, &mut doc.rest);
    }
}

/// `POST /customer/new`.
pub(super) async fn create(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let given = input.body_fields(&[FIELDS, budgets::BUDGET])?;
    let id = given.need("user_id")?;
    let mut work = m.work(&rights).await?;
    let mut row = EndUserRow {
        id: id.clone(),
        stamp: Stamp::new(work.now, &work.actor),
        ..EndUserRow::default()
    };
    apply(&given, &mut row);
    row.budget_id = budgets::of_holder(&mut work, &given, None).await?;
    work.insert(&row).await?;
    if let Some(spend) = given.money("spend").filter(|it| !it.is_zero()) {
        work.set_spend(&Entity::new(EntityKind::EndUser, id), spend)
            .await?;
    }
    work.commit().await?;
    shown(m, &row).await
}

/// `POST /customer/update`.
pub(super) async fn update(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let given = input.body_fields(&[FIELDS, budgets::BUDGET])?;
    let id = given.need("user_id")?;
    let mut work = m.work(&rights).await?;
    let before = need(&mut work, "user_id", &id).await?;
    let mut row = before.clone();
    row.stamp.touch(work.now, &work.actor);
    apply(&given, &mut row);
    row.budget_id = budgets::of_holder(&mut work, &given, before.budget_id.as_deref()).await?;
    work.update("updated", &before, &row).await?;
    if let Some(spend) = given.money("spend") {
        work.set_spend(&Entity::new(EntityKind::EndUser, id), spend)
            .await?;
    }
    work.commit().await?;
    shown(m, &row).await
}

async fn need(work: &mut Work<'_>, field: &str, id: &str) -> Result<EndUserRow, Fault> {
    let row = work.get::<EndUserRow>(id).await?;
    row.ok_or_else(|| absent(field, "customer", id))
}

fn ids(input: &Input) -> Result<Vec<String>, Fault> {
    let given = input.body_fields(&[&[Field("user_ids", Kind::Texts)]])?;
    let mut ids = given.texts("user_ids");
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Err(missing("user_ids"));
    }
    Ok(ids)
}

/// `POST /customer/delete`: all of them, or none.
pub(super) async fn delete(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let ids = ids(&input)?;
    let mut work = m.work(&rights).await?;
    let mut rows = Vec::new();
    for id in &ids {
        rows.push(need(&mut work, "user_ids", id).await?);
    }
    work.delete(&rows).await?;
    work.commit().await?;
    Ok(json!({
        "deleted_customers": ids.len(),
        "message": format!("Successfully deleted customers with ids: {ids:?}"),
    }))
}

/// `POST /customer/block`. A customer who is not known yet is written down as blocked.
pub(super) async fn block(m: &Manage, caller: &Caller, input: Input) -> Answer {
    set_blocked(m, caller, &input, true).await
}

/// `POST /customer/unblock`.
pub(super) async fn unblock(m: &Manage, caller: &Caller, input: Input) -> Answer {
    set_blocked(m, caller, &input, false).await
}

async fn set_blocked(m: &Manage, caller: &Caller, input: &Input, blocked: bool) -> Answer {
    let rights = admin(m, caller).await?;
    let ids = ids(input)?;
    let mut work = m.work(&rights).await?;
    let mut rows = Vec::new();
    for id in &ids {
        let Some(before) = work.get::<EndUserRow>(id).await? else {
            if !blocked {
                return Err(absent("user_ids", "customer", id));
            }
            super::kinds::check("user_ids", Kind::Id, &id.as_str().into())?;
            let row = EndUserRow {
                id: id.clone(),
                blocked,
                stamp: Stamp::new(work.now, &work.actor),
                ..EndUserRow::default()
            };
            work.insert(&row).await?;
            rows.push(row);
            continue;
        };
        let mut row = before.clone();
        row.blocked = blocked;
        row.stamp.touch(work.now, &work.actor);
        let action = if blocked { "blocked" } else { "unblocked" };
        work.update(action, &before, &row).await?;
        rows.push(row);
    }
    work.commit().await?;
    let views = Views::of(m, &rows).await?;
    let shown: Vec<Value> = rows.iter().map(|it| views.show(m, it)).collect();
    let name = if blocked {
        "blocked_users"
    } else {
        "unblocked_users"
    };
    let mut answer = Map::new();
    answer.insert(name.to_owned(), shown.into());
    Ok(answer.into())
}

/// `GET /customer/info?end_user_id=`.
pub(super) async fn info(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see customers")?;
    let asked = input.query_fields(&[&[Field("end_user_id", Kind::Text)]])?;
    let id = asked.need("end_user_id")?;
    let row = m.store.get::<EndUserRow>(&id).await?;
    let row = row.ok_or_else(|| absent("end_user_id", "customer", &id))?;
    shown(m, &row).await
}

const FILTERS: &[Field] = &[
    Field("page", Kind::Any),
    Field("page_size", Kind::Any),
    Field("search", Kind::Text),
];

const ORDER: &[Field] = &[
    Field("sort_by", Kind::Text),
    Field("sort_order", Kind::Text),
];

const TERMS: cursor::Terms = cursor::Terms {
    size: "page_size",
    default: 25,
    most: 100,
    sorts: &[
        ("created_at", "created_at"),
        ("updated_at", "updated_at"),
        ("user_id", "id"),
        ("alias", "alias"),
        ("spend", "spend"),
    ],
};

/// `GET /customer/list`: everybody, or the page that is asked for.
pub(super) async fn list(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see customers")?;
    let asked = input.query_fields(&[FILTERS])?;
    let mut query = filtered(&asked);
    if input.query.contains_key("page") || input.query.contains_key("page_size") {
        let paging = Paging::read(&input.query, "page_size", 100, 1_000)?;
        query = query.page(paging.page, paging.size);
    }
    let rows = m.store.list::<EndUserRow>(&query).await?.rows;
    let views = Views::of(m, &rows).await?;
    Ok(rows.iter().map(|it| views.show(m, it)).collect())
}

/// `GET /v2/customer/list`: the same in pages, sorted, with counts. LiteLLM's list is an array,
/// which has no room for a cursor.
pub(super) async fn list_v2(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see customers")?;
    let asked = input.query_fields(&[FILTERS, ORDER, CURSOR])?;
    let pages = cursor::Asked::read::<EndUserRow>(&input, &asked, &TERMS)?;
    let query = pages.of(filtered(&asked));
    let page = m.store.list::<EndUserRow>(&query).await?;
    let views = Views::of(m, &page.rows).await?;
    let customers: Vec<Value> = page.rows.iter().map(|it| views.show(m, it)).collect();
    Ok(pages.told("customers", customers, &page))
}

fn filtered(asked: &Given) -> Query {
    let Some(part) = asked.text("search") else {
        return Query::new();
    };
    let columns = ["id", "alias"].map(|it| Filter::Contains(it, part.clone()));
    Query::new().with(Filter::Any(columns.into()))
}

async fn shown(m: &Manage, row: &EndUserRow) -> Answer {
    Ok(Views::of(m, std::slice::from_ref(row)).await?.show(m, row))
}

impl Audited for EndUserRow {
    fn shown(&self) -> Value {
        let rest = |name: &str| self.doc.rest.get(name).cloned();
        json!({
            "user_id": self.id,
            "alias": self.alias,
            "blocked": self.blocked,
            "budget_id": self.budget_id,
            "default_model": self.doc.default_model,
            "allowed_model_region": self.doc.allowed_model_region,
            "models": rest("models").unwrap_or_else(|| json!([])),
            "object_permission": rest("object_permission"),
            "created_at": time::iso(self.stamp.created_at),
            "updated_at": time::iso(self.stamp.updated_at),
        })
    }
}
