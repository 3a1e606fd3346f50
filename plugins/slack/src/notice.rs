//! What of a record is worth a line.

use sluice_records::Record;

use crate::settings::Settings;

/// Longest name and longest reason that are told, in letters.
const LONGEST_WHAT: usize = 200;
const LONGEST_REASON: usize = 160;

/// Notices with one `what` are one line, with how many there were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The kind and where: `RateLimitError of gpt-4.1-mini at openai`.
    pub what: String,
    /// Of the last one.
    pub why: String,
    /// Told once a day however often it is.
    pub is_daily: bool,
}

pub fn of_record(record: Record<'_>, settings: &Settings) -> Vec<Notice> {
    let failed = failure(record, settings);
    let others = [budget(record, settings), slow(record, settings)];
    let all = others.into_iter().chain([failed]).flatten();
    all.map(|notice| Notice {
        what: notice.what.chars().take(LONGEST_WHAT).collect(),
        why: notice.why.chars().take(LONGEST_REASON).collect(),
        ..notice
    })
    .collect()
}

fn failure(record: Record<'_>, settings: &Settings) -> Option<Notice> {
    let why = record.error()?;
    let class = record.error_detail("error_class");
    let is_budget = class == "BudgetExceededError" || why.contains("udget has been exceeded");
    let kind = match is_budget {
        true => "budget_alerts",
        false => "llm_exceptions",
    };
    if !settings.wants(kind) {
        return None;
    }
    let class = match (is_budget, class.as_str()) {
        (true, _) => "Budget exceeded".to_owned(),
        (false, "") => "Failure".to_owned(),
        (false, class) => class.to_owned(),
    };
    let what = match is_budget {
        true => format!("{class}: {}", holder(record)),
        false => format!("{class} of {}{}", model(record), provider(record)),
    };
    Some(Notice {
        what,
        why,
        is_daily: false,
    })
}

/// A key that has spent most of its budget.
fn budget(record: Record<'_>, settings: &Settings) -> Option<Notice> {
    let amount = |name: &str| record.metadata(name).as_f64().filter(|it| *it > 0.0);
    let most = amount("user_api_key_max_budget")?;
    let spent = amount("user_api_key_spend")? + record.dollars("response_cost");
    let is_near = spent >= most * settings.budget_share;
    if !is_near || record.is_failure() || !settings.wants("budget_alerts") {
        return None;
    }
    Some(Notice {
        what: format!("Budget nearly spent: {}", holder(record)),
        why: format!("{spent:.2} of {most:.2} USD"),
        is_daily: true,
    })
}

fn slow(record: Record<'_>, settings: &Settings) -> Option<Notice> {
    let most = settings
        .threshold
        .filter(|_| settings.wants("llm_too_slow"))?;
    let (start, end) = (record.started().millis(), record.ended().millis());
    let seconds = end.saturating_sub(start) as f64 / 1000.0;
    let is_slow = seconds > most && !record.is_failure();
    is_slow.then(|| Notice {
        what: format!("Slow answers of {}{}", model(record), provider(record)),
        why: format!("{seconds:.1} s, more than {most} s"),
        is_daily: false,
    })
}

fn model(record: Record<'_>) -> &str {
    let names = [record.text("model_group"), record.text("model"), "a model"];
    let found = names.into_iter().find(|it| !it.is_empty());
    found.unwrap_or_default()
}

fn provider(record: Record<'_>) -> String {
    match record.text("custom_llm_provider") {
        "" => String::new(),
        provider => format!(" at {provider}"),
    }
}

/// By their names; never by a key.
fn holder(record: Record<'_>) -> String {
    let named = [
        ("key", "user_api_key_alias"),
        ("team", "user_api_key_team_alias"),
        ("user", "user_api_key_user_id"),
    ];
    let mut parts = named.iter().filter_map(|(of, name)| {
        let name = record.metadata_text(name);
        (!name.is_empty()).then(|| format!("{of} {name}"))
    });
    let first = parts
        .next()
        .unwrap_or_else(|| "a key without a name".to_owned());
    parts.fold(first, |all, part| format!("{all}, {part}"))
}
