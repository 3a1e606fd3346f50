//! One model of the table, read into numbers.

use serde_json::{Map, Value};

use super::convert;
use super::error::FieldError;
use super::offpeak::OffPeak;
use super::rate::{Factor, Rate, number};
use super::unit::{Service, Slot, Unit, threshold};

/// A model's prices and limits. A price that is missing is unknown; zero is free.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entry {
    /// Its key in the table.
    pub name: Box<str>,
    /// As LiteLLM names it (`vertex_ai-language-models`); empty: any.
    pub provider: Box<str>,
    /// `chat`, `embedding`, ...; empty where the table names none.
    pub mode: Box<str>,
    pub max_input_tokens: Option<u64>,
    pub max_output_tokens: Option<u64>,
    /// By slot.
    pub(super) prices: Vec<(Slot, Rate)>,
    /// By prompt tokens; the whole request is priced by one of them.
    pub(super) ranges: Vec<Range>,
    /// By the number of results asked: greatest number included, price of a query.
    pub(super) result_ranges: Vec<(u64, Rate)>,
    /// A search of low, medium and high depth.
    pub(super) search: [Option<Rate>; 3],
    /// One price for all searches of a call.
    pub(super) search_per_prompt: bool,
    pub(super) off_peak: Option<OffPeak>,
    /// By `inference_geo`, and `fast` by `speed`.
    pub(super) by_geo: Vec<(Box<str>, Factor)>,
    /// By data residency: `us`, `eu`, `fedramp`.
    pub(super) by_residency: Vec<(Box<str>, Factor)>,
    /// On any endpoint but Vertex's global one.
    pub(super) regional_endpoint: Option<Factor>,
    /// A second of video, by resolution: `1080p`.
    pub(super) by_resolution: Vec<(Box<str>, Rate)>,
    /// An image, by size: `2K`.
    pub(super) by_image_size: Vec<(Box<str>, Rate)>,
    /// What a deployment says instead, in LiteLLM's names.
    pub(super) overrides: Map<String, Value>,
    /// A deployment names prices of its own; they beat what a provider reports.
    pub(super) operator_priced: bool,
}

/// Prices of requests with more than `from` and at most `to` prompt tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    pub from: u64,
    pub to: u64,
    pub rates: Vec<(Unit, Rate)>,
}

impl Range {
    pub fn rate(&self, unit: Unit) -> Option<Rate> {
        self.rates.iter().find(|it| it.0 == unit).map(|it| it.1)
    }
}

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

    /// The price in exactly this slot.
    pub(super) fn at(&self, slot: Slot) -> Option<Rate> {
        let found = self.prices.binary_search_by_key(&slot, |it| it.0).ok()?;
        self.prices.get(found).map(|it| it.1)
    }

    pub(super) fn base(&self, unit: Unit) -> Option<Rate> {
        self.at(Slot::base(unit))
    }

    /// Whether xAI's rule holds: a tier begins at its threshold, not above it.
    pub(super) fn tier_begins_at_threshold(&self) -> bool {
        &*self.provider == "xai"
    }

    /// Whether it counts something else than text: no count at all is then no bill.
    pub(super) fn is_media(&self) -> bool {
        const MEDIA: &[&str] = &[
            "image_generation",
            "image_edit",
            "audio_transcription",
            "audio_speech",
            "video_generation",
            "ocr",
            "extraction",
            "vector_store",
            "guardrail",
        ];
        MEDIA.contains(&&*self.mode)
    }

    /// Whether a token has a price, be it zero.
    pub(super) fn prices_tokens(&self) -> bool {
        let token = |unit: Unit| {
            (unit.is_input_side() || unit.is_output_side())
                && !matches!(unit, Unit::CharacterIn | Unit::CharacterOut)
        };
        !self.ranges.is_empty() || self.prices.iter().any(|it| token(it.0.unit))
    }

    /// Whether it is paid by the second of work: no token has a price, and a second has.
    pub(super) fn is_paid_by_the_clock(&self) -> bool {
        !self.prices_tokens() && !self.is_media() && self.clock_rate().is_some()
    }

    pub(super) fn clock_rate(&self) -> Option<Rate> {
        [Unit::PerSecond, Unit::PerSecondIn, Unit::PerSecondOut]
            .into_iter()
            .find_map(|unit| self.base(unit))
    }

    /// Whether it names any price.
    pub fn is_priced(&self) -> bool {
        let unpriced = self.prices.is_empty()
            && self.ranges.is_empty()
            && self.result_ranges.is_empty()
            && self.by_resolution.is_empty()
            && self.by_image_size.is_empty();
        !unpriced
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
