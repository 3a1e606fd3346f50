//! Guardrails of the database: `/guardrails`, `/v2/guardrails/list`. An entry is judged as it would run
//! before it is written, and is in force when the answer comes; on other replicas soon after. What of it
//! may be secret is sealed with the salt key, and never given back.

mod params;

use serde_json::{Map, Value, json};

use super::fault::{absent, bad, missing, shown as short};
use super::fields::{Field, Given, Kind, read};
use super::rights::Rights;
use super::work::{Audited, Work};
use super::{Answer, Input, Manage, time};
use crate::auth::Caller;
use crate::config::{GUARDRAIL_ID as ID, REFERENCE};
use crate::domain::Fault;
use crate::store::{GuardrailRow, Query, Stamp};

const NAME: &str = "guardrail_name";
const PARAMS: &str = "litellm_params";
const INFO: &str = "guardrail_info";
/// Around an entry.
const WHOLE: &[Field] = &[Field("guardrail", Kind::Object)];
const ENTRY: &[Field] = &[
    Field(ID, Kind::Id),
    Field(NAME, Kind::Id),
    Field(PARAMS, Kind::Object),
    Field(INFO, Kind::Object),
    // What an answer shows may come back, and changes nothing.
    Field("created_at", Kind::Any),
    Field("updated_at", Kind::Any),
    Field("created_by", Kind::Any),
    Field("updated_by", Kind::Any),
    Field("guardrail_definition_location", Kind::Any),
    Field("plugin", Kind::Any),
    Field("fault", Kind::Any),
];
/// LiteLLM's way to switch one on or off, beside its `litellm_params`.
const SWITCH: &[Field] = &[Field("default_on", Kind::Flag)];

async fn admin(m: &Manage, caller: &Caller) -> Result<Rights, Fault> {
    let rights = m.rights(caller).await?;
    rights.need_admin("manage guardrails")?;
    Ok(rights)
}

/// They are kept where the database counts.
fn open_for_guardrails(m: &Manage) -> Result<(), Fault> {
    if m.settings().store_models {
        return Ok(());
    }
    let message = "guardrails cannot be made through the API: set `store_model_in_db: true` in \
                   `general_settings`";
    Err(bad("guardrail", message))
}

/// The entry that a request has in `guardrail`.
fn entry(input: &Input) -> Result<Given, Fault> {
    let whole = read(&input.body, &[WHOLE])?;
    if !whole.some("guardrail") {
        return Err(missing("guardrail"));
    }
    let entry = read(&whole.object("guardrail"), &[ENTRY])?;
    if !entry.some(PARAMS) {
        return Err(missing(PARAMS));
    }
    Ok(entry)
}

/// `POST /guardrails`.
pub(super) async fn create(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let given = entry(&input)?;
    open_for_guardrails(m)?;
    let id = given.text(ID);
    let mut work = m.work(&rights).await?;
    let mut row = GuardrailRow {
        id: id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string()),
        guardrail_name: given.need(NAME)?,
        stamp: Stamp::new(work.now, &work.actor),
        ..GuardrailRow::default()
    };
    row.doc.guardrail_info = given.object(INFO);
    put(m, &mut row, given.object(PARAMS), &Map::new()).await?;
    work.insert(&row).await?;
    done(m, work, "made", &row).await
}

/// `PUT /guardrails/{guardrail_id}`: the whole entry is another.
pub(super) async fn update(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let given = entry(&input)?;
    let name = given.need(NAME)?;
    let (work, before) = opened(m, &rights, &input, &given).await?;
    let mut row = before.clone();
    row.guardrail_name = name;
    row.doc.guardrail_info = given.object(INFO);
    let old = params::opened(m, &before)?;
    put(m, &mut row, given.object(PARAMS), &old).await?;
    replace(m, work, &before, row).await
}

/// `PATCH /guardrails/{guardrail_id}`: what is named is another, what is left out stays; null takes a
/// parameter out.
pub(super) async fn patch(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let given = read(&input.body, &[ENTRY, SWITCH])?;
    let (work, before) = opened(m, &rights, &input, &given).await?;
    let mut row = before.clone();
    if let Some(name) = given.text(NAME) {
        row.guardrail_name = name;
    }
    if given.has(INFO) {
        row.doc.guardrail_info = given.object(INFO);
    }
    let old = params::opened(m, &before)?;
    let mut all = old.clone();
    all.extend(given.object(PARAMS));
    if let Some(switch) = given.flag("default_on") {
        all.insert("default_on".to_owned(), switch.into());
    }
    put(m, &mut row, all, &old).await?;
    replace(m, work, &before, row).await
}

/// The change of a row, and the row as it is.
async fn opened<'m>(
    m: &'m Manage,
    rights: &Rights,
    input: &Input,
    given: &Given,
) -> Result<(Work<'m>, GuardrailRow), Fault> {
    open_for_guardrails(m)?;
    let id = input.part(ID)?;
    if given.text(ID).is_some_and(|it| it != id) {
        return Err(bad(ID, "`guardrail_id` is not the id of the path"));
    }
    let mut work = m.work(rights).await?;
    let row = work.get::<GuardrailRow>(id).await?;
    let row = row.ok_or_else(|| gone(id))?;
    Ok((work, row))
}

fn gone(id: &str) -> Fault {
    let message = format!(
        "there is no guardrail `{}` in the database; those of the file change in the file",
        short(id)
    );
    Fault {
        message,
        ..absent(ID, "guardrail", id)
    }
}

