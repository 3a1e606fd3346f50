//! Where the settings in force come from: the file, the database, the environment, or a default.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::catalog::{self, Described, Type};
use super::env::{Env, Layer};
use super::secrets::{REFERENCE, looks_secret};
use super::section::flag_of;
use super::shown::{MASK, is_address};
use super::stored::{ENVIRONMENT, SECTIONS};

/// Who wrote a setting down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Writer {
    /// A file, that is the main one or one that it includes.
    File(Arc<Path>),
    Database,
}

/// The section that is our own.
const PLUGINS: &str = "plugins";

/// Lists of entries, and what each entry is called by.
const LISTS: [(&str, &str, &str); 2] = [
    (
        "model_list",
        "model_name",
        "a deployment of this model group",
    ),
    (
        "credential_list",
        "credential_name",
        "values that deployments share",
    ),
];

/// The options of the process.
const COMMAND_LINE: &str = "command_line";

/// What is shown beside the sections that settings may be made in.
pub const ALSO_SHOWN: [&str; 4] = [PLUGINS, "model_list", "credential_list", COMMAND_LINE];

/// Who wrote which setting of the sections, and which entry of a list.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    settings: HashMap<(String, String), Writer>,
    entries: HashMap<&'static str, Vec<Writer>>,
}

impl Origins {
    /// One file's document, before what it includes is laid over it.
    pub fn file(&mut self, path: &Path, document: &Map<String, Value>) {
        let writer = Writer::File(path.into());
        for section in SECTIONS.into_iter().chain([PLUGINS]) {
            let members = document.get(section).and_then(Value::as_object);
            for (name, value) in members.into_iter().flatten() {
                if !value.is_null() {
                    self.set(section, name, writer.clone());
                }
            }
        }
        for (list, ..) in LISTS {
            let entries = document.get(list).and_then(Value::as_array);
            self.grow(list, entries.map_or(0, Vec::len), &writer);
        }
    }

    /// So many more entries stand behind those that a list has.
    pub fn grow(&mut self, list: &str, count: usize, writer: &Writer) {
        if let Some((list, ..)) = LISTS.into_iter().find(|it| it.0 == list) {
            let all = self.entries.entry(list).or_default();
            all.extend(std::iter::repeat_n(writer, count).cloned());
        }
    }

    pub fn set(&mut self, section: &str, name: &str, writer: Writer) {
        let place = (section.to_owned(), name.to_owned());
        self.settings.insert(place, writer);
    }

    /// Of a key that may have been moved home from another section.
    fn of(&self, section: &str, name: &str) -> Option<&Writer> {
        let at = |section: &str| self.settings.get(&(section.to_owned(), name.to_owned()));
        at(section).or_else(|| SECTIONS.into_iter().find_map(at))
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    File(PathBuf),
    Database,
    /// A variable, and where that one is set.
    Environment(String, Layer),
    /// An option of the process.
    CommandLine,
    Default,
}

/// A setting as it is in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    pub name: String,
    pub kind: Type,
    pub about: &'static str,
    /// Secrets masked; a text of the environment is shown by its variable's name.
    pub value: Value,
    pub default: Value,
    pub source: Source,
    /// A change takes effect at the next start.
    pub at_start: bool,
    /// Whether anything goes by it.
    pub has_effect: bool,
}

/// What the sections have, keys at home and secrets masked, and who wrote it.
#[derive(Debug, Clone, Default)]
pub struct Written {
    sections: Map<String, Value>,
    origins: Origins,
    /// The main file.
    file: PathBuf,
    env: Env,
}

impl Written {
    /// `sections` are masked already.
    pub fn new(sections: Map<String, Value>, origins: Origins, file: PathBuf, env: Env) -> Self {
        Self {
            sections,
            origins,
            file,
            env,
        }
    }

    /// Every setting of a section: those that have an effect, then what else is written there.
    pub fn all(&self, section: &str) -> Vec<Setting> {
        if section == COMMAND_LINE {
            return self.env.options().to_vec();
        }
        if let Some((list, name, about)) = LISTS.into_iter().find(|it| it.0 == section) {
            return self.entries((list, name), about);
        }
        let described = catalog::of_section(section);
        let known = described.iter().map(|it| self.described(section, it));
        let members = self.members(section).into_iter().flatten();
        let more = members.filter(|(name, value)| {
            !value.is_null() && !described.iter().any(|it| it.name == *name)
        });
        let more = more.map(|(name, value)| self.beside(section, name, value));
        known.chain(more).collect()
    }

