//! `/global/spend`: who and what costs the most. For those who see everything.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::ask::{Asked, Days, Input};
use super::fault::{bad, store};
use super::sums::{MOST_GROUPS, Whose, dollars};
use super::{Answer, Reports, days};
use crate::auth::Caller;
use crate::domain::{EntityKind, Fault, Usd};
use crate::store::{Dimension, UsageRow};

/// Longest of these lists.
const MOST: u64 = 1_000;

/// The days of a question, and how many groups it wants.
struct Wanted {
    days: Days,
    limit: u32,
}

/// Reads `start_date`, `end_date` and `limit`, with the fields of the operation beside them; the
/// last 30 days and ten groups, where nothing is said.
fn wanted<'a>(
    reports: &Reports,
    caller: &Caller,
    input: &'a Input,
    also: &[&str],
) -> Result<(Asked<'a>, Wanted), Fault> {
    let known = [&["start_date", "end_date", "limit"], also].concat();
    let asked = Asked::query(input, &known)?;
    reports.need_spend(caller)?;
    let wanted = Wanted {
        days: asked.days_or_month("start_date", "end_date", reports.outside.now_ms())?,
        limit: u32::try_from(asked.count("limit", 10, MOST)?).unwrap_or(10),
    };
    Ok((asked, wanted))
}

/// The value of the one dimension that was asked for.
fn value(row: &UsageRow) -> &str {
    row.values.first().map_or("", String::as_str)
}

/// `GET /global/spend`: the spend of 30 days, and what the gateway may spend.
pub(super) async fn spend(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let (_, wanted) = wanted(reports, caller, &input, &[])?;
    let sums = reports.whole(&Whose::ALL, wanted.days).await?;
    let max = reports.outside.max_budget().map(Usd::dollars);
    Ok(json!({"spend": dollars(sums.spent), "max_budget": max.unwrap_or(0.0)}).into())
}

/// `GET /global/spend/logs`: the spend of each day, of one key if `api_key` names one.
pub(super) async fn logs(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let (asked, wanted) = wanted(reports, caller, &input, &["api_key"])?;
    let whose = match asked.key("api_key")? {
        Some(key) => Whose::these(EntityKind::Key, vec![key]),
        None => Whose::ALL,
    };
    let rows = reports.by_day(&whose, wanted.days).await?;
    let rows = rows.iter().map(|row| {
        json!({"date": days::text(row.day.unwrap_or_default()), "spend": dollars(row.sums.spent)})
    });
    Ok(Value::Array(rows.collect()).into())
}

/// `GET /global/spend/keys`: the most expensive keys.
pub(super) async fn keys(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let (_, wanted) = wanted(reports, caller, &input, &[])?;
    let by = [Dimension::Key];
    let rows = reports
        .top(&Whose::ALL, wanted.days, &by, wanted.limit)
        .await?;
    let keys = reports.keys(rows.iter().map(value)).await?;
    let rows = rows.iter().map(|row| {
        let key = keys.get(value(row));
        json!({
            "api_key": value(row),
            "key_alias": key.and_then(|it| it.alias.as_deref()),
            "key_name": key.map(|it| it.name.as_str()),
            "total_spend": dollars(row.sums.spent),
        })
    });
    Ok(Value::Array(rows.collect()).into())
}

/// `GET /global/spend/teams`: the spend of teams by day and in all.
pub(super) async fn teams(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let (_, wanted) = wanted(reports, caller, &input, &[])?;
    let whose = Whose::of(EntityKind::Team);
    let by = [Dimension::Day, Dimension::Entity];
    let rows = reports.top(&whose, wanted.days, &by, MOST_GROUPS).await?;
    let totals = reports
        .top(&whose, wanted.days, &[Dimension::Entity], wanted.limit)
        .await?;
    let aliases = reports
        .team_aliases(rows.iter().chain(&totals).map(value))
        .await?;
    let name = |row: &UsageRow| {
        aliases
            .get(value(row))
            .cloned()
            .unwrap_or_else(|| value(row).to_owned())
    };
    // Two teams of one alias share a column of the chart.
    let mut by_day: BTreeMap<i64, BTreeMap<String, Usd>> = BTreeMap::new();
    let mut teams = BTreeSet::new();
    for row in &rows {
        let of_day = by_day.entry(row.day.unwrap_or_default()).or_default();
        *of_day.entry(name(row)).or_default() += row.sums.spent;
        teams.insert(name(row));
    }
    let daily = by_day.into_iter().map(|(day, teams)| {
        let mut object = Map::new();
        for (team, spent) in teams {
            object.insert(team, dollars(spent));
        }
        object.insert("date".to_owned(), days::text(day).into());
        Value::Object(object)
    });
    let totals = totals.iter().map(|row| {
        json!({
            "team_id": value(row),
            "team_alias": aliases.get(value(row)),
            "total_spend": dollars(row.sums.spent),
        })
    });
    Ok(json!({
        "daily_spend": daily.collect::<Vec<_>>(),
        "teams": teams,
        "total_spend_per_team": totals.collect::<Vec<_>>(),
    })
    .into())
}

