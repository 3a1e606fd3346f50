//! What a request brings: the parts of its path, its query, its body.

use serde_json::{Map, Value};

use super::fault::{bad, missing};
use crate::domain::{CallId, Fault};

/// The parameters of one operation, as the door read them.
#[derive(Debug, Clone, Default)]
pub struct Input {
    /// Parts of the path by name, such as `team_id` of `/team/{team_id}`.
    pub path: Map<String, Value>,
    /// The query; what stands twice is an array of texts, everything else a text.
    pub query: Map<String, Value>,
    /// The JSON body; empty where there is none.
    pub body: Map<String, Value>,
    /// The request's id, which its answer names; None: nobody is told of any.
    pub call: Option<CallId>,
}

impl Input {
    /// Reads pairs of a query or a path, percent-decoded by the door.
    pub fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Map<String, Value> {
        let mut map = Map::new();
        for (name, value) in pairs {
            let value = Value::from(value);
            match map.get_mut(name) {
                None => {
                    map.insert(name.to_owned(), value);
                }
                Some(Value::Array(all)) => all.push(value),
                Some(one) => {
                    let first = one.take();
                    *one = Value::Array(vec![first, value]);
                }
            }
        }
        map
    }

    /// A part of the path.
    ///
    /// # Errors
    /// It is empty, or has control characters.
    pub fn part(&self, name: &str) -> Result<&str, Fault> {
        let text = self.path.get(name).and_then(Value::as_str);
        let text = text.filter(|it| !it.is_empty());
        let text = text.ok_or_else(|| missing(name))?;
        if text.contains(char::is_control) {
            return Err(bad(name, format!("`{name}` has control characters")));
        }
        Ok(text)
    }
}

/// Which page of a list, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    pub page: u64,
    pub size: u64,
}

impl Paging {
    /// From `page` and `size` (or what the list calls it), checked for their ranges.
    ///
    /// # Errors
    /// One of them is no number, or out of range.
    pub fn read(
        query: &Map<String, Value>,
        size_name: &str,
        default: u64,
        most: u64,
    ) -> Result<Self, Fault> {
        Ok(Self {
            page: number(query, "page", 1, 1 << 32)?,
            size: number(query, size_name, default, most)?,
        })
    }

    /// How many rows stand before the page.
    pub const fn offset(self) -> u64 {
        self.page.saturating_sub(1).saturating_mul(self.size)
    }

    /// How many pages a list of this length has.
    pub const fn pages(self, total: u64) -> u64 {
        total.div_ceil(self.size)
    }
}

/// A whole number from 1 to `most`.
///
/// # Errors
/// It is none.
pub fn number(
    fields: &Map<String, Value>,
    name: &str,
    default: u64,
    most: u64,
) -> Result<u64, Fault> {
    #[cfg(test)]
    super::noted::kind(name, &format!("whole(1..{most})"));
    let read = match fields.get(name) {
        None | Some(Value::Null) => Some(default),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(other) => other.as_u64(),
    };
    read.filter(|it| (1..=most).contains(it)).ok_or_else(|| {
        bad(
            name,
            format!("`{name}` must be a whole number from 1 to {most}"),
        )
    })
}