/// Lays parameters onto a row, if the gateway would run with them. What is masked in them is as it was.
async fn put(
    m: &Manage,
    row: &mut GuardrailRow,
    given: Map<String, Value>,
    old: &Map<String, Value>,
) -> Result<(), Fault> {
    let all = params::restored(given, old)?;
    let kind = all.get("guardrail").and_then(Value::as_str);
    for (field, text) in [
        (NAME, row.guardrail_name.as_str()),
        ("litellm_params.guardrail", kind.unwrap_or_default()),
    ] {
        if text.starts_with(REFERENCE) {
            let message = format!("`{field}` is shown to callers, so it may not be a variable's");
            return Err(bad(field, message));
        }
    }
    let entry = json!({
        ID: row.id,
        NAME: row.guardrail_name,
        PARAMS: all,
        INFO: row.doc.guardrail_info,
    });
    let entry = entry.as_object().cloned().unwrap_or_default();
    m.in_force.check_guardrail(&entry).await?;
    params::close(m, all, row)
}

async fn replace(
    m: &Manage,
    mut work: Work<'_>,
    before: &GuardrailRow,
    mut row: GuardrailRow,
) -> Answer {
    row.stamp.touch(work.now, &work.actor);
    work.update("updated", before, &row).await?;
    done(m, work, "changed", &row).await
}

/// Makes it durable, and waits until it looks.
async fn done(m: &Manage, work: Work<'_>, what: &str, row: &GuardrailRow) -> Answer {
    settle(m, work, what, row).await?;
    Ok(shown(m, row, &m.in_force.guardrails()))
}

async fn settle(m: &Manage, work: Work<'_>, what: &str, row: &GuardrailRow) -> Result<(), Fault> {
    let (actor, guardrail) = (work.actor.clone(), &row.guardrail_name);
    work.commit().await?;
    tracing::info!(%actor, %guardrail, "a guardrail was {what} through the API");
    m.in_force.taken_over().await
}

/// `DELETE /guardrails/{guardrail_id}`. Calls of keys, teams and models that still name it are refused.
pub(super) async fn delete(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let id = input.part(ID)?;
    let mut work = m.work(&rights).await?;
    let row = work.get::<GuardrailRow>(id).await?;
    let row = row.ok_or_else(|| gone(id))?;
    work.delete(std::slice::from_ref(&row)).await?;
    settle(m, work, "deleted", &row).await?;
    Ok(json!({"message": format!("Guardrail {id} deleted successfully")}))
}

/// `GET /v2/guardrails/list`: those of the file, in the order in which they look, then those of the
/// database.
pub(super) async fn list(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see guardrails")?;
    read(&input.query, &[])?;
    let running = m.in_force.guardrails();
    let of_file = running.iter().filter(|it| !is_stored(it)).cloned();
    let mut all: Vec<Value> = of_file.collect();
    let query = Query::new().sorted("created_at", false);
    for row in m.store.list::<GuardrailRow>(&query).await?.rows {
        all.push(shown(m, &row, &running));
    }
    Ok(json!({"guardrails": all}))
}

/// `GET /guardrails/{guardrail_id}` and `/guardrails/{guardrail_id}/info`. One of the file is known by
/// its name, too.
pub(super) async fn info(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see guardrails")?;
    read(&input.query, &[])?;
    let id = input.part(ID)?;
    let running = m.in_force.guardrails();
    if let Some(row) = m.store.get::<GuardrailRow>(id).await? {
        return Ok(shown(m, &row, &running));
    }
    let of_file = || running.iter().filter(|it| !is_stored(it));
    let found = of_file().find(|it| says(it, ID, id));
    let found = found.or_else(|| of_file().find(|it| says(it, NAME, id)));
    found.cloned().ok_or_else(|| absent(ID, "guardrail", id))
}

fn says(guardrail: &Value, field: &str, text: &str) -> bool {
    guardrail.get(field).and_then(Value::as_str) == Some(text)
}

fn is_stored(guardrail: &Value) -> bool {
    says(guardrail, "guardrail_definition_location", "db")
}

/// A row as LiteLLM shows it, secrets masked, with the plugin that it is and why it cannot look, if so.
fn shown(m: &Manage, row: &GuardrailRow, running: &[Value]) -> Value {
    let params = params::shown(m, row);
    let mut shown = row.shown();
    let Some(members) = shown.as_object_mut() else {
        return shown;
    };
    members.shift_remove("sealed");
    members.insert(PARAMS.to_owned(), params.into());
    members.insert("guardrail_definition_location".to_owned(), "db".into());
    let mut stored = running.iter().filter(|it| is_stored(it));
    let own = stored.find(|it| says(it, ID, &row.id));
    let of = |name: &str| own.and_then(|it| it.get(name)).cloned().unwrap_or_default();
    members.insert("plugin".to_owned(), of("plugin"));
    let fault = match own {
        Some(_) => of("fault"),
        None => "it is not in force".into(),
    };
    members.insert("fault".to_owned(), fault);
    shown
}

/// What is sealed is not opened for the log: names have to do.
impl Audited for GuardrailRow {
    fn shown(&self) -> Value {
        let sealed: Vec<&String> = self.sealed.0.keys().collect();
        json!({
            ID: self.id,
            NAME: self.guardrail_name,
            PARAMS: self.doc.params,
            "sealed": sealed,
            INFO: self.doc.guardrail_info,
            "created_at": time::iso(self.stamp.created_at),
            "updated_at": time::iso(self.stamp.updated_at),
            "created_by": self.stamp.created_by,
            "updated_by": self.stamp.updated_by,
        })
    }
}
