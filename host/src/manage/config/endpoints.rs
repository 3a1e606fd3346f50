//! Paths of the operator's own whose requests are passed on, beside the file's.
//! `/config/pass_through_endpoint`.
//!
//! They are made by proxy admins alone, and only here: whoever may write a setting could send what is
//! in the gateway's environment anywhere, so an entry refers to nothing outside of itself. It is kept
//! whole under the salt key, as its headers are credentials.

use http::Method;
use serde_json::{Map, Value, json};

use super::draft::Draft;
use super::{ENDPOINTS, GENERAL, with_warnings};
use crate::auth::{Caller, class_of};
use crate::config::{REFERENCE, STORED_ENDPOINT};
use crate::domain::Fault;
use crate::manage::fault::{absent, bad, missing, shown};
use crate::manage::fields::{Field, Given, Kind};
use crate::manage::redact::{self, MASK};
use crate::manage::{Answer, Input, Manage};
use crate::store::ConfigRow;

const BODY: &[Field] = &[
    Field("path", Kind::Text),
    Field("target", Kind::Text),
    Field("headers", Kind::Names),
    Field("default_query_params", Kind::Names),
    Field("include_subpath", Kind::Flag),
    Field("forward_headers", Kind::Flag),
    Field("auth", Kind::Flag),
    Field("cost_per_request", Kind::Money),
    Field("timeout", Kind::Positive),
    Field("methods", Kind::Texts),
];

/// Members of LiteLLM's that say nothing here, or what this gateway cannot.
const BESIDE: &[Field] = &[
    Field("id", Kind::Id),
    Field("is_from_config", Kind::Flag),
    Field("guardrails", Kind::Any),
    Field("merge_query_params", Kind::Flag),
];

const ID: &[Field] = &[Field("endpoint_id", Kind::Id)];

/// Members whose texts are credentials.
const SECRETS: [&str; 2] = ["headers", "default_query_params"];

/// `GET /config/pass_through_endpoint?endpoint_id=`: the file's and the database's, values of headers and
/// of the query masked.
pub(in crate::manage) async fn list(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    rights.need_sight("see pass-through endpoints")?;
    let given = input.query_fields(&[ID])?;
    let row = m.store.get::<ConfigRow>(GENERAL).await?;
    let stored = row.and_then(|it| it.doc.get(ENDPOINTS).cloned());
    let mut all = of_file(m);
    all.extend(members(stored));
    if let Some(id) = given.text("endpoint_id") {
        all.retain(|it| is(it, &id));
        if all.is_empty() {
            return Err(absent("endpoint_id", "pass-through endpoint", &id));
        }
    }
    Ok(json!({ "endpoints": all }))
}

/// `POST /config/pass_through_endpoint`.
pub(in crate::manage) async fn create(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let draft = Draft::open(m, caller, "make pass-through endpoints").await?;
    input.query_fields(&[])?;
    let given = input.body_fields(&[BODY, BESIDE])?;
    for name in ["path", "target"] {
        given.need(name)?;
    }
    let id = given.text("id");
    let id = id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let mut all = draft.endpoints()?;
    if of_file(m).iter().chain(&all).any(|it| is(it, &id)) {
        let message = format!("`id` is taken by another endpoint: `{}`", shown(&id));
        return Err(bad("id", message));
    }
    let endpoint = changed(&Map::from_iter([("id".to_owned(), id.into())]), &given)?;
    judge(m, &endpoint, &all)?;
    all.push(endpoint.clone().into());
    put(draft, &all, &endpoint).await
}

/// `POST /config/pass_through_endpoint/{id}`: members that are named replace the old ones; null takes one
/// out, a mask leaves it as it is.
pub(in crate::manage) async fn update(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let draft = Draft::open(m, caller, "change pass-through endpoints").await?;
    input.query_fields(&[])?;
    let given = input.body_fields(&[BODY, BESIDE])?;
    let id = input.path_fields(&[&[Field("id", Kind::Id)]])?.need("id")?;
    let mut all = draft.endpoints()?;
    let at = place(m, &all, &id)?;
    let Value::Object(before) = all.remove(at) else {
        return Err(absent("id", "pass-through endpoint", &id));
    };
    let endpoint = changed(&before, &given)?;
    judge(m, &endpoint, &all)?;
    all.insert(at, endpoint.clone().into());
    put(draft, &all, &endpoint).await
}

/// `DELETE /config/pass_through_endpoint?endpoint_id=`.
pub(in crate::manage) async fn delete(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let draft = Draft::open(m, caller, "delete pass-through endpoints").await?;
    let given = input.query_fields(&[ID])?;
    let id = given.need("endpoint_id")?;
    let mut all = draft.endpoints()?;
    let at = place(m, &all, &id)?;
    let Value::Object(gone) = all.remove(at) else {
        return Err(absent("endpoint_id", "pass-through endpoint", &id));
    };
    put(draft, &all, &gone).await
}

async fn put(mut draft: Draft<'_>, all: &[Value], of: &Map<String, Value>) -> Answer {
    draft.set_endpoints(all)?;
    let said = draft.put().await.map_err(of_member)?;
    Ok(with_warnings(json!({"endpoints": [masked(of)]}), said))
}

