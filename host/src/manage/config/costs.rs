//! Discounts and margins on what providers charge, set through the API and in force at once.
//! `/config/cost_discount_config` and `/config/cost_margin_config`.

use serde_json::{Map, Value, json};

use super::draft::Draft;
use super::{LITELLM, with_warnings};
use crate::auth::Caller;
use crate::domain::Fault;
use crate::manage::fault::{bad, shown};
use crate::manage::{Answer, Input, Manage};

const DISCOUNTS: &str = "cost_discount_config";
const MARGINS: &str = "cost_margin_config";

/// A margin of more than a hundredfold is a mistake of scale.
const MOST_MARGIN: f64 = 100.0;
/// Dollars a call.
const MOST_FIXED: f64 = 1e6;

/// `GET /config/cost_discount_config`.
pub(in crate::manage) async fn discounts(m: &Manage, caller: &Caller, input: Input) -> Answer {
    values(m, caller, &input, DISCOUNTS).await
}

/// `GET /config/cost_margin_config`.
pub(in crate::manage) async fn margins(m: &Manage, caller: &Caller, input: Input) -> Answer {
    values(m, caller, &input, MARGINS).await
}

async fn values(m: &Manage, caller: &Caller, input: &Input, name: &str) -> Answer {
    m.rights(caller)
        .await?
        .need_sight("see discounts and margins")?;
    input.query_fields(&[])?;
    let values = m.in_force.section(LITELLM).shift_remove(name);
    Ok(json!({"values": values.filter(Value::is_object).unwrap_or_else(|| json!({}))}))
}

/// `PATCH /config/cost_discount_config` `{provider: share}`: replaces all discounts.
pub(in crate::manage) async fn set_discounts(m: &Manage, caller: &Caller, input: Input) -> Answer {
    for (name, value) in &input.body {
        named(m, name, false)?;
        share(name, value, 1.0)?;
    }
    set(m, caller, input, DISCOUNTS, "Cost discount").await
}

/// `PATCH /config/cost_margin_config` `{provider: share}`, or
/// `{provider: {percentage, fixed_amount}}`; `global` is every provider. Replaces all margins.
pub(in crate::manage) async fn set_margins(m: &Manage, caller: &Caller, input: Input) -> Answer {
    for (name, value) in &input.body {
        named(m, name, true)?;
        let Value::Object(parts) = value else {
            share(name, value, MOST_MARGIN)?;
            continue;
        };
        let most = |part: &str| match part {
            "percentage" => Some(MOST_MARGIN),
            "fixed_amount" => Some(MOST_FIXED),
            _ => None,
        };
        for (part, value) in parts {
            let path = format!("{}.{}", shown(name), shown(part));
            let most = most(part).ok_or_else(|| bad(&path, format!("unknown field `{path}`")))?;
            share(&path, value, most)?;
        }
        if parts.is_empty() {
            let path = format!("{}.percentage", shown(name));
            return Err(bad(
                &path,
                format!("`{path}` or `fixed_amount` is required"),
            ));
        }
    }
    set(m, caller, input, MARGINS, "Cost margin").await
}

/// A provider that is served, before a slash a model or a pattern.
fn named(m: &Manage, name: &str, with_global: bool) -> Result<(), Fault> {
    let provider = name.split_once('/').map_or(name, |it| it.0);
    if m.in_force.serves(provider) || (with_global && name == "global") {
        return Ok(());
    }
    let name = shown(name);
    Err(bad(&name, format!("no plugin serves provider `{name}`")))
}

fn share(path: &str, value: &Value, most: f64) -> Result<(), Fault> {
    let good = value.as_f64().is_some_and(|it| (0.0..=most).contains(&it));
    if good {
        return Ok(());
    }
    let path = shown(path);
    Err(bad(
        &path,
        format!("`{path}` must be a number from 0 to {most}"),
    ))
}

async fn set(m: &Manage, caller: &Caller, input: Input, name: &str, what: &str) -> Answer {
    let mut draft = Draft::open(m, caller, "change discounts and margins").await?;
    input.query_fields(&[])?;
    let values: Map<String, Value> = input.body;
    draft.set(LITELLM, name, &Value::Object(values.clone()))?;
    let said = draft.put().await?;
    let answer = json!({
        "message": format!("{what} configuration updated successfully"),
        "status": "success",
        "values": values,
    });
    Ok(with_warnings(answer, said))
}
