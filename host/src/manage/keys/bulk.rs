//! Many keys at once: `POST /key/bulk_update` and `/team/key/bulk_update`. Each key is changed
//! whole or not at all, and the answer says which were.

use serde_json::{Map, Value, json};

use super::lookup;
use super::update::{change, given, shown};
use crate::auth::Caller;
use crate::domain::Fault;
use crate::manage::fault::{bad, is_ours, missing};
use crate::manage::fields::{Field, Kind};
use crate::manage::rights::{Rights, foreign};
use crate::manage::{Answer, Input, Manage};
use crate::store::{KeyRow, Query};

/// As many as LiteLLM takes at once.
pub(in crate::manage) const MOST: usize = 500;

pub(in crate::manage) async fn bulk_update(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let fields = &[Field("keys", Kind::List)];
    let keys = input.body_fields(&[fields])?.list("keys");
    let mut changes = Vec::new();
    for (at, item) in keys.iter().enumerate() {
        let path = format!("keys.{at}");
        let Some(item) = item.as_object() else {
            return Err(bad(&path, format!("`{path}` must be an object")));
        };
        changes.push(item.clone());
    }
    each(m, &rights, "/key/bulk_update", changes).await
}

pub(in crate::manage) async fn team_bulk_update(
    m: &Manage,
    caller: &Caller,
    input: Input,
) -> Answer {
    let rights = m.rights(caller).await?;
    let fields = &[
        Field("team_id", Kind::Id),
        Field("key_ids", Kind::Texts),
        Field("all_keys_in_team", Kind::Flag),
        Field("update_fields", Kind::Object),
    ];
    let asked = input.body_fields(&[fields])?;
    let team = m.team(&asked.need("team_id")?).await?;
    if !rights.makes_keys_in(&team, "/team/key/bulk_update") {
        return Err(foreign("team_id", "team"));
    }
    let update = asked.object("update_fields");
    if update.is_empty() {
        return Err(missing("update_fields"));
    }
    if let Some(name) = ["key", "key_alias", "team_id", "user_id", "spend"]
        .into_iter()
        .find(|name| update.contains_key(*name))
    {
        let path = format!("update_fields.{name}");
        return Err(bad(
            &path,
            format!("`{name}` cannot be set for many keys at once"),
        ));
    }
    let chosen = asked.texts("key_ids");
    let all = asked.flag("all_keys_in_team").unwrap_or(false);
    if chosen.is_empty() != all {
        let message = "give either `key_ids` or `all_keys_in_team`: true";
        return Err(bad("key_ids", message));
    }
    let query = Query::new().is("team_id", team.id.as_str());
    let keys = m.store.list::<KeyRow>(&query).await?.rows;
    let ids: Vec<String> = if all {
        keys.into_iter().map(|it| it.id).collect()
    } else {
        let ids: Vec<String> = chosen.iter().map(|it| lookup::id(it)).collect();
        if ids.iter().any(|id| !keys.iter().any(|it| it.id == *id)) {
            return Err(bad(
                "key_ids",
                "`key_ids` names a key that is not of this team",
            ));
        }
        ids
    };
    let changes = ids.into_iter().map(|id| {
        let mut change = update.clone();
        change.insert("key".to_owned(), id.into());
        change
    });
    each(m, &rights, "/team/key/bulk_update", changes.collect()).await
}

async fn each(
    m: &Manage,
    rights: &Rights,
    route: &str,
    changes: Vec<Map<String, Value>>,
) -> Answer {
    if changes.is_empty() || changes.len() > MOST {
        return Err(bad("keys", format!("`keys` must have 1 to {MOST} items")));
    }
    let total = changes.len();
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for body in changes {
        let key = body.get("key").and_then(Value::as_str);
        let key = key.map(crate::manage::fault::shown).unwrap_or_default();
        match one(m, rights, route, &body).await {
            Ok(row) => done.push(json!({"key": key, "key_info": shown(m, &row).await?})),
            // What is our own failure fails the whole request; what is done stays done.
            Err(fault) if is_ours(&fault) => return Err(fault),
            Err(fault) => failed.push(json!({
                "key": key, "key_info": null, "failed_reason": fault.message,
            })),
        }
    }
    Ok(json!({
        "total_requested": total,
        "successful_updates": done,
        "failed_updates": failed,
    }))
}

async fn one(
    m: &Manage,
    rights: &Rights,
    route: &str,
    body: &Map<String, Value>,
) -> Result<KeyRow, Fault> {
    let given = given(body)?;
    let key = given.need("key")?;
    let mut work = m.work(rights).await?;
    let found = lookup::need(&mut work, rights, "key", &key, route).await?;
    let row = change(m, &mut work, rights, &given, found).await?;
    work.commit().await?;
    Ok(row)
}
