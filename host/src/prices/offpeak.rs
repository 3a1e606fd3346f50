//! Prices that hold inside windows of the week (`off_peak_pricing`).

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value};

use super::error::FieldError;
use super::rate::Rate;
use super::unit::Unit;

const FIELD: &str = "off_peak_pricing";
const MINUTES_A_DAY: i64 = 1440;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Rates that replace all others of their unit while a window is open.
#[derive(Debug, Clone, PartialEq)]
pub struct OffPeak {
    pub rates: Vec<(Unit, Rate)>,
    windows: Vec<Window>,
    /// The calendar that weekdays are read on. Hours are always UTC.
    calendar: TimeZone,
}

#[derive(Debug, Clone, PartialEq)]
struct Window {
    /// Minutes of the UTC day, start included, end not. One that ends before it starts runs past
    /// midnight; one that ends where it starts is the whole day.
    hours: Vec<(i64, i64)>,
    /// 1 is Monday; none: every day.
    weekdays: Option<Vec<i8>>,
}

impl OffPeak {
    pub fn read(block: &Value) -> Result<Self, FieldError> {
        let Value::Object(block) = block else {
            return Err(FieldError::new(FIELD, "is no object"));
        };
        let mut rates = Vec::new();
        for (name, value) in block {
            if let Some(unit) = Unit::from_theirs(name) {
                rates.push((unit, Rate::read(&format!("{FIELD}.{name}"), value)?));
            }
        }
        let calendar = match block.get("weekday_timezone").and_then(Value::as_str) {
            Some(name) => TimeZone::get(name).map_err(|_| {
                wrong(
                    "weekday_timezone",
                    format!("is `{name}`, which is no time zone"),
                )
            })?,
            None => TimeZone::UTC,
        };
        let mut windows = Vec::new();
        if let Some(hours) = block.get("hours_utc") {
            windows.push(Window {
                hours: read_hours(hours)?,
                weekdays: None,
            });
        }
        match block.get("windows") {
            None => {}
            Some(Value::Array(list)) => {
                for rule in list.iter().filter_map(Value::as_object) {
                    windows.push(Window::read(rule)?);
                }
            }
            Some(_) => return Err(wrong("windows", "is no list")),
        }
        Ok(Self {
            rates,
            windows,
            calendar,
        })
    }

    pub fn rate(&self, unit: Unit) -> Option<Rate> {
        self.rates.iter().find(|it| it.0 == unit).map(|it| it.1)
    }

    /// Whether a window is open; `at_ms` counts milliseconds since 1970 in UTC.
    pub fn open(&self, at_ms: i64) -> bool {
        let minute = at_ms.div_euclid(60_000).rem_euclid(MINUTES_A_DAY);
        let within = |&(start, end): &(i64, i64)| {
            if start < end {
                (start..end).contains(&minute)
            } else {
                minute >= start || minute < end
            }
        };
        self.windows
            .iter()
            .any(|it| it.hours.iter().any(within) && self.on(it.weekdays.as_deref(), at_ms))
    }

    fn on(&self, weekdays: Option<&[i8]>, at_ms: i64) -> bool {
        let Some(weekdays) = weekdays else {
            return true;
        };
        let Ok(instant) = Timestamp::from_millisecond(at_ms) else {
            return false;
        };
        let day = instant.to_zoned_datetime(self.calendar.clone()).weekday();
        weekdays.contains(&day.to_monday_one_offset())
    }
}

impl Window {
    fn read(rule: &Map<String, Value>) -> Result<Self, FieldError> {
        let hours = rule.get("hours_utc").unwrap_or(&Value::Null);
        let weekdays = match rule.get("weekdays") {
            None | Some(Value::Null) => None,
            Some(Value::Array(days)) => Some(
                days.iter()
                    .map(|day| {
                        weekday(day).ok_or_else(|| {
                            wrong("weekdays", format!("holds {day}, which is no day"))
                        })
                    })
                    .collect::<Result<_, _>>()?,
            ),
            Some(_) => return Err(wrong("weekdays", "is no list")),
        };
        Ok(Self {
            hours: read_hours(hours)?,
            weekdays,
        })
    }
}

