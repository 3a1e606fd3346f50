//! Organisations as LiteLLM shows them.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::domain::{EntityKind, Fault};
use crate::manage::spend::Spends;
use crate::manage::work::Audited;
use crate::manage::{Manage, budgets, keys, teams, time};
use crate::store::{
    BudgetRow, Filter, OrganizationMemberRow, OrganizationRow, Query, TeamRow, UserRow,
};

/// What a page of organisations needs beside its rows, read at once.
pub(super) struct Views {
    spends: Spends,
    budgets: HashMap<String, BudgetRow>,
    members: HashMap<String, Vec<OrganizationMemberRow>>,
    users: HashMap<String, UserRow>,
    teams: HashMap<String, Vec<TeamRow>>,
    now: i64,
}

impl Views {
    pub async fn of(m: &Manage, rows: &[OrganizationRow]) -> Result<Self, Fault> {
        let ids: Vec<String> = rows.iter().map(|it| it.id.clone()).collect();
        let query = || {
            let named = ids.iter().map(Into::into).collect();
            Query::new().with(Filter::In("organization_id", named))
        };
        let seats = m.store.list::<OrganizationMemberRow>(&query()).await?.rows;
        let users = teams::users_of(m, seats.iter().map(|it| it.user_id.as_str())).await?;
        let own = rows.iter().filter_map(|it| it.budget_id.as_deref());
        let named = own.chain(seats.iter().filter_map(|it| it.budget_id.as_deref()));
        let budgets = keys::budgets_of(m, named).await?;
        let mut members: HashMap<String, Vec<_>> = HashMap::new();
        for seat in seats {
            members
                .entry(seat.organization_id.clone())
                .or_default()
                .push(seat);
        }
        let mut teams: HashMap<String, Vec<_>> = HashMap::new();
        for team in m.store.list::<TeamRow>(&query()).await?.rows {
            let organization = team.organization_id.clone().unwrap_or_default();
            teams.entry(organization).or_default().push(team);
        }
        Ok(Self {
            spends: Spends::of(m, EntityKind::Organization, &ids).await?,
            budgets,
            members,
            users,
            teams,
            now: m.now(),
        })
    }

    pub fn show(&self, m: &Manage, row: &OrganizationRow) -> Value {
        let mut shown = plain(row);
        let spend = self.spends.get(&row.id);
        let members = self.members.get(&row.id).map_or(&[][..], Vec::as_slice);
        let members: Vec<Value> = members.iter().map(|it| self.seat(m, it)).collect();
        let teams = self.teams.get(&row.id).map_or(&[][..], Vec::as_slice);
        let teams: Vec<Value> = teams
            .iter()
            .map(|it| json!({"team_id": it.id, "team_alias": it.alias, "models": it.doc.models}))
            .collect();
        let mut put = |name: &str, value: Value| {
            shown.insert(name.to_owned(), value);
        };
        put("spend", spend.window.dollars().into());
        put("total_spend", spend.total.dollars().into());
        put(
            "litellm_budget_table",
            self.budget(m, row.budget_id.as_deref()),
        );
        put("members", members.into());
        put("teams", teams.into());
        Value::Object(shown)
    }

    fn budget(&self, m: &Manage, id: Option<&str>) -> Value {
        let budget = id.and_then(|it| self.budgets.get(it));
        budget.map_or(Value::Null, |it| budgets::show(m, it, self.now))
    }

    /// One membership.
    pub fn seat(&self, m: &Manage, row: &OrganizationMemberRow) -> Value {
        let email = self.users.get(&row.user_id).and_then(|it| it.email.clone());
        json!({
            "user_id": row.user_id,
            "user_email": email,
            "organization_id": row.organization_id,
            "user_role": row.role,
            "budget_id": row.budget_id,
            "litellm_budget_table": self.budget(m, row.budget_id.as_deref()),
            "created_at": time::iso(row.stamp.created_at),
            "updated_at": time::iso(row.stamp.updated_at),
        })
    }

    /// The memberships of an organisation.
    pub fn seats(&self, organization: &str) -> &[OrganizationMemberRow] {
        self.members.get(organization).map_or(&[], Vec::as_slice)
    }
}

fn plain(row: &OrganizationRow) -> Map<String, Value> {
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| {
        shown.insert(name.to_owned(), value);
    };
    put("organization_id", row.id.clone().into());
    put("organization_alias", row.alias.clone().into());
    put("budget_id", row.budget_id.clone().into());
    put("models", json!(row.doc.models));
    put("metadata", json!(row.doc.metadata));
    let object = row.doc.rest.get("object_permission");
    put("object_permission", object.cloned().unwrap_or_default());
    put("created_at", time::iso(row.stamp.created_at));
    put("updated_at", time::iso(row.stamp.updated_at));
    put("created_by", row.stamp.created_by.clone().into());
    put("updated_by", row.stamp.updated_by.clone().into());
    shown
}

impl Audited for OrganizationRow {
    fn shown(&self) -> Value {
        Value::Object(plain(self))
    }
}

impl Audited for OrganizationMemberRow {
    fn shown(&self) -> Value {
        json!({"organization_id": self.organization_id, "user_id": self.user_id,
            "user_role": self.role, "budget_id": self.budget_id})
    }
}
