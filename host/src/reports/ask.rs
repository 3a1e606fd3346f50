//! What a question names: each field is read as what it has to be, and what cannot be read is
//! refused by name.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::days;
use super::fault::{bad, missing, shown};
#[cfg(test)]
use crate::asked::noted::{self, Place};
use crate::asked::number;
use crate::domain::{Fault, Usd};

pub use crate::asked::Input;
pub(super) use crate::asked::{MASTER, Paging};

/// Longest text of a field, in bytes.
const LONGEST: usize = 2_000;
/// Most values of a list.
const MOST: usize = 1_000;
/// Most days of a question: ten years.
const MOST_DAYS: i64 = 3_660;

/// The fields of a query or a body, all of which are known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a>(&'a Map<String, Value>);

/// Days since 1970, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Days {
    pub from: i64,
    pub until: i64,
}

impl Days {
    /// Every day there is.
    pub const EVER: Self = Self {
        from: 0,
        until: i64::MAX,
    };
}

impl<'a> Asked<'a> {
    /// The query's fields, all of which are in `known`.
    pub fn query(input: &'a Input, known: &[&str]) -> Result<Self, Fault> {
        #[cfg(test)]
        note(Place::Query, known);
        Self::of(&input.query, known)
    }

    /// The body's fields, all of which are in `known`.
    pub fn body(input: &'a Input, known: &[&str]) -> Result<Self, Fault> {
        #[cfg(test)]
        note(Place::Body, known);
        Self::of(&input.body, known)
    }

    /// The parts of the path, all of which are in `known`.
    pub fn path(input: &'a Input, known: &[&str]) -> Result<Self, Fault> {
        Self::of(&input.path, known)
    }

