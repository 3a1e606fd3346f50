//! `GET /key/info` and `POST /v2/key/info`.

use serde_json::{Value, json};

use super::lookup;
use super::rotate::REGENERATE;
use crate::auth::Caller;
use crate::manage::fault::{absent, bad};
use crate::manage::fields::{Field, Kind};
use crate::manage::rights::foreign;
use crate::manage::{Answer, Input, Manage};
use crate::store::{Filter, KeyRow, Query, TeamRow};

/// One key; without `key`, the caller's own.
pub(in crate::manage) async fn info(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let asked = input.query_fields(&[&[Field("key", Kind::Text)]])?;
    let text = asked.text("key");
    let id = match &text {
        Some(text) => lookup::id(text),
        None => rights.key.clone().ok_or_else(|| {
            bad(
                "key",
                "`key` is required: the master key has no row of its own",
            )
        })?,
    };
    let key = m.store.get::<KeyRow>(&id).await?;
    let key = key.ok_or_else(|| absent("key", "key", text.as_deref().unwrap_or(&id)))?;
    let team = match &key.team_id {
        Some(team) => m.store.get::<TeamRow>(team).await?,
        None => None,
    };
    if !rights.sees_key(&key, team.as_ref()) {
        return Err(foreign("key", "key"));
    }
    let views = super::Views::of(m, std::slice::from_ref(&key)).await?;
    let mut info = without_token(views.show(m, &key));
    // Who may give the key a new text may know the one that it got by itself.
    if rights.changes_key(&key, team.as_ref(), REGENERATE)
        && let (Some(text), Some(info)) = (m.rotated_key(&key), info.as_object_mut())
    {
        info.insert("rotated_key".to_owned(), text.into());
    }
    Ok(json!({"key": key.id, "info": info}))
}

/// Several keys. Those that are not there or not the caller's are left out, as LiteLLM does.
pub(in crate::manage) async fn info_of_many(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let fields = &[
        Field("keys", Kind::Texts),
        Field("key_aliases", Kind::Texts),
    ];
    let asked = input.body_fields(&[fields])?;
    let ids: Vec<_> = asked
        .texts("keys")
        .iter()
        .map(|it| lookup::id(it).into())
        .collect();
    let aliases: Vec<_> = asked
        .texts("key_aliases")
        .into_iter()
        .map(Into::into)
        .collect();
    if ids.is_empty() && aliases.is_empty() {
        return Err(bad("keys", "`keys` is required"));
    }
    if ids.len() + aliases.len() > super::bulk::MOST {
        return Err(bad(
            "keys",
            format!("`keys` may have {} items", super::bulk::MOST),
        ));
    }
    let named = Filter::Any(vec![Filter::In("id", ids), Filter::In("alias", aliases)]);
    let mut keys = m
        .store
        .list::<KeyRow>(&Query::new().with(named))
        .await?
        .rows;
    let teams = lookup::teams_of(m, &keys).await?;
    keys.retain(|key| {
        let team = key.team_id.as_ref().and_then(|it| teams.get(it));
        rights.sees_key(key, team)
    });
    let views = super::Views::of(m, &keys).await?;
    let info: Vec<Value> = keys.iter().map(|key| views.show(m, key)).collect();
    Ok(
        json!({"key": asked.texts("keys").iter().map(|it| lookup::id(it)).collect::<Vec<_>>(),
        "info": info}),
    )
}

fn without_token(mut shown: Value) -> Value {
    if let Some(shown) = shown.as_object_mut() {
        shown.shift_remove("token");
    }
    shown
}
