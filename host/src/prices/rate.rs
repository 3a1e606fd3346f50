//! Exact numbers: a price for one unit, a factor, and sums of products of the two.

use serde_json::Value;

use super::error::FieldError;
use crate::domain::Usd;

/// Dollars for one unit, in units of 10^-18. The table's own noise (`2.9999900000000002e-06`) lies
/// below that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u128);

/// A multiplier, in units of 10^-6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Factor(u64);

/// A sum of rate × count × factor, in units of 10^-24 dollars. It saturates at 10^14 dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(u128);

/// No unit costs a million dollars; a greater number is a mistake of scale.
const MAX_DOLLARS: f64 = 1e6;
/// The greatest multiplier that is believed.
const MAX_FACTOR: f64 = 1000.0;
const PER_ROW: u128 = 1_000_000_000_000;

impl Rate {
    /// A number, or a number as text (`1e-6` in YAML), neither negative nor beyond a million.
    pub fn read(field: &str, value: &Value) -> Result<Self, FieldError> {
        let dollars = number(field, value, MAX_DOLLARS)?;
        decimal(dollars, 18)
            .map(Self)
            .ok_or_else(|| FieldError::new(field, format!("is {dollars}, which is no price")))
    }

    /// Units of 10^-18 dollars.
    #[cfg(test)]
    pub const fn atto(self) -> u128 {
        self.0
    }

    /// Half of it, rounded up.
    pub const fn half(self) -> Self {
        Self(self.0.div_ceil(2))
    }

    pub fn times(self, count: u64) -> Amount {
        self.times_factor(count, Factor::ONE)
    }

    pub fn times_factor(self, count: u64, factor: Factor) -> Amount {
        let whole = self.0.saturating_mul(u128::from(count));
        Amount(whole.saturating_mul(u128::from(factor.0)))
    }

    /// For a time: the rate is one for a second.
    pub fn times_ms(self, milliseconds: u64, factor: Factor) -> Amount {
        let whole = self.0.saturating_mul(u128::from(milliseconds));
        Amount(whole.saturating_mul(u128::from(factor.0)).div_ceil(1000))
    }
}

impl Factor {
    pub const ONE: Self = Self(1_000_000);

    pub fn read(field: &str, value: &Value) -> Result<Self, FieldError> {
        let factor = number(field, value, MAX_FACTOR)?;
        decimal(factor, 6)
            .and_then(|it| u64::try_from(it).ok())
            .map(Self)
            .ok_or_else(|| FieldError::new(field, format!("is {factor}, which is no factor")))
    }

    /// Both one after the other, rounded half up.
    pub fn and(self, other: Self) -> Self {
        let product = u128::from(self.0).saturating_mul(u128::from(other.0));
        let rounded = product.saturating_add(500_000) / 1_000_000;
        Self(u64::try_from(rounded).unwrap_or(u64::MAX))
    }
}

impl Amount {
    pub const ZERO: Self = Self(0);

    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The only rounding of a bill: half up, to 10^-12 dollars.
    pub fn usd(self) -> Usd {
        let rounded = self.0 / PER_ROW + u128::from(self.0 % PER_ROW >= PER_ROW / 2);
        Usd::from_pico(i128::try_from(rounded).unwrap_or(i128::MAX))
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl std::iter::Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Self::plus)
    }
}

/// A finite number from 0 to `max`; a price that stands as text is read as YAML 1.1 writes it.
pub(super) fn number(field: &str, value: &Value, max: f64) -> Result<f64, FieldError> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let Some(number) = number else {
        return Err(FieldError::new(field, "is no number"));
    };
    if !number.is_finite() {
        return Err(FieldError::new(field, "is not finite"));
    }
    if number < 0.0 {
        return Err(FieldError::new(
            field,
            format!("is {number}; it may not be negative"),
        ));
    }
    if number > max {
        return Err(FieldError::new(
            field,
            format!("is {number}; at most {max} is believed"),
        ));
    }
    Ok(number.abs()) // -0.0 is 0
}

/// `number` × 10^`places`, rounded half up, through its decimal text of 15 digits: as many as
/// survive any reader of JSON, so that what was written as 0.1 is a tenth exactly.
pub(super) fn decimal(number: f64, places: i32) -> Option<u128> {
    let text = format!("{number:.14e}");
    let (mantissa, exponent) = text.split_once('e')?;
    let fraction = mantissa.split_once('.').map_or(0, |(_, part)| part.len());
    let digits: u128 = mantissa.replace('.', "").parse().ok()?;
    let shift = exponent.parse::<i32>().ok()? + places - i32::try_from(fraction).ok()?;
    match 10u128.checked_pow(shift.unsigned_abs()) {
        Some(power) if shift >= 0 => digits.checked_mul(power),
        Some(power) => Some((digits + power / 2) / power),
        None => (shift < 0).then_some(0),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn atto(value: Value) -> Result<u128, String> {
        Rate::read("price", &value)
            .map(Rate::atto)
            .map_err(|it| it.to_string())
    }

    #[test]
    fn rates_are_read_exactly_from_numbers_and_text() {
        assert_eq!(atto(json!(2.5e-6)), Ok(2_500_000_000_000));
        assert_eq!(atto(json!("1e-6")), Ok(1_000_000_000_000));
        assert_eq!(atto(json!(3)), Ok(3_000_000_000_000_000_000));
        assert_eq!(atto(json!(2.9999900000000002e-06)), Ok(2_999_990_000_000));
        assert_eq!(atto(json!(0)), Ok(0));
        assert_eq!(atto(json!(1e-300)), Ok(0));
    }

    #[test]
    fn what_is_no_price_is_refused_by_name() {
        assert_eq!(
            atto(json!(-1e-9)),
            Err("`price` is -0.000000001; it may not be negative".into())
        );
        assert_eq!(atto(json!("nan")), Err("`price` is not finite".into()));
        assert_eq!(atto(json!("inf")), Err("`price` is not finite".into()));
        assert_eq!(
            atto(json!(2e6)),
            Err("`price` is 2000000; at most 1000000 is believed".into())
        );
        assert_eq!(atto(json!(true)), Err("`price` is no number".into()));
    }

    #[test]
    fn a_sum_is_rounded_once_and_half_up() {
        let rate = Rate::read("price", &json!(2.5e-13)).unwrap();
        assert_eq!(rate.times(1).usd().pico(), 0);
        assert_eq!(rate.times(2).usd().pico(), 1);
        assert_eq!(rate.times(1).plus(rate.times(1)).usd().pico(), 1);
        let factor = Factor::read("factor", &json!(1.1)).unwrap();
        assert_eq!(rate.times_factor(20, factor.and(factor)).usd().pico(), 6);
        assert_eq!(rate.times_ms(8500, Factor::ONE).usd().pico(), 2);
    }

    #[test]
    fn no_count_is_too_large_to_multiply() {
        let rate = Rate::read("price", &json!(1e6)).unwrap();
        assert!(rate.times(u64::MAX).usd() > Usd::from_pico(0));
        assert_eq!(
            rate.times(u64::MAX).plus(rate.times(1)),
            rate.times(u64::MAX)
        );
    }
}
