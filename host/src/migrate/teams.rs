//! Teams, and who is in them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::fields::{Notes, keep, some, stamp, take_limits};
use super::secrets::Secrets;
use super::sums::{Spent, window_end, window_sums};
use super::{Done, Item, MigrateError, Move, permission_of};
use crate::domain::{Entity, EntityKind, Usd};
use crate::store::litellm::{Budget, Membership, ModelAliases, Table, Team};
use crate::store::{Stamp, TeamMemberRow, TeamRow, member_id};

/// Where a team names the budget that its members have unless they have another.
const SHARED_BUDGET: &str = "team_member_budget_id";

/// A seat in a team, as LiteLLM's list of members has it.
#[derive(Debug, PartialEq, Eq)]
struct Seat {
    user_id: String,
    role: &'static str,
}

type Memberships = BTreeMap<(String, String), Membership>;

impl Move<'_, '_> {
    pub(super) async fn teams(&mut self, secrets: &Secrets) -> Done {
        let aliases = self.source.all::<ModelAliases>().await;
        let aliases = aliases.map_err(MigrateError::Source)?.into_iter();
        let aliases = aliases.filter_map(|it| it.row.ok());
        let aliases: BTreeMap<i64, Map<String, Value>> =
            aliases.map(|it| (it.id, it.model_aliases)).collect();
        let mut after = Some(Vec::new());
        while let Some(page) = self.page::<Team>(&mut after).await? {
            self.team_page(page, secrets, &aliases).await?;
        }
        Ok(())
    }

    async fn team_page(
        &mut self,
        page: Vec<Team>,
        secrets: &Secrets,
        aliases: &BTreeMap<i64, Map<String, Value>>,
    ) -> Done {
        let ids: BTreeSet<String> = page.iter().map(|it| it.team_id.clone()).collect();
        let days = self.days_of(EntityKind::Team, &ids).await?;
        let windows = self.window_spends("team", &ids).await?;
        let permissions = page.iter().filter_map(|it| it.object_permission_id.clone());
        let permissions = self.object_permissions(permissions.collect()).await?;
        let mut seats = Vec::new();
        let mut items = Vec::with_capacity(page.len());
        for it in page {
            let id = it.team_id.clone();
            if id.contains('/') {
                let why = "its id has a `/`, which parts the ids of memberships here; give the \
                           team another id in LiteLLM";
                self.report.left_out(Team::NAME, id, why);
                continue;
            }
            let mut notes = Notes::default();
            let spent = Spent::of_window(it.spend, &days, &id);
            let own = (
                it.max_budget,
                it.budget_duration.as_ref(),
                it.budget_reset_at,
            );
            let end = window_end(own, None);
            let entity = Entity::new(EntityKind::Team, id.as_str());
            seats.push((id.clone(), seats_of(&it, &mut notes)));
            let permission = permission_of(&permissions, it.object_permission_id.as_ref());
            let own_aliases = it.model_id.and_then(|it| aliases.get(&it)).cloned();
            let (limits, ends) = notes.windows(&it.budget_limits);
            let mut row = team(it, self.now_ms, &mut notes);
            row.doc.limits.budget_limits = limits;
            row.doc.model_aliases = own_aliases.unwrap_or_default();
            secrets.rename(&mut row.doc.models, &mut row.doc.model_aliases);
            keep(&mut row.doc.rest, "object_permission", permission);
            let mut sums = spent.sums(&entity, end);
            let none = Vec::new();
            sums.extend(window_sums(
                &entity,
                &ends,
                windows.get(&id).unwrap_or(&none),
            ));
            let name = row.alias.clone().unwrap_or_else(|| id.clone());
            items.push(Item {
                id,
                becomes: format!("team `{name}`{}", spent.shown(end)),
                row,
                beside: String::new(),
                notes,
                sums,
            });
        }
        let shared: BTreeMap<String, String> = items
            .iter()
            .filter_map(|it| {
                let shared = it.row.doc.metadata.get(SHARED_BUDGET)?.as_str()?;
                Some((it.id.clone(), shared.to_owned()))
            })
            .collect();
        self.bring(Team::NAME, items).await?;
        let people = seats.iter().flat_map(|(_, seats)| seats);
        let people = people.map(|seat| seat.user_id.clone()).collect();
        self.users_of_no_row(people).await?;
        self.members(&ids, seats, &shared).await
    }

