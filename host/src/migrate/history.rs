//! What was spent on which day, the log of calls, and the tables that have no counterpart.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::report::{Fate, Report};
use super::{Done, MigrateError, Plan, length, logs};
use crate::domain::{Entity, EntityKind};
use crate::store::litellm::{Daily, DailyTable, LiteLlm, SpendLog, Table};
use crate::store::{BroughtDay, Store};

/// Tables whose rows are told one by one, or are read with others.
const MOVED: [&str; 21] = [
    "LiteLLM_BudgetTable",
    "LiteLLM_OrganizationTable",
    "LiteLLM_OrganizationMembership",
    "LiteLLM_UserTable",
    "LiteLLM_TeamTable",
    "LiteLLM_TeamMembership",
    "LiteLLM_ModelTable",
    "LiteLLM_ObjectPermissionTable",
    "LiteLLM_VerificationToken",
    "LiteLLM_DeprecatedVerificationToken",
    "LiteLLM_BudgetWindowSpend",
    "LiteLLM_EndUserTable",
    "LiteLLM_TagTable",
    "LiteLLM_AccessGroupTable",
    "LiteLLM_ModelAccessGroupBudgetTable",
    "LiteLLM_CredentialsTable",
    "LiteLLM_ProxyModelTable",
    "LiteLLM_Config",
    "LiteLLM_InvitationLink",
    "LiteLLM_SpendLogs",
    "LiteLLM_CronJob",
];

/// Why tables with rows are left behind; of the others there is no more to say than that.
const LEFT: [(&str, &str); 13] = [
    (
        "LiteLLM_ProjectTable",
        "projects: keys keep their project's id, without its limits",
    ),
    ("LiteLLM_AgentsTable", "agents"),
    ("LiteLLM_MCPServerTable", "MCP servers"),
    (
        "LiteLLM_GuardrailsTable",
        "guardrails: set them up as plugins",
    ),
    ("LiteLLM_PromptTable", "prompts"),
    (
        "LiteLLM_PolicyTable",
        "policies: what names them keeps the names",
    ),
    ("LiteLLM_SSOConfig", "single sign-on: see docs/ui.md"),
    (
        "LiteLLM_JWTKeyMapping",
        "keys for identity providers' tokens: see docs/auth.md",
    ),
    (
        "LiteLLM_AuditLog",
        "the old audit log: keep LiteLLM's database to look things up",
    ),
    ("LiteLLM_DeletedVerificationToken", "keys that were deleted"),
    ("LiteLLM_DeletedTeamTable", "teams that were deleted"),
    (
        "LiteLLM_ManagedFileTable",
        "files of batches: finish them with LiteLLM",
    ),
    (
        "LiteLLM_ManagedObjectTable",
        "batches and fine-tunings: finish them with LiteLLM",
    ),
];

/// What a call without a route is filed under. Calls here never have this word, nor a path.
const NO_ROUTE: &str = "litellm";

/// Brings history; without a store it is only counted.
pub(super) async fn bring(
    plan: &Plan,
    source: &mut LiteLlm,
    store: Option<&Store>,
    report: &mut Report<'_>,
) -> Done {
    for table in DailyTable::ALL {
        days(table, source, store, report).await?;
    }
    if plan.spend_logs {
        calls(source, store, report).await?;
    } else if source.has(SpendLog::NAME) {
        let rows = source.count(SpendLog::NAME).await;
        let rows = rows.map_err(MigrateError::Source)?;
        if rows > 0 {
            let why = "the log of calls is moved with `--spend-logs`; accounts and days are \
                       complete without it";
            leave(SpendLog::NAME, rows, why, report);
        }
    }
    let others = source.tables().map(str::to_owned);
    let others: Vec<String> = others.filter(|it| !is_moved(it)).collect();
    for table in others {
        let rows = source.count(&table).await.map_err(MigrateError::Source)?;
        if rows > 0 {
            let why = LEFT.iter().find(|(name, _)| *name == table);
            let why = why.map_or("no counterpart".to_owned(), |(_, why)| {
                format!("no counterpart: {why}")
            });
            leave(&table, rows, &why, report);
        }
    }
    Ok(())
}

