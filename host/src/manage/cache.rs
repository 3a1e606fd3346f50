//! The response cache: what is kept, forgetting it, and its settings. `/cache/*`.

use serde_json::{Value, json};

use super::config::{Draft, LITELLM, with_warnings};
use super::fault::{bad, missing};
use super::fields::{Field, Kind};
use super::{Answer, CacheAsk, Input, Manage};
use crate::auth::Caller;

/// A setting of `cache_params`: name, type and what it does.
type Described = (&'static str, &'static str, &'static str);

const SETTINGS: [Described; 17] = [
    (
        "type",
        "String",
        "local or redis; redis if a server is named",
    ),
    (
        "mode",
        "String",
        "default_on, or default_off: only calls that ask for it",
    ),
    ("ttl", "Float", "seconds for which an answer is kept"),
    ("namespace", "String", "stands before every key"),
    (
        "supported_call_types",
        "List",
        "the calls whose answers are kept; all if empty",
    ),
    ("host", "String", "of a Redis server"),
    ("port", "Integer", "of a Redis server"),
    ("username", "String", "of a Redis server"),
    (
        "password",
        "String",
        "of a Redis server, as os.environ/NAME",
    ),
    ("db", "Integer", "number of a Redis database"),
    ("ssl", "Boolean", "TLS to the Redis server"),
    (
        "url",
        "String",
        "address of a Redis server, as os.environ/NAME",
    ),
    (
        "share",
        "String",
        "who gets whose answers: tenant, key or everyone",
    ),
    (
        "coalesce",
        "Boolean",
        "same calls under way together wait for one answer",
    ),
    ("max_size_mb", "Float", "memory for answers, in MiB"),
    (
        "max_entry_mb",
        "Float",
        "largest answer that is kept, in MiB",
    ),
    (
        "default_in_redis_ttl",
        "Float",
        "seconds, where `ttl` is not set",
    ),
];

/// What must not lie in the database as it is.
const SECRETS: [&str; 2] = ["password", "url"];

/// `GET /cache/ping`.
pub(super) async fn ping(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see the cache")?;
    input.query_fields(&[])?;
    m.in_force.cache(CacheAsk::Ping).await
}

/// `GET /cache/redis/info`.
pub(super) async fn redis_info(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see the cache")?;
    input.query_fields(&[])?;
    m.in_force.cache(CacheAsk::Redis).await
}

/// `POST /cache/delete` `{keys}`: keys as `x-litellm-cache-key` tells them.
pub(super) async fn delete(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_admin("change the cache")?;
    let given = input.body_fields(&[&[Field("keys", Kind::Texts)]])?;
    if !given.some("keys") {
        return Err(missing("keys"));
    }
    m.in_force
        .cache(CacheAsk::Delete(given.texts("keys")))
        .await
}

/// `POST /cache/flushall`.
pub(super) async fn flush(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_admin("change the cache")?;
    input.body_fields(&[])?;
    m.in_force.cache(CacheAsk::Clear).await
}

/// `GET /cache/settings`: every setting, for a form.
pub(super) async fn settings(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see settings")?;
    input.query_fields(&[])?;
    let in_force = m.in_force.section(LITELLM);
    let params = in_force.get("cache_params");
    let params = params.filter(|it| it.is_object());
    let fields = SETTINGS.map(|(name, kind, description)| {
        json!({
            "field_name": name,
            "field_type": kind,
            "field_description": description,
            "field_value": params.and_then(|it| it.get(name)),
        })
    });
    Ok(json!({
        "enabled": in_force.get("cache").cloned().unwrap_or(false.into()),
        "fields": fields,
        "current_values": params.cloned().unwrap_or_else(|| json!({})),
    }))
}

/// `POST /cache/settings` `{cache_settings}`: replaces `cache_params` and switches the cache on.
pub(super) async fn set(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let mut draft = Draft::open(m, caller, "change settings").await?;
    let given = input.body_fields(&[&[Field("cache_settings", Kind::Object)]])?;
    if !given.some("cache_settings") {
        return Err(missing("cache_settings"));
    }
    let settings = given.object("cache_settings");
    for name in SECRETS {
        let written = settings.get(name).and_then(Value::as_str).unwrap_or("");
        if !written.is_empty() && !written.starts_with("os.environ/") {
            let path = format!("cache_settings.{name}");
            let message =
                format!("`{path}` may hold a secret: name its variable, `os.environ/NAME`");
            return Err(bad(&path, message));
        }
    }
    let settings = Value::Object(settings);
    draft.set(LITELLM, "cache", &true.into())?;
    draft.set(LITELLM, "cache_params", &settings)?;
    let said = draft.put().await?;
    let answer = json!({
        "message": "Cache settings updated successfully",
        "status": "success",
        "settings": settings,
    });
    Ok(with_warnings(answer, said))
}
