//! `GET /model/info`, `/v2/model/info` and `/model_group/info`: what is in force, as far as the
//! caller may use it.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::params;
use crate::auth::Caller;
use crate::domain::Fault;
use crate::manage::cursor::{self, CURSOR, List};
use crate::manage::fault::{absent, bad, missing};
use crate::manage::fields::{Field, Given, Kind};
use crate::manage::in_force::Deployment;
use crate::manage::input::{Paging, flag};
use crate::manage::rights::Rights;
use crate::manage::{Answer, Input, Manage};
use crate::store::{ModelRow, Query};

/// Every deployment, or the one with `litellm_model_id`.
pub(in crate::manage) async fn info(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let fields = &[
        Field("litellm_model_id", Kind::Text),
        Field("include_team_models", Kind::Any),
        Field("teamId", Kind::Text),
        Field("healthy_only", Kind::Any),
    ];
    let asked = input.query_fields(&[fields])?;
    // No model is hidden for its health.
    flag(&asked, "healthy_only")?;
    let mut all = m.in_force.deployments(caller);
    if asked.some("teamId") {
        let rights = m.rights(caller).await?;
        of_team(&rights, &asked, &mut all)?;
    }
    if let Some(id) = asked.text("litellm_model_id") {
        all.retain(|it| it.id == id);
        if all.is_empty() {
            return Err(absent("litellm_model_id", "model", &id));
        }
    }
    let data: Vec<Value> = all.iter().map(shown).collect();
    Ok(json!({"data": data}))
}

/// In pages by number, or by cursor where they are sorted by name; searched and sorted.
pub(in crate::manage) async fn info_v2(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let fields = &[
        Field("page", Kind::Any),
        Field("size", Kind::Any),
        Field("model", Kind::Text),
        Field("search", Kind::Text),
        Field("modelId", Kind::Text),
        Field("teamId", Kind::Text),
        Field("user_models_only", Kind::Any),
        Field("include_team_models", Kind::Any),
        Field("debug", Kind::Any),
        Field("access_group", Kind::Text),
        Field("blocked", Kind::Any),
        Field("wildcard_only", Kind::Any),
        Field("use_stored_params", Kind::Any),
        Field("exclude_auto_routers", Kind::Any),
        Field(
            "sortBy",
            Kind::Choice(&["model_name", "created_at", "updated_at", "costs", "status"]),
        ),
        Field("sortOrder", Kind::Choice(&["asc", "desc"])),
    ];
    let asked = input.query_fields(&[fields, CURSOR])?;
    let pages = Pages::read(&input, &asked)?;
    // There are no auto routers.
    flag(&asked, "exclude_auto_routers")?;
    let mut all = if flag(&asked, "blocked")? {
        blocked(m, &rights).await?
    } else {
        m.in_force.deployments(caller)
    };
    if let Some(group) = asked.text("access_group") {
        let groups = |it: &Deployment| it.model_info.get("access_groups").cloned();
        all.retain(|it| groups(it).is_some_and(|it| names(&it, &group)));
    }
    if flag(&asked, "wildcard_only")? {
        all.retain(|it| it.model_name.contains('*'));
    }
    if let Some(name) = asked.text("model") {
        all.retain(|it| it.model_name == name);
    }
    if let Some(id) = asked.text("modelId") {
        all.retain(|it| it.id == id);
    }
    if let Some(part) = asked.text("search") {
        let part = part.to_lowercase();
        all.retain(|it| it.model_name.to_lowercase().contains(&part));
    }
    of_team(&rights, &asked, &mut all)?;
    if flag(&asked, "use_stored_params")? {
        let id = asked.text("modelId");
        let id = id.ok_or_else(|| missing("modelId"))?;
        if let Some(row) = m.store.get::<ModelRow>(&id).await? {
            let stored =
                |it: &String| row.doc.params.contains_key(it) || row.sealed.0.contains_key(it);
            for it in &mut all {
                it.litellm_params.retain(|name, _| stored(name));
            }
        }
    }
    let own = asked
        .text("user_models_only")
        .is_some_and(|it| it == "true");
    if own {
        let user = rights.user.clone();
        let user = user.ok_or_else(|| bad("user_models_only", "your key belongs to no user"))?;
        let by = |it: &Deployment| it.model_info.get("created_by").cloned();
        all.retain(|it| by(it).is_some_and(|by| by.as_str() == Some(&user)));
    }
    if let Some(by) = asked.text("sortBy") {
        all.sort_by(|left, right| compare(&by, left, right));
        if pages.list.descending {
            all.reverse();
        }
    }
    Ok(pages.of(&all))
}

/// Which page is asked for.
struct Pages {
    paging: Paging,
    /// By name and id, the one order in which no two deployments share a place.
    list: List,
    by_name: bool,
    /// Name and id of the last deployment of the page before.
    after: Option<(String, String)>,
}