    /// The entries of a list, in its order, with who wrote each.
    fn entries(&self, (list, name): (&str, &str), about: &'static str) -> Vec<Setting> {
        let written = self.sections.get(list).and_then(Value::as_array);
        let writers = self.origins.entries.get(list);
        let entry = |(at, value): (usize, &Value)| Setting {
            name: value
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            kind: Type::Mapping,
            about,
            value: value.clone(),
            default: Value::Null,
            source: self.source_of(writers.and_then(|it| it.get(at))),
            at_start: false,
            has_effect: true,
        };
        written
            .into_iter()
            .flatten()
            .enumerate()
            .map(entry)
            .collect()
    }

    /// One of them; of a list the first of this name.
    pub fn one(&self, section: &str, name: &str) -> Option<Setting> {
        if ALSO_SHOWN.contains(&section) && section != PLUGINS {
            return self.all(section).into_iter().find(|it| it.name == name);
        }
        if let Some(it) = catalog::find(section, name) {
            return Some(self.described(section, it));
        }
        let value = self.members(section)?.get(name)?;
        (!value.is_null()).then(|| self.beside(section, name, value))
    }

    fn members(&self, section: &str) -> Option<&Map<String, Value>> {
        self.sections.get(section)?.as_object()
    }

    /// A setting that the catalog does not know: a variable, or what has no effect.
    fn beside(&self, section: &str, name: &str, value: &Value) -> Setting {
        let variable = section == ENVIRONMENT;
        Setting {
            name: name.to_owned(),
            kind: Type::of(value),
            about: match variable {
                true => "a variable of the environment",
                false => "has no effect",
            },
            value: value.clone(),
            default: Value::Null,
            source: self.writer(section, name),
            at_start: false,
            has_effect: variable,
        }
    }

    fn described(&self, section: &str, it: &Described) -> Setting {
        let (value, source) = self.find(section, it);
        Setting {
            name: it.name.to_owned(),
            kind: it.kind,
            about: it.about,
            value,
            default: it.default(),
            source,
            at_start: it.at_start,
            has_effect: true,
        }
    }

    fn find(&self, section: &str, it: &Described) -> (Value, Source) {
        let variable = || self.variable(it, it.variable?);
        let first = || variable().filter(|_| it.variable_first);
        let other = || {
            let (section, name) = it.other?;
            let other = catalog::find(section, name)?;
            let found = self.find(section, other);
            (found.1 != Source::Default).then_some(found)
        };
        first()
            .or_else(|| self.written(section, it))
            .or_else(variable)
            .or_else(other)
            .unwrap_or_else(|| (it.default(), Source::Default))
    }

    fn written(&self, section: &str, it: &Described) -> Option<(Value, Source)> {
        let value = self.members(section)?.get(it.name)?;
        let reference = value.as_str().and_then(|it| it.strip_prefix(REFERENCE));
        match reference {
            Some(name) => self.variable(it, name),
            None if value.is_null() => None,
            // An empty text is none where the environment may say more.
            None if value == "" && it.variable.is_some() => None,
            None => Some((value.clone(), self.writer(section, it.name))),
        }
    }

    /// What a variable of the environment says of a setting. A text is not shown: who may change
    /// settings could read any variable by it.
    fn variable(&self, it: &Described, name: &str) -> Option<(Value, Source)> {
        let layer = self.env.layer(name)?;
        let text = self.env.text(name)?;
        let hidden = looks_secret(it.name) || is_address(it.name);
        let value = match it.kind {
            Type::Flag => flag_of(&text)?.into(),
            Type::Whole | Type::Number => text.trim().parse::<f64>().ok()?.into(),
            _ if hidden => MASK.into(),
            _ => format!("{REFERENCE}{name}").into(),
        };
        Some((value, Source::Environment(name.to_owned(), layer)))
    }

    fn writer(&self, section: &str, name: &str) -> Source {
        self.source_of(self.origins.of(section, name))
    }

    fn source_of(&self, writer: Option<&Writer>) -> Source {
        match writer {
            Some(Writer::File(path)) => Source::File(path.to_path_buf()),
            Some(Writer::Database) => Source::Database,
            None => Source::File(self.file.clone()),
        }
    }
}

#[cfg(test)]
#[path = "sources_tests.rs"]
mod tests;
