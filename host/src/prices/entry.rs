//! One model of the table, read into numbers.

use serde_json::{Map, Value};

use super::offpeak::OffPeak;
use super::rate::{Factor, Rate};
use super::slot::Slot;
use super::unit::Unit;

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

    /// Whether its provider counts searches in the usage.
    pub(super) fn counts_searches(&self) -> bool {
        let provider = &*self.provider;
        matches!(provider, "anthropic" | "gemini" | "xai") || provider.starts_with("vertex_ai")
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
}
