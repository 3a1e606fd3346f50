//! A page of days as JSON, written from the sums: it has tens of thousands of groups, each with nine
//! numbers.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::breakdown::{Breakdown, ByKey, Names, Parts, Values};
use crate::reports::days;
use crate::reports::names::{KeyNames, Keys};
use crate::reports::sums::Metrics;
use crate::store::UsageRow;

#[derive(serde::Serialize)]
pub(super) struct Page<'a> {
    pub results: Vec<Day<'a>>,
    pub metadata: Map<String, Value>,
}

#[derive(serde::Serialize)]
pub(super) struct Day<'a> {
    date: String,
    metrics: Metrics<'a>,
    breakdown: OfDay<'a>,
}

impl<'a> Day<'a> {
    pub fn of(row: &'a UsageRow, breakdown: &'a Breakdown<'a>) -> Self {
        let day = row.day.unwrap_or_default();
        Self {
            date: days::text(day),
            metrics: Metrics(&row.sums),
            breakdown: OfDay {
                parts: breakdown.by_day.get(&day),
                breakdown,
            },
        }
    }
}

/// The breakdowns of one day; a day without groups has them all, and empty.
struct OfDay<'a> {
    parts: Option<&'a Parts<'a>>,
    breakdown: &'a Breakdown<'a>,
}

impl Serialize for OfDay<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let (none, nameless) = (Parts::default(), Names::new());
        let parts = self.parts.unwrap_or(&none);
        let Breakdown { keys, entities, .. } = self.breakdown;
        let mut map = out.serialize_map(None)?;
        map.serialize_entry("mcp_servers", &Map::new())?;
        for (breakdown, values) in [
            ("models", &parts.models),
            ("model_groups", &parts.model_groups),
            ("providers", &parts.providers),
            ("endpoints", &parts.endpoints),
        ] {
            let names = &nameless;
            map.serialize_entry(
                breakdown,
                &OfValues {
                    values,
                    names,
                    keys,
                },
            )?;
        }
        let sums = &parts.api_keys;
        map.serialize_entry("api_keys", &OfKeys { sums, keys })?;
        let (values, names) = (&parts.entities, entities);
        map.serialize_entry(
            "entities",
            &OfValues {
                values,
                names,
                keys,
            },
        )?;
        map.end()
    }
}

struct OfValues<'a> {
    values: &'a Values<'a>,
    names: &'a Names,
    keys: &'a Keys,
}

impl Serialize for OfValues<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let nameless = Map::new();
        out.collect_map(self.values.iter().map(|(name, group)| {
            let shown = OfValue {
                metrics: Metrics(&group.sums),
                metadata: self.names.get(*name).unwrap_or(&nameless),
                api_key_breakdown: OfKeys {
                    sums: &group.keys,
                    keys: self.keys,
                },
            };
            (name, shown)
        }))
    }
}

#[derive(serde::Serialize)]
struct OfValue<'a> {
    metrics: Metrics<'a>,
    metadata: &'a Map<String, Value>,
    api_key_breakdown: OfKeys<'a>,
}

struct OfKeys<'a> {
    sums: &'a ByKey<'a>,
    keys: &'a Keys,
}

impl Serialize for OfKeys<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_map(self.sums.iter().map(|(hash, sums)| {
            let shown = OfKey {
                metrics: Metrics(sums),
                metadata: self.keys.metadata(hash),
            };
            (hash, shown)
        }))
    }
}

#[derive(serde::Serialize)]
struct OfKey<'a> {
    metrics: Metrics<'a>,
    metadata: KeyNames<'a>,
}
