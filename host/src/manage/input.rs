//! Which page of a list, in which order.

use serde_json::{Map, Value};

use super::fault::bad;
use super::fields::Given;
#[cfg(test)]
use crate::asked::noted;
use crate::domain::Fault;

pub(super) use crate::asked::Paging;

/// `sort_by` and `sort_order` of a list: the column, and whether it descends.
pub(super) fn sorting(
    query: &Map<String, Value>,
    columns: &[(&str, &'static str)],
    default: &'static str,
) -> Result<(&'static str, bool), Fault> {
    #[cfg(test)]
    {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        noted::kind("sort_by", &format!("choice({})", names.join("|")));
        noted::kind("sort_order", "choice(asc|desc)");
    }
    let text = |name: &str| {
        query
            .get(name)
            .and_then(Value::as_str)
            .filter(|it| !it.is_empty())
    };
    let column = match text("sort_by") {
        None => default,
        Some(wanted) => columns
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, column)| *column)
            .ok_or_else(|| {
                let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
                bad(
                    "sort_by",
                    format!("`sort_by` must be one of {}", names.join(", ")),
                )
            })?,
    };
    match text("sort_order") {
        None | Some("desc") => Ok((column, true)),
        Some("asc") => Ok((column, false)),
        Some(_) => Err(bad("sort_order", "`sort_order` must be `asc` or `desc`")),
    }
}

/// A flag of a query: `true`, `1`, `yes` and their opposites, as FastAPI reads them.
pub(super) fn flag(asked: &Given, name: &str) -> Result<bool, Fault> {
    #[cfg(test)]
    noted::kind(name, "flag");
    let text = asked.text(name).map(|it| it.to_lowercase());
    match text.as_deref() {
        None if !asked.some(name) => Ok(false),
        None => asked.flag(name).ok_or_else(|| not_a_flag(name)),
        Some("true" | "1" | "yes" | "on") => Ok(true),
        Some("false" | "0" | "no" | "off" | "") => Ok(false),
        Some(_) => Err(not_a_flag(name)),
    }
}

fn not_a_flag(name: &str) -> Fault {
    bad(name, format!("`{name}` must be true or false"))
}
