//! The router's settings as a form. `GET /router/settings`, `/router/fields`.

use serde_json::{Map, Value, json};

use super::ROUTER;
use crate::auth::Caller;
use crate::config::{Setting, Strategy};
use crate::manage::{Answer, Input, Manage};

/// Every setting that has an effect.
fn known(m: &Manage) -> impl Iterator<Item = Setting> {
    let all = m.in_force.settings(ROUTER).into_iter();
    all.filter(|it| it.has_effect)
}

fn field(it: &Setting) -> Value {
    let options: Option<&[&str]> = match it.name.as_str() {
        "routing_strategy" => Some(&Strategy::NAMES),
        _ => None,
    };
    json!({
        "options": options,
        "field_name": it.name,
        "field_type": it.kind.name(),
        "field_description": it.about,
        "field_default": it.default,
        "ui_field_name": it.name.replace('_', " "),
    })
}

/// `GET /router/fields`: what there is to be set.
pub(in crate::manage) async fn fields(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see settings")?;
    input.query_fields(&[])?;
    let fields: Vec<Value> = known(m).map(|it| field(&it)).collect();
    Ok(json!({"fields": fields}))
}

/// `GET /router/settings`: the same with the values in force.
pub(in crate::manage) async fn settings(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see settings")?;
    input.query_fields(&[])?;
    let (mut fields, mut values) = (Vec::new(), Map::new());
    for it in known(m) {
        let mut field = field(&it);
        if let Some(field) = field.as_object_mut() {
            field.insert("field_value".to_owned(), it.value.clone());
        }
        fields.push(field);
        values.insert(it.name, it.value);
    }
    Ok(json!({"fields": fields, "current_values": values}))
}
