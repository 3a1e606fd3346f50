//! One entry, from LiteLLM's field names to the table's and back. Nothing is judged here: that is
//! `Entry::read`'s work, on the table's names.

mod ranges;

use serde_json::{Map, Value};

use super::slot::{Slot, threshold};
use super::unit::{Service, Unit};

/// Plain fields: ours, theirs, in the order in which the table writes them.
const PLAIN: &[(&str, &str)] = &[
    ("provider", "litellm_provider"),
    ("mode", "mode"),
    ("max_in", "max_input_tokens"),
    ("max_out", "max_output_tokens"),
    ("dep", "deprecation_date"),
    ("ep", "supported_endpoints"),
    ("mod_in", "supported_modalities"),
    ("mod_out", "supported_output_modalities"),
    ("cache_min", "prompt_cache_min_tokens"),
    ("dim", "output_vector_size"),
];
const SEARCH: &str = "search_context_cost_per_query";
const DEPTHS: [(&str, &str); 3] = [
    ("low", "search_context_size_low"),
    ("medium", "search_context_size_medium"),
    ("high", "search_context_size_high"),
];
/// A capability that LiteLLM writes without `supports_`.
const BARE_CAPABILITIES: &[&str] = &["thinking_always_on"];

/// Whether an entry of the table may hold it.
pub fn is_field(name: &str) -> bool {
    const OTHERS: &[&str] = &["search", "above", "ranges", "can", "cannot", "x", "src"];
    OTHERS.contains(&name)
        || PLAIN.iter().any(|it| it.0 == name)
        || Service::ALL.into_iter().any(|it| it.ours() == name)
}

