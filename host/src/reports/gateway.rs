//! `/gateway/daily/activity`: what the whole gateway answered, by day and by route.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::ask::{Asked, Input};
use super::sums::{MOST_GROUPS, Whose, endpoint};
use super::{Answer, Reports, days};
use crate::auth::Caller;
use crate::store::{Dimension, UsageSums};

/// What LiteLLM calls routes that models answer; the gateway has no others.
const CATEGORY: &str = "inference";

/// Calls that succeeded, and those that did not.
#[derive(Debug, Clone, Copy, Default)]
struct Calls {
    good: i64,
    bad: i64,
}

impl Calls {
    fn add(&mut self, sums: &UsageSums) {
        self.good = self.good.saturating_add(sums.successes);
        self.bad = self.bad.saturating_add(sums.failures);
    }

    fn shown(self, mut named: Value) -> Value {
        if let Some(named) = named.as_object_mut() {
            named.insert("successful_requests".to_owned(), self.good.into());
            named.insert("failed_requests".to_owned(), self.bad.into());
        }
        named
    }
}

/// `GET /gateway/daily/activity`: of the last 30 days where no other are given.
pub(super) async fn activity(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let asked = Asked::query(&input, &["start_date", "end_date"])?;
    reports.need_all(caller)?;
    let range = asked.days_or_month("start_date", "end_date", reports.outside.now_ms())?;
    let by = [Dimension::Day, Dimension::Operation];
    let rows = reports.top(&Whose::ALL, range, &by, MOST_GROUPS).await?;
    let mut all = Calls::default();
    let mut by_day: BTreeMap<i64, Calls> = BTreeMap::new();
    let mut by_route: BTreeMap<&str, Calls> = BTreeMap::new();
    for row in &rows {
        all.add(&row.sums);
        by_day
            .entry(row.day.unwrap_or_default())
            .or_default()
            .add(&row.sums);
        if let Some(operation) = row.values.first() {
            by_route
                .entry(endpoint(operation))
                .or_default()
                .add(&row.sums);
        }
    }
    let mut routes: Vec<(&str, Calls)> = by_route.into_iter().collect();
    routes.sort_by_key(|(_, calls)| std::cmp::Reverse(calls.good.saturating_add(calls.bad)));
    let by_day = by_day.into_iter();
    let by_day = by_day.map(|(day, calls)| calls.shown(json!({"date": days::text(day)})));
    let routes = routes.into_iter();
    let routes = routes.map(|(it, calls)| calls.shown(json!({"category": CATEGORY, "route": it})));
    Ok(json!({
        "total_successful_requests": all.good,
        "total_failed_requests": all.bad,
        "by_date": by_day.collect::<Vec<Value>>(),
        "by_route": routes.collect::<Vec<Value>>(),
    })
    .into())
}
