//! Whose usage a caller may see in which of the pages.

use crate::auth::Caller;
use crate::domain::{EntityKind, Fault};
use crate::reports::Reports;
use crate::reports::ask::Asked;
use crate::reports::fault::{refused, store};
use crate::reports::sight::{Sight, foreign};
use crate::reports::sums::Whose;
use crate::store::{Filter, Query, TeamRow};

/// What is summed up, and whose parts of it are listed as `entities`.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub whole: Whose,
    pub entities: Whose,
}

impl Scope {
    fn of(whose: Whose) -> Self {
        Self {
            whole: whose.clone(),
            entities: whose,
        }
    }

    /// Only this key and this model, within what the caller may see.
    pub fn with(mut self, key: Option<String>, model: Option<String>) -> Self {
        for whose in [&mut self.whole, &mut self.entities] {
            if let Some(key) = &key {
                let seen = whose.keys.as_ref().is_none_or(|keys| keys.contains(key));
                whose.keys = Some(seen.then(|| key.clone()).into_iter().collect());
            }
            whose.model.clone_from(&model);
        }
        self
    }
}

/// Who sees all: everybody's, each call once, or those of `user_id`. Users: their own. A key
/// without a user: its own.
pub(super) async fn of_users(
    reports: &Reports,
    caller: &Caller,
    asked: &Asked<'_>,
) -> Result<Scope, Fault> {
    let wanted = asked.owned("user_id")?;
    let sight = reports.sight(caller).await?;
    if sight.all {
        return Ok(match wanted {
            Some(user) => Scope::of(Whose::these(EntityKind::User, vec![user])),
            None => Scope {
                whole: Whose::ALL,
                entities: Whose::of(EntityKind::User),
            },
        });
    }
    if wanted.is_some() && wanted != sight.user {
        return Err(foreign("user_id", "user"));
    }
    match (sight.user, sight.key) {
        (Some(user), _) => Ok(Scope::of(Whose::these(EntityKind::User, vec![user]))),
        (None, Some(key)) => Ok(Scope::of(Whose::these(EntityKind::Key, vec![key]))),
        (None, None) => Err(refused("you have no spend of your own")),
    }
}

/// Admins of the teams, and of the organisations above them: all of it. Members: the part of
/// their own keys. Without `team_ids`: the teams that the caller administers, else those it is
/// in.
pub(super) async fn of_teams(
    reports: &Reports,
    caller: &Caller,
    asked: &Asked<'_>,
) -> Result<Scope, Fault> {
    let wanted = asked.list("team_ids")?;
    let except = asked.list("exclude_team_ids")?.unwrap_or_default();
    let sight = reports.sight(caller).await?;
    if sight.all {
        let mut whose = Whose::of(EntityKind::Team);
        whose.ids = wanted;
        whose.except = except;
        return Ok(Scope::of(whose));
    }
    let led = led(reports, &sight).await?;
    let teams = match wanted {
        Some(teams) => teams,
        None if !led.is_empty() => led.clone(),
        None => {
            let seats = sight.seats.iter().map(|(id, _)| id.clone());
            seats.chain(sight.key_team.clone()).collect()
        }
    };
    if teams.iter().any(|it| !led.contains(it) && !sight.is_in(it)) {
        return Err(foreign("team_ids", "team"));
    }
    let all_led = teams.iter().all(|it| led.contains(it));
    let mut whose = Whose::these(EntityKind::Team, teams);
    whose.except = except;
    if !all_led {
        whose.keys = Some(reports.own_keys(&sight).await?);
    }
    Ok(Scope::of(whose))
}

/// Teams whose admin the caller is, or whose organisation's.
async fn led(reports: &Reports, sight: &Sight) -> Result<Vec<String>, Fault> {
    let mut teams: Vec<String> = sight
        .seats
        .iter()
        .filter(|(_, admin)| *admin)
        .map(|(id, _)| id.clone())
        .collect();
    if !sight.heads.is_empty() {
        let heads = sight.heads.iter().map(|it| it.as_str().into()).collect();
        let query = Query::new()
            .with(Filter::In("organization_id", heads))
            .page(1, 10_000);
        let rows = reports
            .store
            .list::<TeamRow>(&query)
            .await
            .map_err(store)?
            .rows;
        teams.extend(rows.into_iter().map(|it| it.id));
    }
    teams.sort_unstable();
    teams.dedup();
    Ok(teams)
}

/// Admins of the organisations.
pub(super) async fn of_organizations(
    reports: &Reports,
    caller: &Caller,
    asked: &Asked<'_>,
) -> Result<Scope, Fault> {
    let wanted = asked.list("organization_ids")?;
    let sight = reports.sight(caller).await?;
    let mut whose = Whose::of(EntityKind::Organization);
    whose.except = asked.list("exclude_organization_ids")?.unwrap_or_default();
    whose.ids = wanted;
    if !sight.all {
        let ids = whose.ids.unwrap_or_else(|| sight.heads.clone());
        if ids.is_empty() {
            return Err(refused("you administer no organization"));
        }
        if ids.iter().any(|it| !sight.heads(Some(it))) {
            return Err(foreign("organization_ids", "organization"));
        }
        whose.ids = Some(ids);
    }
    Ok(Scope::of(whose))
}

/// Customers belong to the operator.
pub(super) async fn of_customers(
    reports: &Reports,
    caller: &Caller,
    asked: &Asked<'_>,
) -> Result<Scope, Fault> {
    reports.need_all(caller)?;
    let mut whose = Whose::of(EntityKind::EndUser);
    whose.ids = asked.list("end_user_ids")?;
    whose.except = asked.list("exclude_end_user_ids")?.unwrap_or_default();
    Ok(Scope::of(whose))
}

/// Tags belong to nobody: of each, the part of the caller's own keys.
pub(super) async fn of_tags(
    reports: &Reports,
    caller: &Caller,
    asked: &Asked<'_>,
) -> Result<Scope, Fault> {
    let mut whose = Whose::of(EntityKind::Tag);
    whose.ids = asked.list("tags")?;
    let sight = reports.sight(caller).await?;
    if !sight.all {
        whose.keys = Some(reports.own_keys(&sight).await?);
    }
    Ok(Scope::of(whose))
}
