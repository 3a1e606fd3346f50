//! Money. Exact integers inside and in the database; floats only where JSON wants them, converted
//! here.

use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use serde::{Deserialize, Serialize};

/// An amount in units of 10^-12 US dollars. Sums saturate far beyond any bill (10^26 dollars).
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Usd(i128);

impl Usd {
    pub const ZERO: Self = Self(0);
    /// Units in a dollar.
    pub const PER_DOLLAR: i128 = 1_000_000_000_000;

    pub const fn from_pico(units: i128) -> Self {
        Self(units)
    }

    /// Units of 10^-12 dollars.
    pub const fn pico(self) -> i128 {
        self.0
    }

    /// As a database row keeps it: units of 10^-12 dollars, at most 9.2 million dollars a row.
    pub fn to_row(self) -> i64 {
        i64::try_from(self.0).unwrap_or(if self.0 < 0 { i64::MIN } else { i64::MAX })
    }

    pub const fn from_row(units: i64) -> Self {
        Self(units as i128)
    }

    /// From dollars as JSON and YAML write them, rounded to the nearest unit. None: not a number,
    /// infinite, or beyond 10^15 dollars.
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        if !dollars.is_finite() || dollars.abs() > 1e15 {
            return None;
        }
        // Through its shortest decimal text, so that 0.1 is a tenth exactly.
        decimal(&format!("{dollars:e}"))
    }

    /// In dollars, for JSON.
    pub fn dollars(self) -> f64 {
        self.0 as f64 / Self::PER_DOLLAR as f64
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub fn saturating_mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(i128::from(times)))
    }
}

/// Reads `d.ddde±x` as units, rounded half away from zero.
fn decimal(text: &str) -> Option<Usd> {
    let (mantissa, exponent) = text.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    let fraction = mantissa.split_once('.').map_or(0, |(_, part)| part.len());
    let digits: i128 = mantissa.replace('.', "").parse().ok()?;
    let shift = exponent + 12 - i32::try_from(fraction).ok()?;
    let power = |of: i32| 10i128.checked_pow(of.unsigned_abs());
    Some(Usd(if shift >= 0 {
        digits.checked_mul(power(shift)?)?
    } else {
        match power(shift) {
            Some(by) => (digits + digits.signum() * (by / 2)) / by,
            None => 0,
        }
    }))
}

impl Add for Usd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Usd {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Usd {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Usd {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl std::iter::Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}

/// In dollars, with as many decimals as it has.
impl fmt::Display for Usd {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let units = self.0.unsigned_abs();
        let (whole, rest) = (units / 1_000_000_000_000, units % 1_000_000_000_000);
        let rest = format!("{rest:012}");
        match rest.trim_end_matches('0') {
            "" => write!(out, "{sign}{whole}.0"),
            decimals => write!(out, "{sign}{whole}.{decimals}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_read_exactly() {
        let units = |dollars| Usd::from_dollars(dollars).map(Usd::pico);
        assert_eq!(units(0.1), Some(100_000_000_000));
        assert_eq!(units(-2.5), Some(-2_500_000_000_000));
        assert_eq!(units(1.5e-12), Some(2));
        assert_eq!(units(1e-300), Some(0));
        assert_eq!((units(f64::NAN), units(1e16)), (None, None));
    }

    #[test]
    fn it_prints_every_digit_it_has() {
        assert_eq!(
            Usd::from_pico(1_000_000_000_001).to_string(),
            "1.000000000001"
        );
        assert_eq!(Usd::from_pico(-500_000_000_000).to_string(), "-0.5");
        assert_eq!(Usd::ZERO.to_string(), "0.0");
    }
}
