//! `GET /team/spend/by_user`: what each user spent in a team.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::scope;
use crate::auth::Caller;
use crate::domain::EntityKind;
use crate::reports::ask::{Asked, Input};
use crate::reports::fault::missing;
use crate::reports::sums::{MOST_GROUPS, add, numbers};
use crate::reports::{Answer, Reports};
use crate::store::{Dimension, UsageSums};

/// The teams in `team_ids`, with every user whose keys were used there, the most expensive first.
/// A member of a team sees the own part of it. Keys without a user, and keys that are gone, stand
/// under a user that is null.
pub(in crate::reports) async fn by_user(
    reports: &Reports,
    caller: &Caller,
    input: Input,
) -> Answer {
    let known = ["team_ids", "start_date", "end_date"];
    let asked = Asked::query(&input, &known)?;
    if asked.list("team_ids")?.is_none() {
        return Err(missing("team_ids"));
    }
    let days = asked.days()?;
    let whose = scope::of_teams(reports, caller, &asked).await?.whole;
    let by = [Dimension::Entity, Dimension::Key];
    let rows = reports.top(&whose, days, &by, MOST_GROUPS).await?;
    let part = |values: &[String], at: usize| values.get(at).cloned().unwrap_or_default();
    let hashes: Vec<String> = rows.iter().map(|it| part(&it.values, 1)).collect();
    let keys = reports.keys(hashes.iter().map(String::as_str)).await?;
    let mut sums: BTreeMap<(String, Option<String>), UsageSums> = BTreeMap::new();
    for row in &rows {
        let key = keys.get(&part(&row.values, 1));
        let user = key.and_then(|it| it.user_id.clone());
        let of_user = sums.entry((part(&row.values, 0), user)).or_default();
        add(of_user, &row.sums);
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, sums)| std::cmp::Reverse(sums.spent));
    let users = sums.iter().filter_map(|((_, user), _)| user.as_deref());
    let users = reports.described(EntityKind::User, users).await?;
    let teams = sums.iter().map(|((team, _), _)| team.as_str());
    let teams = reports.team_aliases(teams).await?;
    let results = sums.iter().map(|((team, user), sums)| {
        let known = user.as_ref().and_then(|it| users.get(it));
        let said = |name: &str| known.and_then(|it| it.get(name).cloned());
        let mut shown = json!({
            "team_id": team,
            "team_alias": teams.get(team),
            "user_id": user,
            "user_email": said("user_email"),
            "user_alias": said("user_alias"),
        });
        if let Some(shown) = shown.as_object_mut() {
            shown.extend(numbers(sums).map(|(name, value)| (name.to_owned(), value)));
        }
        shown
    });
    Ok(json!({"results": results.collect::<Vec<Value>>()}).into())
}
