//! Reading the sums by day.

use super::rollups::{CUSTOMER_DAYS, CUSTOMERS};
use crate::domain::{EntityKind, Usd};
use crate::store::column::join;
use crate::store::sql::{Row, Value, places};
use crate::store::{Store, StoreError};

/// What a usage page is broken down by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dimension {
    Day,
    Entity,
    Key,
    ModelGroup,
    Model,
    Provider,
    Operation,
}

impl Dimension {
    const fn column(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Entity => "id",
            Self::Key => "key_hash",
            Self::ModelGroup => "model_group",
            Self::Model => "model",
            Self::Provider => "provider",
            Self::Operation => "operation",
        }
    }
}

/// Whose usage, when, and of what.
#[derive(Debug, Clone)]
pub struct UsageFilter {
    /// Whose accounts are read. `Proxy` has every call once, if every call is charged to it.
    /// Sums of members, providers and deployments are not by key.
    pub kind: EntityKind,
    /// Empty: all of that kind.
    pub ids: Vec<String>,
    /// None of these.
    pub except: Vec<String>,
    /// Days since 1970 in UTC, both included.
    pub from_day: i64,
    pub until_day: i64,
    /// Only these values of a dimension; an empty list allows none.
    pub only: Vec<(Dimension, Vec<String>)>,
}

/// Longest range whose days are asked for one by one: a year, and what a calendar adds.
const MOST_DAYS: i64 = 400;

impl UsageFilter {
    /// The condition on days, and its values. Each day has its holders in order: of some of them,
    /// each day is looked up; of all, the range is read.
    fn days(&self, of_some: bool) -> (String, Vec<Value>) {
        let (from, until) = (self.from_day, self.until_day);
        let length = until.saturating_sub(from).saturating_add(1);
        match usize::try_from(length) {
            Ok(count) if of_some && count > 0 && length <= MOST_DAYS => (
                format!("day IN ({})", places(0, count)),
                (from..=until).map(Value::from).collect(),
            ),
            _ => (
                "day >= $1 AND day <= $2".to_owned(),
                vec![from.into(), until.into()],
            ),
        }
    }
}

/// Sums of one group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsageRow {
    /// If broken down by day.
    pub day: Option<i64>,
    /// The values of the other dimensions, in the order in which they were asked for.
    pub values: Vec<String>,
    pub sums: UsageSums,
}

/// Tokens, money and calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UsageSums {
    pub input_tokens: i64,
    pub output_tokens: i64,
    pub cached_tokens: i64,
    pub cache_write_tokens: i64,
    pub spent: Usd,
    pub requests: i64,
    pub successes: i64,
    pub failures: i64,
}

/// Sums as one statement makes them. The small part of money is summed in two halves, or ten
/// million rows could overflow.
const SUMS: &str = "CAST(SUM(input_tokens) AS BIGINT) AS input_tokens,
    CAST(SUM(output_tokens) AS BIGINT) AS output_tokens,
    CAST(SUM(cached_tokens) AS BIGINT) AS cached_tokens,
    CAST(SUM(cache_write_tokens) AS BIGINT) AS cache_write_tokens,
    CAST(SUM(spent_usd) AS BIGINT) AS spent_usd,
    CAST(SUM(spent_pico / 1000000) AS BIGINT) AS spent_micro,
    CAST(SUM(spent_pico % 1000000) AS BIGINT) AS spent_pico,
    CAST(SUM(requests) AS BIGINT) AS requests,
    CAST(SUM(successes) AS BIGINT) AS successes,
    CAST(SUM(failures) AS BIGINT) AS failures";

/// The same of a row that is a group of its own.
const SUM: &str = "input_tokens, output_tokens, cached_tokens, cache_write_tokens, spent_usd,
    CAST(0 AS BIGINT) AS spent_micro, spent_pico, requests, successes, failures";

/// What is told apart that was asked for.
const WHAT: [Dimension; 4] = [
    Dimension::ModelGroup,
    Dimension::Model,
    Dimension::Provider,
    Dimension::Operation,
];

/// The sums that a question is answered from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kept {
    kind: &'static str,
    /// Whether its rows tell holders apart, and what was asked for. Days and keys they all do.
    by_entity: bool,
    by_what: bool,
}

impl Kept {
    /// The coarsest sums that have every dimension which is asked about.
    fn of(filter: &UsageFilter, by: &[Dimension]) -> Self {
        let is_asked = |it| by.contains(&it) || filter.only.iter().any(|(only, _)| *only == it);
        // Of the whole gateway by key: that is the keys.
        let kind = match filter.kind {
            EntityKind::Proxy if is_asked(Dimension::Key) => EntityKind::Key,
            kind => kind,
        };
        let of_some = !filter.ids.is_empty() || !filter.except.is_empty();
        let by_entity = of_some || is_asked(Dimension::Entity);
        let by_what = WHAT.into_iter().any(is_asked);
        let (kind, by_entity, by_what) = match (kind, by_entity, by_what) {
            (EntityKind::EndUser, true, false) => (CUSTOMER_DAYS, true, false),
            (EntityKind::EndUser, false, _) => (CUSTOMERS, false, true),
            (kind, ..) => (kind.as_str(), true, true),
        };
        Self {
            kind,
            by_entity,
            by_what,
        }
    }