    /// Refuses the first field that is not in `known`: a filter that nobody applies would give a
    /// wrong sum.
    fn of(fields: &'a Map<String, Value>, known: &[&str]) -> Result<Self, Fault> {
        match fields.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => {
                let name = shown(name);
                let all = known.join("`, `");
                Err(bad(
                    &name,
                    format!("unknown field `{name}`; there are `{all}`"),
                ))
            }
            None => Ok(Self(fields)),
        }
    }

    fn value(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|it| !it.is_null())
    }

    pub fn object(&self, name: &str) -> Result<Option<&'a Map<String, Value>>, Fault> {
        #[cfg(test)]
        noted::kind(name, "object");
        match self.value(name) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(bad(name, format!("`{name}` must be an object"))),
        }
    }

    /// A list of anything.
    pub fn values(&self, name: &str) -> Result<Option<&'a Value>, Fault> {
        #[cfg(test)]
        noted::kind(name, "list");
        let value = self.value(name);
        match value.filter(|it| !it.is_array()) {
            None => Ok(value),
            Some(_) => Err(bad(name, format!("`{name}` must be a list"))),
        }
    }

    /// A text of any length, or a list of anything.
    pub fn text_or_values(&self, name: &str) -> Result<Option<&'a Value>, Fault> {
        #[cfg(test)]
        noted::kind(name, "any");
        let value = self.value(name);
        match value.filter(|it| !it.is_array() && !it.is_string()) {
            None => Ok(value),
            Some(_) => Err(bad(name, format!("`{name}` must be a text or a list"))),
        }
    }

    /// A text; an empty one counts as none.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>, Fault> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => check(name, text).map(Some),
            Some(Value::Array(_)) => Err(bad(name, format!("`{name}` must stand once"))),
            Some(_) => Err(bad(name, format!("`{name}` must be a text"))),
        }
        .map(|text| text.filter(|it| !it.is_empty()))
    }

    pub fn owned(&self, name: &str) -> Result<Option<String>, Fault> {
        Ok(self.text(name)?.map(str::to_owned))
    }

    /// The hash of a virtual key that is named by its text or its hash; the master key by the name
    /// that its rows have.
    pub fn key(&self, name: &str) -> Result<Option<String>, Fault> {
        let text = self.text(name)?;
        Ok(text.map(|it| match it {
            MASTER => MASTER.to_owned(),
            it => crate::auth::key_or_hash(it).as_str().to_owned(),
        }))
    }

    /// Texts with commas between them, or an array; each once. None: not given.
    pub fn list(&self, name: &str) -> Result<Option<Vec<String>>, Fault> {
        #[cfg(test)]
        noted::kind(name, "list");
        let texts: Vec<&str> = match self.value(name) {
            Some(Value::Array(all)) => {
                let texts: Option<Vec<&str>> = all.iter().map(Value::as_str).collect();
                texts.ok_or_else(|| bad(name, format!("`{name}` must hold texts only")))?
            }
            _ => self
                .text(name)?
                .map(|it| it.split(',').collect())
                .unwrap_or_default(),
        };
        let mut seen = BTreeSet::new();
        for text in texts.into_iter().map(str::trim).filter(|it| !it.is_empty()) {
            seen.insert(check(name, text)?.to_owned());
        }
        if seen.len() > MOST {
            return Err(bad(
                name,
                format!("`{name}` may hold {MOST} values at most"),
            ));
        }
        Ok((!seen.is_empty()).then(|| seen.into_iter().collect()))
    }

    pub fn flag(&self, name: &str, default: bool) -> Result<bool, Fault> {
        #[cfg(test)]
        noted::kind(name, "flag");
        match self.value(name) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") || text == "1" => {
                Ok(true)
            }
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") || text == "0" => {
                Ok(false)
            }
            Some(_) => Err(bad(name, format!("`{name}` must be true or false"))),
        }
    }

    /// A whole number from 1.
    pub fn count(&self, name: &str, default: u64, most: u64) -> Result<u64, Fault> {
        number(self.0, name, default, most)
    }

    /// The page, with `page_size` rows.
    pub fn paging(&self, default: u64, most: u64) -> Result<Paging, Fault> {
        Ok(Paging {
            page: self.count("page", 1, 1_000_000_000)?,
            size: self.count("page_size", default, most)?,
        })
    }

    /// Dollars, at least 0.
    pub fn money(&self, name: &str) -> Result<Option<Usd>, Fault> {
        #[cfg(test)]
        noted::kind(name, "money");
        let number = match self.value(name) {
            None => return Ok(None),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(other) => other.as_f64(),
        };
        let amount = number
            .and_then(Usd::from_dollars)
            .filter(|it| *it >= Usd::ZERO);
        amount.map(Some).ok_or_else(|| {
            bad(
                name,
                format!("`{name}` must be an amount of dollars, at least 0"),
            )
        })
    }

    /// When the moment begins and ends, in milliseconds since 1970.
    pub fn span(&self, name: &str) -> Result<Option<(i64, i64)>, Fault> {
        #[cfg(test)]
        noted::kind(name, "day");
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let span = days::span(text);
        span.map(Some).ok_or_else(|| {
            let message = format!(
                "`{name}` must be a date as 2026-01-31 or a time in UTC as `2026-01-31 18:30:00`"
            );
            bad(name, message)
        })
    }

    /// Times from the beginning of one field to the end of another.
    pub fn times(&self, start: &str, end: &str) -> Result<(Option<i64>, Option<i64>), Fault> {
        let from = self.span(start)?.map(|it| it.0);
        let until = self.span(end)?.map(|it| it.1);
        if from.zip(until).is_some_and(|(from, until)| from >= until) {
            return Err(bad(end, format!("`{end}` must not be before `{start}`")));
        }
        Ok((from, until))
    }

    fn day(&self, name: &str) -> Result<Option<i64>, Fault> {
        Ok(self.span(name)?.map(|it| crate::store::day_of(it.0)))
    }

    /// `start_date` to `end_date`, both of which must be given.
    pub fn days(&self) -> Result<Days, Fault> {
        #[cfg(test)]
        noted::needed("start_date");
        #[cfg(test)]
        noted::needed("end_date");
        let from = self
            .day("start_date")?
            .ok_or_else(|| missing("start_date"))?;
        let until = self.day("end_date")?.ok_or_else(|| missing("end_date"))?;
        ordered(from, until, "end_date")
    }

    /// The same under other names; the last 30 days where one is not given.
    pub fn days_or_month(&self, start: &str, end: &str, now_ms: i64) -> Result<Days, Fault> {
        self.days_or_last(start, end, now_ms, 30)
    }

    /// The same; the last `count` days where one is not given.
    pub fn days_or_last(
        &self,
        start: &str,
        end: &str,
        now_ms: i64,
        count: i64,
    ) -> Result<Days, Fault> {
        let until = self.day(end)?.unwrap_or(crate::store::day_of(now_ms));
        let first = until.saturating_sub(count).saturating_add(1);
        let from = self.day(start)?.unwrap_or(first);
        ordered(from, until, end)
    }
}

/// For the test that writes down what every operation asks for.
#[cfg(test)]
fn note(place: Place, known: &[&str]) {
    for name in known {
        noted::field(place, name, "text");
    }
}

fn ordered(from: i64, until: i64, end: &str) -> Result<Days, Fault> {
    if until < from {
        return Err(bad(
            end,
            format!("`{end}` must not be before the first day"),
        ));
    }
    if until.saturating_sub(from) >= MOST_DAYS {
        return Err(bad(
            end,
            format!("`{end}` is too far away: {MOST_DAYS} days at most"),
        ));
    }
    Ok(Days { from, until })
}

/// No text of a name has control characters, and PostgreSQL takes no NUL at all.
fn check<'a>(name: &str, text: &'a str) -> Result<&'a str, Fault> {
    if text.chars().any(char::is_control) {
        return Err(bad(
            name,
            format!("`{name}` must not have control characters"),
        ));
    }
    if text.len() > LONGEST {
        return Err(bad(
            name,
            format!("`{name}` is longer than {LONGEST} bytes"),
        ));
    }
    Ok(text.trim())
}