    async fn members(
        &mut self,
        teams: &BTreeSet<String>,
        seats: Vec<(String, Vec<Seat>)>,
        shared: &BTreeMap<String, String>,
    ) -> Done {
        let found = self.source.find_by::<Membership>("team_id", teams).await;
        let found = found.map_err(MigrateError::Source)?;
        let readable = self.readable(found).into_iter();
        let mut memberships: Memberships = readable
            .map(|it| ((it.team_id.clone(), it.user_id.clone()), it))
            .collect();
        let own = memberships.values().filter_map(|it| it.budget_id.clone());
        let named = own.chain(shared.values().cloned()).collect();
        let budgets = self.named_budgets(named).await?;
        let mut items = Vec::new();
        for (team, seats) in seats {
            for seat in seats {
                let key = (team.clone(), seat.user_id.clone());
                let of_it = memberships.remove(&key).unwrap_or_default();
                let shared = shared.get(&team).filter(|it| budgets.contains_key(*it));
                items.push(member(&team, &seat, of_it, shared, &budgets, self.now_ms));
            }
        }
        self.bring(Membership::NAME, items).await?;
        for (team, user) in memberships.into_keys() {
            let why = "the user is not in the team's list of members";
            self.report
                .left_out(Membership::NAME, member_id(&team, &user), why);
        }
        Ok(())
    }

    /// Teams that keys name and LiteLLM has no row of: without limits, as there.
    pub(super) async fn teams_of_no_row(&mut self, ids: BTreeSet<String>) -> Done {
        let now_ms = self.now_ms;
        let make = |id| TeamRow {
            id,
            stamp: Stamp::new(now_ms, super::ACTOR),
            ..TeamRow::default()
        };
        self.stand_ins(Team::NAME, ids, make, "team without limits")
            .await
    }
}

/// Who is in a team: its list of members, or the older columns where that is empty.
fn seats_of(team: &Team, notes: &mut Notes) -> Vec<Seat> {
    let mut seats: Vec<Seat> = Vec::new();
    let mut sit = |user_id: &str, role| {
        if !seats.iter().any(|it| it.user_id == user_id) {
            seats.push(Seat {
                user_id: user_id.to_owned(),
                role,
            });
        }
    };
    for member in &team.members_with_roles {
        let text = |name: &str| member.get(name).and_then(Value::as_str);
        let role = match text("role") {
            Some("admin") => "admin",
            _ => "user",
        };
        match text("user_id").filter(|it| !it.is_empty()) {
            Some(user) => sit(user, role),
            None => notes.say(format!(
                "dropped member {}: it names no `user_id`; add it by /team/member_add",
                text("user_email").unwrap_or("without a name")
            )),
        }
    }
    if team.members_with_roles.is_empty() {
        team.admins.iter().for_each(|it| sit(it, "admin"));
        team.members.iter().for_each(|it| sit(it, "user"));
    }
    seats
}

fn team(it: Team, now_ms: i64, notes: &mut Notes) -> TeamRow {
    let mut row = TeamRow {
        id: it.team_id,
        alias: some(it.team_alias),
        organization_id: some(it.organization_id),
        budget_id: None,
        blocked: it.blocked,
        max_budget: it.max_budget,
        stamp: stamp(now_ms, it.made),
        ..TeamRow::default()
    };
    let doc = &mut row.doc;
    doc.models = it.models;
    doc.metadata = it.metadata;
    doc.access_group_ids = it.access_group_ids;
    doc.team_member_permissions = it.team_member_permissions;
    let limits = &mut doc.limits;
    limits.model_rpm_limit = notes.counts(&mut doc.metadata, "model_rpm_limit");
    limits.model_tpm_limit = notes.counts(&mut doc.metadata, "model_tpm_limit");
    limits.soft_budget = it.soft_budget;
    take_limits!(limits, it, notes);
    limits.tpd_limit = it.tpd_limit;
    keep(&mut doc.metadata, "policies", it.policies);
    keep(&mut doc.rest, "router_settings", it.router_settings);
    keep(
        &mut doc.rest,
        "default_team_member_models",
        it.default_team_member_models,
    );
    notes.dropped(
        it.allow_team_guardrail_config,
        "allow_team_guardrail_config",
        "team admins change no guardrails here",
    );
    row
}

