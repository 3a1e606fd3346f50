//! Rows page by page.

use serde_json::{Value, json};

use super::{filter, row};
use crate::auth::Caller;
use crate::domain::{Fault, SpendRow};
use crate::reports::ask::{Asked, Input, Paging};
use crate::reports::fault::{bad, missing, store};
use crate::reports::{Answer, Reports};
use crate::store::{SpendFilter, SpendPlace, SpendSort};

/// Rows that are counted for `total`; further ones are not looked at.
const MOST_COUNTED: u32 = 10_000;

/// Rows that are sorted by something else than their start, for which all of them are looked at.
const MOST_SORTED: u32 = 100_000;

/// `GET /spend/logs/v2` and `/spend/logs/ui`: a page of rows between two times, newest first, by
/// number or after a `cursor`. A page by cursor takes the same time wherever it is.
pub(in crate::reports) async fn page(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let more = [
        "page",
        "page_size",
        "cursor",
        "sort_by",
        "sort_order",
        "exclude_internal_health_checks",
        "group_by_session",
        "session_cursor",
    ];
    let asked = Asked::query(&input, &[filter::FIELDS, &more].concat())?;
    for name in ["start_date", "end_date"] {
        asked.text(name)?.ok_or_else(|| missing(name))?;
    }
    // A check of the health of a model is no row.
    asked.flag("exclude_internal_health_checks", false)?;
    if asked.flag("group_by_session", false)? || asked.text("session_cursor")?.is_some() {
        let message = "pages of sessions (`group_by_session`, `session_cursor`) are not offered; \
                       `/spend/logs/session/ui` has the calls of one session";
        return Err(bad("group_by_session", message));
    }
    let order = filter::order(&asked)?;
    answer(reports, caller, &asked, filter::read(&asked)?, order).await
}

/// `GET /spend/logs/session/ui`: the calls of one session.
pub(in crate::reports) async fn session(
    reports: &Reports,
    caller: &Caller,
    input: Input,
) -> Answer {
    let asked = Asked::query(&input, &["session_id", "page", "page_size", "cursor"])?;
    asked
        .text("session_id")?
        .ok_or_else(|| missing("session_id"))?;
    answer(reports, caller, &asked, filter::read(&asked)?, None).await
}

async fn answer(
    reports: &Reports,
    caller: &Caller,
    asked: &Asked<'_>,
    mut filter: SpendFilter,
    order: Option<(SpendSort, bool)>,
) -> Answer {
    let paging = asked.paging(50, 1_000)?;
    let cursor = filter::cursor(asked)?;
    let sight = reports.sight(caller).await?;
    reports.narrow(&sight, &mut filter).await?;
    let size = u32::try_from(paging.size).unwrap_or(1_000);
    let rows = match (&cursor, order) {
        (Some(_), Some(_)) => {
            let message = "`cursor` goes on with rows by `startTime`, the newest first; use `page`";
            return Err(bad("cursor", message));
        }
        (None, Some(order)) => {
            if order.0 != SpendSort::Started {
                few_enough(reports, &filter).await?;
            }
            let store = &reports.store;
            let offset = paging.offset();
            store.spend_rows_sorted(&filter, order, offset, size).await
        }
        (Some(_), None) => {
            reports
                .store
                .spend_rows(&filter, cursor.as_ref(), size)
                .await
        }
        (None, None) => {
            reports
                .store
                .spend_rows_at(&filter, paging.offset(), size)
                .await
        }
    };
    let rows = rows.map_err(store)?;
    let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let shown = paging.offset().saturating_add(count);
    // A page that is not full is the last one.
    if cursor.is_none() && count < paging.size && (count > 0 || paging.offset() == 0) {
        return Ok(shape(&rows, paging, (shown, false), order.is_none()).into());
    }
    let counted = reports.store.count_spend_rows(&filter, MOST_COUNTED + 1);
    let counted = counted.await.map_err(store)?;
    let capped = counted > u64::from(MOST_COUNTED);
    let total = match (capped, &cursor) {
        (true, None) => shown.max(u64::from(MOST_COUNTED)),
        (true, Some(_)) => u64::from(MOST_COUNTED),
        (false, _) => counted,
    };
    Ok(shape(&rows, paging, (total, capped), order.is_none()).into())
}

/// Refuses to sort more rows than can be looked at while somebody waits.
async fn few_enough(reports: &Reports, filter: &SpendFilter) -> Result<(), Fault> {
    let counted = reports.store.count_spend_rows(filter, MOST_SORTED + 1);
    if counted.await.map_err(store)? <= u64::from(MOST_SORTED) {
        return Ok(());
    }
    let message = format!(
        "more than {MOST_SORTED} rows fit, which can be sorted by `startTime` only; ask for fewer \
         days, or for one key or team"
    );
    Err(bad("sort_by", message))
}

fn shape(rows: &[SpendRow], paging: Paging, (total, capped): (u64, bool), by_start: bool) -> Value {
    let full = u64::try_from(rows.len()).is_ok_and(|it| it == paging.size);
    let last = rows
        .last()
        .filter(|_| full && by_start)
        .map(|row| SpendPlace {
            started_ms: row.started_ms,
            call_id: row.call_id.clone(),
        });
    json!({
        "data": rows.iter().map(|it| row::json(it, None)).collect::<Vec<_>>(),
        "total": total,
        "total_is_capped": capped,
        "page": paging.page,
        "page_size": paging.size,
        "total_pages": paging.pages(total),
        "next_cursor": last.as_ref().map(filter::cursor_text),
    })
}
