//! Prices that a deployment names itself, in `litellm_params` or `model_info`.

use serde_json::{Map, Value};

use super::convert;
use super::entry::Entry;
use super::error::FieldError;
use super::slot::Slot;
use super::unit::Unit;

/// A deployment's own prices and limits. Zero is free; what is missing stays what the table says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    entry: Entry,
    /// As they were written, for `/model/info`.
    fields: Map<String, Value>,
}

/// What besides prices and `supports_*` may be said of a model. Everything else in
/// `litellm_params` is none of our business; some of it is secret.
const FIELDS: &[&str] = &[
    "mode",
    "max_tokens",
    "max_input_tokens",
    "max_output_tokens",
    "supported_endpoints",
    "supported_modalities",
    "supported_output_modalities",
    "deprecation_date",
    "prompt_cache_min_tokens",
    "output_vector_size",
    "thinking_always_on",
];
const PRICES: &[&str] = &[
    "tiered_pricing",
    "search_context_cost_per_query",
    "off_peak_pricing",
    "provider_specific_entry",
    "web_search_billing_unit",
    "guardrail_cost_per_unit",
];

fn is_price(name: &str) -> bool {
    PRICES.contains(&name)
        || Slot::from_theirs(name).is_some()
        || name.contains("_cost_per_")
        || name.contains("uplift_multiplier")
}

impl Overrides {
    /// Takes what it knows from `params`. None: nothing stands there.
    pub fn read(params: &Map<String, Value>) -> Result<Option<Self>, FieldError> {
        let ours =
            |name: &str| is_price(name) || FIELDS.contains(&name) || name.starts_with("supports_");
        let fields: Map<_, _> = params
            .iter()
            .filter(|(name, value)| ours(name) && !value.is_null())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if fields.is_empty() {
            return Ok(None);
        }
        let entry = Entry::read("", &convert::from_theirs(fields.clone(), &mut |_| 0))?;
        Ok(Some(Self { entry, fields }))
    }

    fn has(&self, unit: Unit) -> bool {
        self.entry.base(unit).is_some()
    }

    /// Whether it names a price, rather than limits only.
    pub fn names_prices(&self) -> bool {
        self.fields.keys().any(|it| is_price(it))
    }
}

impl Entry {
    /// This entry as one deployment sees it.
    ///
    /// A price of input (output) tokens replaces the table's prices of everything that goes in
    /// (comes out), with their tiers and services: half an operator's price list and half of the
    /// provider's would be nobody's. What the operator does not name then follows the rule for a
    /// missing price. Any other price replaces the table's of the same unit.
    pub fn with(&self, overrides: &Overrides) -> Self {
        let theirs = &overrides.entry;
        let input = overrides.has(Unit::Input) || !theirs.ranges.is_empty();
        let output = overrides.has(Unit::Output);
        let by_the_second = [Unit::PerSecond, Unit::PerSecondIn, Unit::PerSecondOut]
            .into_iter()
            .any(|unit| overrides.has(unit));
        let clock = by_the_second && !input && !output;
        let replaced = |slot: &Slot| {
            let unit = slot.unit;
            overrides.has(unit)
                || theirs.at(*slot).is_some()
                || ((input || clock) && unit.is_input_side())
                || ((output || clock) && unit.is_output_side())
        };
        let mut entry = self.clone();
        entry.prices.retain(|it| !replaced(&it.0));
        entry.prices.extend(theirs.prices.iter().copied());
        entry.prices.sort_by_key(|it| it.0);
        if input || output || clock {
            entry.ranges.clear();
            entry.off_peak = None;
            entry.by_geo.clear();
            entry.by_residency.clear();
            entry.regional_endpoint = None;
        }
        entry.take_other_prices(theirs);
        if overrides.fields.contains_key("web_search_billing_unit") {
            let unit = overrides
                .fields
                .get("web_search_billing_unit")
                .and_then(Value::as_str);
            entry.search_per_prompt = unit != Some("per_query");
        }
        if !theirs.mode.is_empty() {
            entry.mode = theirs.mode.clone();
        }
        entry.max_input_tokens = theirs.max_input_tokens.or(entry.max_input_tokens);
        entry.max_output_tokens = theirs.max_output_tokens.or(entry.max_output_tokens);
        entry.overrides = overrides.fields.clone();
        entry.operator_priced = overrides.names_prices();
        entry
    }

    /// Whether a price of the table, by LiteLLM's name, is one of this entry too.
    pub(super) fn still_holds(&self, name: &str) -> bool {
        match name {
            "tiered_pricing" => !self.ranges.is_empty() || !self.result_ranges.is_empty(),
            "off_peak_pricing" => self.off_peak.is_some(),
            "provider_specific_entry" => !self.by_geo.is_empty(),
            _ if name.starts_with("regional_processing_uplift") => !self.by_residency.is_empty(),
            "regional_endpoint_uplift_multiplier" => self.regional_endpoint.is_some(),
            _ => Slot::from_theirs(name).is_none_or(|(slot, _)| self.at(slot).is_some()),
        }
    }

    fn take_other_prices(&mut self, theirs: &Self) {
        let replace = |list: &mut Vec<_>, new: &Vec<_>| {
            if !new.is_empty() {
                list.clone_from(new);
            }
        };
        replace(&mut self.by_resolution, &theirs.by_resolution);
        replace(&mut self.by_image_size, &theirs.by_image_size);
        if !theirs.ranges.is_empty() {
            self.ranges.clone_from(&theirs.ranges);
        }
        if !theirs.result_ranges.is_empty() {
            self.result_ranges.clone_from(&theirs.result_ranges);
        }
        if theirs.search.iter().any(Option::is_some) {
            self.search = theirs.search;
        }
        if theirs.off_peak.is_some() {
            self.off_peak.clone_from(&theirs.off_peak);
        }
        if !theirs.by_geo.is_empty() {
            self.by_geo.clone_from(&theirs.by_geo);
        }
        if !theirs.by_residency.is_empty() {
            self.by_residency.clone_from(&theirs.by_residency);
        }
        self.regional_endpoint = theirs.regional_endpoint.or(self.regional_endpoint);
    }
}
