use proptest::prelude::*;

use super::*;

fn ms(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

/// The reset after `now`, as the clocks of `zone` show it.
fn reset(period: &str, now: &str, zone: &str, day_starts: &str) -> String {
    let calendar = Calendar::new(Some(zone), Some(day_starts)).unwrap();
    let next = calendar.next_reset(period.parse().unwrap(), ms(now));
    Timestamp::from_millisecond(next)
        .unwrap()
        .to_zoned_datetime(calendar.zone)
        .strftime("%F %T%:z")
        .to_string()
}

#[test]
fn a_window_ends_with_the_calendar() {
    // 26 November 2026 is a Thursday.
    let now = "2026-11-26T09:15:30.5Z";
    for (period, end) in [
        ("1d", "2026-11-27 00:00:00"),
        ("daily", "2026-11-27 00:00:00"),
        ("7d", "2026-11-30 00:00:00"),
        ("weekly", "2026-11-30 00:00:00"),
        ("1w", "2026-11-30 00:00:00"),
        ("30d", "2026-12-01 00:00:00"),
        ("1mo", "2026-12-01 00:00:00"),
        ("monthly", "2026-12-01 00:00:00"),
        ("3mo", "2027-02-01 00:00:00"),
        ("2d", "2026-11-28 00:00:00"),
        ("2w", "2026-12-10 00:00:00"),
        ("1h", "2026-11-26 10:00:00"),
        ("4h", "2026-11-26 12:00:00"),
        ("24h", "2026-11-27 00:00:00"),
        ("36h", "2026-11-27 12:00:00"),
        ("10m", "2026-11-26 09:20:00"),
        ("90m", "2026-11-26 10:30:00"),
        ("30s", "2026-11-26 09:16:00"),
    ] {
        assert_eq!(reset(period, now, "UTC", "00:00"), format!("{end}+00:00"));
    }
}

#[test]
fn the_moment_of_a_reset_belongs_to_the_new_window() {
    let monday = "2026-11-30T00:00:00Z";
    assert_eq!(
        reset("7d", monday, "UTC", "00:00"),
        "2026-12-07 00:00:00+00:00"
    );
    assert_eq!(
        reset("1d", monday, "UTC", "00:00"),
        "2026-12-01 00:00:00+00:00"
    );
    assert_eq!(
        reset("1mo", "2026-12-01T00:00:00Z", "UTC", "00:00"),
        "2027-01-01 00:00:00+00:00"
    );
}

#[test]
fn a_reset_time_moves_the_start_of_days_weeks_and_months() {
    let early = "2026-11-30T03:00:00Z"; // a Monday that has not begun
    assert_eq!(
        reset("1d", early, "UTC", "06:00"),
        "2026-11-30 06:00:00+00:00"
    );
    assert_eq!(
        reset("7d", early, "UTC", "06:00"),
        "2026-11-30 06:00:00+00:00"
    );
    assert_eq!(
        reset("1mo", early, "UTC", "06:00:30"),
        "2026-12-01 06:00:30+00:00"
    );
    assert_eq!(
        reset("1h", early, "UTC", "06:30"),
        "2026-11-30 04:00:00+00:00"
    );
}

#[test]
fn a_window_began_where_the_last_one_ended() {
    let calendar = Calendar::new(Some("Europe/Berlin"), Some("06:00")).unwrap();
    let began = |period: &str, since: &str| {
        let now = ms("2026-11-26T09:15:30Z");
        calendar.began(period.parse().unwrap(), ms(since), now)
    };
    let today = "2026-11-26T05:00:00Z";
    assert_eq!(began("1d", today), ms(today));
    // Nobody looked for weeks: the windows of that time are over, too.
    assert_eq!(began("1d", "2026-10-01T04:00:00Z"), ms(today));
    assert_eq!(
        began("1h", "2026-10-01T04:00:00Z"),
        ms("2026-11-26T09:00:00Z")
    );
    assert_eq!(
        began("1s", "2026-10-01T04:00:00Z"),
        ms("2026-11-26T09:15:30Z")
    );
    assert_eq!(
        began("30d", "2026-08-01T04:00:00Z"),
        ms("2026-11-01T05:00:00Z")
    );
}

#[test]
fn a_day_of_23_and_one_of_25_hours_end_at_midnight() {
    let zone = "Europe/Berlin";
    assert_eq!(
        reset("1d", "2026-03-28T23:30:00Z", zone, "00:00"),
        "2026-03-30 00:00:00+02:00"
    );
    assert_eq!(
        reset("1d", "2026-10-24T22:30:00Z", zone, "00:00"),
        "2026-10-26 00:00:00+01:00"
    );
}

#[test]
fn a_reset_time_that_the_clocks_skip_comes_after_the_gap() {
    let zone = "Europe/Berlin";
    let before = "2026-03-28T12:00:00Z";
    assert_eq!(
        reset("1d", before, zone, "02:30"),
        "2026-03-29 03:30:00+02:00"
    );
    // Between the gap and that moment it is still to come.
    let between = "2026-03-29T01:10:00Z";
    assert_eq!(
        reset("1d", between, zone, "02:30"),
        "2026-03-29 03:30:00+02:00"
    );
}

#[test]
fn a_reset_time_that_the_clocks_show_twice_resets_once() {
    let zone = "Europe/Berlin";
    assert_eq!(
        reset("1d", "2026-10-25T00:00:00Z", zone, "02:30"),
        "2026-10-25 02:30:00+02:00"
    );
    // 02:10 for the second time.
    assert_eq!(
        reset("1d", "2026-10-25T01:10:00Z", zone, "02:30"),
        "2026-10-26 02:30:00+01:00"
    );
}

#[test]
fn a_day_without_midnight_begins_at_one() {
    assert_eq!(
        reset("1d", "2018-11-03T12:00:00Z", "America/Sao_Paulo", "00:00"),
        "2018-11-04 01:00:00-02:00"
    );
}

#[test]
fn clocks_that_go_back_over_midnight_give_one_reset() {
    // Newfoundland, 7 November 2010: 00:01 became 23:01 of the day before.
    assert_eq!(
        reset("1d", "2010-11-07T03:00:00Z", "America/St_Johns", "00:00"),
        "2010-11-08 00:00:00-03:30"
    );
}

#[test]
fn zones_and_reset_times_that_do_not_exist_are_refused() {
    let error = |zone, time| Calendar::new(zone, time).unwrap_err().to_string();
    assert!(error(Some("Mars/Olympus"), None).starts_with("`Mars/Olympus` is no time zone"));
    for time in [
        "",
        "6",
        "6:00",
        "24:00",
        "12:60",
        "12:00:00:00",
        "1a:00",
        "+1:00",
    ] {
        assert!(error(None, Some(time)).starts_with(&format!("`{time}` is no time of day")));
    }
}

#[test]
fn no_time_breaks_the_calendar() {
    let calendar = Calendar::new(Some("Europe/Berlin"), Some("02:30")).unwrap();
    for period in ["1s", "1m", "5h", "2d", "30d", "1w", "1200mo"] {
        let period: Period = period.parse().unwrap();
        for now in [i64::MIN, -1, 253_402_207_200_000, i64::MAX] {
            let next = calendar.next_reset(period, now);
            assert!(next > now || next == i64::MAX);
            assert!(period.expiry(now, calendar.zone()) >= now);
        }
    }
}

proptest! {
    #[test]
    fn a_reset_is_always_ahead_and_never_a_window_too_late(
        now in 0i64..4_000_000_000_000,
        count in prop_oneof![Just(1u32), 1u32..100],
        unit in prop::sample::select(vec!["s", "m", "h", "d", "w", "mo"]),
        zone in prop::sample::select(vec![
            "UTC", "Europe/Berlin", "America/St_Johns", "America/Sao_Paulo",
            "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia",
        ]),
        day_starts in prop::sample::select(vec!["00:00", "02:30", "23:59:59"]),
    ) {
        let calendar = Calendar::new(Some(zone), Some(day_starts)).unwrap();
        let period: Period = format!("{count}{unit}").parse().unwrap();
        let next = calendar.next_reset(period, now);
        prop_assert!(next > now);
        // `30d` ends with a month of 31 days; clocks move by a day at most (Samoa, 2011).
        let latest = period.expiry(now, calendar.zone()) + 3 * 86_400_000;
        prop_assert!(next <= latest, "{next} is later than {latest}");
        // Where windows follow one another, it stays the next one until it has come.
        if count == 1 {
            prop_assert_eq!(calendar.next_reset(period, next - 1), next);
        }
    }
}
