//! How the fields of a record lie in columns.

use super::StoreError;
use super::sql::{Row, Value};
use crate::domain::Usd;

const PER_DOLLAR: i128 = Usd::PER_DOLLAR;

/// The columns of one table in a row that may come from a join.
#[derive(Debug, Clone, Copy)]
pub struct Cells<'a> {
    row: &'a Row,
    prefix: &'a str,
}

impl<'a> Cells<'a> {
    pub(super) const fn new(row: &'a Row, prefix: &'a str) -> Self {
        Self { row, prefix }
    }

    fn name(&self, column: &str) -> String {
        format!("{}{column}", self.prefix)
    }

    pub(super) fn get<C: Column>(&self, column: &str) -> Result<C, StoreError> {
        C::take(self, column)
    }

    fn opt_int(&self, column: &str) -> Result<Option<i64>, StoreError> {
        self.row.opt_int(&self.name(column))
    }

    fn opt_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        self.row.opt_text(&self.name(column))
    }
}

/// A Rust type that lies in one column, or in several.
pub trait Column: Sized {
    /// The column names of a field.
    fn names(field: &'static str) -> Vec<String> {
        vec![field.to_owned()]
    }
    fn put(&self, values: &mut Vec<Value>);
    fn take(cells: &Cells<'_>, column: &str) -> Result<Self, StoreError>;
}

impl Column for String {
    fn put(&self, values: &mut Vec<Value>) {
        values.push(self.into());
    }
    fn take(cells: &Cells<'_>, column: &str) -> Result<Self, StoreError> {
        cells
            .opt_text(column)?
            .ok_or_else(|| StoreError::null(column))
    }
}

impl Column for Option<String> {
    fn put(&self, values: &mut Vec<Value>) {
        values.push(self.into());
    }
    fn take(cells: &Cells<'_>, column: &str) -> Result<Self, StoreError> {
        cells.opt_text(column)
    }
}

impl Column for i64 {
    fn put(&self, values: &mut Vec<Value>) {
        values.push((*self).into());
    }
    fn take(cells: &Cells<'_>, column: &str) -> Result<Self, StoreError> {
        cells
            .opt_int(column)?
            .ok_or_else(|| StoreError::null(column))
    }
}

impl Column for Option<i64> {
    fn put(&self, values: &mut Vec<Value>) {
        values.push((*self).into());
    }
    fn take(cells: &Cells<'_>, column: &str) -> Result<Self, StoreError> {
        cells.opt_int(column)
    }
}

impl Column for bool {
    fn put(&self, values: &mut Vec<Value>) {
        values.push((*self).into());
    }
    fn take(cells: &Cells<'_>, column: &str) -> Result<Self, StoreError> {
        Ok(i64::take(cells, column)? != 0)
    }
}

/// Whole dollars and the rest, so that no sum overflows and a sort by both is by amount.
impl Column for Option<Usd> {
    fn names(field: &'static str) -> Vec<String> {
        vec![format!("{field}_usd"), format!("{field}_pico")]
    }
    fn put(&self, values: &mut Vec<Value>) {
        let (usd, pico) = self.map(split).unzip();
        values.push(usd.into());
        values.push(pico.into());
    }
    fn take(cells: &Cells<'_>, column: &str) -> Result<Self, StoreError> {
        let usd = cells.opt_int(&format!("{column}_usd"))?;
        let pico = cells.opt_int(&format!("{column}_pico"))?;
        Ok(usd.zip(pico).map(|(usd, pico)| join(usd, pico)))
    }
}

/// Whole dollars, rounded down, and the units of 10^-12 dollars above them.
pub(super) fn split(amount: Usd) -> (i64, i64) {
    let whole = amount.pico().div_euclid(PER_DOLLAR);
    let rest = amount.pico().rem_euclid(PER_DOLLAR);
    (
        i64::try_from(whole).unwrap_or(if whole < 0 { i64::MIN } else { i64::MAX }),
        i64::try_from(rest).unwrap_or_default(),
    )
}

pub(super) fn join(usd: i64, pico: i64) -> Usd {
    Usd::from_pico(i128::from(usd) * PER_DOLLAR + i128::from(pico))
}

/// Money inside a JSON document: a decimal text, because a JSON number is a float to most.
pub mod money {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::domain::Usd;

    pub fn serialize<S: Serializer>(amount: &Option<Usd>, to: S) -> Result<S::Ok, S::Error> {
        match amount {
            Some(amount) => to.collect_str(amount),
            None => to.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Usd>, D::Error> {
        let Some(text) = Option::<String>::deserialize(from)? else {
            return Ok(None);
        };
        parse(&text)
            .map(Some)
            .ok_or_else(|| D::Error::custom("not an amount of dollars"))
    }

    /// What `Usd`'s `Display` writes.
    pub(in crate::store) fn parse(text: &str) -> Option<Usd> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text),
        };
        let (whole, decimals) = digits.split_once('.')?;
        if decimals.len() > 12 {
            return None;
        }
        let whole: u64 = whole.parse().ok()?;
        let rest: u64 = format!("{decimals:0<12}").parse().ok()?;
        let units = i128::from(whole) * Usd::PER_DOLLAR + i128::from(rest);
        Some(Usd::from_pico(sign * units))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn money_survives_columns_and_documents(units in -1_000_000_000_000_000_000_000i128..1_000_000_000_000_000_000_000) {
            let amount = Usd::from_pico(units);
            let (usd, pico) = split(amount);
            prop_assert!((0..1_000_000_000_000).contains(&pico));
            prop_assert_eq!(join(usd, pico), amount);
            prop_assert_eq!(money::parse(&amount.to_string()), Some(amount));
        }
    }
}
