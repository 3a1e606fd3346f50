//! Reports as their routes run them: a question from the operator, read, asked of the database in
//! however many statements it takes, and written as the text of its answer.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value};
use sluice::auth::Caller;
use sluice::domain::{CallId, Fault, SpendRow, Usage, Usd};
use sluice::prices::Cost;
use sluice::reports::{Counted, Input, OPERATIONS, Outside, Preview, ProviderBudget, Reports};
use sluice::store::{Store, day_of};

use super::holders::Holder;
use super::{line, median, now_ms};

/// What reports ask of the house beside the database: none of these do.
#[derive(Debug)]
struct Nobody;

impl Outside for Nobody {
    fn now_ms(&self) -> i64 {
        now_ms()
    }
    fn price(&self, _: &str, _: &Usage) -> Option<Usd> {
        None
    }
    fn bill(&self, _: &SpendRow) -> Option<Cost> {
        None
    }
    fn model(&self, _: &Caller, _: &str) -> Result<Option<(String, Value)>, Fault> {
        Ok(None)
    }
    fn params(&self, _: &str) -> Vec<&'static str> {
        Vec::new()
    }
    fn preview(
        &self,
        _: &str,
        _: Map<String, Value>,
    ) -> Pin<Box<dyn Future<Output = Result<Preview, Fault>> + Send + '_>> {
        Box::pin(async { Ok(Preview::default()) })
    }
    fn count<'a>(
        &'a self,
        _: (&'a Caller, Option<CallId>),
        _: Map<String, Value>,
        _: bool,
    ) -> Pin<Box<dyn Future<Output = Result<Counted, Fault>> + Send + 'a>> {
        Box::pin(async { Err(Fault::ours("nobody counts here", String::new())) })
    }
    fn max_budget(&self) -> Option<Usd> {
        None
    }
    fn spend_was_reset(&self) {}
    fn provider_budgets(&self) -> Vec<ProviderBudget> {
        Vec::new()
    }
    fn keeps_bodies(&self) -> bool {
        true
    }
    fn slow_ms(&self) -> i64 {
        300_000
    }
}

