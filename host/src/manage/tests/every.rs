//! What holds for every operation of the table: what cannot be is refused and changes nothing,
//! nobody reaches what is not theirs, and each change is in the audit log.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::rig::{both, holder, master, member, named, operation, user};
use super::samples::{Does, MARK, SECRETS, Sample, Sampled};
use crate::asked::noted;
use crate::auth::{Caller, Role};
use crate::manage::Method::{Delete, Get};
use crate::manage::{ASKED, OPERATIONS};
use crate::store::{AuditEntry, Store};

/// Fields that name what exists.
const NAMES: &[&str] = &[
    "access_group_ids",
    "budget_id",
    "budgets",
    "credential_name",
    "end_user_budget_id",
    "end_user_id",
    "field_name",
    "id",
    "invitation_id",
    "key",
    "key_aliases",
    "key_ids",
    "keys",
    "litellm_model_id",
    "model_group",
    "model_id",
    "name",
    "names",
    "organization_id",
    "organization_ids",
    "organizations",
    "team_id",
    "team_ids",
    "teams",
    "user_id",
    "user_ids",
];

/// Those of them that name another row than the one that is made or changed: refused by their name.
const NAMES_OF_OTHERS: &[&str] = &[
    "access_group_ids",
    "budget_id",
    "end_user_budget_id",
    "organization_id",
];

/// Where such a field may name what does not exist: it is made, or LiteLLM leaves it out.
const MAY_BE_NEW: &[(&str, &str)] = &[
    ("/budget/new", "budget_id"),
    // Keys of answers that are gone are no mistake.
    ("/cache/delete", "keys"),
    ("/config/pass_through_endpoint", "id"),
    ("/credentials", "credential_name"),
    ("/customer/block", "user_ids"),
    ("/customer/new", "user_id"),
    ("/end_user/block", "user_ids"),
    ("/end_user/new", "user_id"),
    ("/key/generate", "key"),
    ("/organization/new", "organization_id"),
    ("/tag/new", "name"),
    ("/team/new", "team_id"),
    ("/user/new", "user_id"),
    ("/v2/key/info", "keys"),
];

const DURATIONS: &[&str] = &[
    "budget_duration",
    "duration",
    "grace_period",
    "rotation_interval",
    "team_member_budget_duration",
];

/// Fields that take more than one type, and lists whose items are answered one by one.
const FREE: &[(&str, &str)] = &[
    ("/config/cost_margin_config", "global"),
    ("/config/field/update", "field_value"),
    ("/team/bulk_member_add", "members"),
];

/// Values of other types than this one, and what no amount or count may be.
fn wrong(value: &Value) -> Vec<Value> {
    match value {
        Value::String(_) => vec![json!(1), json!(true), json!({}), json!([])],
        Value::Bool(_) => vec![json!("yes"), json!(1), json!([])],
        Value::Number(_) => vec![json!("x"), json!(true), json!([]), json!(-1), json!(-0.5)],
        Value::Array(_) => vec![json!("x"), json!(1), json!({"a": 1}), json!([7])],
        Value::Object(_) => vec![json!("x"), json!(1), json!([1])],
        Value::Null => Vec::new(),
    }
}

/// The bodies of an operation that cannot be, each with the field that is wrong in it.
fn hostile(sample: &Sample) -> Vec<(String, Value)> {
    let (_, pattern, _) = operation(sample.method, &sample.path);
    let members = sample.body.as_object().cloned().unwrap_or_default();
    let with = |name: &str, value: Value| {
        let mut body = members.clone();
        body.insert(name.to_owned(), value);
        (name.to_owned(), body.into())
    };
    let mut all = vec![with("no_such_field", json!("x"))];
    for (name, value) in &members {
        if !FREE.contains(&(*pattern, name.as_str())) {
            all.extend(wrong(value).into_iter().map(|it| with(name, it)));
        }
        if DURATIONS.contains(&name.as_str()) {
            all.extend(["5 parsecs", "-1h", "1.5d"].map(|it| with(name, it.into())));
        }
        let new = MAY_BE_NEW.contains(&(*pattern, name.as_str()));
        if NAMES.contains(&name.as_str()) && !new {
            match value {
                Value::String(_) => all.push(with(name, "nobody".into())),
                Value::Array(some) if some.iter().all(Value::is_string) => {
                    all.push(with(name, json!(["nobody"])));
                }
                _ => {}
            }
        }
    }
    all
}

