//! A team's own callbacks: `/team/{team_id}/callback`, `/team/{team_id}/disable_logging`.

use serde_json::{Map, Value, json};

use super::update::need;
use crate::auth::Caller;
use crate::domain::Fault;
use crate::manage::fault::{absent, bad};
use crate::manage::fields::read;
use crate::manage::logging::{ENTRY, LOGGING, masked};
use crate::manage::rights::foreign;
use crate::manage::{Answer, Input, Manage};
use crate::store::TeamRow;

/// LiteLLM's older place for them.
const SETTINGS: &str = "callback_settings";
const USUAL: &str = "success_and_failure";

fn list(metadata: &Map<String, Value>) -> Vec<Value> {
    let list = metadata.get(LOGGING).and_then(Value::as_array);
    list.cloned().unwrap_or_default()
}

/// `POST /team/{team_id}/callback`.
pub(in crate::manage) async fn add(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let given = read(&input.body, &[ENTRY])?;
    let name = given.need("callback_name")?;
    if !m.in_force.knows_callback(&name) {
        let shown = crate::manage::fault::shown(&name);
        return Err(bad(
            "callback_name",
            format!("no plugin has the callback `{shown}`"),
        ));
    }
    let kind = given
        .text("callback_type")
        .unwrap_or_else(|| USUAL.to_owned());
    let entry = json!({"callback_name": name, "callback_type": kind,
        "callback_vars": given.object("callback_vars")});
    let row = change(m, caller, &input, |metadata| {
        let mut all = list(metadata);
        let same = |it: &Value| it["callback_name"] == name && it["callback_type"] == kind;
        if all.iter().any(same) {
            let shown = crate::manage::fault::shown(&name);
            let message = format!("the team has the callback `{shown}` for {kind} already");
            return Err(bad("callback_name", message));
        }
        all.push(entry);
        metadata.insert(LOGGING.to_owned(), all.into());
        Ok(())
    })
    .await?;
    let views = super::Views::of(m, std::slice::from_ref(&row)).await?;
    Ok(json!({"status": "success", "data": views.show(m, &row)}))
}

/// `GET /team/{team_id}/callback`.
pub(in crate::manage) async fn show(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    read(&input.query, &[])?;
    let row = m.team(input.part("team_id")?).await?;
    if !rights.changes_team(&row) && !rights.sees_all() {
        return Err(foreign("team_id", "team"));
    }
    Ok(json!({"status": "success", "data": shown(&row)}))
}

/// `DELETE /team/{team_id}/callback/{callback_name}`: for successes and for failures.
pub(in crate::manage) async fn delete(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let name = input.part("callback_name")?.to_owned();
    let row = change(m, caller, &input, |metadata| {
        let mut all = list(metadata);
        let before = all.len();
        all.retain(|it| it["callback_name"] != name);
        if all.len() == before {
            return Err(absent("callback_name", "callback", &name));
        }
        metadata.insert(LOGGING.to_owned(), all.into());
        Ok(())
    })
    .await?;
    let mut data = shown(&row);
    if let Some(data) = data.as_object_mut() {
        data.shift_remove("callback_vars");
    }
    let message = format!("Callback {name} removed for team {}", row.id);
    Ok(json!({"status": "success", "message": message, "data": data}))
}

/// `POST /team/{team_id}/disable_logging`: the team has none of its own any more.
pub(in crate::manage) async fn disable(m: &Manage, caller: &Caller, input: Input) -> Answer {
    read(&input.body, &[])?;
    let row = change(m, caller, &input, |metadata| {
        metadata.insert(LOGGING.to_owned(), json!([]));
        metadata.shift_remove(SETTINGS);
        Ok(())
    })
    .await?;
    let message = format!("Logging disabled for team {}", row.id);
    let data = json!({"team_id": row.id, "success_callbacks": [], "failure_callbacks": []});
    Ok(json!({"status": "success", "message": message, "data": data}))
}

async fn change(
    m: &Manage,
    caller: &Caller,
    input: &Input,
    by: impl FnOnce(&mut Map<String, Value>) -> Result<(), Fault> + Send,
) -> Result<TeamRow, Fault> {
    let rights = m.rights(caller).await?;
    let id = input.part("team_id")?;
    let mut work = m.work(&rights).await?;
    let before = need(&mut work, &rights, id).await?;
    let mut row = before.clone();
    by(&mut row.doc.metadata)?;
    work.seal_new_logging(&before.doc.metadata, &mut row.doc.metadata)?;
    row.stamp.touch(work.now, &work.actor);
    work.update("updated", &before, &row).await?;
    work.commit().await?;
    Ok(row)
}

/// The names by what they are told of, and what they are called with, masked.
fn shown(row: &TeamRow) -> Value {
    let mut metadata = row.doc.metadata.clone();
    masked(&mut metadata);
    let all = list(&metadata);
    let told = |kind: &str| -> Vec<&Value> {
        let told = all.iter().filter(|it| {
            let own = it["callback_type"].as_str().unwrap_or(USUAL);
            own == kind || own == USUAL
        });
        told.map(|it| &it["callback_name"]).collect()
    };
    let vars = all.iter().filter_map(|it| it["callback_vars"].as_object());
    let vars: Map<String, Value> = vars.flat_map(Clone::clone).collect();
    json!({"team_id": row.id, "success_callbacks": told("success"),
        "failure_callbacks": told("failure"), "callback_vars": vars})
}