/// `GET /global/spend/models`: the most expensive model groups.
pub(super) async fn models(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let (_, wanted) = wanted(reports, caller, &input, &[])?;
    let by = [Dimension::ModelGroup];
    let rows = reports
        .top(&Whose::ALL, wanted.days, &by, wanted.limit)
        .await?;
    let rows = rows
        .iter()
        .map(|row| json!({"model": value(row), "total_spend": dollars(row.sums.spent)}));
    Ok(Value::Array(rows.collect()).into())
}

/// `GET /global/spend/provider`: the spend with each provider.
pub(super) async fn providers(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let (_, wanted) = wanted(reports, caller, &input, &[])?;
    let by = [Dimension::Provider];
    let rows = reports
        .top(&Whose::ALL, wanted.days, &by, MOST_GROUPS)
        .await?;
    let rows = rows
        .iter()
        .map(|row| json!({"provider": value(row), "spend": dollars(row.sums.spent)}));
    Ok(Value::Array(rows.collect()).into())
}

/// `GET /global/spend/tags`: the spend of each tag, or of those in `tags`.
pub(super) async fn tags(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let (asked, wanted) = wanted(reports, caller, &input, &["tags"])?;
    let mut whose = Whose::of(EntityKind::Tag);
    // LiteLLM's page sends this word for no filter.
    let tags = asked.list("tags")?;
    whose.ids = tags.filter(|it| it.iter().all(|tag| tag != "all-tags"));
    let by = [Dimension::Entity];
    let rows = reports.top(&whose, wanted.days, &by, MOST_GROUPS).await?;
    let rows = rows.iter().map(|row| {
        json!({
            "name": value(row),
            "spend": dollars(row.sums.spent),
            "log_count": row.sums.requests,
        })
    });
    Ok(json!({"spend_per_tag": rows.collect::<Vec<_>>()}).into())
}

/// `GET /global/spend/all_tag_names`: every tag that was ever used.
pub(super) async fn tag_names(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    Asked::query(&input, &[])?;
    reports.need_spend(caller)?;
    let by = [Dimension::Entity];
    let rows = reports
        .top(&Whose::of(EntityKind::Tag), Days::EVER, &by, MOST_GROUPS)
        .await?;
    let names: BTreeSet<&str> = rows.iter().map(value).collect();
    Ok(json!({"tag_names": names}).into())
}

/// `POST /global/spend/end_users` `{api_key, startTime, endTime}`: the most expensive customers.
pub(super) async fn end_users(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    if let Some(name) = input.query.keys().next() {
        let name = super::fault::shown(name);
        return Err(bad(&name, format!("`{name}` belongs into the body")));
    }
    let asked = Asked::body(&input, &["api_key", "startTime", "endTime", "limit"])?;
    reports.need_spend(caller)?;
    let days = asked.days_or_month("startTime", "endTime", reports.outside.now_ms())?;
    let limit = u32::try_from(asked.count("limit", 100, MOST)?).unwrap_or(100);
    let mut whose = Whose::of(EntityKind::EndUser);
    whose.keys = asked.key("api_key")?.map(|it| vec![it]);
    let rows = reports
        .top(&whose, days, &[Dimension::Entity], limit)
        .await?;
    let rows = rows.iter().map(|row| {
        json!({
            "end_user": value(row),
            "total_count": row.sums.requests,
            "total_spend": dollars(row.sums.spent),
        })
    });
    Ok(Value::Array(rows.collect()).into())
}

/// `GET /global/all_end_users`: every customer who was ever named by a call.
pub(super) async fn all_end_users(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    Asked::query(&input, &[])?;
    reports.need_all(caller)?;
    let used = reports.store.used(EntityKind::EndUser, 0, i64::MAX);
    let names = used.await.map_err(store)?.into_iter().map(|it| it.0);
    Ok(json!({"end_users": names.collect::<Vec<_>>()}).into())
}