/// The paths of an operation that cannot be.
fn hostile_paths(sample: &Sample) -> Vec<String> {
    let (_, pattern, _) = operation(sample.method, &sample.path);
    let (route, query) = sample.path.split_once('?').unwrap_or((&sample.path, ""));
    let mut all = Vec::new();
    if sample.method == Get || !query.is_empty() {
        all.push(format!("{route}?{query}&no_such_field=x"));
    }
    for (at, part) in pattern.split('/').enumerate() {
        if part.starts_with('{') {
            let parts = route.split('/').enumerate();
            let parts = parts.map(|(place, it)| if place == at { "nobody" } else { it });
            all.push(parts.collect::<Vec<_>>().join("/"));
        }
    }
    for (name, _) in query.split('&').filter_map(|it| it.split_once('=')) {
        if NAMES.contains(&name) && !route.contains("list") {
            all.push(format!("{route}?{name}=nobody"));
        }
        if matches!(name, "hours" | "page" | "page_size" | "size") {
            all.extend(["0", "-1", "x", "1e9"].map(|it| format!("{route}?{name}={it}")));
        }
    }
    all
}

/// Whoever has no business with `o1`, `t1` and `ann`, one of every role and more.
fn strangers() -> Vec<Caller> {
    vec![
        user("boss", Role::OrgAdmin),
        member("boss"),
        member("tess"),
        member("eve"),
        member("stranger"),
        user("eve", Role::InternalUserViewer),
        user("eve", Role::Customer),
        holder("ab"),
        Caller::anonymous(),
    ]
}

#[test]
fn every_role_but_the_ones_above_all_is_among_the_strangers() {
    let tried: BTreeSet<&str> = strangers().iter().map(|it| it.role().as_str()).collect();
    for role in Role::ALL {
        let above = matches!(role, Role::ProxyAdmin | Role::ProxyAdminViewer);
        assert_eq!(tried.contains(role.as_str()), !above, "{role}");
    }
}

/// The entry says what was there before and after, as its action means it, and names the object.
fn complete(entry: &AuditEntry) -> bool {
    let (before, after) = (entry.before.is_some(), entry.after.is_some());
    let sides = match entry.action.as_str() {
        "created" => !before && after,
        "deleted" => before && !after,
        "reloaded" => !before && !after,
        _ => before && after,
    };
    sides && !entry.id.is_empty() && !entry.kind.is_empty() && !entry.actor.is_empty()
}

