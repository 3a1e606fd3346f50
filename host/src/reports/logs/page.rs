//! Rows page by page.

use serde_json::{Value, json};

use super::{filter, row};
use crate::auth::Caller;
use crate::domain::SpendRow;
use crate::reports::ask::{Asked, Input, Paging};
use crate::reports::fault::{bad, missing, store};
use crate::reports::{Answer, Reports};
use crate::store::{SpendFilter, SpendPlace};

/// Rows that are counted for `total`; further ones are not looked at.
const MOST_COUNTED: u32 = 10_000;

/// `GET /spend/logs/v2` and `/spend/logs/ui`: a page of rows between two times, newest first, by
/// number or after a `cursor`. A page by cursor takes the same time wherever it is.
pub(in crate::reports) async fn page(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let more = ["page", "page_size", "cursor", "sort_by", "sort_order"];
    let asked = Asked::of(&input.query, &[filter::FIELDS, &more].concat())?;
    for name in ["start_date", "end_date"] {
        asked.text(name)?.ok_or_else(|| missing(name))?;
    }
    sorted(&asked)?;
    answer(reports, caller, &asked, filter::read(&asked)?).await
}

/// `GET /spend/logs/session/ui`: the calls of one session.
pub(in crate::reports) async fn session(
    reports: &Reports,
    caller: &Caller,
    input: Input,
) -> Answer {
    let asked = Asked::of(&input.query, &["session_id", "page", "page_size", "cursor"])?;
    asked
        .text("session_id")?
        .ok_or_else(|| missing("session_id"))?;
    answer(reports, caller, &asked, filter::read(&asked)?).await
}

/// The store keeps rows in one order.
fn sorted(asked: &Asked<'_>) -> Result<(), crate::domain::Fault> {
    if asked.text("sort_by")?.is_some_and(|it| it != "startTime") {
        return Err(bad("sort_by", "rows are sorted by `startTime` only"));
    }
    if asked.text("sort_order")?.is_some_and(|it| it != "desc") {
        return Err(bad(
            "sort_order",
            "rows are sorted `desc` only: the newest first",
        ));
    }
    Ok(())
}

async fn answer(
    reports: &Reports,
    caller: &Caller,
    asked: &Asked<'_>,
    mut filter: SpendFilter,
) -> Answer {
    let paging = asked.paging(50, 1_000)?;
    let cursor = filter::cursor(asked)?;
    let sight = reports.sight(caller).await?;
    reports.narrow(&sight, &mut filter).await?;
    let size = u32::try_from(paging.size).unwrap_or(1_000);
    let rows = match &cursor {
        Some(_) => {
            reports
                .store
                .spend_rows(&filter, cursor.as_ref(), size)
                .await
        }
        None => {
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
        return Ok(shape(&rows, paging, (shown, false)).into());
    }
    let counted = reports.store.count_spend_rows(&filter, MOST_COUNTED + 1);
    let counted = counted.await.map_err(store)?;
    let capped = counted > u64::from(MOST_COUNTED);
    let total = match (capped, &cursor) {
        (true, None) => shown.max(u64::from(MOST_COUNTED)),
        (true, Some(_)) => u64::from(MOST_COUNTED),
        (false, _) => counted,
    };
    Ok(shape(&rows, paging, (total, capped)).into())
}

fn shape(rows: &[SpendRow], paging: Paging, (total, capped): (u64, bool)) -> Value {
    let full = u64::try_from(rows.len()).is_ok_and(|it| it == paging.size);
    let last = rows.last().filter(|_| full).map(|row| SpendPlace {
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
