//! The callbacks that the configuration names. `GET /get/config/callbacks`, `/callbacks/list`,
//! `/active/callbacks`, `POST /config/callback/delete`.

use serde_json::{Value, json};

use super::draft::Draft;
use super::{LITELLM, ROUTER, with_warnings};
use crate::auth::Caller;
use crate::config::OWN_CALLBACKS;
use crate::manage::fault::absent;
use crate::manage::fields::{Field, Kind, read};
use crate::manage::{Answer, Input, Manage, time};

/// Lists of callbacks, and what LiteLLM calls their kind.
const LISTS: [(&str, &str); 3] = [
    ("success_callback", "success"),
    ("failure_callback", "failure"),
    ("callbacks", "success_and_failure"),
];

/// The names that a list in force has; a single one counts as a list of one.
fn named(m: &Manage, list: &str) -> Vec<String> {
    names_of(m.in_force.section(LITELLM).shift_remove(list))
}

fn names_of(list: Option<Value>) -> Vec<String> {
    let list = match list {
        Some(Value::Array(all)) => all,
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let names = list.iter().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}

/// `GET /get/config/callbacks`: with the router's settings, and why one is not called.
pub(in crate::manage) async fn with_router(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see callbacks")?;
    read(&input.query, &[])?;
    let settings = m.in_force.section("callback_settings");
    let all = LISTS.iter().flat_map(|(list, kind)| {
        let names = named(m, list).into_iter();
        let settings = &settings;
        names.map(move |it| {
            let ours = OWN_CALLBACKS.contains(&it.as_str());
            let fault = m.in_force.callback_fault(&it);
            let variables = settings.get(&it).cloned().unwrap_or_else(|| json!({}));
            let called = ours || fault == Some(None);
            let reason = fault.flatten().filter(|_| !ours);
            json!({"name": it, "type": kind, "variables": variables, "in_force": called,
                "reason": reason})
        })
    });
    Ok(json!({
        "status": "success",
        "callbacks": all.collect::<Vec<Value>>(),
        "alerts": [],
        "router_settings": m.in_force.section(ROUTER),
        "available_callbacks": {},
    }))
}

/// `GET /callbacks/list`: their names by kind.
pub(in crate::manage) async fn list(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see callbacks")?;
    read(&input.query, &[])?;
    let kinds = LISTS.iter();
    let kinds = kinds.map(|(list, kind)| ((*kind).to_owned(), named(m, list).into()));
    Ok(Value::Object(kinds.collect()))
}

/// `GET /active/callbacks`: the same under LiteLLM's names of its globals.
pub(in crate::manage) async fn active(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see callbacks")?;
    read(&input.query, &[])?;
    let lists = LISTS.map(|(list, _)| named(m, list));
    let count: usize = lists.iter().map(Vec::len).sum();
    let [success, failure, both] = lists;
    let timeout = m.in_force.setting(LITELLM, "request_timeout");
    Ok(json!({
        "alerting": [],
        "litellm.callbacks": both,
        "litellm.input_callback": [],
        "litellm.failure_callback": failure,
        "litellm.success_callback": success,
        "num_callbacks": count,
        "num_alerting": 0,
        "litellm.request_timeout": timeout.map(|it| it.value),
    }))
}

const NAME: &[Field] = &[Field("callback_name", Kind::Id)];

/// `POST /config/callback/delete`: takes one out of every list that names it. The lists that are
/// left stand in the database, over the file's.
pub(in crate::manage) async fn delete(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let mut draft = Draft::open(m, caller, "change settings").await?;
    let name = read(&input.body, &[NAME])?.need("callback_name")?;
    let is_it = |it: &String| it.eq_ignore_ascii_case(&name);
    let (mut found, mut left) = (false, Vec::new());
    for (list, _) in LISTS {
        let stored = draft.value(LITELLM, list);
        let all = stored.map_or_else(|| named(m, list), |it| names_of(Some(it)));
        let (gone, kept): (Vec<String>, Vec<String>) = all.into_iter().partition(is_it);
        if !gone.is_empty() {
            found = true;
            draft.set(LITELLM, list, &kept.clone().into())?;
        }
        left.extend(kept);
    }
    if !found {
        return Err(absent("callback_name", "callback", &name));
    }
    let said = draft.put().await?;
    let answer = json!({
        "message": format!("Successfully deleted callback: {name}"),
        "removed_callback": name,
        "remaining_callbacks": left,
        "deleted_at": time::iso(m.now()),
    });
    Ok(with_warnings(answer, said))
}
