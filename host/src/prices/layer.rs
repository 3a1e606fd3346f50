//! A price table as text, indexed by line. Four thousand parsed entries would weigh as much as all
//! plugins; a gateway uses a few of them, so that only those are parsed.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

use super::entry::Entry;

/// The start of the line before the first model.
pub(super) const MODELS: &str = "\"models\":{\n";
/// The end of the line before the first source.
pub(super) const SOURCES: &str = "\"sources\":[\n";

#[derive(Debug)]
enum Text {
    Embedded(&'static str),
    Read(Box<str>),
}

impl Text {
    fn as_str(&self) -> &str {
        match self {
            Self::Embedded(text) => text,
            Self::Read(text) => text,
        }
    }
}

/// One table in the canonical form that `load` writes: a model a line, sorted by name.
#[derive(Debug)]
pub struct Layer {
    text: Text,
    /// The models' lines without their comma, in the order of the lower-cased names.
    lines: Vec<Range<u32>>,
    /// Beside each line its entry, once somebody asked. None: it cannot be read.
    entries: Vec<OnceLock<Option<Arc<Entry>>>>,
}

impl Layer {
    pub fn embedded(text: &'static str) -> Self {
        Self::new(Text::Embedded(text))
    }

    pub fn read(text: String) -> Self {
        Self::new(Text::Read(text.into()))
    }

    fn new(text: Text) -> Self {
        let whole = text.as_str();
        let mut at = whole
            .find(MODELS)
            .map_or(whole.len(), |it| it + MODELS.len());
        let mut lines = Vec::new();
        for line in whole.get(at..).unwrap_or_default().split_inclusive('\n') {
            let entry = line.trim_end_matches(['\n', ',']);
            let bounds = (u32::try_from(at), u32::try_from(at + entry.len()));
            if let ((Ok(start), Ok(end)), true) = (bounds, entry.starts_with('"')) {
                lines.push(start..end);
            }
            at += line.len();
        }
        let name = |it: &Range<u32>| split(slice(whole, it)).0;
        lines.sort_by(|one, two| order(name(one), name(two)));
        let entries = lines.iter().map(|_| OnceLock::new()).collect();
        Self {
            text,
            lines,
            entries,
        }
    }

    /// The whole table.
    pub fn text(&self) -> &str {
        self.text.as_str()
    }

    /// The header's `version`.
    pub fn version(&self) -> &str {
        let after = self.text().split_once("\"version\":\"").map(|it| it.1);
        after
            .and_then(|it| it.split_once('"'))
            .map_or("", |it| it.0)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|it| split(slice(self.text(), it)).0)
    }

    /// The names of a provider's models, without parsing any.
    pub fn names_of(&self, provider: &str) -> impl Iterator<Item = &str> {
        let start = format!("{{\"provider\":\"{provider}\"");
        let all = self.lines.iter().map(|it| split(slice(self.text(), it)));
        let of_it = all.filter(move |(_, fields)| fields.starts_with(&start));
        of_it.map(|(name, _)| name)
    }

    /// The entry of exactly this name, else the only one that differs by case.
    pub fn get(&self, name: &str) -> Option<Arc<Entry>> {
        let at = self.find(name)?;
        let entry = self.entries.get(at)?.get_or_init(|| {
            let (name, _) = self.line(at)?;
            Entry::read(name, &self.fields(at)?).ok().map(Arc::new)
        });
        entry.clone()
    }

    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The fields of a name, in the table's words.
    pub fn fields_of(&self, name: &str) -> Option<Map<String, Value>> {
        self.fields(self.find(name)?)
    }

    /// The address of a source, by its place in the header.
    pub fn source(&self, index: usize) -> Option<String> {
        let list = self.text().split_once(SOURCES)?.1;
        let line = list
            .lines()
            .take_while(|it| it.starts_with('"'))
            .nth(index)?;
        serde_json::from_str(line.trim_end_matches([',', ']'])).ok()
    }

    fn find(&self, name: &str) -> Option<usize> {
        let named = |at: usize| self.line(at).map(|it| it.0);
        let from = self
            .lines
            .partition_point(|it| folded(split(slice(self.text(), it)).0, name) == Ordering::Less);
        let mut alike =
            (from..).take_while(|at| named(*at).is_some_and(|it| it.eq_ignore_ascii_case(name)));
        let first = alike.next()?;
        if named(first) == Some(name) {
            return Some(first);
        }
        let mut more = alike.peekable();
        match more.peek() {
            None => Some(first),
            Some(_) => more.find(|at| named(*at) == Some(name)),
        }
    }

    fn line(&self, at: usize) -> Option<(&str, &str)> {
        Some(split(slice(self.text(), self.lines.get(at)?)))
    }

    fn fields(&self, at: usize) -> Option<Map<String, Value>> {
        serde_json::from_str(self.line(at)?.1).ok()
    }
}

/// `"name":{…}` into both. Names hold neither quotes nor backslashes.
fn split(line: &str) -> (&str, &str) {
    line.strip_prefix('"')
        .and_then(|it| it.split_once("\":"))
        .unwrap_or_default()
}

fn slice<'a>(text: &'a str, range: &Range<u32>) -> &'a str {
    text.get(range.start as usize..range.end as usize)
        .unwrap_or_default()
}

/// The order of a table: without case, then with it.
pub(super) fn order(one: &str, two: &str) -> Ordering {
    folded(one, two).then_with(|| one.cmp(two))
}

fn folded(one: &str, two: &str) -> Ordering {
    let pairs = one.bytes().zip(two.bytes());
    for (a, b) in pairs {
        match a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase()) {
            Ordering::Equal => {}
            other => return other,
        }
    }
    one.len().cmp(&two.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_asked_for_is_parsed_and_that_once() {
        let layer = Layer::embedded(super::super::TABLE);
        let parsed = || layer.entries.iter().filter(|it| it.get().is_some()).count();
        assert_eq!((layer.lines.len(), parsed()), (4551, 0));
        let (one, two) = (layer.get("gpt-4o").unwrap(), layer.get("gpt-4o").unwrap());
        assert!(Arc::ptr_eq(&one, &two));
        assert_eq!(parsed(), 1);
    }

    #[test]
    fn a_providers_names_are_those_whose_entries_say_so() {
        let layer = Layer::embedded(super::super::TABLE);
        for provider in ["openai", "anthropic", "gemini", "groq"] {
            let said = |name: &&str| layer.get(name).is_some_and(|it| *it.provider == *provider);
            let wanted: Vec<&str> = layer.names().filter(said).collect();
            let found: Vec<&str> = layer.names_of(provider).collect();
            assert!(found == wanted && found.len() > 5, "{provider}");
        }
    }

    #[test]
    fn sources_are_found_by_their_place() {
        let layer = Layer::embedded(super::super::TABLE);
        let fields = layer.fields_of("whisper-1").unwrap();
        let place = usize::try_from(fields["src"].as_u64().unwrap()).unwrap();
        assert!(layer.source(place).unwrap().starts_with("https://"));
        assert_eq!(layer.source(100_000), None);
    }
}
