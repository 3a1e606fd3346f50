//! Tags: labels of requests with models and a budget. `/tag/*`.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::fault::{absent, missing};
use super::fields::{Field, Given, Kind, set};
use super::holders::Views;
use super::work::Audited;
use super::{Answer, Input, Manage, budgets, time};
use crate::auth::Caller;
use crate::domain::{Entity, EntityKind};
use crate::store::{Query, Stamp, TagRow, day_of};

const FIELDS: &[Field] = &[
    Field("name", Kind::Id),
    Field("description", Kind::Text),
    Field("models", Kind::Texts),
    Field("model_info", Kind::Names),
    Field("budget_id", Kind::Id),
];

/// What is said of a tag that nobody made.
const IN_CALLS: &str = "a tag of calls, without models or a budget of its own";
const DAY_MS: i64 = 86_400_000;
/// A day that is never reached.
const MOST_DAYS: i64 = 1 << 20;

fn apply(given: &Given, row: &mut TagRow) {
    set! { given;
        "description" => row.doc.description, text;
        "models" => row.doc.models, texts;
    }
    given.keep("model_info", &mut row.doc.rest);
    if !given.texts("models").is_empty() {
        tracing::warn!(
            tag = %row.id,
            "`models` of a tag are kept and have no effect: set `tags` of the deployments"
        );
    }
}

/// `POST /tag/new`.
pub(super) async fn create(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    rights.need_admin("manage tags")?;
    let given = input.body_fields(&[FIELDS, budgets::BUDGET])?;
    let id = given.need("name")?;
    let mut work = m.work(&rights).await?;
    let mut row = TagRow {
        id,
        stamp: Stamp::new(work.now, &work.actor),
        ..TagRow::default()
    };
    apply(&given, &mut row);
    row.budget_id = budgets::of_holder(&mut work, &given, None).await?;
    work.insert(&row).await?;
    work.commit().await?;
    answer(m, &row, "created").await
}

/// `POST /tag/update`.
pub(super) async fn update(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    rights.need_admin("manage tags")?;
    let spend = &[Field("spend", Kind::Money)];
    let given = input.body_fields(&[FIELDS, budgets::BUDGET, spend])?;
    let id = given.need("name")?;
    let mut work = m.work(&rights).await?;
    let before = work.get::<TagRow>(&id).await?;
    let before = before.ok_or_else(|| absent("name", "tag", &id))?;
    let mut row = before.clone();
    row.stamp.touch(work.now, &work.actor);
    apply(&given, &mut row);
    row.budget_id = budgets::of_holder(&mut work, &given, before.budget_id.as_deref()).await?;
    work.update("updated", &before, &row).await?;
    if let Some(spend) = given.money("spend") {
        work.set_spend(&Entity::new(EntityKind::Tag, id), spend)
            .await?;
    }
    work.commit().await?;
    answer(m, &row, "updated").await
}

async fn answer(m: &Manage, row: &TagRow, done: &str) -> Answer {
    let views = Views::of(m, std::slice::from_ref(row)).await?;
    Ok(json!({
        "message": format!("Tag {} {done} successfully", row.id),
        "tag": views.show(m, row),
    }))
}

/// `POST /tag/delete`.
pub(super) async fn delete(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    rights.need_admin("manage tags")?;
    let id = input
        .body_fields(&[&[Field("name", Kind::Id)]])?
        .need("name")?;
    let mut work = m.work(&rights).await?;
    let row = work.get::<TagRow>(&id).await?;
    let row = row.ok_or_else(|| absent("name", "tag", &id))?;
    work.delete(&[row]).await?;
    work.commit().await?;
    Ok(json!({"message": format!("Tag {id} deleted successfully")}))
}

/// `POST /tag/info`: an object of tags by name.
pub(super) async fn info(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see tags")?;
    let names = input
        .body_fields(&[&[Field("names", Kind::Texts)]])?
        .texts("names");
    if names.is_empty() {
        return Err(missing("names"));
    }
    let mut rows = Vec::new();
    for name in &names {
        let row = m.store.get::<TagRow>(name).await?;
        rows.push(row.ok_or_else(|| absent("names", "tag", name))?);
    }
    let views = Views::of(m, &rows).await?;
    let shown = rows.iter().map(|it| (it.id.clone(), views.show(m, it)));
    Ok(Value::Object(shown.collect::<Map<_, _>>()))
}

/// `GET /tag/list`. Tags are names that every user may see; their money is for who sees all, as are
/// those that came with calls (between two days, if asked) and have no row.
pub(super) async fn list(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let days = &[
        Field("start_date", Kind::Moment),
        Field("end_date", Kind::Moment),
    ];
    let asked = input.query_fields(&[days])?;
    let day = |name: &str| {
        let moment = asked.text(name).as_deref().and_then(time::parse);
        moment.map(day_of)
    };
    let (from, until) = (day("start_date"), day("end_date"));
    let rows = m
        .store
        .list::<TagRow>(&Query::new().sorted("id", false))
        .await?
        .rows;
    if !rights.sees_all() {
        let names = rows
            .iter()
            .map(|it| json!({"name": it.id, "description": it.doc.description}));
        return Ok(names.collect());
    }
    let views = Views::of(m, &rows).await?;
    let mut shown: Vec<Value> = rows.iter().map(|it| views.show(m, it)).collect();
    let known: HashSet<&str> = rows.iter().map(|it| it.id.as_str()).collect();
    let used = m.store.used(
        EntityKind::Tag,
        from.unwrap_or_default(),
        until.unwrap_or(MOST_DAYS),
    );
    for (name, first, last) in used.await? {
        if known.contains(name.as_str()) {
            continue;
        }
        shown.push(json!({
            "name": name,
            "description": IN_CALLS,
            "models": null,
            "created_at": time::iso(first.saturating_mul(DAY_MS)),
            "updated_at": time::iso(last.saturating_mul(DAY_MS)),
        }));
    }
    Ok(shown.into())
}

impl Audited for TagRow {
    fn shown(&self) -> Value {
        json!({
            "name": self.id,
            "description": self.doc.description,
            "models": self.doc.models,
            "model_info": self.doc.rest.get("model_info"),
            "budget_id": self.budget_id,
            "created_at": time::iso(self.stamp.created_at),
            "updated_at": time::iso(self.stamp.updated_at),
            "created_by": self.stamp.created_by,
        })
    }
}
