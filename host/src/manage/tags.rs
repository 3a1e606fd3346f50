//! Tags: labels of requests with models and a budget. `/tag/*`.

use serde_json::{Map, Value, json};

use super::fault::{absent, missing};
use super::fields::{Field, Given, Kind, read, set};
use super::holders::Views;
use super::work::Audited;
use super::{Answer, Input, Manage, budgets, time};
use crate::auth::Caller;
use crate::store::{Query, Stamp, TagRow};

const FIELDS: &[Field] = &[
    Field("name", Kind::Id),
    Field("description", Kind::Text),
    Field("models", Kind::Texts),
    Field("model_info", Kind::Names),
    Field("budget_id", Kind::Id),
];

fn apply(given: &Given, row: &mut TagRow) {
    set! { given;
        "description" => row.doc.description, text;
        "models" => row.doc.models, texts;
    }
    given.keep("model_info", &mut row.doc.rest);
}

/// `POST /tag/new`.
pub(super) async fn create(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    rights.need_admin("manage tags")?;
    let given = read(&input.body, &[FIELDS, budgets::BUDGET])?;
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
    let given = read(&input.body, &[FIELDS, budgets::BUDGET])?;
    let id = given.need("name")?;
    let mut work = m.work(&rights).await?;
    let before = work.get::<TagRow>(&id).await?;
    let before = before.ok_or_else(|| absent("name", "tag", &id))?;
    let mut row = before.clone();
    row.stamp.touch(work.now, &work.actor);
    apply(&given, &mut row);
    row.budget_id = budgets::of_holder(&mut work, &given, before.budget_id.as_deref()).await?;
    work.update("updated", &before, &row).await?;
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
    let id = read(&input.body, &[&[Field("name", Kind::Id)]])?.need("name")?;
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
    let names = read(&input.body, &[&[Field("names", Kind::Texts)]])?.texts("names");
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

/// `GET /tag/list`. Tags are names that every user may see; their money is for who sees all.
pub(super) async fn list(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    read(&input.query, &[])?;
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
    Ok(rows.iter().map(|it| views.show(m, it)).collect())
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
