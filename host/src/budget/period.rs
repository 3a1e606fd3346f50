//! LiteLLM's grammar of durations: `30d`, `1mo`, `weekly`.

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::error::BadDuration;

/// A duration as the management API and the config write it: a count of at least 1 and a unit.
///
/// It has two meanings. The expiry of a key is exact ([`Period::expiry`]); a budget's window ends
/// with the calendar ([`Calendar::next_reset`](super::Calendar::next_reset)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period {
    unit: Unit,
    count: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
}

/// Longest text that an error repeats, in characters.
const SHOWN: usize = 40;

impl Unit {
    const fn symbol(self) -> &'static str {
        match self {
            Self::Second => "s",
            Self::Minute => "m",
            Self::Hour => "h",
            Self::Day => "d",
            Self::Week => "w",
            Self::Month => "mo",
        }
    }

    fn from_symbol(symbol: &str) -> Option<Self> {
        Some(match symbol {
            "s" => Self::Second,
            "m" => Self::Minute,
            "h" => Self::Hour,
            "d" => Self::Day,
            "w" => Self::Week,
            "mo" => Self::Month,
            _ => return None,
        })
    }

    /// Longest count: 100 years, so that no sum with a date of today can overflow.
    const fn most(self) -> u32 {
        match self {
            Self::Second => 100 * 365 * 86_400,
            Self::Minute => 100 * 365 * 1_440,
            Self::Hour => 100 * 365 * 24,
            Self::Day => 100 * 365,
            Self::Week => 100 * 52,
            Self::Month => 100 * 12,
        }
    }

    /// Exact length in seconds. None: a month has none.
    const fn seconds(self) -> Option<i64> {
        Some(match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
            Self::Week => 604_800,
            Self::Month => return None,
        })
    }
}

impl Period {
    pub(super) const fn parts(self) -> (u32, Unit) {
        (self.count, self.unit)
    }

    /// The moment exactly this long after `from_ms`, in milliseconds since 1970. A day has 24
    /// hours here; a month ends on the same day of a later month in `zone`, or on its last day.
    pub fn expiry(self, from_ms: i64, zone: &TimeZone) -> i64 {
        match self.unit.seconds() {
            Some(seconds) => {
                let seconds = seconds.saturating_mul(i64::from(self.count));
                from_ms.saturating_add(seconds.saturating_mul(1000))
            }
            None => self.months_after(from_ms, zone).unwrap_or(i64::MAX),
        }
    }

    /// None: beyond the year 9999.
    fn months_after(self, from_ms: i64, zone: &TimeZone) -> Option<i64> {
        let from = Timestamp::from_millisecond(from_ms).ok()?;
        let end = from
            .to_zoned_datetime(zone.clone())
            .checked_add(i64::from(self.count).months())
            .ok()?;
        Some(end.timestamp().as_millisecond())
    }
}

impl FromStr for Period {
    type Err = BadDuration;

    fn from_str(text: &str) -> Result<Self, BadDuration> {
        let read = || {
            let (count, unit) = match text {
                "hourly" => (1, Unit::Hour),
                "daily" => (1, Unit::Day),
                "weekly" => (1, Unit::Week),
                "monthly" => (1, Unit::Month),
                _ => {
                    let digits = text.find(|c: char| !c.is_ascii_digit())?;
                    let (count, symbol) = text.split_at_checked(digits)?;
                    (count.parse().ok()?, Unit::from_symbol(symbol)?)
                }
            };
            (1..=unit.most())
                .contains(&count)
                .then_some(Self { unit, count })
        };
        read().ok_or_else(|| BadDuration {
            text: text.chars().take(SHOWN).collect(),
        })
    }
}

/// In the grammar it was read from; the words become counts (`weekly` is `1w`).
impl fmt::Display for Period {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", self.count, self.unit.symbol())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn expiry(period: &str, from: &str, zone: &str) -> i64 {
        let zone = TimeZone::get(zone).unwrap();
        period.parse::<Period>().unwrap().expiry(ms(from), &zone)
    }

    #[test]
    fn every_form_of_the_grammar_is_read() {
        for (text, canonical) in [
            ("30s", "30s"),
            ("5m", "5m"),
            ("12h", "12h"),
            ("007d", "7d"),
            ("2w", "2w"),
            ("1mo", "1mo"),
            ("hourly", "1h"),
            ("daily", "1d"),
            ("weekly", "1w"),
            ("monthly", "1mo"),
        ] {
            assert_eq!(text.parse::<Period>().unwrap().to_string(), canonical);
        }
    }

    #[test]
    fn a_bad_duration_is_named_with_the_grammar() {
        for text in [
            "",
            "30",
            "d",
            "0d",
            "-1d",
            "1.5h",
            "1y",
            "1 d",
            " 1d",
            "1D",
            "1mon",
            "yearly",
            "99999999999999999999s",
            "36501d",
            "１d",
            "é",
        ] {
            let error = text.parse::<Period>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` is no duration")));
            assert!(error.contains("s, m, h, d, w or mo"), "{error}");
        }
        let long = "9".repeat(5000).parse::<Period>().unwrap_err();
        assert_eq!(long.text.len(), SHOWN);
    }

    #[test]
    fn an_expiry_is_exact_across_a_change_of_clocks() {
        // The clocks of Berlin went forward on 29 March 2026, 02:00.
        let day = expiry("1d", "2026-03-28T12:00:00Z", "Europe/Berlin");
        assert_eq!(day, ms("2026-03-29T12:00:00Z"));
        let minute = expiry("90m", "2026-03-29T00:30:00Z", "Europe/Berlin");
        assert_eq!(minute, ms("2026-03-29T02:00:00Z"));
    }

    #[test]
    fn a_month_ends_on_the_same_day_or_the_last_one() {
        assert_eq!(
            expiry("1mo", "2026-01-15T10:00:00Z", "UTC"),
            ms("2026-02-15T10:00:00Z")
        );
        assert_eq!(
            expiry("1mo", "2026-01-31T10:00:00Z", "UTC"),
            ms("2026-02-28T10:00:00Z")
        );
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_and_read_again(text in "[0-9]{1,10}(s|m|h|d|w|mo|x)") {
            if let Ok(period) = text.parse::<Period>() {
                prop_assert_eq!(period.to_string().parse::<Period>().unwrap(), period);
                prop_assert!(period.expiry(1_700_000_000_000, &TimeZone::UTC) > 1_700_000_000_000);
            }
        }

        #[test]
        fn no_text_breaks_the_reader(text in "\\PC*") {
            let _ = text.parse::<Period>();
        }
    }
}
