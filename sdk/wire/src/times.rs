//! Times as APIs write them.

/// Seconds since 1970 of a time like `2026-02-07T17:49:31.271000Z`.
pub fn seconds(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let clock = number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?;
    if !(1..=12).contains(&month) {
        return None;
    }
    // Years begin in March, so that a leap day is the last: H. Hinnant's `days_from_civil`.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(days * 86_400 + clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2026-02-07T17:49:31.271000Z"), Some(1_770_486_571));
        assert_eq!(seconds("2024-02-29T00:00:01+00:00"), Some(1_709_164_801));
        for text in ["", "2026-13-01T00:00:00Z", "yesterday", "2026-02-07"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
