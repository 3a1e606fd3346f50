//! What a call costs.

use serde_json::{Value, json};

use super::bill::Bill;
use super::entry::Entry;
use super::terms::Terms;
use crate::domain::{Usage, Usd};

/// Where the number comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The price table.
    Table,
    /// The deployment's own prices, over the table's.
    Deployment,
    /// The provider named its price; the lines are empty then.
    Reported,
}

/// The bill of one attempt. `original` is rounded once, from the exact sum; each line is rounded by
/// itself, so that they may differ from it by a unit of 10^-12 dollars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    pub source: Source,
    /// All that went in.
    pub input: Usd,
    /// All that came out.
    pub output: Usd,
    /// Of `input`.
    pub cache_read: Usd,
    /// Of `input`.
    pub cache_write: Usd,
    /// Of `output`.
    pub reasoning: Usd,
    /// Of `input` and `output`: tokens, seconds and characters of sound.
    pub audio: Usd,
    /// Of `input` and `output`: tokens of images, images and pixels.
    pub image: Usd,
    /// Searches, code sessions.
    pub tools: Usd,
    /// Before discount and margin.
    pub original: Usd,
    /// Taken off.
    pub discount: Usd,
    /// Put on.
    pub margin: Usd,
    /// The share that was put on, in units of 10^-9.
    pub margin_share: u64,
    /// What is charged.
    pub total: Usd,
    /// Tools that were used and have no price: not in the total, and to be said aloud.
    pub unpriced: Vec<&'static str>,
}

impl Cost {
    /// The bill of two attempts. Its source is the later one's.
    pub fn plus(self, later: Self) -> Self {
        Self {
            source: later.source,
            input: self.input + later.input,
            output: self.output + later.output,
            cache_read: self.cache_read + later.cache_read,
            cache_write: self.cache_write + later.cache_write,
            reasoning: self.reasoning + later.reasoning,
            audio: self.audio + later.audio,
            image: self.image + later.image,
            tools: self.tools + later.tools,
            original: self.original + later.original,
            discount: self.discount + later.discount,
            margin: self.margin + later.margin,
            margin_share: later.margin_share,
            total: self.total + later.total,
            unpriced: [self.unpriced, later.unpriced].concat(),
        }
    }

    /// LiteLLM's `cost_breakdown`, in dollars. Input is without its cached parts, which stand
    /// beside it.
    pub fn breakdown(&self) -> Value {
        let cached = self.cache_read + self.cache_write;
        let share = |part: f64, of: f64| if of > 0.0 { part / of } else { 0.0 };
        let discount = self.discount.dollars();
        json!({
            "input_cost": (self.input - cached).dollars(),
            "output_cost": self.output.dollars(),
            "cache_read_cost": self.cache_read.dollars(),
            "cache_creation_cost": self.cache_write.dollars(),
            "reasoning_cost": self.reasoning.dollars(),
            "tool_usage_cost": self.tools.dollars(),
            "total_cost": self.total.dollars(),
            "original_cost": self.original.dollars(),
            "discount_percent": share(discount, self.original.dollars()),
            "discount_amount": discount,
            "margin_percent": self.margin_share as f64 / 1e9,
            "margin_total_amount": self.margin.dollars(),
        })
    }

    pub(super) fn plain(source: Source, original: Usd) -> Self {
        Self {
            source,
            input: Usd::ZERO,
            output: Usd::ZERO,
            cache_read: Usd::ZERO,
            cache_write: Usd::ZERO,
            reasoning: Usd::ZERO,
            audio: Usd::ZERO,
            image: Usd::ZERO,
            tools: Usd::ZERO,
            original,
            discount: Usd::ZERO,
            margin: Usd::ZERO,
            margin_share: 0,
            total: original,
            unpriced: Vec::new(),
        }
    }
}

/// The greatest price of a call that is believed of a provider, in dollars.
const MAX_REPORTED: f64 = 1e6;

/// The price of a call. None: unknown, because the model is not in the table, or because something
/// that was used has no price in it. A price that the provider reports needs no entry.
pub fn cost(entry: Option<&Entry>, usage: &Usage, terms: &Terms<'_>) -> Option<Cost> {
    let ours = entry.is_some_and(|it| it.operator_priced);
    let believed = |it: &f64| (0.0..=MAX_REPORTED).contains(it);
    if let Some(dollars) = usage.reported_cost_usd.filter(believed).filter(|_| !ours) {
        return Some(Cost::plain(Source::Reported, Usd::from_dollars(dollars)?));
    }
    let entry = entry.filter(|it| it.is_priced())?;
    let source = if ours {
        Source::Deployment
    } else {
        Source::Table
    };
    Bill::write(entry, usage, terms).close(source)
}