fn is_moved(table: &str) -> bool {
    MOVED.contains(&table) || DailyTable::ALL.iter().any(|it| it.name == table)
}

fn leave(table: &str, rows: i64, why: &str, report: &mut Report<'_>) {
    let count = match rows {
        rows if rows > LiteLlm::MOST_COUNTED => format!("more than {}", LiteLlm::MOST_COUNTED),
        rows => rows.to_string(),
    };
    report.count(
        table,
        Fate::LeftOut,
        u64::try_from(rows).unwrap_or_default(),
    );
    report.say(&format!("{table}: {count} rows left out; {why}"));
}

/// The sums of one table, day by day.
async fn days(
    table: DailyTable,
    source: &mut LiteLlm,
    store: Option<&Store>,
    report: &mut Report<'_>,
) -> Done {
    if !source.has(table.name) {
        report.say(&format!(
            "{} is not there: this LiteLLM is older; what was spent in all is known of its \
             accounts only",
            table.name
        ));
        return Ok(());
    }
    let (mut first, mut count) = (None, 0usize);
    let dates = source.days(table).await.map_err(MigrateError::Source)?;
    for (at, date) in dates.iter().enumerate() {
        let Some(day) = number(date) else {
            report.left_out(table.name, date, "its date is none such as `2026-01-31`");
            continue;
        };
        report.far(
            table.name,
            format_args!("{at} of {} days, {date}", dates.len()),
        );
        let rows = source.day(table, date).await;
        let rows = rows.map_err(MigrateError::Source)?;
        let sums = sums(table, day, rows);
        first = first.or(Some(date));
        count = count.saturating_add(sums.len());
        if let Some(store) = store {
            let brought = store.bring_days(&sums).await;
            brought.map_err(MigrateError::History)?;
        }
    }
    if let Some(first) = first {
        let rows = u64::try_from(count).unwrap_or(u64::MAX);
        report.count(table.name, Fate::Carried, rows);
        report.say(&format!(
            "{}: {} days since {first} become {count} sums of the usage pages",
            table.name,
            dates.len()
        ));
    }
    Ok(())
}

/// Days since 1970.
fn number(date: &str) -> Option<i64> {
    let date: Date = date.parse().ok()?;
    let since = date.since(Date::constant(1970, 1, 1)).ok()?;
    Some(i64::from(since.get_days()))
}

/// The sums of a day. Those of users are also those of keys and of the whole gateway, because
/// only that table has every call.
fn sums(table: DailyTable, day: i64, rows: Vec<Daily>) -> Vec<BroughtDay> {
    let mut sums: BTreeMap<(Entity, [String; 5]), BroughtDay> = BTreeMap::new();
    for row in rows {
        let operation = match row.endpoint.as_str() {
            "" => NO_ROUTE,
            endpoint => endpoint,
        };
        let mut holders = vec![(table.kind, row.holder.clone())];
        if table == DailyTable::USERS {
            holders.push((EntityKind::Key, row.key_hash.clone()));
            holders.push((EntityKind::Proxy, String::new()));
        }
        holders.retain(|(kind, id)| *kind == EntityKind::Proxy || !id.is_empty());
        for (kind, id) in holders {
            let entity = Entity::new(kind, id);
            // The gateway's own sums are not kept for each key.
            let key_hash = match kind {
                EntityKind::Proxy => String::new(),
                _ => row.key_hash.clone(),
            };
            let place = [
                key_hash.clone(),
                row.model_group.clone(),
                row.model.clone(),
                row.provider.clone(),
                operation.to_owned(),
            ];
            let sum = sums
                .entry((entity.clone(), place))
                .or_insert_with(|| BroughtDay {
                    entity,
                    day,
                    key_hash,
                    model_group: row.model_group.clone(),
                    model: row.model.clone(),
                    provider: row.provider.clone(),
                    operation: operation.to_owned(),
                    sums: Default::default(),
                });
            let (to, more) = (&mut sum.sums, &row.sums);
            to.input_tokens = to.input_tokens.saturating_add(more.input_tokens);
            to.output_tokens = to.output_tokens.saturating_add(more.output_tokens);
            to.cached_tokens = to.cached_tokens.saturating_add(more.cached_tokens);
            to.cache_write_tokens = to
                .cache_write_tokens
                .saturating_add(more.cache_write_tokens);
            to.spent += more.spent;
            to.requests = to.requests.saturating_add(more.requests);
            to.successes = to.successes.saturating_add(more.successes);
            to.failures = to.failures.saturating_add(more.failures);
        }
    }
    sums.into_values().collect()
}

