//! `POST /key/health`: whether the caller's key works, and what it logs to.

use serde_json::{Value, json};

use crate::auth::Caller;
use crate::manage::fields::read;
use crate::manage::{Answer, Input, Manage};
use crate::store::KeyRow;

/// The door has let the key in, so it is healthy. Its callbacks are if a plugin has each of them.
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
        let known = |it: &&Value| it.as_str().is_some_and(|it| m.in_force.knows_callback(it));
        match names.iter().find(|it| !known(it)) {
            None => json!({"callbacks": names, "status": "healthy", "details": Value::Null}),
            Some(other) => {
                let details = format!("no plugin has the callback {other}");
                json!({"callbacks": names, "status": "unhealthy", "details": details})
            }
        }
    });
    Ok(json!({"key": "healthy", "logging_callbacks": callbacks}))
}