/// LiteLLM's fields in the table's order and names. `source` becomes an index by `source_index`.
pub fn from_theirs(
    fields: Map<String, Value>,
    source_index: &mut dyn FnMut(&str) -> usize,
) -> Map<String, Value> {
    let mut fields = fields;
    fields.retain(|_, value| !value.is_null());
    let mut entry = Map::new();
    for (ours, theirs) in PLAIN {
        if let Some(value) = fields.shift_remove(*theirs) {
            entry.insert((*ours).to_owned(), whole(value));
        }
    }
    if let Some(search) = fields.shift_remove(SEARCH) {
        entry.insert("search".to_owned(), search_from_theirs(search));
    }
    let mut prices: Vec<(Slot, String, Value)> = Vec::new();
    let (mut can, mut cannot, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    let mut ranges = None;
    let mut source = None;
    for (name, value) in fields {
        if let Some((slot, label)) = Slot::from_theirs(&name) {
            prices.push((slot, label.to_owned(), whole(value)));
        } else if let (Some(able), Some(capability)) = (value.as_bool(), capability(&name)) {
            if able { &mut can } else { &mut cannot }.push(capability);
        } else if name == "tiered_pricing" {
            ranges = Some(ranges::from_theirs(value));
        } else if let ("source", Some(url)) = (name.as_str(), value.as_str()) {
            source = Some(source_index(url));
        } else {
            rest.push((name, whole(value)));
        }
    }
    prices.sort_by_key(|it| it.0);
    for service in Service::ALL {
        let mut block = Map::new();
        let mut above = Map::new();
        for (slot, label, value) in prices.iter().filter(|it| it.0.service == service) {
            let target = if slot.above == 0 {
                &mut block
            } else {
                let target = above
                    .entry(label.clone())
                    .or_insert_with(|| Map::new().into());
                match target.as_object_mut() {
                    Some(target) => target,
                    None => continue,
                }
            };
            target.insert(slot.unit.ours().to_owned(), value.clone());
        }
        let holder = if service == Service::Standard {
            &mut entry
        } else {
            &mut block
        };
        if !above.is_empty() {
            holder.insert("above".to_owned(), above.into());
        }
        if !block.is_empty() {
            entry.insert(service.ours().to_owned(), block.into());
        }
    }
    if let Some(ranges) = ranges {
        entry.insert("ranges".to_owned(), ranges);
    }
    for (name, mut list) in [("can", can), ("cannot", cannot)] {
        if !list.is_empty() {
            list.sort();
            entry.insert(name.to_owned(), list.into());
        }
    }
    if !rest.is_empty() {
        rest.sort_by(|one, two| one.0.cmp(&two.0));
        entry.insert("x".to_owned(), Value::Object(rest.into_iter().collect()));
    }
    if let Some(source) = source {
        entry.insert("src".to_owned(), source.into());
    }
    entry
}

/// The table's fields in LiteLLM's names; `source` finds the address of an index.
pub fn to_theirs(
    entry: &Map<String, Value>,
    source: &dyn Fn(usize) -> Option<String>,
) -> Map<String, Value> {
    let mut fields = Map::new();
    for (ours, value) in entry {
        if let Some((_, theirs)) = PLAIN.iter().find(|it| it.0 == ours) {
            fields.insert((*theirs).to_owned(), value.clone());
            continue;
        }
        let service = Service::ALL.into_iter().find(|it| it.ours() == ours);
        match (ours.as_str(), service, value) {
            (_, Some(service), Value::Object(block)) => {
                prices_to_theirs(&mut fields, service, 0, block)
            }
            ("above", _, Value::Object(above)) => {
                above_to_theirs(&mut fields, Service::Standard, above)
            }
            ("search", ..) => {
                fields.insert(SEARCH.to_owned(), search_to_theirs(value));
            }
            ("ranges", ..) => {
                fields.insert("tiered_pricing".to_owned(), ranges::to_theirs(value));
            }
            ("can" | "cannot", _, Value::Array(list)) => {
                for capability in list.iter().filter_map(Value::as_str) {
                    let name = match capability.strip_prefix('@') {
                        Some(bare) => bare.to_owned(),
                        None => format!("supports_{capability}"),
                    };
                    fields.insert(name, (ours == "can").into());
                }
            }
            ("x", _, Value::Object(rest)) => fields.extend(rest.clone()),
            ("src", ..) => {
                let index = value.as_u64().and_then(|it| usize::try_from(it).ok());
                if let Some(url) = index.and_then(source) {
                    fields.insert("source".to_owned(), url.into());
                }
            }
            _ => {}
        }
    }
    fields
}

fn prices_to_theirs(
    fields: &mut Map<String, Value>,
    service: Service,
    above: u64,
    block: &Map<String, Value>,
) {
    for (name, value) in block {
        if let Some(unit) = Unit::from_ours(name) {
            let slot = Slot {
                unit,
                service,
                above,
            };
            fields.insert(slot.theirs(), value.clone());
        } else if let ("above", Value::Object(above)) = (name.as_str(), value) {
            above_to_theirs(fields, service, above);
        }
    }
}

fn above_to_theirs(fields: &mut Map<String, Value>, service: Service, above: &Map<String, Value>) {
    for (label, block) in above {
        if let (Some(above), Value::Object(block)) = (threshold(label), block) {
            prices_to_theirs(fields, service, above, block);
        }
    }
}

fn capability(name: &str) -> Option<String> {
    if BARE_CAPABILITIES.contains(&name) {
        return Some(format!("@{name}"));
    }
    name.strip_prefix("supports_").map(str::to_owned)
}

/// Three equal prices become one number.
fn search_from_theirs(search: Value) -> Value {
    let Value::Object(fields) = &search else {
        return search;
    };
    let found: Vec<_> = DEPTHS
        .iter()
        .filter_map(|(ours, theirs)| {
            Some(((*ours).to_owned(), whole(fields.get(*theirs)?.clone())))
        })
        .collect();
    match found.as_slice() {
        [(_, one), (_, two), (_, three)] if one == two && two == three => one.clone(),
        _ => Value::Object(found.into_iter().collect()),
    }
}

fn search_to_theirs(search: &Value) -> Value {
    let fields = DEPTHS.iter().filter_map(|(ours, theirs)| {
        let value = match search {
            Value::Object(depths) => depths.get(*ours)?,
            number => number,
        };
        Some(((*theirs).to_owned(), value.clone()))
    });
    Value::Object(fields.collect())
}

/// `256000.0` as `256000`, and `2.9999900000000002e-06` as `2.99999e-06`: LiteLLM's file mixes both.
fn whole(value: Value) -> Value {
    let Some(number) = value.as_f64().filter(|_| value.is_f64()) else {
        return value;
    };
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return Value::from(number as i64);
    }
    format!("{number:.14e}")
        .parse::<f64>()
        .map_or(value, Value::from)
}