fn member(
    team: &str,
    seat: &Seat,
    it: Membership,
    shared: Option<&String>,
    budgets: &BTreeMap<String, Budget>,
    now_ms: i64,
) -> Item<TeamMemberRow> {
    let id = member_id(team, &seat.user_id);
    let budget_id = some(it.budget_id).or_else(|| shared.cloned());
    let budget = budget_id.as_ref().and_then(|it| budgets.get(it));
    let end = window_end((None, None, None), budget);
    let spent = Spent {
        window: it.spend,
        total: it.total_spend,
        days: Usd::ZERO,
    };
    let entity = Entity::new(EntityKind::TeamMember, id.as_str());
    Item {
        becomes: format!("{} of team `{team}`{}", seat.role, spent.shown(end)),
        row: TeamMemberRow {
            id: id.clone(),
            team_id: team.to_owned(),
            user_id: seat.user_id.clone(),
            role: seat.role.to_owned(),
            budget_id,
            stamp: Stamp::new(now_ms, super::ACTOR),
            ..TeamMemberRow::default()
        },
        id,
        beside: String::new(),
        notes: Notes::default(),
        sums: spent.sums(&entity, end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_list_of_members_decides_and_the_older_columns_only_without_it() {
        let mut notes = Notes::default();
        let mut team = Team {
            members_with_roles: vec![
                json!({"role": "admin", "user_id": "a"}),
                json!({"role": "user", "user_id": "b"}),
                json!({"role": "user", "user_id": "a"}),
                json!({"role": "user", "user_id": null, "user_email": "c@example.com"}),
            ],
            admins: vec!["old".to_owned()],
            ..Team::default()
        };
        let seat = |user: &str, role| Seat {
            user_id: user.to_owned(),
            role,
        };
        let seats = seats_of(&team, &mut notes);
        assert_eq!(seats, [seat("a", "admin"), seat("b", "user")]);
        assert!(notes.0[0].contains("c@example.com"));
        team.members_with_roles.clear();
        team.members = vec!["old".to_owned(), "m".to_owned()];
        let seats = seats_of(&team, &mut notes);
        assert_eq!(seats, [seat("old", "admin"), seat("m", "user")]);
    }

    #[test]
    fn a_member_has_its_own_budget_or_the_teams_for_its_members() {
        let seat = Seat {
            user_id: "u".to_owned(),
            role: "user",
        };
        let budget = Budget {
            budget_duration: Some("30d".to_owned()),
            budget_reset_at: Some(4),
            ..Budget::default()
        };
        let budgets = BTreeMap::from([("own".to_owned(), budget)]);
        let membership = Membership {
            budget_id: Some("own".to_owned()),
            spend: Usd::from_dollars(1.0).unwrap(),
            total_spend: Usd::from_dollars(3.0).unwrap(),
            ..Membership::default()
        };
        let shared = "shared".to_owned();
        let own = member("t", &seat, membership, Some(&shared), &budgets, 1);
        assert_eq!(own.row.budget_id.as_deref(), Some("own"));
        assert_eq!(own.row.id, "t/u");
        assert_eq!(own.sums[0].spent, Usd::from_dollars(3.0).unwrap());
        assert_eq!(own.sums[1].reset_at, Some(4));
        let other = member(
            "t",
            &seat,
            Membership::default(),
            Some(&shared),
            &budgets,
            1,
        );
        assert_eq!(other.row.budget_id.as_deref(), Some("shared"));
    }

    #[test]
    fn a_team_keeps_its_limits_and_names_what_it_loses() {
        let mut notes = Notes::default();
        let row = team(
            Team {
                team_id: "t".to_owned(),
                team_alias: Some("Team".to_owned()),
                blocked: true,
                max_budget: Usd::from_dollars(5.0),
                soft_budget: Usd::from_dollars(4.0),
                tpd_limit: Some(3),
                budget_duration: Some("7d".to_owned()),
                models: vec!["m".to_owned()],
                team_member_permissions: vec!["/key/info".to_owned()],
                default_team_member_models: vec!["m".to_owned()],
                allow_team_guardrail_config: true,
                ..Team::default()
            },
            1,
            &mut notes,
        );
        assert!(row.blocked);
        assert_eq!(row.doc.limits.soft_budget, Usd::from_dollars(4.0));
        assert_eq!(row.doc.limits.tpd_limit, Some(3));
        assert_eq!(row.doc.limits.budget_duration.as_deref(), Some("7d"));
        assert_eq!(row.doc.team_member_permissions, ["/key/info"]);
        assert_eq!(row.doc.rest["default_team_member_models"], json!(["m"]));
        assert_eq!(notes.0.len(), 1);
    }
}
