//! `POST /key/health`: whether the caller's key works, and what it logs to.

use serde_json::{Value, json};

use crate::auth::Caller;
use crate::manage::fields::read;
use crate::manage::{Answer, Input, Manage};
use crate::store::KeyRow;

/// The door has let the key in, so it is healthy. Callbacks that its metadata names are told as
/// they stand there; none is called yet.
pub(in crate::manage) async fn health(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    read(&input.query, &[])?;
    read(&input.body, &[])?;
    let key = match &rights.key {
        Some(id) => m.store.get::<KeyRow>(id).await?,
        None => None,
    };
    let logging = key
        .as_ref()
        .and_then(|it| it.doc.metadata.get("logging")?.as_array());
    let names = logging.map(|all| {
        let named = all.iter().filter_map(|it| it.get("callback_name").cloned());
        named.collect::<Vec<Value>>()
    });
    let callbacks = names.map(|names| {
        json!({"callbacks": names, "status": "unhealthy", "details": "callbacks are not called yet"})
    });
    Ok(json!({"key": "healthy", "logging_callbacks": callbacks}))
}
