//! `GET /spend/logs`: rows as one list, or sums by day where dates are given.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{filter, row};
use crate::auth::Caller;
use crate::domain::{EntityKind, Fault, Usd};
use crate::reports::ask::{Asked, Days, Input};
use crate::reports::fault::{forbidden, missing, store};
use crate::reports::sums::{MOST_GROUPS, Whose, dollars};
use crate::reports::{Answer, Reports, days};
use crate::store::{Dimension, SpendFilter};

/// `GET /spend/logs`. Of one id: its row with its bodies. With both dates: sums by day, unless `summarize` is
/// false. Else the newest rows, as many as `limit` says; `cursor` goes on where a list ended.
pub(in crate::reports) async fn list(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let known = [
        "api_key",
        "user_id",
        "request_id",
        "start_date",
        "end_date",
        "summarize",
        "limit",
        "cursor",
    ];
    let asked = Asked::query(&input, &known)?;
    let limit = u32::try_from(asked.count("limit", 1_000, 10_000)?).unwrap_or(1_000);
    let summarize = asked.flag("summarize", true)?;
    let cursor = filter::cursor(&asked)?;
    let mut wanted = filter::read(&asked)?;
    let sight = reports.sight(caller).await?;
    if let Some(id) = &wanted.request_id {
        let mut rows = reports.calls(&sight, id).await?;
        rows.retain(|row| {
            wanted
                .key_hash
                .as_ref()
                .is_none_or(|it| *it == row.key_hash)
                && (wanted.user_id.is_none() || wanted.user_id == row.user_id)
        });
        // Calls of one provider's id are a list like any other.
        let rows = match rows.as_slice() {
            [_] => reports.with_bodies(&rows).await?,
            rows => rows.iter().map(|it| row::json(it, None)).collect(),
        };
        return Ok(Value::Array(rows).into());
    }
    reports.narrow(&sight, &mut wanted).await?;
    let rows = match (wanted.from_ms, wanted.until_ms) {
        (None, Some(_)) => return Err(missing("start_date")),
        (Some(_), None) => return Err(missing("end_date")),
        (Some(_), Some(_)) if summarize => {
            return Ok(by_day(reports, &wanted, asked.days()?).await?.into());
        }
        _ => reports
            .store
            .spend_rows(&wanted, cursor.as_ref(), limit)
            .await
            .map_err(store)?,
    };
    let rows = rows.iter().map(|it| row::json(it, None));
    Ok(Value::Array(rows.collect()).into())
}

/// The sums of a day.
#[derive(Default)]
struct Day {
    spent: Usd,
    keys: BTreeMap<String, Usd>,
    users: BTreeMap<String, Usd>,
    models: BTreeMap<String, Usd>,
}

/// Every day of the question, with spend by key, user and model.
async fn by_day(reports: &Reports, filter: &SpendFilter, range: Days) -> Result<Value, Fault> {
    let (whose, users) = whose(filter)?;
    let mut by_day: BTreeMap<i64, Day> = (range.from..=range.until)
        .map(|day| (day, Day::default()))
        .collect();
    for row in reports.by_day(&whose, range).await? {
        by_day.entry(row.day.unwrap_or_default()).or_default().spent = row.sums.spent;
    }
    type Part = fn(&mut Day) -> &mut BTreeMap<String, Usd>;
    let parts: [(&Whose, Dimension, Part); 3] = [
        (&whose, Dimension::Key, |it| &mut it.keys),
        (&users, Dimension::Entity, |it| &mut it.users),
        (&whose, Dimension::Model, |it| &mut it.models),
    ];
    for (whose, dimension, part) in parts {
        let by = [Dimension::Day, dimension];
        for row in reports.top(whose, range, &by, MOST_GROUPS).await? {
            let day = by_day.entry(row.day.unwrap_or_default()).or_default();
            if let Some(value) = row.values.into_iter().next() {
                part(day).insert(value, row.sums.spent);
            }
        }
    }
    let list = by_day.into_iter().map(|(day, sums)| {
        let mut object = object(sums.keys);
        object.insert("startTime".to_owned(), days::text(day).into());
        object.insert("spend".to_owned(), dollars(sums.spent));
        object.insert("users".to_owned(), object_of(sums.users));
        object.insert("models".to_owned(), object_of(sums.models));
        Value::Object(object)
    });
    Ok(json!(list.collect::<Vec<_>>()))
}

/// Whose sums answer a question about rows, and whose the part by user. A question that was
/// narrowed to a team or an organisation is about one of its keys.
fn whose(filter: &SpendFilter) -> Result<(Whose, Whose), Fault> {
    let ids = |id: &Option<String>| id.iter().cloned().collect::<Vec<_>>();
    let keys = filter.key_hash.clone().map(|it| vec![it]);
    let mut users = Whose::of(EntityKind::User);
    users.ids = filter.user_id.clone().map(|it| vec![it]);
    users.keys = keys.clone();
    let mut whose = match (
        &filter.user_id,
        filter.team_ids.is_empty(),
        &filter.organization_id,
    ) {
        (Some(_), true, None) => users.clone(),
        (None, true, None) if keys.is_some() => {
            Whose::these(EntityKind::Key, ids(&filter.key_hash))
        }
        (None, true, None) => Whose::ALL,
        (None, false, None) => Whose::these(EntityKind::Team, filter.team_ids.clone()),
        (None, true, Some(_)) => {
            Whose::these(EntityKind::Organization, ids(&filter.organization_id))
        }
        // Sums have one holder each.
        _ => {
            let message = "sums of a user's part in a team are in /team/daily/activity";
            return Err(forbidden("user_id", message));
        }
    };
    if matches!(whose.kind, EntityKind::Team | EntityKind::Organization) {
        // The key may have been of others before, who are not the caller's to see.
        users.ids = Some(Vec::new());
    }
    whose.keys = keys;
    Ok((whose, users))
}

fn object(sums: BTreeMap<String, Usd>) -> Map<String, Value> {
    sums.into_iter()
        .map(|(name, spent)| (name, dollars(spent)))
        .collect()
}

fn object_of(sums: BTreeMap<String, Usd>) -> Value {
    Value::Object(object(sums))
}
