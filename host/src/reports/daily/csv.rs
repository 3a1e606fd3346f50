//! The sums of a scope as a file for spreadsheets, with a line for each day, holder, key and model.

use tokio::sync::Semaphore;
use tokio::task::JoinError;

use super::scope::Scope;
use crate::domain::{EntityKind, Fault};
use crate::reports::ask::Days;
use crate::reports::fault::{bad, store};
use crate::reports::names::Keys;
use crate::reports::sums::{add, endpoint, numbers};
use crate::reports::{Answer, Report, Reports, days};
use crate::store::{Dimension, UsageRow};

/// Longest file, in lines: four times what 1,000 keys with 4 models write in 30 days, about 100 MB,
/// and half of what a spreadsheet opens. A file that is cut would be taken for the whole.
const MOST_LINES: u32 = 500_000;

/// Rows that are read at once; in tests so few that every file has pages.
const PAGE: u32 = if cfg!(test) { 2 } else { 2_000 };

/// The file of these days.
pub(super) async fn file(reports: &Reports, scope: &Scope, range: Days) -> Answer {
    /// Two files at most are in the making, or many askers would fill the memory.
    static TURN: Semaphore = Semaphore::const_new(2);
    let _turn = TURN.acquire().await;
    let text = whole(reports, scope, range, MOST_LINES).await?;
    Ok(Report::Csv(text))
}

/// Put together page by page, so that only the text is held whole; refused beyond so many lines.
async fn whole(reports: &Reports, scope: &Scope, range: Days, most: u32) -> Result<String, Fault> {
    let mut text = head(scope.whole.kind);
    let mut left = most;
    for day in reports.by_day(&scope.whole, range).await? {
        let Some(day) = day.day else { continue };
        let lines = lines(reports, scope, (day, left), &mut text).await?;
        left = left.checked_sub(lines).ok_or_else(|| {
            let message = format!("the file would have more than {most} lines; ask for fewer days");
            bad("end_date", message)
        })?;
    }
    Ok(text)
}

/// The names of the columns.
fn head(kind: EntityKind) -> String {
    let mut text = format!(
        "date,{},api_key,key_alias,model_group,model,provider,endpoint",
        column(kind)
    );
    for (name, _) in numbers(&Default::default()) {
        text.push(',');
        text.push_str(name);
    }
    text.push_str("\r\n");
    text
}

/// Writes the lines of a day, page by page; how many rows the store has of it. It stops beyond `most`.
async fn lines(
    reports: &Reports,
    scope: &Scope,
    (day, most): (i64, u32),
    text: &mut String,
) -> Result<u32, Fault> {
    use Dimension::{Day, Entity, Key, Model, ModelGroup, Operation, Provider};
    let by = [Day, Entity, Key, ModelGroup, Model, Provider, Operation];
    let only = Days {
        from: day,
        until: day,
    };
    let filter = scope.whole.filter(only);
    let (mut count, mut last) = (0_u32, None::<Vec<String>>);
    let mut open = Vec::new();
    loop {
        let page = reports
            .store
            .usage_page(&filter, &by, last.as_deref(), PAGE);
        let mut page = page.await.map_err(store)?;
        let read = u32::try_from(page.len()).unwrap_or(u32::MAX);
        count = count.saturating_add(read);
        last = page.last().map(|it| it.values.clone());
        open.append(&mut page);
        let is_last = read < PAGE;
        let more = if is_last { 0 } else { unfinished(&open) };
        let done = open.len().saturating_sub(more);
        let rest = open.split_off(done);
        let rows = std::mem::replace(&mut open, rest);
        let hashes = rows.iter().filter_map(|it| it.values.get(1));
        let keys = reports.keys(hashes.map(String::as_str)).await?;
        // It is milliseconds of work, which is no runtime thread's.
        let written = tokio::task::spawn_blocking(move || write(rows, &keys)).await;
        let broken =
            |cause: JoinError| Fault::ours("the file could not be written", cause.to_string());
        text.push_str(&written.map_err(broken)?);
        if is_last || count > most {
            return Ok(count);
        }
    }
}

/// How many rows at the end differ in their operation only: more of them may be on the next page.
fn unfinished(rows: &[UsageRow]) -> usize {
    let last = rows.last().and_then(|it| it.values.split_last());
    let is_alike = |row: &&UsageRow| {
        let values = row.values.split_last();
        values.map(|it| it.1) == last.map(|it| it.1)
    };
    rows.iter().rev().take_while(is_alike).count()
}

/// The lines of rows.
fn write(mut rows: Vec<UsageRow>, keys: &Keys) -> String {
    for row in &mut rows {
        if let Some(operation) = row.values.last_mut() {
            *operation = endpoint(operation).to_owned();
        }
    }
    rows.sort_by(|a, b| a.values.cmp(&b.values));
    // An operation and the path that it had in LiteLLM are one.
    rows.dedup_by(|next, kept| {
        let same = next.values == kept.values;
        if same {
            add(&mut kept.sums, &next.sums);
        }
        same
    });
    let mut text = String::new();
    for row in &rows {
        let [entity, key, rest @ ..] = row.values.as_slice() else {
            continue;
        };
        let alias = keys.alias(key).unwrap_or_default();
        text.push_str(&days::text(row.day.unwrap_or_default()));
        let names = [entity.as_str(), key, alias].into_iter();
        for name in names.chain(rest.iter().map(String::as_str)) {
            text.push(',');
            text.push_str(&cell(name));
        }
        for (name, value) in numbers(&row.sums) {
            text.push(',');
            if name == "spend" {
                // With every digit, and without an exponent.
                text.push_str(&row.sums.spent.to_string());
            } else {
                text.push_str(&value.to_string());
            }
        }
        text.push_str("\r\n");
    }
    text
}

const fn column(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::User => "user_id",
        EntityKind::Team => "team_id",
        EntityKind::Organization => "organization_id",
        EntityKind::EndUser => "end_user_id",
        EntityKind::Tag => "tag",
        _ => "entity_id",
    }
}

/// A name that clients choose: quoted as RFC 4180 says, and never a formula to a spreadsheet.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if formula { "'" } else { "" };
    let special = text.contains([',', '"', '\n', '\r']);
    if special {
        return format!("\"{guard}{}\"", text.replace('"', "\"\""));
    }
    format!("{guard}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::sums::Whose;
    use crate::reports::tests::rig::Rig;
    use crate::store::Store;
    use crate::store::tests::both;

    both! {
        async fn a_file_is_whole_or_refused(store: &Store) {
            let rig = Rig::new(store).await;
            let teams = Whose::of(EntityKind::Team);
            let scope = Scope { whole: teams.clone(), entities: teams };
            let file = async |most| whole(rig.reports(), &scope, Days::EVER, most).await;
            let text = file(MOST_LINES).await.unwrap();
            let days: Vec<&str> = text.lines().skip(1).filter_map(|it| it.get(..10)).collect();
            assert!(days.is_sorted() && days.first() != days.last(), "several days: {days:?}");
            let count = u32::try_from(days.len()).unwrap();
            assert_eq!(file(count).await.unwrap(), text);
            let refused = file(count - 1).await.unwrap_err();
            let said = format!("more than {} lines", count - 1);
            assert!(refused.message.contains(&said), "{}", refused.message);
        }
    }

    #[test]
    fn a_name_is_one_cell_and_no_formula() {
        assert_eq!(cell("plain"), "plain");
        assert_eq!(cell("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        assert_eq!(cell("=HYPERLINK(\"x\",1)"), "\"'=HYPERLINK(\"\"x\"\",1)\"");
        assert_eq!(cell("-1"), "'-1");
    }
}
