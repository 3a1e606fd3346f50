//! Discounts and margins: `cost_discount_config`, `cost_margin_config`.

use serde_json::{Map, Value};

use super::cost::Cost;
use super::error::FieldError;
use super::rate::{decimal, number};
use crate::domain::{Usd, glob};

/// A share, in units of 10^-9.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Share(u64);

const WHOLE: i128 = 1_000_000_000;
/// A margin of more than a hundredfold is a mistake of scale.
const MAX_MARGIN: f64 = 100.0;
const MAX_FIXED: f64 = 1e6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Margin {
    share: Share,
    fixed: Usd,
}

/// What is taken off and put on, by provider.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adjustments {
    /// By `provider`, or `provider/model` with `*` in it.
    discounts: Vec<(String, Share)>,
    /// By provider, or `global`.
    margins: Vec<(String, Margin)>,
}

impl Adjustments {
    /// `{"vertex_ai": 0.05}` is 5 % off; a margin is a share, or
    /// `{"percentage": 0.08, "fixed_amount": 0.0005}` in dollars a call.
    pub fn read(
        discounts: Option<&Map<String, Value>>,
        margins: Option<&Map<String, Value>>,
    ) -> Result<Self, FieldError> {
        let mut read = Self::default();
        for (name, value) in discounts.into_iter().flatten() {
            let share = share(&format!("cost_discount_config.{name}"), value, 1.0)?;
            read.discounts.push((name.clone(), share));
        }
        for (name, value) in margins.into_iter().flatten() {
            let margin = margin(&format!("cost_margin_config.{name}"), value)?;
            read.margins.push((name.clone(), margin));
        }
        Ok(read)
    }

    /// Writes discount and margin into a bill: the discount is a share of the original, the margin
    /// one of what is left. Each is rounded half up.
    pub fn apply(&self, provider: &str, model: &str, mut cost: Cost) -> Cost {
        if let Some(discount) = self.discount(provider, model) {
            cost.discount = discount.of(cost.original);
        }
        let left = cost.original - cost.discount;
        if let Some(margin) = self.margin(provider) {
            cost.margin = margin.share.of(left) + margin.fixed;
            cost.margin_share = margin.share.0;
        }
        cost.total = left + cost.margin;
        cost
    }

    /// The exact name first, then the pattern with most letters, then the provider.
    fn discount(&self, provider: &str, model: &str) -> Option<Share> {
        let full = format!("{provider}/{model}");
        let letters = |pattern: &str| pattern.bytes().filter(|it| *it != b'*').count();
        let exact = self.discounts.iter().find(|it| it.0 == full);
        let fitting = self.discounts.iter().filter(|(name, _)| {
            let ours = name.split_once('/').is_some_and(|it| it.0 == provider);
            ours && glob::matches(name, &full)
        });
        exact
            .or_else(|| fitting.max_by_key(|it| letters(&it.0)))
            .or_else(|| self.discounts.iter().find(|it| it.0 == provider))
            .map(|it| it.1)
    }

    fn margin(&self, provider: &str) -> Option<Margin> {
        let named = |name: &str| self.margins.iter().find(|it| it.0 == name);
        named(provider).or_else(|| named("global")).map(|it| it.1)
    }
}

impl Share {
    fn of(self, amount: Usd) -> Usd {
        let part = amount.pico().saturating_mul(i128::from(self.0));
        Usd::from_pico(part.saturating_add(WHOLE / 2).div_euclid(WHOLE))
    }
}

fn share(field: &str, value: &Value, max: f64) -> Result<Share, FieldError> {
    let share = number(field, value, max)?;
    let units = decimal(share, 9).and_then(|it| u64::try_from(it).ok());
    units
        .map(Share)
        .ok_or_else(|| FieldError::new(field, format!("is {share}, which is no share")))
}

fn margin(field: &str, value: &Value) -> Result<Margin, FieldError> {
    let Value::Object(parts) = value else {
        let share = share(field, value, MAX_MARGIN)?;
        return Ok(Margin {
            share,
            fixed: Usd::ZERO,
        });
    };
    let mut margin = Margin {
        share: Share(0),
        fixed: Usd::ZERO,
    };
    for (name, value) in parts {
        let field = format!("{field}.{name}");
        match name.as_str() {
            "percentage" => margin.share = share(&field, value, MAX_MARGIN)?,
            "fixed_amount" => {
                let dollars = number(&field, value, MAX_FIXED)?;
                margin.fixed = Usd::from_dollars(dollars).unwrap_or_default();
            }
            _ => {
                return Err(FieldError::new(
                    &field,
                    "is neither `percentage` nor `fixed_amount`",
                ));
            }
        }
    }
    Ok(margin)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::prices::Source;

    fn read(discounts: Value, margins: Value) -> Result<Adjustments, FieldError> {
        Adjustments::read(discounts.as_object(), margins.as_object())
    }

    /// Discount, margin and total of a bill of 1 dollar, in millionths.
    fn applied(adjustments: &Adjustments, provider: &str, model: &str) -> [i128; 3] {
        let bill = Cost::plain(Source::Table, Usd::from_pico(1_000_000_000_000));
        let cost = adjustments.apply(provider, model, bill);
        assert_eq!(cost.original, Usd::from_pico(1_000_000_000_000));
        [cost.discount, cost.margin, cost.total].map(|it| it.pico() / 1_000_000)
    }

    #[test]
    fn the_margin_stands_on_what_the_discount_left() {
        let adjustments = read(
            json!({"vertex_ai": 0.05}),
            json!({"vertex_ai": {"percentage": 0.1, "fixed_amount": 0.0005}, "global": 0.2}),
        )
        .unwrap();
        assert_eq!(
            applied(&adjustments, "vertex_ai", "gemini"),
            [50_000, 95_500, 1_045_500]
        );
        assert_eq!(
            applied(&adjustments, "openai", "gpt-4o"),
            [0, 200_000, 1_200_000]
        );
    }

    #[test]
    fn the_most_exact_discount_holds() {
        let adjustments = read(
            json!({"openai": 0.1, "openai/gpt-*": 0.2, "openai/gpt-4o*": 0.3, "openai/gpt-4o": 0.4, "azure/*": 0.5}),
            json!({}),
        )
        .unwrap();
        let discount = |model| applied(&adjustments, "openai", model)[0];
        assert_eq!(discount("gpt-4o"), 400_000);
        assert_eq!(discount("gpt-4o-mini"), 300_000);
        assert_eq!(discount("gpt-5"), 200_000);
        assert_eq!(discount("o3"), 100_000);
        assert_eq!(applied(&adjustments, "anthropic", "gpt-4o")[0], 0);
    }

    #[test]
    fn what_would_pay_the_caller_is_refused() {
        let fault = |discounts, margins| read(discounts, margins).unwrap_err().to_string();
        assert!(fault(json!({"openai": 1.5}), json!({})).contains("`cost_discount_config.openai`"));
        assert!(fault(json!({"openai": -0.1}), json!({})).contains("may not be negative"));
        assert!(fault(json!({}), json!({"global": -1})).contains("`cost_margin_config.global`"));
        assert!(fault(json!({}), json!({"global": {"fixed": 1}})).contains("neither"));
    }
}
