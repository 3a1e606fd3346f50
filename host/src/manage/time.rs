//! Moments between the API's texts and the milliseconds that the house counts in.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::Value;

/// ISO 8601 in UTC. A moment that no calendar has is null.
pub(super) fn iso(ms: i64) -> Value {
    Timestamp::from_millisecond(ms).map_or(Value::Null, |it| it.to_string().into())
}

pub(super) fn iso_or_null(ms: Option<i64>) -> Value {
    ms.map_or(Value::Null, iso)
}

/// Milliseconds since 1970. A text without an offset is in UTC, a date is its midnight.
pub(super) fn parse(text: &str) -> Option<i64> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_millisecond());
    }
    let civil = match text.parse::<Date>() {
        Ok(date) if text.len() <= 10 => date.to_datetime(jiff::civil::Time::midnight()),
        _ => text.parse::<DateTime>().ok()?,
    };
    let moment = TimeZone::UTC.to_timestamp(civil).ok()?;
    Some(moment.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_with_an_offset_or_in_utc() {
        let noon = Some(1_700_000_000_000 - 1_700_000_000_000 % 86_400_000 + 43_200_000);
        assert_eq!(parse("2023-11-14T12:00:00Z"), noon);
        assert_eq!(parse("2023-11-14T12:00:00"), noon);
        assert_eq!(parse("2023-11-14T13:00:00+01:00"), noon);
        assert_eq!(parse("2023-11-14 12:00:00"), noon);
        assert_eq!(parse("2023-11-14"), noon.map(|it| it - 43_200_000));
        assert_eq!(parse("14/11/2023"), None);
        assert_eq!(iso_or_null(noon), "2023-11-14T12:00:00Z");
    }
}
