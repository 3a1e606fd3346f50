//! `POST /user/bulk_update`: many users, each changed whole or not at all.

use serde_json::{Value, json};

use super::update::change;
use crate::auth::Caller;
use crate::manage::fault::{bad, is_ours, missing};
use crate::manage::fields::{Field, Kind};
use crate::manage::{Answer, Input, Manage};
use crate::store::{Query, UserRow};

/// As many as LiteLLM takes at once.
const MOST: usize = 500;

/// A list of changes in `users`, or one in `user_updates` for `all_users`.
pub(in crate::manage) async fn bulk_update(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    rights.need_admin("change many users at once")?;
    let fields = &[
        Field("users", Kind::List),
        Field("all_users", Kind::Flag),
        Field("user_updates", Kind::Object),
    ];
    let given = input.body_fields(&[fields])?;
    let changes: Vec<Value> = if given.flag("all_users").unwrap_or(false) {
        let update = given.object("user_updates");
        if update.is_empty() {
            return Err(missing("user_updates"));
        }
        let unique = ["user_id", "user_email", "password", "sso_user_id"];
        if let Some(name) = unique.into_iter().find(|name| update.contains_key(*name)) {
            let path = format!("user_updates.{name}");
            return Err(bad(
                &path,
                format!("`{name}` cannot be the same for all users"),
            ));
        }
        let users = m.store.list::<UserRow>(&Query::new()).await?.rows;
        users
            .into_iter()
            .map(|user| {
                let mut one = update.clone();
                one.insert("user_id".to_owned(), user.id.into());
                Value::Object(one)
            })
            .collect()
    } else {
        let users = given.list("users");
        if users.is_empty() || users.len() > MOST {
            return Err(bad("users", format!("`users` must have 1 to {MOST} items")));
        }
        users
    };
    let total = changes.len();
    let mut results = Vec::new();
    let mut done = 0usize;
    for (at, body) in changes.iter().enumerate() {
        let Some(body) = body.as_object() else {
            let path = format!("users.{at}");
            return Err(bad(&path, format!("`{path}` must be an object")));
        };
        let named = |name: &str| body.get(name).cloned().unwrap_or_default();
        match change(m, &rights, body).await {
            Ok(row) => {
                done += 1;
                let shown = super::show_all(m, std::slice::from_ref(&row)).await?.pop();
                results.push(json!({"user_id": row.id, "user_email": row.email,
                    "success": true, "error": null, "updated_user": shown}));
            }
            Err(fault) if is_ours(&fault) => return Err(fault),
            Err(fault) => results.push(json!({"user_id": named("user_id"),
                "user_email": named("user_email"), "success": false, "error": fault.message,
                "updated_user": null})),
        }
    }
    Ok(json!({
        "results": results,
        "total_requested": total,
        "successful_updates": done,
        "failed_updates": total - done,
    }))
}
