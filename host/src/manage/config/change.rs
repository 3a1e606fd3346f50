//! `POST /config/update`, `/config/field/update`, `/config/field/delete`, `/reload/config`.

use serde_json::{Value, json};

use super::draft::Draft;
use super::{ENVIRONMENT, FIELD, GENERAL, LITELLM, ROUTER, with_warnings};
use crate::auth::Caller;
use crate::manage::fault::{bad, missing, shown as short};
use crate::manage::fields::{Field, Kind};
use crate::manage::{Answer, Input, Manage};

const SECTIONS: &[Field] = &[
    Field(GENERAL, Kind::Object),
    Field(LITELLM, Kind::Object),
    Field(ROUTER, Kind::Object),
    Field(ENVIRONMENT, Kind::Names),
];

/// To which a change adds, as in LiteLLM: callbacks are switched on one by one.
const GROWS: &str = "success_callback";

/// `POST /config/update`: settings that are named replace the old ones, in every section at once.
pub(in crate::manage) async fn update(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let mut draft = Draft::open(m, caller, "change settings").await?;
    let models = &[Field("model_list", Kind::List)];
    let given = input.body_fields(&[SECTIONS, models])?;
    let why = "is not written here: make models by `/model/new`, or in the configuration file";
    given.ask_not("model_list", why)?;
    for Field(section, _) in SECTIONS {
        if !given.some(section) {
            continue;
        }
        for (name, value) in given.object(section) {
            let value = match (*section, name.as_str()) {
                (LITELLM, GROWS) => grown(draft.value(LITELLM, GROWS), m, value),
                _ => value,
            };
            draft.set(section, &name, &value)?;
        }
    }
    let said = draft.put().await?;
    Ok(with_warnings(
        json!({"message": "Config updated successfully"}),
        said,
    ))
}

/// The callbacks that there are, then those that are new.
fn grown(stored: Option<Value>, m: &Manage, value: Value) -> Value {
    let there = stored.or_else(|| m.in_force.section(LITELLM).shift_remove(GROWS));
    let (Some(Value::Array(mut all)), Value::Array(new)) = (there, &value) else {
        return value;
    };
    for one in new {
        if !all.contains(one) {
            all.push(one.clone());
        }
    }
    all.into()
}

/// `POST /config/field/update`: one setting.
pub(in crate::manage) async fn update_field(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let mut draft = Draft::open(m, caller, "change settings").await?;
    let given = input.body_fields(&[FIELD, &[Field("field_value", Kind::Any)]])?;
    let name = given.need("field_name")?;
    let section = given.text("config_type").unwrap_or_else(|| GENERAL.into());
    let Some(value) = given.value("field_value") else {
        return Err(missing("field_value"));
    };
    draft.set(&section, &name, value)?;
    let shown = draft.shown(&section);
    Ok(with_warnings(shown, draft.put().await?))
}

/// `POST /config/field/delete`: back to what the file says.
pub(in crate::manage) async fn delete_field(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let mut draft = Draft::open(m, caller, "change settings").await?;
    let given = input.body_fields(&[FIELD])?;
    let name = given.need("field_name")?;
    let section = given.text("config_type").unwrap_or_else(|| GENERAL.into());
    if !draft.holds(&section, &name) {
        let message = format!("`{}` is not set in the database", short(&name));
        return Err(bad("field_name", message).with_status(404));
    }
    draft.set(&section, &name, &Value::Null)?;
    let shown = draft.shown(&section);
    Ok(with_warnings(shown, draft.put().await?))
}

/// `POST /reload/config`: file and database are read now; answers once they are in force.
pub(in crate::manage) async fn reload(m: &Manage, caller: &Caller, input: Input) -> Answer {
    input.body_fields(&[])?;
    m.note(caller, "reloaded", "config").await?;
    m.in_force.reload().await?;
    Ok(json!({"status": "success", "message": "the configuration is in force"}))
}