/// A day since 1970 as questions write it; the benches have no calendar.
fn day(number: i64) -> String {
    let z = number + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

async fn answer(reports: &Reports, path: &str, query: &str) -> String {
    let found = OPERATIONS.iter().find(|it| it.1 == path).unwrap();
    let pairs = query.split('&').filter_map(|it| it.split_once('='));
    let mut input = Input::default();
    if found.0 == Method::GET {
        input.query = Input::pairs(pairs);
    } else {
        input.body = Input::pairs(pairs);
    }
    let report = (found.2)(reports, &Caller::MASTER, input).await;
    report.unwrap().into_text()
}

pub async fn all(store: &Store, holders: &[Holder]) {
    let reports = Reports::new(store.clone(), Arc::new(Nobody));
    let today = day_of(now_ms());
    let month = format!("start_date={}&end_date={}", day(today - 29), day(today));
    let week = format!("start_date={}&end_date={}", day(today - 6), day(today));
    // As charts name their days.
    let chart_week = week
        .replace("start_date", "startTime")
        .replace("end_date", "endTime");
    let group = format!("{chart_week}&_selected_model_group=gpt-4o");
    let chart_day = format!(
        "startTime={0}&endTime={0}&_selected_model_group=gpt-4o",
        day(today - 1)
    );
    let it = &holders[holders.len() / 2];
    let key = &it.hash;
    let questions = [
        ("/user/daily/activity/aggregated", month.clone()),
        ("/user/daily/activity", format!("{month}&page_size=10")),
        ("/team/daily/activity/aggregated", month.clone()),
        ("/organization/daily/activity/aggregated", month.clone()),
        ("/tag/daily/activity/aggregated", month.clone()),
        ("/customer/daily/activity/aggregated", week.clone()),
        ("/customer/daily/activity/aggregated", month.clone()),
        ("/customer/daily/activity", format!("{month}&page_size=10")),
        ("/team/daily/activity", format!("{week}&format=csv")),
        ("/global/spend/report", format!("{month}&group_by=team")),
        ("/global/spend/report", format!("{month}&group_by=customer")),
        ("/global/spend/report", format!("{month}&group_by=api_key")),
        (
            "/team/spend/by_user",
            format!("{month}&team_ids={}", it.team),
        ),
        (
            "/user/daily/activity/aggregated",
            format!("{month}&user_id={}", it.user),
        ),
        (
            "/team/daily/activity/aggregated",
            format!("{month}&team_ids={}", it.team),
        ),
        (
            "/user/daily/activity/aggregated",
            format!("{month}&api_key={key}"),
        ),
        ("/gateway/daily/activity", String::new()),
        ("/tag/dau", String::new()),
        ("/tag/wau", String::new()),
        ("/tag/mau", "months=3".to_owned()),
        ("/tag/summary", month.clone()),
        ("/tag/distinct", String::new()),
        ("/global/activity", month.clone()),
        ("/global/activity/model", month.clone()),
        ("/global/activity/cache_hits", month.clone()),
        (
            "/global/activity/exceptions",
            format!("{month}&model_group=gpt-4o"),
        ),
        (
            "/global/activity/exceptions/deployment",
            format!("{month}&model_group=gpt-4o"),
        ),
        ("/spend/keys", String::new()),
        ("/spend/users", String::new()),
        ("/spend/tags", String::new()),
        ("/global/spend/keys", String::new()),
        ("/global/spend/teams", String::new()),
        ("/global/spend", String::new()),
        ("/global/spend/logs", String::new()),
        ("/global/spend/models", String::new()),
        ("/global/spend/provider", month.clone()),
        ("/global/spend/tags", month.clone()),
        ("/global/spend/all_tag_names", String::new()),
        ("/global/spend/end_users", chart_week.clone()),
        ("/global/all_end_users", String::new()),
        ("/model/metrics", group.clone()),
        ("/model/streaming_metrics", group.clone()),
        ("/model/streaming_metrics", chart_day),
        ("/model/metrics/slow_responses", group.clone()),
        ("/model/metrics/exceptions", group.clone()),
        ("/model/metrics", format!("{group}&api_key={key}")),
        ("/model/metrics", format!("{group}&customer=customer-7")),
        ("/spend/logs", "limit=1000".to_owned()),
        ("/spend/logs", month.clone()),
        ("/spend/logs", format!("{month}&api_key={key}")),
        ("/spend/logs", format!("{month}&user_id={}", it.user)),
        ("/spend/logs/ui", month.clone()),
        ("/spend/logs/ui", format!("{month}&end_user=customer-7")),
        ("/spend/logs/ui", format!("{month}&request_tag=tag-3")),
        ("/spend/logs/ui", format!("{month}&request_tag=nobody")),
        ("/spend/logs/ui", format!("{month}&error_message=slow")),
        ("/spend/logs/ui", format!("{month}&error_message=nobody")),
        ("/spend/logs/ui", format!("{month}&error_code=429")),
        ("/spend/logs/ui", format!("{month}&error_code=418")),
        ("/spend/logs/ui", format!("{month}&status_filter=failure")),
        ("/spend/logs/ui", format!("{month}&model=nobody")),
        ("/spend/logs/ui", format!("{month}&key_alias=nobody")),
        ("/spend/logs/ui", format!("{month}&session_id=nobody")),
        ("/spend/logs/ui", format!("{month}&cache_hit_filter=hit")),
        ("/spend/logs/ui", format!("{month}&search={key}")),
        ("/spend/logs/ui", format!("{month}&search=deployment-2")),
        ("/spend/logs/ui", format!("{month}&search=nobody")),
        ("/spend/logs/ui", format!("{month}&min_spend=0.002")),
        (
            "/spend/logs/ui",
            format!("{month}&api_key={key}&sort_by=spend"),
        ),
    ];
    for (path, query) in questions {
        let ms = median(async || answer(&reports, path, &query).await).await;
        let shown = query
            .replace(&month, "a month")
            .replace(&week, "a week")
            .replace(&chart_week, "a week");
        line(&format!("GET {path} {}", shown.replace(key, "KEY")), ms);
    }
}