both! {
    async fn what_every_operation_asks_for_is_written_down(store: &Store) {
        let Sampled { rig, all } = Sampled::new(store).await;
        let mut seen = BTreeSet::new();
        let mut done = BTreeSet::new();
        for it in &all {
            let (method, pattern, _) = operation(it.method, &it.path);
            noted::clear();
            let answer = rig.send(it.method, &it.path, &it.caller(), it.body.clone()).await;
            let answer = answer.unwrap_or_else(|fault| panic!("{} {}: {fault}", pattern, it.path));
            if done.insert((format!("{method:?}"), pattern)) {
                let method = format!("{method:?}");
                seen.extend(noted::rows(&method, pattern, &it.body, &answer));
            }
        }
        noted::compare("host/src/manage/asked.tsv", ASKED, &seen);
    }

    async fn every_operation_has_a_sample_that_does_what_it_says(store: &Store) {
        let Sampled { rig, all } = Sampled::new(store).await;
        let known: BTreeSet<String> = OPERATIONS.iter()
            .map(|(method, path, _)| format!("{method:?} {path}")).collect();
        let tried: BTreeSet<String> = all.iter().map(|it| {
            let (method, path, _) = operation(it.method, &it.path);
            format!("{method:?} {path}")
        }).collect();
        let missing: Vec<&String> = known.difference(&tried).collect();
        assert!(missing.is_empty(), "no sample of {missing:?}");
        let mut log = rig.audit().await.len();
        for it in &all {
            let what = format!("{:?} {}", it.method, it.path);
            let done = rig.send(it.method, &it.path, &it.caller(), it.body.clone()).await;
            let shown = done.unwrap_or_else(|fault| panic!("{what}: {fault}")).to_string();
            let entries = rig.audit().await;
            let new = &entries[..entries.len() - log];
            assert_eq!(!new.is_empty(), it.does != Does::Reads, "{what}");
            let actor = it.user.unwrap_or("litellm_proxy_master_key");
            for entry in new {
                assert!(complete(entry) && entry.actor == actor, "{what}: {entry:?}");
                let text = format!("{entry:?}");
                assert!(!SECRETS.iter().any(|it| text.contains(it)), "{what}: {entry:?}");
            }
            let set = new.iter().all(|it| matches!(&*it.action, "spend set" | "reloaded"));
            // Nobody is shown a password, so its change changes nothing that is shown.
            let differs = set || it.user.is_some() || new.iter().any(|it| it.before != it.after);
            assert!(new.is_empty() || differs, "{what}: {new:?}");
            // The text of a new key is told once, to whom it was made for.
            let secrets = SECRETS.iter().filter(|it| **it != SECRETS[1]);
            assert!(!secrets.into_iter().any(|it| shown.contains(it)), "{what}: {shown}");
            if it.does == Does::Once {
                let before = rig.everything().await;
                named(rig.send(it.method, &it.path, &it.caller(), it.body.clone()).await);
                assert_eq!(rig.everything().await, before, "{what}");
            }
            log = rig.audit().await.len();
        }
    }

    async fn what_cannot_be_is_refused_by_every_operation_and_changes_nothing(store: &Store) {
        let Sampled { rig, all } = Sampled::new(store).await;
        let before = rig.everything().await;
        for it in &all {
            let refused = async |path: &str, body: Value| {
                let what = format!("{:?} {path} {body}", it.method);
                let answer = rig.send(it.method, path, &it.caller(), body).await;
                let fault = answer.err().unwrap_or_else(|| panic!("{what} was not refused"));
                let status = fault.status.unwrap_or(500);
                assert!((400..500).contains(&status), "{what}: {status} {fault}");
                assert!(fault.param.is_some(), "{what}: no field is named: {fault}");
                fault
            };
            if it.method != Get && !(it.method == Delete && it.body.is_null()) {
                for (name, body) in hostile(it) {
                    let fault = refused(&it.path, body).await;
                    if name == "no_such_field" || NAMES_OF_OTHERS.contains(&name.as_str()) {
                        let param = fault.param.as_deref().unwrap_or_default();
                        let (field, _) = param.split_once('.').unwrap_or((param, ""));
                        assert_eq!(field, name, "{}: {fault}", it.path);
                    }
                }
            }
            for path in hostile_paths(it) {
                refused(&path, it.body.clone()).await;
            }
            assert_eq!(rig.everything().await, before, "{:?} {}", it.method, it.path);
        }
        assert!(rig.heard().is_empty());
    }

    async fn nobody_reaches_what_is_not_theirs(store: &Store) {
        let Sampled { rig, all } = Sampled::new(store).await;
        let before = rig.everything().await;
        for caller in strangers() {
            for it in all.iter().filter(|it| it.user.is_none()) {
                let what = format!("{:?} {:?} {:?} {}", caller.role(), caller.user_id(),
                    it.method, it.path);
                let asked = it.body.as_object().map(Map::len).unwrap_or_default();
                match rig.send(it.method, &it.path, &caller, it.body.clone()).await {
                    Ok(answer) => {
                        let text = answer.to_string();
                        assert!(!text.contains(MARK), "{what} ({asked} fields): {text}");
                    }
                    refused => drop(named(refused)),
                }
            }
            assert_eq!(rig.everything().await, before, "{:?} changed something", caller.role());
        }
        // Who sees everything changes nothing.
        let viewer = user("x", Role::ProxyAdminViewer);
        for it in all.iter().filter(|it| it.user.is_none()) {
            let answer = rig.send(it.method, &it.path, &viewer, it.body.clone()).await;
            if it.does != Does::Reads && answer.is_ok() {
                assert_eq!(rig.everything().await, before, "{:?} {}", it.method, it.path);
            }
        }
        assert_eq!(rig.everything().await, before);
        let root = rig.send(Get, "/team/info?team_id=t1", &master(), Value::Null).await.unwrap();
        assert!(root.to_string().contains(MARK));
    }
}
