//! `GET /global/spend/report`: what teams, customers or keys spent, by day and model.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::ask::{Asked, Days, Input};
use super::fault::bad;
use super::sums::{MOST_GROUPS, Whose, add, dollars, total_tokens};
use super::{Answer, Reports, days};
use crate::auth::Caller;
use crate::domain::{EntityKind, Fault};
use crate::store::{Dimension, UsageRow, UsageSums};

/// Filters of the report, each of which chooses what it groups by.
const KNOWN: [&str; 7] = [
    "start_date",
    "end_date",
    "group_by",
    "api_key",
    "internal_user_id",
    "team_id",
    "customer_id",
];

fn value(row: &UsageRow, at: usize) -> &str {
    row.values.get(at).map_or("", String::as_str)
}

/// `group_by` is `team` (the default), `customer` or `api_key`; a filter narrows it.
pub(super) async fn report(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let asked = Asked::query(&input, &KNOWN)?;
    reports.need_spend(caller)?;
    let days = asked.days()?;
    let one = |name: &str| Ok::<_, Fault>(asked.owned(name)?.map(|it| vec![it]));
    let key = asked.key("api_key")?;
    if key.is_some() || asked.text("internal_user_id")?.is_some() {
        let mut whose = match one("internal_user_id")? {
            Some(user) => Whose::these(EntityKind::User, user),
            None => Whose::ALL,
        };
        whose.keys = key.map(|it| vec![it]);
        return by_key(reports, whose, days).await;
    }
    let customer = asked.text("customer_id")?.is_some();
    match asked.text("group_by")?.unwrap_or("team") {
        "team" if !customer => {
            let mut whose = Whose::of(EntityKind::Team);
            whose.ids = one("team_id")?;
            by_day(reports, whose, days, ("teams", "team_name")).await
        }
        "team" | "customer" => {
            let mut whose = Whose::of(EntityKind::EndUser);
            whose.ids = one("customer_id")?;
            by_day(reports, whose, days, ("customers", "customer")).await
        }
        "api_key" => by_key(reports, Whose::ALL, days).await,
        _ => Err(bad(
            "group_by",
            "`group_by` must be `team`, `customer` or `api_key`",
        )),
    }
}

/// Holders by day, each with its models and keys.
async fn by_day(reports: &Reports, whose: Whose, span: Days, (list, name): (&str, &str)) -> Answer {
    let by = [
        Dimension::Day,
        Dimension::Entity,
        Dimension::Model,
        Dimension::Key,
    ];
    let rows = reports.top(&whose, span, &by, MOST_GROUPS).await?;
    let aliases = match whose.kind {
        EntityKind::Team => {
            let ids = rows.iter().map(|row| value(row, 0));
            reports.team_aliases(ids).await?
        }
        _ => Default::default(),
    };
    let mut per_day: BTreeMap<i64, BTreeMap<&str, Vec<&UsageRow>>> = BTreeMap::new();
    for row in &rows {
        let of_day = per_day.entry(row.day.unwrap_or_default()).or_default();
        of_day.entry(value(row, 0)).or_default().push(row);
    }
    let shown = per_day.into_iter().map(|(day, holders)| {
        let holders = holders.into_iter().map(|(id, rows)| {
            let mut whole = UsageSums::default();
            for row in &rows {
                add(&mut whole, &row.sums);
            }
            let models = rows.iter().map(|row| {
                json!({
                    "model": value(row, 1),
                    "spend": dollars(row.sums.spent),
                    "total_tokens": total_tokens(&row.sums),
                    "api_key": value(row, 2),
                })
            });
            json!({
                name: aliases.get(id).map_or(id, String::as_str),
                "total_spend": dollars(whole.spent),
                "metadata": models.collect::<Vec<Value>>(),
            })
        });
        json!({"group_by_day": days::text(day), list: holders.collect::<Vec<Value>>()})
    });
    Ok(Value::Array(shown.collect()).into())
}

/// Keys, each with its models.
async fn by_key(reports: &Reports, whose: Whose, span: Days) -> Answer {
    let by = [Dimension::Key, Dimension::Model];
    let rows = reports.top(&whose, span, &by, MOST_GROUPS).await?;
    let mut keys: BTreeMap<&str, Vec<&UsageRow>> = BTreeMap::new();
    for row in &rows {
        keys.entry(value(row, 0)).or_default().push(row);
    }
    let sums = |sums: &UsageSums| {
        [
            ("total_cost", dollars(sums.spent)),
            ("total_input_tokens", sums.input_tokens.into()),
            ("total_output_tokens", sums.output_tokens.into()),
        ]
    };
    let shown = keys.into_iter().map(|(key, rows)| {
        let mut whole = UsageSums::default();
        let mut models: Vec<Value> = Vec::new();
        for row in rows {
            add(&mut whole, &row.sums);
            let mut model = json!({"model": value(row, 1)});
            put(&mut model, sums(&row.sums));
            models.push(model);
        }
        let mut shown = json!({"api_key": key});
        put(&mut shown, sums(&whole));
        put(&mut shown, [("model_details", models.into())]);
        shown
    });
    Ok(Value::Array(shown.collect()).into())
}

fn put<const N: usize>(into: &mut Value, members: [(&str, Value); N]) {
    if let Some(object) = into.as_object_mut() {
        object.extend(members.map(|(name, value)| (name.to_owned(), value)));
    }
}
