//! `GET /v1/models`: what may be asked for, in the words of the client's API.

use std::collections::HashMap;

use axum::extract::{Query, State};
use axum::{Extension, Json};
use http::{HeaderMap, Uri};
use serde_json::{Value, json};

use super::error::ApiError;
use super::part::Part;
use super::{Doors, spoken};
use crate::auth::{Caller, allow_model, in_team, visible_groups};
use crate::domain::{ErrorKind, Fault};
use crate::pipeline::accounting::now_ms;

/// The time LiteLLM gives all models.
const CREATED: u64 = 1_677_610_602;

/// What is said of a model, of its access group, or of a name with `*` in it.
fn entry(id: &str) -> Value {
    json!({"id": id, "object": "model", "created": CREATED, "owned_by": "openai"})
}

/// A model, with what the operator's `model_info` says of it, else the price table.
fn model(doors: &Doors, id: &str) -> Option<Value> {
    let fleet = doors.pipeline.fleet();
    let found = fleet.config.groups.resolve(id)?;
    let mut model = entry(id);
    if let Some((deployment, name)) = found.deployments.first() {
        let prices = doors.pipeline.accounting().prices();
        let line = fleet.line(&deployment.id).ok();
        let priced = line.and_then(|line| line.price(&prices, name));
        let known = priced.map(|it| prices.info(&it)).unwrap_or_default();
        let info = &deployment.info;
        let mode = info.mode.as_deref().map(Value::from);
        if let Some(mode) = mode.or_else(|| known.get("mode").cloned()) {
            model["mode"] = mode;
        }
        for name in ["max_input_tokens", "max_output_tokens"] {
            let limit = info.rest.get(name).or_else(|| known.get(name));
            if let Some(limit) = limit.filter(|it| it.is_number()) {
                model[name] = limit.clone();
            }
        }
    }
    Some(model)
}

/// What of the query changes the list.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    team: Option<String>,
    /// Access groups beside the models, or alone.
    groups: bool,
    only_groups: bool,
    /// Names with `*` in them as well.
    wildcards: bool,
    /// `scope=expand`: who sees everything is shown every model, whatever the key says.
    expand: bool,
}

impl Asked {
    fn read(query: &HashMap<String, String>) -> Result<Self, Fault> {
        let text = |name: &str| query.get(name).filter(|it| !it.is_empty());
        let flag = |name: &str| match text(name).map(|it| it.to_lowercase()).as_deref() {
            Some("true" | "1" | "yes" | "on") => Ok(true),
            None | Some("false" | "0" | "no" | "off") => Ok(false),
            Some(_) => Err(wrong(name, "must be true or false")),
        };
        let expand = match text("scope").map(String::as_str) {
            None => false,
            Some("expand") => true,
            Some(_) => return Err(wrong("scope", "can be `expand` only")),
        };
        Ok(Self {
            team: text("team_id").cloned(),
            groups: flag("include_model_access_groups")?,
            only_groups: flag("only_model_access_groups")?,
            wildcards: flag("return_wildcard_routes")?,
            expand,
        })
    }
}

fn wrong(name: &str, what: &str) -> Fault {
    let fault = Fault::caller(ErrorKind::InvalidRequest, format!("`{name}` {what}"));
    fault.with_status(400).with_param(name)
}

/// `GET /v1/models` and Google's `/v1beta/models`: every model group; a pattern is listed as the
/// models that are known of its providers, and with `return_wildcard_routes=true` by itself too.
pub async fn list_models(
    State(doors): State<Doors>,
    Extension(caller): Extension<Caller>,
    (uri, headers): (Uri, HeaderMap),
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<Value>, ApiError> {
    let dialect = spoken::dialect(uri.path(), &headers);
    let models = listed(&doors, caller, &query).await;
    let models = models.map_err(|fault| ApiError::new(fault, dialect))?;
    Ok(Json(spoken::list(dialect, models)))
}

async fn listed(
    doors: &Doors,
    caller: Caller,
    query: &HashMap<String, String>,
) -> Result<Vec<Value>, Fault> {
    let asked = Asked::read(query)?;
    let caller = match &asked.team {
        None => caller,
        Some(team) => {
            let keys = doors.pipeline.accounting().keys();
            let there = in_team(&caller, keys, team, now_ms()).await?;
            there.ok_or_else(|| {
                let message = "`team_id` names no team of yours";
                let fault = Fault::caller(ErrorKind::Permission, message);
                fault.with_status(403).with_param("team_id")
            })?
        }
    };
    let names = match asked.only_groups {
        true => Vec::new(),
        false => doors.model_names(asked.wildcards).await,
    };
    let gate = doors.gate();
    let all = asked.expand && caller.sees_all();
    let may = |name: &str| all || allow_model(&caller, &gate.catalog, name).is_ok();
    let mut data: Vec<Value> = Vec::new();
    let names = names.iter().filter(|name| may(name));
    data.extend(names.filter_map(|name| model(doors, name)));
    if asked.groups || asked.only_groups {
        let groups = visible_groups(&caller, &gate.catalog);
        data.extend(groups.iter().map(|it| entry(it)));
    }
    Ok(data)
}

/// `GET /v1/models/{id}` and `/v1beta/models/{id}`
pub async fn get_model(
    State(doors): State<Doors>,
    Extension(caller): Extension<Caller>,
    (uri, headers): (Uri, HeaderMap),
    Part(id): Part,
) -> Result<Json<Value>, ApiError> {
    let dialect = spoken::dialect(uri.path(), &headers);
    let allowed = allow_model(&caller, &doors.gate().catalog, &id).is_ok();
    if let Some(model) = model(&doors, &id).filter(|_| allowed) {
        return Ok(Json(spoken::one(dialect, &model)));
    }
    let message = format!("The model `{id}` does not exist");
    let fault = Fault::caller(ErrorKind::NotFound, message)
        .with_status(404)
        .with_param("model");
    let fault = fault.with_code("model_not_found");
    Err(ApiError::new(fault, dialect))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Asked, Fault> {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Asked::read(&pairs.collect())
    }

    #[test]
    fn what_narrows_the_list_is_read_or_refused_by_name() {
        let asked = read(&[
            ("only_model_access_groups", "True"),
            ("team_id", "t"),
            ("scope", "expand"),
            ("healthy_only", "true"),
        ]);
        let asked = asked.unwrap();
        assert!(asked.only_groups && asked.expand && !asked.groups);
        assert_eq!(asked.team.as_deref(), Some("t"));
        assert_eq!(read(&[]).unwrap(), Asked::default());
        for (name, value) in [("include_model_access_groups", "maybe"), ("scope", "all")] {
            let refused = read(&[(name, value)]).unwrap_err();
            assert_eq!(refused.param.as_deref(), Some(name));
        }
    }
}
