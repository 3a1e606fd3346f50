//! Users as LiteLLM shows them. A password is never shown, not even as its hash.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::fields::IN_REST;
use crate::domain::{EntityKind, Fault};
use crate::manage::spend::Spends;
use crate::manage::work::Audited;
use crate::manage::{Manage, budgets, keys, time};
use crate::store::{BudgetRow, Filter, OrganizationMemberRow, Query, TeamMemberRow, UserRow};

/// What a page of users needs beside its rows, read at once.
struct Views {
    spends: Spends,
    teams: HashMap<String, Vec<String>>,
    organizations: HashMap<String, Vec<OrganizationMemberRow>>,
    budgets: HashMap<String, BudgetRow>,
    now: i64,
}

impl Views {
    async fn of(m: &Manage, users: &[UserRow]) -> Result<Self, Fault> {
        let ids: Vec<String> = users.iter().map(|it| it.id.clone()).collect();
        let (mut teams, mut organizations) = (HashMap::new(), HashMap::new());
        for chunk in ids.chunks(1_000) {
            let query = || {
                let named = chunk.iter().map(Into::into).collect();
                Query::new().with(Filter::In("user_id", named))
            };
            let seats = query().sorted("team_id", false);
            for seat in m.store.list::<TeamMemberRow>(&seats).await?.rows {
                let all: &mut Vec<String> = teams.entry(seat.user_id).or_default();
                all.push(seat.team_id);
            }
            for row in m.store.list::<OrganizationMemberRow>(&query()).await?.rows {
                let all: &mut Vec<_> = organizations.entry(row.user_id.clone()).or_default();
                all.push(row);
            }
        }
        let named = users.iter().filter_map(|it| it.budget_id.as_deref());
        Ok(Self {
            spends: Spends::of(m, EntityKind::User, &ids).await?,
            teams,
            organizations,
            budgets: keys::budgets_of(m, named).await?,
            now: m.now(),
        })
    }

    fn show(&self, m: &Manage, row: &UserRow) -> Value {
        let mut shown = plain(row);
        let spend = self.spends.get(&row.id);
        let reset = budgets::reset_at(m, &row.doc.limits, spend.reset_at, self.now);
        let memberships = self
            .organizations
            .get(&row.id)
            .map_or(&[][..], Vec::as_slice);
        let memberships: Vec<Value> = memberships
            .iter()
            .map(|it| {
                json!({"user_id": it.user_id, "organization_id": it.organization_id,
                    "user_role": it.role, "budget_id": it.budget_id})
            })
            .collect();
        let table = row.budget_id.as_deref().and_then(|it| self.budgets.get(it));
        let table = table.map_or(Value::Null, |it| budgets::show(m, it, self.now));
        let mut put = |name: &str, value: Value| {
            shown.insert(name.to_owned(), value);
        };
        put(
            "teams",
            json!(self.teams.get(&row.id).cloned().unwrap_or_default()),
        );
        put("spend", spend.window.dollars().into());
        put("total_spend", spend.total.dollars().into());
        put("budget_reset_at", time::iso_or_null(reset));
        put("organization_memberships", memberships.into());
        put("litellm_budget_table", table);
        Value::Object(shown)
    }
}

/// Users with all that belongs to them.
pub(in crate::manage) async fn show_all(
    m: &Manage,
    users: &[UserRow],
) -> Result<Vec<Value>, Fault> {
    let views = Views::of(m, users).await?;
    Ok(users.iter().map(|it| views.show(m, it)).collect())
}

fn plain(row: &UserRow) -> Map<String, Value> {
    let doc = &row.doc;
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| {
        shown.insert(name.to_owned(), value);
    };
    put("user_id", row.id.clone().into());
    put("user_email", row.email.clone().into());
    put("user_alias", row.alias.clone().into());
    put("user_role", row.role.clone().into());
    put("sso_user_id", row.sso_id.clone().into());
    put("budget_id", row.budget_id.clone().into());
    put("max_budget", keys::dollars(row.max_budget));
    put("models", json!(doc.models));
    put("created_at", time::iso(row.stamp.created_at));
    put("updated_at", time::iso(row.stamp.updated_at));
    put("created_by", row.stamp.created_by.clone().into());
    put("updated_by", row.stamp.updated_by.clone().into());
    for name in IN_REST {
        put(name, doc.rest.get(*name).cloned().unwrap_or_default());
    }
    keys::show_limits(&doc.limits, &mut shown);
    keys::show_metadata(&doc.metadata, &doc.limits, &mut shown);
    shown
}

impl Audited for UserRow {
    fn shown(&self) -> Value {
        Value::Object(plain(self))
    }
}