    /// Whether each row is a group of its own.
    fn is_told_apart_by(self, by: &[Dimension]) -> bool {
        [Dimension::Day, Dimension::Key]
            .iter()
            .all(|it| by.contains(it))
            && (!self.by_entity || by.contains(&Dimension::Entity))
            && (!self.by_what || WHAT.iter().all(|it| by.contains(it)))
    }

    /// Of customers, by what they asked for, only those are looked at who cost most: a condition
    /// that is put behind `conditions` on the days and holders of the coarser sums.
    fn dearest(
        self,
        filter: &UsageFilter,
        by: &[Dimension],
        conditions: &str,
        limit: u32,
    ) -> String {
        let is_fine = self.kind == EntityKind::EndUser.as_str();
        let by_day_and_holder = [Dimension::Day, Dimension::Entity]
            .iter()
            .all(|it| by.contains(it));
        if !is_fine || !by_day_and_holder || filter.only.iter().any(|it| WHAT.contains(&it.0)) {
            return String::new();
        }
        let coarse = conditions.replace(
            &format!("kind = '{}'", self.kind),
            &format!("kind = '{CUSTOMER_DAYS}'"),
        );
        format!(
            " AND (day, id) IN (SELECT day, id FROM sluice.rollups WHERE {coarse}
                 GROUP BY day, id ORDER BY {DEAREST}, day, id LIMIT {limit})"
        )
    }
}

/// The most expensive groups first, those of one price by their calls. A sum of the small parts
/// may be more than a dollar.
const DEAREST: &str = "CAST(SUM(spent_usd) AS BIGINT)
        + (CAST(SUM(spent_pico / 1000000) AS BIGINT)
            + CAST(SUM(spent_pico % 1000000) AS BIGINT) / 1000000) / 1000000 DESC,
    (CAST(SUM(spent_pico / 1000000) AS BIGINT)
        + CAST(SUM(spent_pico % 1000000) AS BIGINT) / 1000000) % 1000000 DESC,
    CAST(SUM(spent_pico % 1000000) AS BIGINT) % 1000000 DESC,
    SUM(requests) DESC";

/// The same for rows.
const DEAREST_ROW: &str = "spent_usd DESC, spent_pico DESC, requests DESC";

/// How many of the groups are read.
#[derive(Debug, Clone, Copy)]
enum Part<'a> {
    All,
    /// The most expensive.
    Dearest(u32),
    /// The next ones after these values.
    Page(Option<&'a [String]>, u32),
}

/// Which groups a statement makes, and which of them, in which order.
struct Grouping {
    select: String,
    rest: String,
}

impl Grouping {
    fn of(kept: Kept, by: &[Dimension], part: Part<'_>) -> Self {
        let names: Vec<&str> = by.iter().map(|it| it.column()).collect();
        if names.is_empty() {
            return Self {
                select: SUMS.to_owned(),
                rest: " HAVING COUNT(*) > 0".to_owned(),
            };
        }
        let list = names.join(", ");
        let (day, others): (Vec<&str>, Vec<&str>) = names.iter().partition(|it| **it == "day");
        let order = [day, others].concat().join(", ");
        // Making groups of one row each takes longer than all the rest.
        let (sums, dearest, group) = match kept.is_told_apart_by(by) {
            true => (SUM, DEAREST_ROW, String::new()),
            false => (SUMS, DEAREST, format!(" GROUP BY {list}")),
        };
        let order = match part {
            Part::All => order,
            Part::Dearest(limit) => format!("{dearest}, {order} LIMIT {limit}"),
            Part::Page(_, limit) => format!("{order} LIMIT {limit}"),
        };
        Self {
            select: format!("{list}, {sums}"),
            rest: format!("{group} ORDER BY {order}"),
        }
    }
}

impl Store {
    /// Sums by the dimensions asked for, days first and oldest first. Without a dimension it is
    /// one row, or none if nothing was used.
    pub async fn usage(
        &self,
        filter: &UsageFilter,
        by: &[Dimension],
    ) -> Result<Vec<UsageRow>, StoreError> {
        self.sums(filter, by, Part::All).await
    }

    /// The same for at most `limit` groups, the most expensive first: for what has as many groups
    /// as clients like.
    pub async fn usage_top(
        &self,
        filter: &UsageFilter,
        by: &[Dimension],
        limit: u32,
    ) -> Result<Vec<UsageRow>, StoreError> {
        self.sums(filter, by, Part::Dearest(limit)).await
    }

