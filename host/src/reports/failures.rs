//! `/global/activity/exceptions`: calls that ended with a 429, by day.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::ask::{Asked, Days, Input};
use super::fault::{missing, store};
use super::{Answer, Reports, days};
use crate::auth::Caller;
use crate::domain::Fault;
use crate::store::{FailedCalls, SpendFilter};

const TOO_MANY: u16 = 429;
/// Deployments that are shown: those with the most.
const DEPLOYMENTS: usize = 10;

/// Calls by day.
type ByDay = BTreeMap<i64, i64>;

/// `GET /global/activity/exceptions`: those of a model group.
pub(super) async fn of_group(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let (_, found) = read(reports, caller, &input).await?;
    let mut by_day = ByDay::new();
    for it in found {
        add(&mut by_day, &it);
    }
    Ok(chart(&by_day).into())
}

/// `GET /global/activity/exceptions/deployment`: the same for each deployment that had them last.
pub(super) async fn of_deployments(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let (filter, found) = read(reports, caller, &input).await?;
    let mut deployments: BTreeMap<String, ByDay> = BTreeMap::new();
    for it in found {
        add(deployments.entry(it.deployment.clone()).or_default(), &it);
    }
    let mut most: Vec<(String, ByDay)> = deployments.into_iter().collect();
    most.sort_by_key(|(_, by_day)| std::cmp::Reverse(total(by_day)));
    let mut list = Vec::new();
    for (deployment, by_day) in most.into_iter().take(DEPLOYMENTS) {
        let newest = SpendFilter {
            deployment: Some(deployment.clone()),
            ..filter.clone()
        };
        let newest = reports.store.spend_rows(&newest, None, 1).await;
        let newest = newest.map_err(store)?.into_iter().next();
        let mut chart = chart(&by_day);
        if let Some(chart) = chart.as_object_mut() {
            let base = newest.and_then(|it| it.api_base);
            chart.shift_insert(0, "api_base".to_owned(), json!(base));
            chart.shift_insert(1, "deployment".to_owned(), deployment.into());
        }
        list.push(chart);
    }
    Ok(Value::Array(list).into())
}

/// What a question is about, and the calls.
async fn read(
    reports: &Reports,
    caller: &Caller,
    input: &Input,
) -> Result<(SpendFilter, Vec<FailedCalls>), Fault> {
    let asked = Asked::query(input, &["model_group", "start_date", "end_date"])?;
    reports.need_all(caller)?;
    let group = asked.owned("model_group")?;
    let group = group.ok_or_else(|| missing("model_group"))?;
    let filter = SpendFilter {
        model_group: Some(group),
        ..asked.days()?.filter()
    };
    let found = reports.store.failed_calls(&filter, TOO_MANY).await;
    Ok((filter, found.map_err(store)?))
}

impl Days {
    /// The calls of these days.
    pub(super) fn filter(self) -> SpendFilter {
        SpendFilter {
            from_ms: Some(days::begin_ms(self.from)),
            until_ms: Some(days::begin_ms(self.until.saturating_add(1))),
            ..SpendFilter::default()
        }
    }
}

fn add(to: &mut ByDay, more: &FailedCalls) {
    let calls = to.entry(more.day).or_default();
    *calls = calls.saturating_add(more.calls);
}

fn total(by_day: &ByDay) -> i64 {
    by_day.values().fold(0, |sum, it| sum.saturating_add(*it))
}

/// Days with such calls, the oldest first.
fn chart(by_day: &ByDay) -> Value {
    let list = by_day
        .iter()
        .map(|(day, calls)| json!({"date": days::short(*day), "num_rate_limit_exceptions": calls}));
    json!({
        "daily_data": list.collect::<Vec<_>>(),
        "sum_num_rate_limit_exceptions": total(by_day),
    })
}