/// The log of calls, page by page. A call that is here already changes nothing.
async fn calls(source: &mut LiteLlm, store: Option<&Store>, report: &mut Report<'_>) -> Done {
    let mut after: Vec<String> = Vec::new();
    let (mut made, mut same, mut read) = (0u64, 0u64, 0u64);
    loop {
        let page = source.page::<SpendLog>(&after).await;
        let page = page.map_err(MigrateError::Source)?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.key);
        read = read.saturating_add(length(&page));
        report.far(SpendLog::NAME, format_args!("{read} rows"));
        let (mut rows, mut bodies) = (Vec::with_capacity(page.len()), Vec::new());
        for found in page {
            let id = found.id();
            match found.row {
                Ok(it) if it.started_ms.is_some() => {
                    bodies.extend(logs::bodies(&it));
                    rows.push(logs::row(it));
                }
                Ok(_) => report.left_out(SpendLog::NAME, id, "it has no `startTime`"),
                Err(why) => {
                    report.left_out(SpendLog::NAME, id, format!("it cannot be read: {why}"))
                }
            }
        }
        let settled = match store {
            Some(store) => {
                let filed = store.file(&rows, &bodies).await;
                filed.map_err(MigrateError::History)?
            }
            None => crate::store::Settled {
                booked: rows.len(),
                repeated: 0,
            },
        };
        made = made.saturating_add(u64::try_from(settled.booked).unwrap_or(u64::MAX));
        same = same.saturating_add(u64::try_from(settled.repeated).unwrap_or(u64::MAX));
    }
    for (fate, rows) in [(Fate::Made, made), (Fate::Same, same)] {
        if rows > 0 {
            report.count(SpendLog::NAME, fate, rows);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Usd;
    use crate::store::UsageSums;

    fn row(holder: &str, dollars: f64) -> Daily {
        Daily {
            holder: holder.to_owned(),
            key_hash: "hash".to_owned(),
            model: "m".to_owned(),
            sums: UsageSums {
                spent: Usd::from_dollars(dollars).unwrap(),
                requests: 1,
                ..UsageSums::default()
            },
            ..Daily::default()
        }
    }

    #[test]
    fn days_of_users_are_also_those_of_keys_and_of_the_gateway() {
        let sums = sums(DailyTable::USERS, 9, vec![row("u", 1.0), row("", 2.0)]);
        let seen: Vec<_> = sums
            .iter()
            .map(|it| (it.entity.kind, it.sums.spent.dollars(), it.sums.requests))
            .collect();
        let expected = [
            (EntityKind::Key, 3.0, 2),
            (EntityKind::User, 1.0, 1),
            (EntityKind::Proxy, 3.0, 2),
        ];
        assert_eq!(seen, expected);
        assert!(
            sums.iter()
                .all(|it| it.operation == NO_ROUTE && it.day == 9)
        );
    }

    #[test]
    fn days_of_others_are_theirs_alone() {
        let teams = DailyTable::of(EntityKind::Team).unwrap();
        let sums = sums(teams, 9, vec![row("t", 1.0), row("", 2.0)]);
        assert_eq!(sums.len(), 1);
        assert_eq!(sums[0].entity, Entity::new(EntityKind::Team, "t"));
    }

    #[test]
    fn dates_are_days_since_1970() {
        assert_eq!(number("1970-01-02"), Some(1));
        assert_eq!(number("2026-11-26"), Some(20_783));
        assert_eq!(number("26.11.2026"), None);
    }
}
