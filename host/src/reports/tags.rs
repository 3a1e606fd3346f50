//! `/tag/*` analytics: how many users use a tag, and what it costs. A user is one whose virtual key
//! made the call; keys that are gone, and such without a user, count for nobody.

use std::cmp::Reverse;
use std::collections::HashMap;

use serde_json::{Value, json};

use super::ask::{Asked, Days, Input};
use super::fault::store;
use super::sums::{MOST_GROUPS, Whose, dollars, total_tokens};
use super::{Answer, Reports, days};
use crate::auth::Caller;
use crate::domain::{EntityKind, Fault};
use crate::store::{Dimension, TagUse, TagUsers};

/// Fields that choose tags, in every one of these questions but the last.
const CHOOSES: [&str; 3] = ["tag_filter", "tag_filters", "custom_llm_provider"];
/// Days, and weeks, where nothing is said.
const PERIODS: i64 = 7;
const WEEK: i64 = 7;
/// Days of a month, and the most months.
const MONTH: i64 = 30;
const MOST_MONTHS: u64 = 12;
/// Longest list of `/tag/distinct`.
const MOST_TAGS: usize = 250;

/// Fields that choose tags, and others.
fn fields<'a>(also: &[&'a str]) -> Vec<&'a str> {
    CHOOSES.iter().chain(also).copied().collect()
}

/// `GET /tag/dau`: users by tag and day, the newest first.
pub(super) async fn daily(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let asked = Asked::query(&input, &fields(&["start_date", "end_date"]))?;
    reports.need_all(caller)?;
    let now = reports.outside.now_ms();
    let days = asked.days_or_last("start_date", "end_date", now, PERIODS)?;
    let found = reports.tag_users(&asked, days, 1).await?;
    Ok(shown(&found, |it| {
        let day = days.until.saturating_sub(it.period);
        (days::text(day), Value::Null, Value::Null)
    }))
}

/// `GET /tag/wau`: users by tag in each of the last seven weeks, the oldest first.
pub(super) async fn weekly(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let asked = Asked::query(&input, &fields(&[]))?;
    reports.need_all(caller)?;
    let label = |number: i64, from: i64| format!("Week {number} ({})", days::short(from));
    reports.last_periods(&asked, (PERIODS, WEEK), label).await
}

/// `GET /tag/mau`: the same for the last `months` of 30 days each, seven where nothing is said.
pub(super) async fn monthly(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let asked = Asked::query(&input, &fields(&["months"]))?;
    reports.need_all(caller)?;
    let months = asked.count("months", 7, MOST_MONTHS)?;
    let months = i64::try_from(months).unwrap_or(PERIODS);
    let label = |_, from: i64| days::month(from);
    reports.last_periods(&asked, (months, MONTH), label).await
}

/// `GET /tag/summary`: users, calls, tokens and money of each tag, the most expensive first.
pub(super) async fn summary(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let asked = Asked::query(&input, &fields(&["start_date", "end_date"]))?;
    reports.need_all(caller)?;
    let days = asked.days()?;
    let length = days.until.saturating_sub(days.from).saturating_add(1);
    let users = reports.tag_users(&asked, days, length).await?.into_iter();
    let users: HashMap<String, i64> = users.map(|it| (it.tag, it.users)).collect();
    let whose = Whose {
        ids: reports.chosen(&asked, days).await?,
        provider: asked.owned("custom_llm_provider")?,
        ..Whose::of(EntityKind::Tag)
    };
    let by = [Dimension::Entity];
    let rows = reports.top(&whose, days, &by, MOST_GROUPS).await?;
    let rows = rows.iter().map(|row| {
        let tag = row.values.first().map_or("", String::as_str);
        json!({
            "tag": tag,
            "unique_users": users.get(tag).copied().unwrap_or_default(),
            "total_requests": row.sums.requests,
            "successful_requests": row.sums.successes,
            "failed_requests": row.sums.failures,
            "total_tokens": total_tokens(&row.sums),
            "total_spend": dollars(row.sums.spent),
        })
    });
    Ok(json!({"results": rows.collect::<Vec<_>>()}).into())
}

/// `GET /tag/distinct`: the tags with the most calls.
pub(super) async fn distinct(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    Asked::query(&input, &[])?;
    reports.need_all(caller)?;
    let by = [Dimension::Entity];
    let whose = Whose::of(EntityKind::Tag);
    let mut rows = reports.top(&whose, Days::EVER, &by, MOST_GROUPS).await?;
    rows.sort_by_key(|row| Reverse(row.sums.requests));
    let tags = rows.iter().filter_map(|row| row.values.first());
    let tags = tags.take(MOST_TAGS).map(|tag| json!({"tag": tag}));
    Ok(json!({"results": tags.collect::<Vec<_>>()}).into())
}

impl Reports {
    /// The tags that a question is about; None: all.
    async fn chosen(&self, asked: &Asked<'_>, days: Days) -> Result<Option<Vec<String>>, Fault> {
        if let Some(tags) = asked.list("tag_filters")? {
            return Ok(Some(tags));
        }
        let Some(part) = asked.text("tag_filter")? else {
            return Ok(None);
        };
        let part = part.to_lowercase();
        let by = [Dimension::Entity];
        let whose = Whose::of(EntityKind::Tag);
        let rows = self.top(&whose, days, &by, MOST_GROUPS).await?;
        let names = rows
            .into_iter()
            .filter_map(|it| it.values.into_iter().next());
        Ok(Some(
            names
                .filter(|it| it.to_lowercase().contains(&part))
                .collect(),
        ))
    }

    async fn tag_users(
        &self,
        asked: &Asked<'_>,
        days: Days,
        period_days: i64,
    ) -> Result<Vec<TagUsers>, Fault> {
        let of = TagUse {
            from_day: days.from,
            until_day: days.until,
            period_days,
            tags: self.chosen(asked, days).await?,
            provider: asked.owned("custom_llm_provider")?,
        };
        self.store.tag_users(&of, MOST_GROUPS).await.map_err(store)
    }

    /// The last periods of some days, which end today: each with what its number, from 1, and its
    /// first day are called.
    async fn last_periods(
        &self,
        asked: &Asked<'_>,
        (count, length): (i64, i64),
        label: impl Fn(i64, i64) -> String,
    ) -> Answer {
        let until = crate::store::day_of(self.outside.now_ms());
        let all = count.saturating_mul(length);
        let from = until.saturating_sub(all).saturating_add(1);
        let days = Days { from, until };
        let mut found = self.tag_users(asked, days, length).await?;
        found.sort_by_key(|it| Reverse(it.period));
        Ok(shown(&found, |it| {
            let last = until.saturating_sub(it.period.saturating_mul(length));
            let first = last.saturating_sub(length).saturating_add(1);
            let label = label(count.saturating_sub(it.period), first);
            (label, days::text(first).into(), days::text(last).into())
        }))
    }
}

/// Users of tags, each with the name of its period, and when that begins and ends.
fn shown(found: &[TagUsers], when: impl Fn(&TagUsers) -> (String, Value, Value)) -> super::Report {
    let rows = found.iter().map(|it| {
        let (date, start, end) = when(it);
        json!({
            "tag": it.tag,
            "active_users": it.users,
            "date": date,
            "period_start": start,
            "period_end": end,
        })
    });
    json!({"results": rows.collect::<Vec<_>>()}).into()
}
