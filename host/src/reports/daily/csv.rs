//! The sums of a scope as a file for spreadsheets, with a line for each day, holder, key and model.

use super::scope::Scope;
use crate::domain::EntityKind;
use crate::reports::ask::Days;
use crate::reports::fault::bad;
use crate::reports::sums::{add, endpoint, numbers};
use crate::reports::{Answer, Report, Reports, days};
use crate::store::Dimension;

/// Longest file, in lines. A file that is cut would be taken for the whole.
const MOST_LINES: u32 = 100_000;

pub(super) async fn file(reports: &Reports, scope: &Scope, range: Days) -> Answer {
    use Dimension::{Day, Entity, Key, Model, ModelGroup, Operation, Provider};
    let by = [Day, Entity, Key, ModelGroup, Model, Provider, Operation];
    let mut rows = reports
        .top(&scope.whole, range, &by, MOST_LINES + 1)
        .await?;
    if u32::try_from(rows.len()).is_ok_and(|it| it > MOST_LINES) {
        let message =
            format!("the file would have more than {MOST_LINES} lines; ask for fewer days");
        return Err(bad("end_date", message));
    }
    for row in &mut rows {
        if let Some(operation) = row.values.last_mut() {
            *operation = endpoint(operation).to_owned();
        }
    }
    rows.sort_by(|a, b| (a.day, &a.values).cmp(&(b.day, &b.values)));
    // An operation and the path that it had in LiteLLM are one.
    rows.dedup_by(|next, kept| {
        let same = (next.day, &next.values) == (kept.day, &kept.values);
        if same {
            add(&mut kept.sums, &next.sums);
        }
        same
    });
    let hashes = rows.iter().filter_map(|it| it.values.get(1));
    let keys = reports.keys(hashes.map(String::as_str)).await?;
    let mut text = format!(
        "date,{},api_key,key_alias,model_group,model,provider,endpoint",
        column(scope.whole.kind)
    );
    for (name, _) in numbers(&Default::default()) {
        text.push(',');
        text.push_str(name);
    }
    text.push_str("\r\n");
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
    Ok(Report::Csv(text))
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

    #[test]
    fn a_name_is_one_cell_and_no_formula() {
        assert_eq!(cell("plain"), "plain");
        assert_eq!(cell("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        assert_eq!(cell("=HYPERLINK(\"x\",1)"), "\"'=HYPERLINK(\"\"x\"\",1)\"");
        assert_eq!(cell("-1"), "'-1");
    }
}
