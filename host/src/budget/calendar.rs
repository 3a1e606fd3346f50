//! When a budget's window ends: with the calendar of the operator's time zone.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::error::BadCalendar;
use super::period::{Period, Unit};

/// `litellm_settings.timezone` and `budget_reset_time`.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
    /// When a day begins, for budgets.
    day_starts: Time,
}

/// UTC, and days that begin at midnight.
impl Default for Calendar {
    fn default() -> Self {
        Self {
            zone: TimeZone::UTC,
            day_starts: Time::midnight(),
        }
    }
}

impl Calendar {
    /// `timezone` is a name of the IANA database, UTC if None; `budget_reset_time` is `HH:MM` or
    /// `HH:MM:SS`, midnight if None.
    pub fn new(
        timezone: Option<&str>,
        budget_reset_time: Option<&str>,
    ) -> Result<Self, BadCalendar> {
        let zone = match timezone {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(name).map_err(|_| BadCalendar::TimeZone(name.into()))?,
        };
        let day_starts = match budget_reset_time {
            None => Time::midnight(),
            Some(text) => time_of_day(text).ok_or_else(|| BadCalendar::ResetTime(text.into()))?,
        };
        Ok(Self { zone, day_starts })
    }

    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The first reset after `now_ms`, both in milliseconds since 1970; always later than it.
    ///
    /// `1d` ends with the day, `7d` and `1w` before Monday, `30d` and `1mo` before the first of
    /// the month, `Nmo` before the first of the Nth month from this one, any other `Nd` (`2w` is
    /// `14d`) N days after today began. `Nh` ends at the next multiple of N hours from midnight,
    /// `Nm` and `Ns` at the next multiple from the full hour or minute. A reset time shifts days,
    /// weeks and months only. A time that the clocks skip is taken as that much later, one they
    /// show twice as its first.
    pub fn next_reset(&self, period: Period, now_ms: i64) -> i64 {
        self.reset_after(period, now_ms)
            .filter(|next| *next > now_ms)
            .unwrap_or(i64::MAX) // beyond the year 9999
    }

    /// When the window began that runs at `now_ms`; not before `since`, where an earlier one ended.
    pub fn began(&self, period: Period, since: i64, now_ms: i64) -> i64 {
        let end = self.next_reset(period, now_ms);
        let runs = |at: i64| self.next_reset(period, at) >= end;
        if runs(since) {
            return since;
        }
        let (mut before, mut in_it) = (since, now_ms);
        while in_it.saturating_sub(before) > 1 {
            let middle = before + (in_it - before) / 2;
            match runs(middle) {
                true => in_it = middle,
                false => before = middle,
            }
        }
        in_it
    }

    fn reset_after(&self, period: Period, now_ms: i64) -> Option<i64> {
        let now = Timestamp::from_millisecond(now_ms).ok()?;
        let local = self.zone.to_datetime(now);
        let (count, unit) = period.parts();
        match unit {
            Unit::Second => multiple_after(now_ms, local.second().into(), 0, count, 1),
            Unit::Minute => multiple_after(
                now_ms,
                local.minute().into(),
                local.second().into(),
                count,
                60,
            ),
            Unit::Hour => self.hours_after(now_ms, local, count),
            Unit::Day | Unit::Week | Unit::Month => {
                let today = self.day_of(local.date(), now_ms)?;
                let end = last_day_after(today, count, unit)?;
                let next = self.start_of(end)?;
                // Where clocks go back over midnight, the next day may have begun already.
                if next > now_ms {
                    Some(next)
                } else {
                    self.start_of(end.tomorrow().ok()?)
                }
            }
        }
    }

    fn hours_after(&self, now_ms: i64, local: DateTime, count: u32) -> Option<i64> {
        let count = i64::from(count);
        let midnight = local.date().to_datetime(Time::midnight());
        let mut hours = (i64::from(local.hour()) / count + 1) * count;
        loop {
            let next = self.instant(midnight.checked_add(hours.hours()).ok()?)?;
            if next > now_ms {
                return Some(next);
            }
            hours = hours.checked_add(count)?;
        }
    }

    /// The budget's day at `now_ms`, which the clocks date as `date`.
    fn day_of(&self, date: Date, now_ms: i64) -> Option<Date> {
        if self.start_of(date)? <= now_ms {
            Some(date)
        } else {
            date.yesterday().ok()
        }
    }

    fn start_of(&self, day: Date) -> Option<i64> {
        self.instant(day.to_datetime(self.day_starts))
    }

    fn instant(&self, local: DateTime) -> Option<i64> {
        let moment = self.zone.to_ambiguous_timestamp(local).compatible().ok()?;
        Some(moment.as_millisecond())
    }
}

/// The day before whose start the window that holds `today` ends.
fn last_day_after(today: Date, count: u32, unit: Unit) -> Option<Date> {
    let days = match (unit, count) {
        (Unit::Week, 1) | (Unit::Day, 7) => {
            return today
                .checked_add((7 - i64::from(today.weekday().to_monday_zero_offset())).days())
                .ok();
        }
        (Unit::Day, 30) => return first_of_month(today, 1),
        (Unit::Month, months) => return first_of_month(today, months),
        (Unit::Week, weeks) => i64::from(weeks) * 7,
        (_, days) => i64::from(days),
    };
    today.checked_add(days.days()).ok()
}

fn first_of_month(today: Date, months: u32) -> Option<Date> {
    let first = today.first_of_month();
    first.checked_add(i64::from(months).months()).ok()
}

/// The next multiple of `count` units of `unit_seconds`, counted from where the clock's field that
/// shows `field` was last 0. `seconds` are those of the unit that have passed.
fn multiple_after(
    now_ms: i64,
    field: i64,
    seconds: i64,
    count: u32,
    unit_seconds: i64,
) -> Option<i64> {
    let count = i64::from(count);
    let start = now_ms
        .checked_sub(now_ms.rem_euclid(1000))?
        .checked_sub((field * unit_seconds + seconds) * 1000)?;
    let multiple = (field / count + 1).checked_mul(count)?;
    start.checked_add(multiple.checked_mul(unit_seconds * 1000)?)
}

/// Reads `HH:MM` and `HH:MM:SS`.
fn time_of_day(text: &str) -> Option<Time> {
    let mut fields = [0i8; 3];
    let mut parts = text.split(':');
    for (at, field) in fields.iter_mut().enumerate() {
        match parts.next() {
            Some(part) if part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()) => {
                *field = part.parse().ok()?;
            }
            None if at == 2 => {}
            _ => return None,
        }
    }
    if parts.next().is_some() {
        return None;
    }
    let [hour, minute, second] = fields;
    Time::new(hour, minute, second, 0).ok()
}

#[cfg(test)]
#[path = "calendar_tests.rs"]
mod tests;
