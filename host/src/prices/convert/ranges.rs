//! `tiered_pricing`, both ways.

use serde_json::{Map, Value};

use super::{Unit, whole};

pub fn from_theirs(ranges: Value) -> Value {
    let Value::Array(ranges) = ranges else {
        return ranges;
    };
    let ranges = ranges.into_iter().map(|range| {
        let Value::Object(fields) = range else {
            return range;
        };
        let mut ours = Map::new();
        for (name, value) in fields {
            match (name.as_str(), &value) {
                ("range", Value::Array(bounds)) => {
                    for (name, bound) in ["from", "to"].iter().zip(bounds) {
                        ours.insert((*name).to_owned(), whole(bound.clone()));
                    }
                }
                ("max_results_range", _) => {
                    ours.insert("results".to_owned(), value);
                }
                (field, _) => {
                    let unit = Unit::from_theirs(field);
                    let field = unit.map_or_else(|| field.to_owned(), |it| it.ours().to_owned());
                    ours.insert(field, whole(value));
                }
            }
        }
        ours.into()
    });
    Value::Array(ranges.collect())
}

pub fn to_theirs(ranges: &Value) -> Value {
    let Value::Array(ranges) = ranges else {
        return ranges.clone();
    };
    let ranges = ranges.iter().map(|range| {
        let mut theirs = Map::new();
        for (name, value) in range.as_object().into_iter().flatten() {
            match name.as_str() {
                "from" | "to" => {
                    let bounds = theirs
                        .entry("range")
                        .or_insert_with(|| Vec::<Value>::new().into());
                    if let Value::Array(bounds) = bounds {
                        bounds.push(value.clone());
                    }
                }
                "results" => {
                    theirs.insert("max_results_range".to_owned(), value.clone());
                }
                field => {
                    let unit = Unit::from_ours(field);
                    let field = unit.map_or_else(|| field.to_owned(), |it| it.theirs().to_owned());
                    theirs.insert(field, value.clone());
                }
            }
        }
        theirs.into()
    });
    Value::Array(ranges.collect())
}
