//! Settings in the database: sections of the configuration that are merged over the file's.
//! `/config/*`.

use serde_json::{Map, Value, json};

use super::fault::{bad, missing, shown as short};
use super::fields::{Field, Kind, read};
use super::models::is_secret;
use super::redact::MASK;
use super::rights::Rights;
use super::work::{Audited, Work};
use super::{Answer, Input, Manage};
use crate::auth::Caller;
use crate::domain::Fault;
use crate::store::{ConfigRow, Sealed, Stamp};

const SECTIONS: &[Field] = &[
    Field("general_settings", Kind::Object),
    Field("litellm_settings", Kind::Object),
    Field("router_settings", Kind::Object),
    Field("environment_variables", Kind::Names),
];

/// Callbacks that the gateway itself is.
const OURS: [&str; 2] = ["otel", "prometheus"];

const GENERAL: &str = "general_settings";
const ENVIRONMENT: &str = "environment_variables";

/// What a gateway needs before it can read its database.
const OF_THE_FILE: &[&str] = &["master_key", "database_url", "salt_key"];

async fn admin(m: &Manage, caller: &Caller) -> Result<Rights, Fault> {
    let rights = m.rights(caller).await?;
    rights.need_admin("change settings")?;
    Ok(rights)
}

/// The section's row, and a copy to change.
pub(super) async fn section(
    work: &mut Work<'_>,
    name: &str,
) -> Result<(Option<ConfigRow>, ConfigRow), Fault> {
    let before = work.get::<ConfigRow>(name).await?;
    let mut row = before.clone().unwrap_or_else(|| ConfigRow {
        id: name.to_owned(),
        sealed: Sealed::default(),
        stamp: Stamp::new(work.now, &work.actor),
        doc: Value::Object(Map::new()),
    });
    if !row.doc.is_object() {
        row.doc = Value::Object(Map::new());
    }
    row.stamp.touch(work.now, &work.actor);
    Ok((before, row))
}

/// One setting onto a section: secrets are sealed, null takes it out.
pub(super) fn apply(
    m: &Manage,
    row: &mut ConfigRow,
    name: &str,
    value: &Value,
) -> Result<(), Fault> {
    let path = format!("{}.{}", row.id, short(name));
    if row.id == GENERAL && OF_THE_FILE.contains(&name) {
        let message = format!("`{path}` is set in the configuration file or the environment");
        return Err(bad(&path, message));
    }
    let Some(doc) = row.doc.as_object_mut() else {
        return Ok(());
    };
    doc.shift_remove(name);
    match value {
        Value::String(text) if row.id == ENVIRONMENT || is_secret(name) => {
            if text != MASK || !row.sealed.0.contains_key(name) {
                row.sealed.0.insert(name.to_owned(), m.salt.seal(text)?);
            }
        }
        Value::Null => {
            row.sealed.0.remove(name);
        }
        other => {
            row.sealed.0.remove(name);
            doc.insert(name.to_owned(), other.clone());
        }
    }
    Ok(())
}

/// Whether the gateway would run with the section, secrets included.
pub(super) fn check(m: &Manage, row: &ConfigRow) -> Result<(), Fault> {
    let mut whole = row.doc.as_object().cloned().unwrap_or_default();
    for (name, value) in m.salt.open_all(&row.sealed)? {
        whole.insert(name, value.reveal().into());
    }
    m.in_force.check_settings(&row.id, &whole)
}

pub(super) async fn write(
    work: &mut Work<'_>,
    before: Option<ConfigRow>,
    row: &ConfigRow,
) -> Result<(), Fault> {
    match before {
        Some(before) => work.update("updated", &before, row).await,
        None => work.insert(row).await,
    }
}

/// `POST /config/update`: settings that are named replace the old ones, in every section at once.
pub(super) async fn update(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let models = &[Field("model_list", Kind::List)];
    let given = read(&input.body, &[SECTIONS, models])?;
    let why = "is not written here: make models by `/model/new`, or in the configuration file";
    given.ask_not("model_list", why)?;
    let mut work = m.work(&rights).await?;
    for Field(name, _) in SECTIONS {
        if !given.some(name) {
            continue;
        }
        let (before, mut row) = section(&mut work, name).await?;
        for (setting, value) in given.object(name) {
            apply(m, &mut row, &setting, &value)?;
        }
        check(m, &row)?;
        write(&mut work, before, &row).await?;
    }
    work.commit().await?;
    Ok(json!({"message": "Config updated successfully"}))
}

const FIELD: &[Field] = &[
    Field("field_name", Kind::Id),
    Field("config_type", Kind::Choice(&[GENERAL])),
];

