//! What is in force, and where each setting comes from. `GET /config/list`, `/config/field/info`,
//! `/config/yaml`.

use serde_json::{Value, json};

use super::draft::holds;
use super::{GENERAL, LITELLM, ROUTER};
use crate::auth::Caller;
use crate::config::{ENVIRONMENT, Layer, Setting, Source};
use crate::manage::fault::{bad, shown as short};
use crate::manage::fields::{Field, Kind, read};
use crate::manage::{Answer, Input, Manage};
use crate::store::ConfigRow;

/// A setting, and where it stands: not only the sections that can be changed here.
const SHOWN: &[Field] = &[
    Field("field_name", Kind::Id),
    Field(
        "config_type",
        Kind::Choice(&[
            GENERAL,
            LITELLM,
            ROUTER,
            ENVIRONMENT,
            "plugins",
            "model_list",
            "credential_list",
            "command_line",
        ]),
    ),
];

/// Where a value comes from, for a form.
pub(super) fn source(of: &Source) -> Value {
    match of {
        Source::File(path) => json!({"kind": "file", "path": path.display().to_string()}),
        Source::Database => json!({"kind": "database"}),
        Source::Environment(name, layer) => {
            let layer = match layer {
                Layer::Config => "environment_variables",
                Layer::Process => "process",
                Layer::Dotenv => ".env",
            };
            json!({"kind": "environment", "variable": name, "set_in": layer})
        }
        Source::CommandLine => json!({"kind": "command_line"}),
        Source::Default => json!({"kind": "default"}),
    }
}

fn applies(it: &Setting) -> &'static str {
    match (it.has_effect, it.at_start) {
        (false, _) => "never: it has no effect",
        (true, false) => "at once",
        (true, true) => "at the next start",
    }
}

/// `GET /config/field/info?field_name=`.
pub(in crate::manage) async fn field_info(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see settings")?;
    let given = read(&input.query, &[SHOWN])?;
    let name = given.need("field_name")?;
    let section = given.text("config_type").unwrap_or_else(|| GENERAL.into());
    let row = m.store.get::<ConfigRow>(&section).await?;
    let stored = row.as_ref().is_some_and(|it| holds(it, &name));
    let it = m.in_force.setting(&section, &name).ok_or_else(|| {
        let message = format!("`{}` is no setting of `{section}`", short(&name));
        bad("field_name", message).with_status(404)
    })?;
    Ok(json!({
        "field_name": name,
        "field_value": it.value,
        "stored_in_db": stored || it.source == Source::Database,
        "field_type": it.kind.name(),
        "field_description": it.about,
        "field_default_value": it.default,
        "source": source(&it.source),
        "applies": applies(&it),
    }))
}

/// `GET /config/list?config_type=`: every setting of a section, for a form.
pub(in crate::manage) async fn list(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see settings")?;
    let section = read(&input.query, &[SHOWN])?.need("config_type")?;
    let row = m.store.get::<ConfigRow>(&section).await?;
    let settings = m.in_force.settings(&section).into_iter();
    let shown = settings.map(|it| {
        json!({
            "field_name": it.name,
            "field_type": it.kind.name(),
            "field_description": it.about,
            "field_value": it.value,
            "stored_in_db": it.source == Source::Database
                || row.as_ref().is_some_and(|row| holds(row, &it.name)),
            "field_default_value": it.default,
            "premium_field": false,
            "nested_fields": null,
            "source": source(&it.source),
            "applies": applies(&it),
        })
    });
    Ok(shown.collect())
}

/// `GET /config/yaml`: the configuration in force, file and database together, secrets masked.
pub(in crate::manage) async fn document(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller)
        .await?
        .need_sight("see the configuration")?;
    read(&input.query, &[])?;
    Ok(Value::Object(m.in_force.document()))
}
