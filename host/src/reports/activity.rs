//! `/global/activity`: calls and tokens by day, for charts.

use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::ask::{Asked, Days, Input};
use super::sums::{MOST_GROUPS, Whose, add, total_tokens};
use super::{Answer, Reports, days};
use crate::auth::Caller;
use crate::store::{Dimension, UsageSums};

/// The sums of days, by day.
type ByDay = BTreeMap<i64, UsageSums>;

/// `GET /global/activity`: every day from `start_date` to `end_date`.
pub(super) async fn all(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let asked = Asked::query(&input, &["start_date", "end_date"])?;
    reports.need_all(caller)?;
    let days = asked.days()?;
    let rows = reports.by_day(&Whose::ALL, days).await?;
    let rows = rows.into_iter();
    let by_day: ByDay = rows.filter_map(|it| Some((it.day?, it.sums))).collect();
    Ok(chart(&by_day, days).into())
}

/// `GET /global/activity/model`: the same for each model group, the most expensive first.
pub(super) async fn by_model(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    const MODELS: u32 = 100;
    let asked = Asked::query(&input, &["start_date", "end_date"])?;
    reports.need_all(caller)?;
    let days = asked.days()?;
    let by = [Dimension::ModelGroup];
    let models = reports.top(&Whose::ALL, days, &by, MODELS).await?;
    let by = [Dimension::Day, Dimension::ModelGroup];
    let mut charts: BTreeMap<String, ByDay> = BTreeMap::new();
    for row in reports.top(&Whose::ALL, days, &by, MOST_GROUPS).await? {
        if let (Some(day), Some(model)) = (row.day, row.values.into_iter().next()) {
            charts.entry(model).or_default().insert(day, row.sums);
        }
    }
    let list = models.into_iter().filter_map(|row| {
        let model = row.values.into_iter().next()?;
        let mut chart = chart(charts.get(&model).unwrap_or(&ByDay::new()), days);
        if let Some(chart) = chart.as_object_mut() {
            chart.shift_insert(0, "model".to_owned(), model.into());
        }
        Some(chart)
    });
    Ok(Value::Array(list.collect()).into())
}

fn chart(by_day: &ByDay, days: Days) -> Value {
    let mut sum = UsageSums::default();
    let mut list = Vec::new();
    for day in days.from..=days.until {
        let of_day = by_day.get(&day).copied().unwrap_or_default();
        add(&mut sum, &of_day);
        list.push(json!({
            "date": days::short(day),
            "api_requests": of_day.requests,
            "total_tokens": total_tokens(&of_day),
        }));
    }
    json!({
        "daily_data": list,
        "sum_api_requests": sum.requests,
        "sum_total_tokens": total_tokens(&sum),
    })
}