/// `POST /config/field/update`: one setting of `general_settings`.
pub(super) async fn update_field(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let given = read(&input.body, &[FIELD, &[Field("field_value", Kind::Any)]])?;
    let name = given.need("field_name")?;
    let Some(value) = given.value("field_value") else {
        return Err(missing("field_value"));
    };
    known(m, &name)?;
    let mut work = m.work(&rights).await?;
    let (before, mut row) = section(&mut work, GENERAL).await?;
    apply(m, &mut row, &name, value)?;
    check(m, &row)?;
    write(&mut work, before, &row).await?;
    work.commit().await?;
    Ok(row.shown())
}

fn known(m: &Manage, name: &str) -> Result<(), Fault> {
    let settings = m.in_force.settings();
    if settings.is_empty() || settings.iter().any(|it| it.name == name) {
        return Ok(());
    }
    let message = format!("`{}` is no setting of `general_settings`", short(name));
    Err(bad("field_name", message))
}

/// `POST /config/field/delete`: back to what the file says.
pub(super) async fn delete_field(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let name = read(&input.body, &[FIELD])?.need("field_name")?;
    let mut work = m.work(&rights).await?;
    let (before, mut row) = section(&mut work, GENERAL).await?;
    if !holds(&row, &name) {
        let message = format!("`{}` is not set in the database", short(&name));
        return Err(bad("field_name", message).with_status(404));
    }
    apply(m, &mut row, &name, &Value::Null)?;
    check(m, &row)?;
    write(&mut work, before, &row).await?;
    work.commit().await?;
    Ok(row.shown())
}

fn holds(row: &ConfigRow, name: &str) -> bool {
    row.doc.get(name).is_some() || row.sealed.0.contains_key(name)
}

/// `GET /config/field/info?field_name=`.
pub(super) async fn field_info(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see settings")?;
    let name = read(&input.query, &[FIELD])?.need("field_name")?;
    let row = m.store.get::<ConfigRow>(GENERAL).await?;
    let stored = row.as_ref().is_some_and(|it| holds(it, &name));
    let value = match row.filter(|_| stored) {
        Some(row) => row
            .shown()
            .get("param_value")
            .and_then(|it| it.get(&name))
            .cloned(),
        None => m
            .in_force
            .settings()
            .into_iter()
            .find(|it| it.name == name)
            .map(|it| it.value),
    };
    let value = value.ok_or_else(|| {
        bad("field_name", format!("`{}` is not set", short(&name))).with_status(404)
    })?;
    Ok(json!({"field_name": name, "field_value": value, "stored_in_db": stored}))
}

/// `GET /config/list?config_type=general_settings`: every setting, for a form.
pub(super) async fn list(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see settings")?;
    read(&input.query, &[FIELD])?.need("config_type")?;
    let row = m.store.get::<ConfigRow>(GENERAL).await?;
    let settings = m.in_force.settings();
    let shown = settings.iter().map(|it| {
        json!({
            "field_name": it.name,
            "field_type": it.type_name,
            "field_description": it.description,
            "field_value": it.value,
            "stored_in_db": row.as_ref().is_some_and(|row| holds(row, it.name)),
            "field_default_value": it.default,
            "premium_field": false,
            "nested_fields": null,
        })
    });
    Ok(shown.collect())
}

/// `GET /config/yaml`: the configuration in force, file and database together, secrets masked.
pub(super) async fn document(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller)
        .await?
        .need_sight("see the configuration")?;
    read(&input.query, &[])?;
    Ok(Value::Object(m.in_force.document()))
}

/// `GET /get/config/callbacks`: the callbacks that the configuration names, and the router's
/// settings. Those of another name than ours are not called yet.
pub(super) async fn callbacks(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see callbacks")?;
    read(&input.query, &[])?;
    let section = m.in_force.section("litellm_settings");
    let mut callbacks = Vec::new();
    for (setting, kind) in [
        ("success_callback", "success"),
        ("failure_callback", "failure"),
        ("callbacks", "success_and_failure"),
    ] {
        let named = match section.get(setting) {
            Some(Value::Array(all)) => all.clone(),
            Some(one @ Value::String(_)) => vec![one.clone()],
            _ => Vec::new(),
        };
        let named = named.into_iter().filter(Value::is_string);
        callbacks.extend(named.map(|it| {
            let ours = it.as_str().is_some_and(|it| OURS.contains(&it));
            json!({"name": it, "type": kind, "variables": {}, "in_force": ours})
        }));
    }
    Ok(json!({
        "status": "success",
        "callbacks": callbacks,
        "alerts": [],
        "router_settings": m.in_force.section("router_settings"),
        "available_callbacks": {},
    }))
}

impl Audited for ConfigRow {
    fn shown(&self) -> Value {
        let mut whole = self.doc.as_object().cloned().unwrap_or_default();
        for name in self.sealed.0.keys() {
            whole.insert(name.clone(), MASK.into());
        }
        json!({"param_name": self.id, "param_value": whole})
    }
}
