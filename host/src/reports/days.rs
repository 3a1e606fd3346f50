//! Days and moments between the API's texts and the numbers that the house counts in. All of it
//! is UTC, as the sums by day are.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// `YYYY-MM-DD` as days since 1970. None: no such day, or one before 1970.
pub(super) fn parse(text: &str) -> Option<i64> {
    if text.len() != 10 {
        return None;
    }
    let date: Date = text.parse().ok()?;
    let midnight = date.to_datetime(jiff::civil::Time::midnight());
    let second = TimeZone::UTC.to_timestamp(midnight).ok()?.as_second();
    (second >= 0 && date.year() < 9999).then(|| second.div_euclid(DAY))
}

/// `YYYY-MM-DD`; a day that no calendar has is its number.
pub(super) fn text(day: i64) -> String {
    let moment = day
        .checked_mul(DAY)
        .and_then(|it| Timestamp::from_second(it).ok());
    moment.map_or_else(|| day.to_string(), |it| it.strftime("%Y-%m-%d").to_string())
}

/// `Jan 22`, as the activity charts write a day.
pub(super) fn short(day: i64) -> String {
    let moment = day
        .checked_mul(DAY)
        .and_then(|it| Timestamp::from_second(it).ok());
    moment.map_or_else(|| day.to_string(), |it| it.strftime("%b %d").to_string())
}

/// `Jan 2026`: the month of a day.
pub(super) fn month(day: i64) -> String {
    let moment = day
        .checked_mul(DAY)
        .and_then(|it| Timestamp::from_second(it).ok());
    moment.map_or_else(|| day.to_string(), |it| it.strftime("%b %Y").to_string())
}

/// When a day begins, in milliseconds since 1970.
pub(super) const fn begin_ms(day: i64) -> i64 {
    day.saturating_mul(DAY * 1_000)
}

/// A moment that a client wrote, as the milliseconds since 1970 that it covers, the end not
/// included: a date is its day, a time without fractions its second.
pub(super) fn span(text: &str) -> Option<(i64, i64)> {
    if let Some(day) = parse(text) {
        return Some((begin_ms(day), begin_ms(day.saturating_add(1))));
    }
    let moment = match text.parse::<Timestamp>() {
        Ok(moment) => moment,
        Err(_) => TimeZone::UTC
            .to_timestamp(text.parse::<DateTime>().ok()?)
            .ok()?,
    };
    let begin = moment.as_millisecond();
    let whole = moment.subsec_nanosecond() == 0;
    let length = if whole {
        SignedDuration::from_secs(1)
    } else {
        SignedDuration::from_millis(1)
    };
    let length = i64::try_from(length.as_millis()).ok()?;
    (begin >= 0).then(|| (begin, begin.saturating_add(length)))
}

/// ISO 8601; a moment that no calendar has is null.
pub(super) fn iso(ms: i64) -> Value {
    Timestamp::from_millisecond(ms).map_or(Value::Null, |it| it.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_days_of_the_calendar_are_read() {
        assert_eq!(parse("1970-01-02"), Some(1));
        for text in [
            "2026-02-30",
            "2026-2-3",
            "26-02-03",
            "1969-12-31",
            "",
            "2026/02/03",
            "20260203",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_covers_its_day_or_its_second() {
        assert_eq!(span("1970-01-01"), Some((0, 86_400_000)));
        assert_eq!(span("1970-01-01 00:00:01"), Some((1_000, 2_000)));
        assert_eq!(span("1970-01-01T01:00:01+01:00"), Some((1_000, 2_000)));
        assert_eq!(span("1970-01-01T00:00:01.5Z"), Some((1_500, 1_501)));
        assert_eq!(span("yesterday"), None);
    }

    proptest! {
        #[test]
        fn every_day_reads_back_as_it_is_written(day in 0i64..2_900_000) {
            prop_assert_eq!(parse(&text(day)), Some(day));
        }

        #[test]
        fn no_text_is_too_strange(text in ".{0,40}") {
            let _ = (parse(&text), span(&text));
        }
    }
}
