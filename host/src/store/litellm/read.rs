//! How LiteLLM's values are read: amounts that are floats, moments without a zone, JSON in JSON.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::domain::Usd;

/// A row out of its JSON. Columns that are NULL count as those that are not there.
pub(super) fn row<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let said = |cause: serde_json::Error| cause.to_string();
    let mut columns: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).map_err(said)?;
    columns.retain(|_, value| value.get() != "null");
    let text = serde_json::to_string(&columns).map_err(said)?;
    serde_json::from_str(&text).map_err(said)
}

/// Dollars, to the nearest 10^-12: through the number's text, so that 0.1 is a tenth exactly.
pub(super) fn amount<'de, D: Deserializer<'de>>(from: D) -> Result<Usd, D::Error> {
    let raw = Box::<RawValue>::deserialize(from)?;
    let dollars: Option<f64> = raw.get().parse().ok();
    let amount = dollars.and_then(Usd::from_dollars);
    amount.ok_or_else(|| D::Error::custom(format!("{} is no amount of dollars", raw.get())))
}

pub(super) fn some_amount<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Usd>, D::Error> {
    amount(from).map(Some)
}

/// Milliseconds since 1970.
pub(super) fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    let text = String::deserialize(from)?;
    let moment = milliseconds(&text);
    let moment = moment.ok_or_else(|| D::Error::custom(format!("`{text}` is no moment")))?;
    Ok(Some(moment))
}

/// Prisma's columns have no zone and are in UTC.
fn milliseconds(text: &str) -> Option<i64> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_millisecond());
    }
    let civil = text.parse::<DateTime>().ok()?;
    let moment = TimeZone::UTC.to_timestamp(civil).ok()?;
    Some(moment.as_millisecond())
}

/// JSON, also where it was stored as the text of itself.
pub(super) fn json<'de, D: Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
    let value = Value::deserialize(from)?;
    Ok(match &value {
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_))) => inner,
            _ => value,
        },
        _ => value,
    })
}

/// A JSON object; what is none counts as empty, as in LiteLLM.
pub(super) fn object<'de, D: Deserializer<'de>>(from: D) -> Result<Map<String, Value>, D::Error> {
    Ok(match json(from)? {
        Value::Object(object) => object,
        _ => Map::new(),
    })
}

/// A JSON list; what is none counts as empty.
pub(super) fn list<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Value>, D::Error> {
    Ok(match json(from)? {
        Value::Array(list) => list,
        _ => Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct It {
        #[serde(deserialize_with = "amount")]
        spend: Usd,
        #[serde(deserialize_with = "some_amount")]
        max_budget: Option<Usd>,
        #[serde(deserialize_with = "moment")]
        expires: Option<i64>,
        #[serde(deserialize_with = "object")]
        metadata: Map<String, Value>,
        models: Vec<String>,
        blocked: bool,
    }

    fn read(text: &str) -> Result<It, String> {
        row(text)
    }

    #[test]
    fn amounts_are_rounded_to_the_nearest_unit_through_their_decimal_text() {
        for (text, units) in [
            ("0.1", 100_000_000_000),
            ("0.30000000000000004", 300_000_000_000),
            ("1.5e-12", 2),
            ("4.4e-13", 0),
            ("0", 0),
            ("12345.678901234567", 12_345_678_901_234_567),
        ] {
            let it = read(&format!(r#"{{"spend": {text}}}"#)).unwrap();
            assert_eq!(it.spend.pico(), units, "{text}");
        }
        for text in [r#""NaN""#, r#""Infinity""#, "1e16", "[]"] {
            let refused = read(&format!(r#"{{"spend": {text}}}"#)).unwrap_err();
            assert!(refused.contains("is no amount of dollars"), "{refused}");
        }
    }

    #[test]
    fn null_is_what_a_missing_column_is() {
        let text = r#"{"max_budget": null, "models": null, "blocked": null, "newer": 1}"#;
        let it = read(text).unwrap();
        assert_eq!((it.max_budget, it.blocked, it.expires), (None, false, None));
        assert!(it.models.is_empty() && it.metadata.is_empty());
    }

    #[test]
    fn moments_without_a_zone_are_in_utc() {
        let at = Some(1_700_000_000_123);
        for text in [
            "2023-11-14T22:13:20.123",
            "2023-11-14T22:13:20.123+00:00",
            "2023-11-14T23:13:20.123+01:00",
        ] {
            let it = read(&format!(r#"{{"expires": "{text}"}}"#)).unwrap();
            assert_eq!(it.expires, at, "{text}");
        }
        assert!(read(r#"{"expires": "infinity"}"#).is_err());
    }

    #[test]
    fn json_that_was_stored_as_its_text_is_read() {
        let it = read(r#"{"metadata": "{\"tags\": [\"a\"]}"}"#).unwrap();
        assert_eq!(it.metadata["tags"][0], "a");
        assert!(read(r#"{"metadata": "[]"}"#).unwrap().metadata.is_empty());
    }
}