    /// The same for at most `limit` groups of one day, in the order of their values, after those with
    /// the values of `after`: page by page, for what is too long to be read at once.
    pub async fn usage_page(
        &self,
        filter: &UsageFilter,
        by: &[Dimension],
        after: Option<&[String]>,
        limit: u32,
    ) -> Result<Vec<UsageRow>, StoreError> {
        self.sums(filter, by, Part::Page(after, limit)).await
    }

    /// The holders of a kind that have sums within these days, by name, each with its first and
    /// last day.
    pub async fn used(
        &self,
        kind: EntityKind,
        from_day: i64,
        until_day: i64,
    ) -> Result<Vec<(String, i64, i64)>, StoreError> {
        let sql = "SELECT id, MIN(day) AS first, MAX(day) AS last FROM sluice.rollups
             WHERE kind = $1 AND day >= $2 AND day <= $3 GROUP BY id ORDER BY id";
        let kind = match kind {
            EntityKind::EndUser => CUSTOMER_DAYS,
            kind => kind.as_str(),
        };
        let values = vec![kind.into(), from_day.into(), until_day.into()];
        let mut connection = self.pools.read().await?;
        let rows = connection.rows(sql, values).await?;
        rows.iter()
            .map(|row| Ok((row.text("id")?, row.int("first")?, row.int("last")?)))
            .collect()
    }

    async fn sums(
        &self,
        filter: &UsageFilter,
        by: &[Dimension],
        part: Part<'_>,
    ) -> Result<Vec<UsageRow>, StoreError> {
        let kept = Kept::of(filter, by);
        let ids = Some((Dimension::Entity, &filter.ids)).filter(|(_, ids)| !ids.is_empty());
        let of_some = ids.is_some() || filter.only.iter().any(|it| it.0 == Dimension::Entity);
        let (mut conditions, mut values) = filter.days(of_some);
        conditions.push_str(" AND kind = '");
        conditions.push_str(kept.kind);
        conditions.push('\'');
        let only = filter.only.iter().map(|(by, wanted)| (*by, wanted));
        for (dimension, wanted) in only.chain(ids) {
            if wanted.is_empty() {
                return Ok(Vec::new());
            }
            let list = places(values.len(), wanted.len());
            conditions.push_str(&format!(" AND {} IN ({list})", dimension.column()));
            match dimension {
                Dimension::Day => {
                    let days = wanted.iter().map(|it| it.parse().unwrap_or(i64::MIN));
                    values.extend(days.map(Value::from));
                }
                _ => values.extend(wanted.iter().map(|it| Value::from(&*super::indexed(it)))),
            }
        }
        if !filter.except.is_empty() {
            let list = places(values.len(), filter.except.len());
            conditions.push_str(&format!(" AND id NOT IN ({list})"));
            let ids = filter.except.iter();
            values.extend(ids.map(|it| Value::from(&*super::indexed(it))));
        }
        match part {
            Part::Dearest(limit) => {
                let dearest = kept.dearest(filter, by, &conditions, limit);
                conditions.push_str(&dearest);
            }
            Part::Page(Some(after), _) => {
                let columns = by.iter().filter(|it| **it != Dimension::Day);
                let columns: Vec<&str> = columns.map(|it| it.column()).collect();
                let list = places(values.len(), after.len());
                conditions.push_str(&format!(" AND ({}) > ({list})", columns.join(", ")));
                values.extend(after.iter().map(|it| Value::from(&**it)));
            }
            Part::Page(None, _) | Part::All => {}
        }
        let Grouping { select, rest } = Grouping::of(kept, by, part);
        let sql = format!("SELECT {select} FROM sluice.rollups WHERE {conditions}{rest}");
        let mut connection = self.pools.read().await?;
        let rows = connection.rows(&sql, values).await?;
        rows.iter().map(|row| read(row, by)).collect()
    }
}

fn read(row: &Row, by: &[Dimension]) -> Result<UsageRow, StoreError> {
    let mut found = UsageRow {
        sums: UsageSums {
            input_tokens: row.int("input_tokens")?,
            output_tokens: row.int("output_tokens")?,
            cached_tokens: row.int("cached_tokens")?,
            cache_write_tokens: row.int("cache_write_tokens")?,
            spent: join(row.int("spent_usd")?, row.int("spent_pico")?)
                + join(0, row.int("spent_micro")?).saturating_mul(1_000_000),
            requests: row.int("requests")?,
            successes: row.int("successes")?,
            failures: row.int("failures")?,
        },
        ..UsageRow::default()
    };
    for dimension in by {
        match dimension {
            Dimension::Day => found.day = Some(row.int("day")?),
            other => found.values.push(row.text(other.column())?),
        }
    }
    Ok(found)
}
