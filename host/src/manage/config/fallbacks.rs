//! Where a failing model group's calls go, one group at a time. `POST /fallback`,
//! `GET` and `DELETE /fallback/{model}`.

use serde_json::{Map, Value, json};

use super::draft::Draft;
use super::{LITELLM, ROUTER, with_warnings};
use crate::auth::Caller;
use crate::domain::Fault;
use crate::manage::fault::{absent, bad, missing, shown as short};
use crate::manage::fields::{Field, Given, Kind};
use crate::manage::{Answer, Input, Manage};

const TYPES: &[&str] = &["general", "context_window", "content_policy"];

const TYPE: &[Field] = &[Field("fallback_type", Kind::Choice(TYPES))];
const BODY: &[Field] = &[
    Field("model", Kind::Id),
    Field("fallback_models", Kind::Texts),
];

/// The setting of a type of fallback.
fn list_of(given: &Given) -> (String, &'static str) {
    let kind = given
        .text("fallback_type")
        .unwrap_or_else(|| "general".into());
    let list = match kind.as_str() {
        "context_window" => "context_window_fallbacks",
        "content_policy" => "content_policy_fallbacks",
        _ => "fallbacks",
    };
    (kind, list)
}

/// The groups of a list in force with where each goes, in their order.
fn groups(m: &Manage, section: &str, list: &str) -> Map<String, Value> {
    groups_of(m.in_force.section(section).shift_remove(list))
}

/// The same, for a change: what the database has, which may not be in force yet, goes before.
fn to_change(draft: &Draft<'_>, m: &Manage, section: &str, list: &str) -> Map<String, Value> {
    let stored = draft.value(section, list);
    stored.map_or_else(|| groups(m, section, list), |it| groups_of(Some(it)))
}

fn groups_of(value: Option<Value>) -> Map<String, Value> {
    let members = match value {
        Some(Value::Array(all)) => all,
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let mut groups = Map::new();
    for one in members {
        if let Value::Object(members) = one {
            groups.extend(members);
        }
    }
    groups
}

/// As the file would have it: a list of groups.
fn written(groups: Map<String, Value>) -> Value {
    let one = |(name, to): (String, Value)| Value::Object(Map::from_iter([(name, to)]));
    groups.into_iter().map(one).collect()
}

fn exists(m: &Manage, caller: &Caller, field: &str, names: &[String]) -> Result<(), Fault> {
    let groups = m.in_force.groups(caller);
    let known = || {
        groups
            .iter()
            .filter_map(|it| it.get("model_group")?.as_str())
    };
    let lost = |name: &&String| !known().any(|it| it == *name || it.contains('*'));
    match names.iter().find(lost) {
        None => Ok(()),
        Some(name) => {
            let message = format!("`{}` is no model group", short(name));
            Err(bad(field, message))
        }
    }
}

/// `POST /fallback` `{model, fallback_models, fallback_type}`: replaces where the group goes.
pub(in crate::manage) async fn set(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let mut draft = Draft::open(m, caller, "change fallbacks").await?;
    let given = input.body_fields(&[BODY, TYPE])?;
    let (kind, list) = list_of(&given);
    let model = given.need("model")?;
    let to = given.texts("fallback_models");
    if to.is_empty() {
        return Err(missing("fallback_models"));
    }
    exists(m, caller, "model", std::slice::from_ref(&model))?;
    exists(m, caller, "fallback_models", &to)?;
    if to.contains(&model) {
        return Err(bad(
            "fallback_models",
            "a group does not fall back to itself",
        ));
    }
    let mut groups = to_change(&draft, m, ROUTER, list);
    groups.insert(model.clone(), to.clone().into());
    draft.set(ROUTER, list, &written(groups))?;
    let said = draft.put().await?;
    let answer = json!({"model": model, "fallback_models": to, "fallback_type": kind,
        "message": "Fallback configuration created successfully"});
    Ok(with_warnings(answer, said))
}

/// `GET /fallback/{model}?fallback_type=`.
pub(in crate::manage) async fn get(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see fallbacks")?;
    let (kind, list) = list_of(&input.query_fields(&[TYPE])?);
    let model = asked(&input)?;
    let mut sections = [ROUTER, LITELLM].into_iter();
    let found = sections.find_map(|it| groups(m, it, list).shift_remove(&model));
    let to = found.ok_or_else(|| absent("model", "fallback of", &model))?;
    Ok(json!({"model": model, "fallback_models": to, "fallback_type": kind}))
}

/// `DELETE /fallback/{model}?fallback_type=`: the group goes nowhere. What is left of the list
/// stands in the database, over the file's.
pub(in crate::manage) async fn delete(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let mut draft = Draft::open(m, caller, "change fallbacks").await?;
    let (kind, list) = list_of(&input.query_fields(&[TYPE])?);
    let model = asked(&input)?;
    let mut found = false;
    for section in [ROUTER, LITELLM] {
        let mut groups = to_change(&draft, m, section, list);
        if groups.shift_remove(&model).is_some() {
            draft.set(section, list, &written(groups))?;
            found = true;
        }
    }
    if !found {
        return Err(absent("model", "fallback of", &model));
    }
    let said = draft.put().await?;
    let answer = json!({"model": model, "fallback_type": kind,
        "message": "Fallback configuration deleted successfully"});
    Ok(with_warnings(answer, said))
}

fn asked(input: &Input) -> Result<String, Fault> {
    input
        .path_fields(&[&[Field("model", Kind::Id)]])?
        .need("model")
}
