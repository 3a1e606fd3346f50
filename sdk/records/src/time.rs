//! Points in time, and the ways in which services want them written. All are in UTC.

use std::fmt::Write as _;

/// Microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

/// A moment by the calendar.
struct Calendar {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    micros: i64,
}

/// The last moment with four digits of a year, in seconds.
const LATEST: f64 = 253_402_300_799.0;

impl Moment {
    /// Of seconds since 1970, as records have them. None if that is no time since then.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked, and a microsecond is the finest there is"
    )]
    pub fn of_seconds(seconds: f64) -> Option<Self> {
        let fits = seconds.is_finite() && (0.0..=LATEST).contains(&seconds);
        fits.then(|| Self((seconds * 1e6).round() as i64))
    }

    /// Of milliseconds since 1970.
    pub fn of_millis(millis: u64) -> Self {
        let millis = i64::try_from(millis).unwrap_or(i64::MAX / 1000);
        Self(millis.saturating_mul(1000))
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// `2025-11-27T15:10:44.123456Z`.
    pub fn iso(self) -> String {
        let at = self.calendar();
        format!(
            "{}T{:02}:{:02}:{:02}.{:06}Z",
            self.date(),
            at.hour,
            at.minute,
            at.second,
            at.micros
        )
    }

    /// `2025-11-27`.
    pub fn date(self) -> String {
        let at = self.calendar();
        format!("{:04}-{:02}-{:02}", at.year, at.month, at.day)
    }

    /// `15-10-44-123456`.
    pub fn clock(self) -> String {
        let at = self.calendar();
        format!(
            "{:02}-{:02}-{:02}-{:06}",
            at.hour, at.minute, at.second, at.micros
        )
    }

    /// `20251127T151044123456Z`.
    pub fn compact(self) -> String {
        let at = self.calendar();
        let mut text = self.date().replace('-', "");
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "T{:02}{:02}{:02}{:06}Z",
            at.hour, at.minute, at.second, at.micros
        );
        text
    }

    /// Days to civil dates as in "chrono-compatible low-level date algorithms" (H. Hinnant).
    const fn calendar(self) -> Calendar {
        let (days, rest) = (
            self.0.div_euclid(86_400_000_000),
            self.0.rem_euclid(86_400_000_000),
        );
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        let year = year + era * 400 + if month <= 2 { 1 } else { 0 };
        Calendar {
            year,
            month,
            day,
            hour: rest / 3_600_000_000,
            minute: rest / 60_000_000 % 60,
            second: rest / 1_000_000 % 60,
            micros: rest % 1_000_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_every_way_that_services_want() {
        let moment = Moment::of_seconds(1_764_256_244.123_456).unwrap();
        assert_eq!(moment.iso(), "2025-11-27T15:10:44.123456Z");
        assert_eq!(moment.date(), "2025-11-27");
        assert_eq!(moment.clock(), "15-10-44-123456");
        assert_eq!(moment.compact(), "20251127T151044123456Z");
        assert_eq!(moment.millis(), 1_764_256_244_123);
    }

    #[test]
    fn leap_days_and_the_ends_of_years_are_right() {
        for (seconds, wanted) in [
            (0.0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400.0, "2000-02-29T00:00:00.000000Z"),
            (1_709_251_199.5, "2024-02-29T23:59:59.500000Z"),
            (1_735_689_599.0, "2024-12-31T23:59:59.000000Z"),
        ] {
            assert_eq!(Moment::of_seconds(seconds).unwrap().iso(), wanted);
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for seconds in [-1.0, f64::NAN, f64::INFINITY, 1e15] {
            assert!(Moment::of_seconds(seconds).is_none());
        }
    }
}
