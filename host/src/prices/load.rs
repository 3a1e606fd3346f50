//! Reading a table of ours, or LiteLLM's `model_prices_and_context_window.json`, into the canonical
//! text. Every entry is read before any is taken: a bad one refuses the whole table.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::convert;
use super::entry::Entry;
use super::error::{FieldError, PriceError};
use super::layer::{MODELS, SOURCES, order};

/// LiteLLM's file has two million bytes; eight times that is no price table.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// The only format that there has been.
const FORMAT: u64 = 1;
/// LiteLLM's explanation of its own fields, and its rules for names that are not in the table.
const NO_MODELS: &[&str] = &["sample_spec"];

#[derive(serde::Deserialize)]
struct Ours<'a> {
    /// When the prices were read, as a date.
    #[serde(default)]
    read: String,
    #[serde(default)]
    sources: Vec<String>,
    #[serde(borrow)]
    models: Pairs<'a>,
}

/// An object's members in their order, unread.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Pairs<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object of models")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}

/// The canonical text of a table in either format.
pub fn canonical(bytes: &[u8]) -> Result<String, PriceError> {
    if bytes.len() > MAX_BYTES {
        return Err(PriceError::TooLarge(bytes.len(), MAX_BYTES));
    }
    let top: Pairs<'_> = serde_json::from_slice(bytes).map_err(PriceError::Syntax)?;
    match top.0.iter().find(|it| it.0 == "format") {
        Some((_, format)) => {
            let format = format.get().parse().unwrap_or(0);
            if format != FORMAT {
                return Err(PriceError::Format(format));
            }
            let ours: Ours<'_> = serde_json::from_slice(bytes).map_err(PriceError::Syntax)?;
            from_ours(ours)
        }
        None => from_theirs(top),
    }
}

fn from_ours(table: Ours<'_>) -> Result<String, PriceError> {
    let mut lines = Lines::default();
    for (name, raw) in sorted(table.models) {
        let fields = object(&name, raw)?;
        // As it stands first: the way through LiteLLM's names would lose what is unknown.
        Entry::read(&name, &fields).map_err(|it| PriceError::of(&name, it))?;
        let source = |index: usize| table.sources.get(index).cloned();
        lines.take(name, convert::to_theirs(&fields, &source))?;
    }
    lines.text(&table.read)
}

fn from_theirs(models: Pairs<'_>) -> Result<String, PriceError> {
    let mut lines = Lines::default();
    for (name, raw) in sorted(models) {
        if NO_MODELS.contains(&name.as_str()) || raw.get().starts_with('[') {
            continue;
        }
        let fields = object(&name, raw)?;
        if fields.contains_key("rules") && !fields.contains_key("litellm_provider") {
            continue;
        }
        lines.take(name, fields)?;
    }
    lines.text("")
}

/// In the order of the table. Of two entries with one name the last holds, as in LiteLLM.
fn sorted<'a>(models: Pairs<'a>) -> Vec<(String, &'a RawValue)> {
    let mut models = models.0;
    models.reverse();
    models.sort_by(|one, two| order(&one.0, &two.0));
    models.dedup_by(|later, kept| later.0 == kept.0);
    models
}

fn object(name: &str, raw: &RawValue) -> Result<Map<String, Value>, PriceError> {
    let wrong = |fault: String| PriceError::of(name, FieldError::new("entry", fault));
    serde_json::from_str(raw.get()).map_err(|it| wrong(format!("is no object: {it}")))
}

/// A table being written.
#[derive(Default)]
struct Lines {
    lines: Vec<String>,
    sources: Vec<String>,
    places: HashMap<String, usize>,
}

impl Lines {
    fn take(&mut self, name: String, theirs: Map<String, Value>) -> Result<(), PriceError> {
        if name.is_empty() || name.contains(['"', '\\']) || name.contains(char::is_control) {
            let fault = FieldError::new("name", "is empty, or holds a quote or control character");
            return Err(PriceError::of(&name, fault));
        }
        let mut place = |url: &str| {
            *self.places.entry(url.to_owned()).or_insert_with(|| {
                self.sources.push(url.to_owned());
                self.sources.len() - 1
            })
        };
        let fields = convert::from_theirs(theirs, &mut place);
        Entry::read(&name, &fields).map_err(|it| PriceError::of(&name, it))?;
        self.lines
            .push(format!("\"{name}\":{}", Value::Object(fields)));
        Ok(())
    }

    fn text(self, read: &str) -> Result<String, PriceError> {
        if self.lines.is_empty() {
            return Err(PriceError::Empty);
        }
        let models = self.lines.join(",\n");
        let sources: Vec<_> = self
            .sources
            .into_iter()
            .map(|it| Value::from(it).to_string())
            .collect();
        let sources = sources.join(",\n");
        let date: String = read
            .chars()
            .filter(|it| it.is_ascii_digit() || *it == '-')
            .collect();
        let version = version(&date, &models);
        Ok(format!(
            "{{\"format\":{FORMAT},\"version\":\"{version}\",\"read\":\"{date}\",\n{SOURCES}{sources}],\n{MODELS}{models}\n}}}}\n"
        ))
    }
}

/// The date that the prices were read on, and the beginning of the digest of the models' lines.
fn version(date: &str, models: &str) -> String {
    use std::fmt::Write as _;
    let mut version = match date {
        "" => "litellm-".to_owned(),
        date => format!("{date}-"),
    };
    for byte in Sha256::digest(models.as_bytes()).iter().take(4) {
        // Writing to a string cannot fail.
        let _ = write!(version, "{byte:02x}");
    }
    version
}