impl Pages {
    fn read(input: &Input, asked: &Given) -> Result<Self, Fault> {
        let paging = Paging::read(&input.query, "size", 50, 1_000)?;
        let list = List {
            kind: "deployment",
            column: "model_name",
            descending: asked.text("sortOrder").as_deref() == Some("desc"),
        };
        let by_name = asked.text("sortBy").as_deref() == Some("model_name");
        if asked.text("cursor").is_some() && !by_name {
            return Err(cursor::numbers_only("sortBy", "model_name"));
        }
        let after = list.begins(asked, paging, |place| serde_json::from_str(place).ok())?;
        Ok(Self {
            paging,
            list,
            by_name,
            after,
        })
    }

    /// How many deployments of the sorted list stand before the page.
    fn start(&self, all: &[Deployment]) -> usize {
        let Some((name, id)) = &self.after else {
            return usize::try_from(self.paging.offset()).unwrap_or(all.len());
        };
        all.partition_point(|it| {
            let order = (&it.model_name, &it.id).cmp(&(name, id));
            let order = if self.list.descending {
                order.reverse()
            } else {
                order
            };
            order != Ordering::Greater
        })
    }

    fn of(&self, all: &[Deployment]) -> Value {
        let total = u64::try_from(all.len()).unwrap_or(u64::MAX);
        let size = usize::try_from(self.paging.size).unwrap_or(all.len());
        let rest = all.get(self.start(all)..).unwrap_or_default();
        let page = rest.get(..size).unwrap_or(rest);
        let last = page
            .last()
            .filter(|_| self.by_name && rest.len() > page.len());
        let next = last.map(|it| {
            let place = json!([it.model_name, it.id]).to_string();
            self.list.cursor(&place)
        });
        json!({
            "data": page.iter().map(shown).collect::<Vec<Value>>(),
            "total_count": total,
            "current_page": Some(self.paging.page).filter(|_| self.after.is_none()),
            "size": self.paging.size,
            "total_pages": self.paging.pages(total),
            "next_cursor": next,
        })
    }
}

/// Only the own models of the team that `teamId` names.
fn of_team(rights: &Rights, asked: &Given, all: &mut Vec<Deployment>) -> Result<(), Fault> {
    let Some(team) = asked.text("teamId") else {
        return Ok(());
    };
    if !rights.sees_all() && !rights.in_team(&team) {
        return Err(crate::manage::rights::foreign("teamId", "team"));
    }
    all.retain(|it| it.team_id.as_deref() == Some(&team));
    Ok(())
}

/// Models of the database that are blocked, which the gateway does not run.
async fn blocked(m: &Manage, rights: &Rights) -> Result<Vec<Deployment>, Fault> {
    let query = Query::new().is("blocked", true);
    let mut rows = m.store.list::<ModelRow>(&query).await?.rows;
    rows.retain(|row| {
        let team = row.team_id.as_deref();
        rights.sees_all() || team.is_some_and(|it| rights.in_team(it))
    });
    let object = |value: Option<&Value>| value.and_then(Value::as_object).cloned();
    let deployment = |row: ModelRow| {
        let shown = params::show(m, &row);
        let mut info = row.doc.model_info;
        info.insert("blocked".to_owned(), true.into());
        Deployment {
            id: row.id,
            model_name: row.model_name,
            team_id: row.team_id,
            litellm_params: object(shown.get("litellm_params")).unwrap_or_default(),
            model_info: info,
        }
    };
    Ok(rows.into_iter().map(deployment).collect())
}

/// Whether a list of texts has this one.
fn names(list: &Value, text: &str) -> bool {
    let mut all = list.as_array().into_iter().flatten();
    all.any(|it| it.as_str() == Some(text))
}

fn compare(by: &str, left: &Deployment, right: &Deployment) -> Ordering {
    let part = |it: &Deployment, name: &str| it.model_info.get(name).cloned().unwrap_or_default();
    let order = match by {
        "costs" => {
            let cost = |it| {
                part(it, "input_cost_per_token")
                    .as_f64()
                    .unwrap_or(f64::MAX)
            };
            cost(left).total_cmp(&cost(right))
        }
        "status" => {
            let stored = |it| part(it, "db_model").as_bool().unwrap_or(false);
            stored(left).cmp(&stored(right))
        }
        "created_at" | "updated_at" => {
            let at = |it| part(it, by).as_str().map(str::to_owned);
            at(left).cmp(&at(right))
        }
        _ => Ordering::Equal,
    };
    order.then_with(|| (&left.model_name, &left.id).cmp(&(&right.model_name, &right.id)))
}

fn shown(it: &Deployment) -> Value {
    json!({
        "model_name": it.model_name,
        "litellm_params": it.litellm_params,
        "model_info": it.model_info,
    })
}

/// Every model group, or the one named `model_group`.
pub(in crate::manage) async fn group_info(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let asked = input.query_fields(&[&[Field("model_group", Kind::Text)]])?;
    let mut all = m.in_force.groups(caller);
    if let Some(name) = asked.text("model_group") {
        all.retain(|it| it.get("model_group").and_then(Value::as_str) == Some(&name));
        if all.is_empty() {
            return Err(absent("model_group", "model group", &name));
        }
    }
    Ok(json!({"data": all}))
}
