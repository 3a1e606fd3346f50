//! Moments as people read them.

use jiff::Timestamp;

/// Milliseconds since 1970 as `2026-11-26 15:06:30 UTC`, the second that has begun.
pub fn moment(ms: i64) -> String {
    let found = Timestamp::from_second(ms.div_euclid(1000));
    let text = found.map(|it| it.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    // Beyond the year 9999 there is no name for it.
    text.unwrap_or_else(|_| "the end of time".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_to_the_second_in_utc() {
        assert_eq!(moment(1_795_705_590_999), "2026-11-26 15:06:30 UTC");
        assert_eq!(moment(-1), "1969-12-31 23:59:59 UTC");
        assert_eq!(moment(i64::MAX), "the end of time");
    }
}
