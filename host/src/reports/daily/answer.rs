//! Days as LiteLLM's usage page has them: `results` with `metrics` and `breakdown`, and `metadata`
//! with the totals of the page.

use serde_json::json;

use super::breakdown::{Breakdown, Groups};
use super::scope::Scope;
use super::shown::{Day, Page};
use crate::reports::ask::{Days, Paging};
use crate::reports::fault::unwritten;
use crate::reports::sums::{add, totals};
use crate::reports::{Answer, Report, Reports};
use crate::store::{UsageRow, UsageSums};

/// The days of a scope, the newest first; without a page, all of them.
pub(super) async fn json(
    reports: &Reports,
    scope: &Scope,
    range: Days,
    paging: Option<Paging>,
) -> Answer {
    let mut all = reports.by_day(&scope.whole, range).await?;
    all.reverse();
    let count = u64::try_from(all.len()).unwrap_or(u64::MAX);
    let paging = paging.unwrap_or(Paging {
        page: 1,
        size: count.max(1),
    });
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let page: Vec<UsageRow> = all
        .into_iter()
        .skip(size(paging.offset()))
        .take(size(paging.size))
        .collect();
    let mut sum = UsageSums::default();
    for row in &page {
        add(&mut sum, &row.sums);
    }
    let groups = Groups::of(reports, scope, &page).await?;
    let breakdown = Breakdown::of(reports, scope, &groups).await?;
    let mut metadata = totals(&sum);
    for (name, value) in [
        ("page", json!(paging.page)),
        ("total_pages", json!(paging.pages(count))),
        ("has_more", json!(paging.page < paging.pages(count))),
        ("truncated", json!(groups.truncated)),
        ("timezone", json!("UTC")),
    ] {
        metadata.insert(name.to_owned(), value);
    }
    let results: Vec<Day<'_>> = page.iter().map(|row| Day::of(row, &breakdown)).collect();
    let text = serde_json::to_string(&Page { results, metadata });
    text.map(Report::Written).map_err(unwritten)
}