/// A mistake in the list is one in the member of the endpoint that was sent.
fn of_member(fault: Fault) -> Fault {
    let whole = format!("{GENERAL}.{ENDPOINTS}[");
    let inside = fault
        .param
        .as_deref()
        .and_then(|it| it.strip_prefix(&whole));
    let member = inside
        .and_then(|it| it.split_once("]."))
        .map(|it| it.1.to_owned());
    match member {
        Some(member) => fault.with_param(member),
        None => fault,
    }
}

/// The endpoint with what the request says of it.
fn changed(before: &Map<String, Value>, given: &Given) -> Result<Map<String, Value>, Fault> {
    given.ask_not("guardrails", "are not enforced on what passes through")?;
    let mut endpoint = before.clone();
    for Field(name, _) in BODY {
        given.keep(name, &mut endpoint);
        let Some(new) = endpoint.get(*name) else {
            continue;
        };
        let restored = redact::restored(new, before.get(*name));
        if redact::has_mask(&restored) {
            let message = format!("`{name}` holds `{MASK}` where there is no value: write it out");
            return Err(bad(name, message));
        }
        if names_a_variable(&restored) {
            let message = format!(
                "`{name}` refers to the environment, which is for the configuration file: write \
                 the value itself, which is kept encrypted"
            );
            return Err(bad(name, message));
        }
        endpoint.insert((*name).to_owned(), restored);
    }
    for name in ["path", "target"] {
        if !endpoint.contains_key(name) {
            return Err(missing(name));
        }
    }
    Ok(endpoint)
}

fn names_a_variable(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(REFERENCE),
        Value::Array(all) => all.iter().any(names_a_variable),
        Value::Object(all) => all
            .iter()
            .any(|(name, it)| name.contains(REFERENCE) || names_a_variable(it)),
        _ => false,
    }
}

/// Whether it would be reached: neither a route of the gateway nor another endpoint goes before it.
fn judge(m: &Manage, endpoint: &Map<String, Value>, others: &[Value]) -> Result<(), Fault> {
    let own = path(endpoint);
    let routes = [Method::GET, Method::POST, Method::DELETE];
    if routes.iter().any(|it| class_of(it, own).is_some()) {
        let message = format!(
            "`{}` is a route of the gateway, which goes first",
            shown(own)
        );
        return Err(bad("path", message));
    }
    let file = of_file(m);
    let others = file.iter().chain(others).filter_map(Value::as_object);
    let same = |other: &Map<String, Value>| path(other) == own && share_a_method(other, endpoint);
    match others.into_iter().find(|it| same(it)) {
        None => Ok(()),
        Some(other) => {
            let whose = match other.get("is_from_config") {
                Some(Value::Bool(true)) => "the configuration file has",
                _ => "the database has",
            };
            let message = format!("{whose} an endpoint at `{}` already", shown(own));
            Err(bad("path", message))
        }
    }
}

fn path(endpoint: &Map<String, Value>) -> &str {
    let path = endpoint.get("path").and_then(Value::as_str);
    path.unwrap_or_default().trim_end_matches('/')
}

fn share_a_method(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    let methods = |it: &Map<String, Value>| -> Vec<String> {
        let listed = it.get("methods").and_then(Value::as_array);
        let texts = listed.into_iter().flatten().filter_map(Value::as_str);
        texts.map(|it| it.trim().to_ascii_uppercase()).collect()
    };
    let (one, other) = (methods(one), methods(other));
    one.is_empty() || other.is_empty() || one.iter().any(|it| other.contains(it))
}

/// Where the database has it.
fn place(m: &Manage, all: &[Value], id: &str) -> Result<usize, Fault> {
    let found = all.iter().position(|it| is(it, id));
    found.ok_or_else(|| {
        if of_file(m).iter().any(|it| is(it, id)) {
            let message = format!("`{}` is of the configuration file", shown(id));
            return bad("endpoint_id", message);
        }
        absent("endpoint_id", "pass-through endpoint", id)
    })
}

fn is(endpoint: &Value, id: &str) -> bool {
    endpoint.get("id").and_then(Value::as_str) == Some(id)
}

/// The file's in force, secrets masked.
fn of_file(m: &Manage) -> Vec<Value> {
    let shown = m.in_force.section(GENERAL).shift_remove(ENDPOINTS);
    let list = match shown {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    };
    let objects = list.into_iter().filter_map(|it| match it {
        Value::Object(members) if !members.contains_key(STORED_ENDPOINT) => Some(members),
        _ => None,
    });
    let named = objects.map(|mut it| {
        let id = format!("config:{}", path(&it));
        it.entry("id").or_insert_with(|| id.into());
        it.insert("is_from_config".to_owned(), true.into());
        Value::Object(masked(&it))
    });
    named.collect()
}

/// As the database has them for everybody to see.
fn members(stored: Option<Value>) -> Vec<Value> {
    let list = match stored {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    };
    list.into_iter().filter(Value::is_object).collect()
}

/// What may be seen of an endpoint.
pub(super) fn masked(endpoint: &Map<String, Value>) -> Map<String, Value> {
    let mut shown = endpoint.clone();
    for name in SECRETS {
        if let Some(Value::Object(members)) = shown.get_mut(name) {
            let is_open = |it: &Value| {
                let text = it.as_str();
                text.is_some_and(|it| it.starts_with(REFERENCE))
            };
            for value in members.values_mut().filter(|it| !is_open(it)) {
                *value = MASK.into();
            }
        }
    }
    shown.entry("is_from_config").or_insert(false.into());
    shown
}
