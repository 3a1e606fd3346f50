//! Teams and seats as LiteLLM shows them.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::fields::{IN_REST, MEMBER_BUDGET};
use crate::domain::{EntityKind, Fault};
use crate::manage::spend::{Spend, Spends};
use crate::manage::work::Audited;
use crate::manage::{Manage, budgets, keys, time};
use crate::store::{BudgetRow, Filter, Query, TeamMemberRow, TeamRow, UserRow};

/// What a page of teams needs beside its rows, read at once.
pub(in crate::manage) struct Views {
    spends: Spends,
    seats: HashMap<String, Vec<TeamMemberRow>>,
    seat_spends: Spends,
    users: HashMap<String, UserRow>,
    budgets: HashMap<String, BudgetRow>,
    now: i64,
}

impl Views {
    pub async fn of(m: &Manage, teams: &[TeamRow]) -> Result<Self, Fault> {
        let ids: Vec<String> = teams.iter().map(|it| it.id.clone()).collect();
        let named = ids.iter().map(Into::into).collect();
        let query = Query::new()
            .with(Filter::In("team_id", named))
            .sorted("user_id", false);
        let rows = m.store.list::<TeamMemberRow>(&query).await?.rows;
        let seat_ids: Vec<String> = rows.iter().map(|it| it.id.clone()).collect();
        let users = users_of(m, rows.iter().map(|it| it.user_id.as_str())).await?;
        let own = rows.iter().filter_map(|it| it.budget_id.as_deref());
        let shared = teams
            .iter()
            .filter_map(|it| it.doc.metadata.get(MEMBER_BUDGET)?.as_str());
        let budgets = keys::budgets_of(m, own.chain(shared)).await?;
        let mut seats: HashMap<String, Vec<TeamMemberRow>> = HashMap::new();
        for row in rows {
            seats.entry(row.team_id.clone()).or_default().push(row);
        }
        Ok(Self {
            spends: Spends::of(m, EntityKind::Team, &ids).await?,
            seat_spends: Spends::of(m, EntityKind::TeamMember, &seat_ids).await?,
            seats,
            users,
            budgets,
            now: m.now(),
        })
    }

    fn seats(&self, team: &str) -> &[TeamMemberRow] {
        self.seats.get(team).map_or(&[], Vec::as_slice)
    }

    pub fn show(&self, m: &Manage, row: &TeamRow) -> Value {
        let mut shown = plain(row);
        let spend = self.spends.get(&row.id);
        let reset = budgets::reset_at(m, &row.doc.limits, spend.reset_at, self.now);
        let members: Vec<Value> = self
            .seats(&row.id)
            .iter()
            .map(|it| {
                let email = self
                    .users
                    .get(&it.user_id)
                    .and_then(|user| user.email.clone());
                json!({"user_id": it.user_id, "user_email": email, "role": it.role})
            })
            .collect();
        let mut put = |name: &str, value: Value| {
            shown.insert(name.to_owned(), value);
        };
        put("spend", spend.window.dollars().into());
        put("total_spend", spend.total.dollars().into());
        put("budget_reset_at", time::iso_or_null(reset));
        put("members_with_roles", members.into());
        put("admins", json!([]));
        put("members", json!([]));
        let aliases = json!({"model_aliases": row.doc.model_aliases});
        put("litellm_model_table", aliases);
        let shared = row.doc.metadata.get(MEMBER_BUDGET).and_then(Value::as_str);
        let shared = shared.and_then(|it| self.budgets.get(it));
        let shared = shared.map_or(Value::Null, |it| budgets::show(m, it, self.now));
        put("team_member_budget_table", shared);
        Value::Object(shown)
    }

    /// `team_memberships`: the seats with their spend and limits.
    pub fn memberships(&self, m: &Manage, team: &str) -> Vec<Value> {
        let seats = self.seats(team).iter();
        seats.map(|it| self.membership(m, it)).collect()
    }

    fn membership(&self, m: &Manage, row: &TeamMemberRow) -> Value {
        let shared = row.budget_id.as_ref().and_then(|it| self.budgets.get(it));
        show_seat(m, row, self.seat_spends.get(&row.id), shared, self.now)
    }
}

/// A seat with its spend, and its own limits or the shared ones.
pub(in crate::manage) fn show_seat(
    m: &Manage,
    row: &TeamMemberRow,
    spend: Spend,
    shared: Option<&BudgetRow>,
    now: i64,
) -> Value {
    let table = match shared {
        Some(shared) => budgets::show(m, shared, now),
        None => {
            let mut own = row.shown();
            let reset = budgets::reset_at(m, &row.doc.limits, spend.reset_at, now);
            if let Some(own) = own.as_object_mut() {
                for name in ["team_id", "user_id", "role"] {
                    own.shift_remove(name);
                }
                own.insert("budget_reset_at".to_owned(), time::iso_or_null(reset));
            }
            own
        }
    };
    json!({
        "team_id": row.team_id,
        "user_id": row.user_id,
        "role": row.role,
        "budget_id": row.budget_id,
        "spend": spend.window.dollars(),
        "total_spend": spend.total.dollars(),
        "litellm_budget_table": table,
    })
}

/// Users by their ids.
pub(in crate::manage) async fn users_of<'a>(
    m: &Manage,
    ids: impl Iterator<Item = &'a str>,
) -> Result<HashMap<String, UserRow>, Fault> {
    let mut ids: Vec<&str> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    let mut all = HashMap::new();
    for chunk in ids.chunks(1_000) {
        let named = chunk.iter().map(|it| (*it).into()).collect();
        let query = Query::new().with(Filter::In("id", named));
        for user in m.store.list::<UserRow>(&query).await?.rows {
            all.insert(user.id.clone(), user);
        }
    }
    Ok(all)
}

fn plain(row: &TeamRow) -> Map<String, Value> {
    let doc = &row.doc;
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| {
        shown.insert(name.to_owned(), value);
    };
    put("team_id", row.id.clone().into());
    put("team_alias", row.alias.clone().into());
    put("organization_id", row.organization_id.clone().into());
    put("budget_id", row.budget_id.clone().into());
    put("blocked", row.blocked.into());
    put("max_budget", keys::dollars(row.max_budget));
    put("models", json!(doc.models));
    put("model_aliases", json!(doc.model_aliases));
    put("access_group_ids", json!(doc.access_group_ids));
    put(
        "team_member_permissions",
        json!(doc.team_member_permissions),
    );
    put("created_at", time::iso(row.stamp.created_at));
    put("updated_at", time::iso(row.stamp.updated_at));
    put("created_by", row.stamp.created_by.clone().into());
    for name in IN_REST {
        put(name, doc.rest.get(*name).cloned().unwrap_or_default());
    }
    keys::show_limits(&doc.limits, &mut shown);
    keys::show_metadata(&doc.metadata, &doc.limits, &mut shown);
    shown
}

impl Audited for TeamRow {
    fn shown(&self) -> Value {
        Value::Object(plain(self))
    }
}
