//! An entry from the table's fields. Nothing that is no price gets in.

use serde_json::{Map, Value};

use super::convert;
use super::entry::{Entry, Range};
use super::error::FieldError;
use super::offpeak::OffPeak;
use super::rate::{Factor, Rate, number};
use super::slot::{Slot, threshold};
use super::unit::{Service, Unit};

impl Entry {
    /// From the table's fields. Errors name LiteLLM's field, which is the one that users know.
    pub fn read(name: &str, fields: &Map<String, Value>) -> Result<Self, FieldError> {
        if let Some(name) = fields.keys().find(|it| !convert::is_field(it)) {
            return Err(FieldError::new(name, "is no field of a price table"));
        }
        let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
        let mut entry = Self {
            name: name.into(),
            provider: text("provider").into(),
            mode: text("mode").into(),
            max_input_tokens: limit("max_input_tokens", fields.get("max_in"))?,
            max_output_tokens: limit("max_output_tokens", fields.get("max_out"))?,
            ..Self::default()
        };
        for service in Service::ALL {
            if let Some(block) = fields.get(service.ours()) {
                entry.read_block(service, 0, block)?;
            }
        }
        if let Some(above) = fields.get("above") {
            entry.read_above(Service::Standard, above)?;
        }
        entry.prices.sort_by_key(|it| it.0);
        if let Some(ranges) = fields.get("ranges") {
            entry.read_ranges(ranges)?;
        }
        if let Some(search) = fields.get("search") {
            entry.search = read_search(search)?;
        }
        let google = &*entry.provider == "gemini" || entry.provider.starts_with("vertex_ai");
        entry.search_per_prompt = google;
        for (name, value) in fields
            .get("x")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            entry.read_other(name, value)?;
        }
        Ok(entry)
    }

    fn read_block(
        &mut self,
        service: Service,
        above: u64,
        block: &Value,
    ) -> Result<(), FieldError> {
        let Value::Object(block) = block else {
            return Err(FieldError::new(service.ours(), "is no object"));
        };
        for (name, value) in block {
            if name == "above" {
                self.read_above(service, value)?;
            } else if let Some(unit) = Unit::from_ours(name) {
                let slot = Slot {
                    unit,
                    service,
                    above,
                };
                self.prices.push((slot, Rate::read(&slot.theirs(), value)?));
            } else {
                return Err(FieldError::new(name, "is no price that this build knows"));
            }
        }
        Ok(())
    }

    fn read_above(&mut self, service: Service, above: &Value) -> Result<(), FieldError> {
        let Value::Object(above) = above else {
            return Err(FieldError::new("above", "is no object"));
        };
        for (label, block) in above {
            let from = threshold(label);
            let from = from.ok_or_else(|| FieldError::new(label, "is no number of tokens"))?;
            self.read_block(service, from, block)?;
        }
        Ok(())
    }

    fn read_ranges(&mut self, ranges: &Value) -> Result<(), FieldError> {
        const FIELD: &str = "tiered_pricing";
        let wrong = |fault: &str| FieldError::new(FIELD, fault);
        let Value::Array(ranges) = ranges else {
            return Err(wrong("is no list"));
        };
        for range in ranges {
            let Value::Object(fields) = range else {
                return Err(wrong("holds something that is no object"));
            };
            let mut rates = Vec::new();
            for (name, value) in fields {
                if let Some(unit) = Unit::from_ours(name) {
                    rates.push((
                        unit,
                        Rate::read(&format!("{FIELD}.{}", unit.theirs()), value)?,
                    ));
                }
            }
            if let Some(results) = fields.get("results") {
                let to = results.get(1).and_then(Value::as_u64);
                let query = rates.iter().find(|it| it.0 == Unit::PerQuery);
                let (Some(to), Some((_, rate))) = (to, query) else {
                    return Err(wrong("holds a number of results without bounds or price"));
                };
                self.result_ranges.push((to, *rate));
                continue;
            }
            let from = limit(FIELD, fields.get("from"))?.unwrap_or(0);
            let to = limit(FIELD, fields.get("to"))?.unwrap_or(u64::MAX);
            if from >= to {
                return Err(wrong("holds a range that ends before it begins"));
            }
            if !rates.iter().any(|it| it.0 == Unit::Input) {
                return Err(wrong("holds a range without `input_cost_per_token`"));
            }
            self.ranges.push(Range { from, to, rates });
        }
        self.ranges.sort_by_key(|it| it.from);
        self.result_ranges.sort_by_key(|it| it.0);
        Ok(())
    }

    /// A field that has no name of ours.
    fn read_other(&mut self, name: &str, value: &Value) -> Result<(), FieldError> {
        if name == "off_peak_pricing" {
            self.off_peak = Some(OffPeak::read(value)?);
        } else if name == "provider_specific_entry" {
            // Besides multipliers LiteLLM keeps words and switches here.
            for (place, value) in value.as_object().into_iter().flatten() {
                if value.is_number() {
                    let factor = Factor::read(&format!("{name}.{place}"), value)?;
                    self.by_geo.push((place.as_str().into(), factor));
                }
            }
        } else if let Some(place) = name.strip_prefix("regional_processing_uplift_multiplier_") {
            self.by_residency
                .push((place.into(), Factor::read(name, value)?));
        } else if name == "fedramp_uplift_multiplier" {
            self.by_residency
                .push(("fedramp".into(), Factor::read(name, value)?));
        } else if name == "regional_endpoint_uplift_multiplier" {
            self.regional_endpoint = Some(Factor::read(name, value)?);
        } else if name == "web_search_billing_unit" {
            self.search_per_prompt &= value.as_str() != Some("per_query");
        } else if let Some(resolution) = name.strip_prefix("output_cost_per_second_") {
            self.by_resolution
                .push((resolution.into(), Rate::read(name, value)?));
        } else if let Some(size) = name.strip_prefix("output_cost_per_image_") {
            self.by_image_size
                .push((size.into(), Rate::read(name, value)?));
        } else if name.contains("cost") {
            check_numbers(name, value)?;
        }
        Ok(())
    }
}

/// A number of tokens.
fn limit(field: &str, value: Option<&Value>) -> Result<Option<u64>, FieldError> {
    /// No model has more; a greater number would not survive its way through a float.
    const MOST: f64 = 1e15;
    let Some(value) = value else {
        return Ok(None);
    };
    let tokens = number(field, value, MOST)?;
    if tokens.fract() != 0.0 {
        return Err(FieldError::new(
            field,
            format!("is {tokens}, which is no number of tokens"),
        ));
    }
    Ok(Some(tokens as u64))
}

fn read_search(search: &Value) -> Result<[Option<Rate>; 3], FieldError> {
    const FIELD: &str = "search_context_cost_per_query";
    let depth = |name: &str| match search {
        Value::Object(depths) => depths.get(name).map(|it| Rate::read(FIELD, it)).transpose(),
        number => Rate::read(FIELD, number).map(Some),
    };
    Ok([depth("low")?, depth("medium")?, depth("high")?])
}

/// A price that this build does not know must still be a price.
fn check_numbers(field: &str, value: &Value) -> Result<(), FieldError> {
    match value {
        Value::Number(_) => Rate::read(field, value).map(|_| ()),
        Value::Object(fields) => fields
            .iter()
            .try_for_each(|(name, value)| check_numbers(&format!("{field}.{name}"), value)),
        Value::Array(list) => list
            .iter()
            .try_for_each(|value| check_numbers(field, value)),
        _ => Ok(()),
    }
}