/// 1 for Monday to 7 for Sunday, or a name.
fn weekday(day: &Value) -> Option<i8> {
    if let Some(number) = day.as_i64() {
        return i8::try_from(number).ok().filter(|it| (1..=7).contains(it));
    }
    let name = day.as_str()?.trim().to_ascii_lowercase();
    let at = DAYS.iter().position(|it| name.starts_with(it))?;
    i8::try_from(at + 1).ok()
}

/// `HH:MM-HH:MM`, or a list of such.
fn read_hours(hours: &Value) -> Result<Vec<(i64, i64)>, FieldError> {
    let one = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        let span = text
            .split_once('-')
            .and_then(|(start, end)| Some((minute(start)?, minute(end)?)));
        span.ok_or_else(|| {
            wrong(
                "hours_utc",
                format!("holds {value}, which is no `HH:MM-HH:MM`"),
            )
        })
    };
    match hours {
        Value::Array(list) => list.iter().map(one).collect(),
        value => Ok(vec![one(value)?]),
    }
}

fn minute(text: &str) -> Option<i64> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
    ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(hour * 60 + minute)
}

fn wrong(field: &str, fault: impl Into<String>) -> FieldError {
    FieldError::new(&format!("{FIELD}.{field}"), fault)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn windows_open_by_the_hour_and_run_past_midnight() {
        let off_peak = OffPeak::read(&json!({
            "input_cost_per_token": 1e-7, "hours_utc": ["16:30-00:30", "04:00-06:00"]
        }))
        .unwrap();
        for (time, open) in [
            ("2026-11-22T16:29:59Z", false),
            ("2026-11-22T16:30:00Z", true),
            ("2026-11-22T23:59:00Z", true),
            ("2026-11-23T00:29:59Z", true),
            ("2026-11-23T00:30:00Z", false),
            ("2026-11-23T05:59:00Z", true),
            ("2026-11-23T06:00:00Z", false),
        ] {
            assert_eq!(off_peak.open(at(time)), open, "{time}");
        }
    }

    #[test]
    fn weekdays_are_read_on_the_named_calendar() {
        let block = |zone: Value| {
            OffPeak::read(&json!({
                "windows": [{"hours_utc": "00:00-00:00", "weekdays": [6, "sunday"]}],
                "weekday_timezone": zone
            }))
            .unwrap()
        };
        // Friday in UTC, Saturday in Shanghai.
        let friday_evening = at("2026-11-20T17:00:00Z");
        assert!(!block(Value::Null).open(friday_evening));
        assert!(block(json!("Asia/Shanghai")).open(friday_evening));
        assert!(block(Value::Null).open(at("2026-11-22T12:00:00Z")));
    }

    #[test]
    fn a_window_that_cannot_be_read_is_refused_by_name() {
        let fault = |block: Value| OffPeak::read(&block).unwrap_err().to_string();
        assert_eq!(
            fault(json!({"hours_utc": "25:00-01:00"})),
            "`off_peak_pricing.hours_utc` holds \"25:00-01:00\", which is no `HH:MM-HH:MM`"
        );
        assert!(fault(json!({"weekday_timezone": "Mars/North"})).contains("no time zone"));
        assert!(
            fault(json!({"windows": [{"hours_utc": "01:00-02:00", "weekdays": [8]}]}))
                .contains("no day")
        );
        assert!(
            fault(json!({"input_cost_per_token": -1}))
                .contains("off_peak_pricing.input_cost_per_token")
        );
    }

    #[test]
    fn any_instant_has_an_answer() {
        let off_peak =
            OffPeak::read(&json!({"windows": [{"hours_utc": "00:00-00:00", "weekdays": [1]}]}))
                .unwrap();
        assert!(!off_peak.open(i64::MAX) && !off_peak.open(i64::MIN));
    }
}
