//! One mapping of the file, read key by key: what is honoured, what is accepted without effect,
//! and what nobody knows.

use std::time::Duration;

use serde_json::{Map, Value};

use super::env::Env;
use super::remarks::{Remarks, Taken, hint};
use super::secrets::{REFERENCE, looks_secret};
use crate::domain::Secret;

/// The names a section may have besides those it reads.
#[derive(Debug, Clone, Copy, Default)]
pub struct Names {
    pub known: &'static [&'static str],
    /// Known to LiteLLM, without effect here.
    pub accepted: &'static [&'static str],
    /// The same, but somebody may rely on it for safety or money: a warning where it is set.
    pub unenforced: &'static [&'static str],
}

impl Names {
    /// Of a mapping of our own: what is not read is unknown.
    pub const fn known(known: &'static [&'static str]) -> Self {
        Self {
            known,
            accepted: &[],
            unenforced: &[],
        }
    }

    pub fn all(&self) -> impl Iterator<Item = &'static str> {
        let known = self.known.iter().chain(self.accepted);
        known.chain(self.unenforced).copied()
    }
}

/// A mapping that is being read.
pub struct Section<'a> {
    path: String,
    members: Map<String, Value>,
    env: &'a Env,
    remarks: &'a mut Remarks,
    /// Whose it is, for remarks that an operator reads without the file before them.
    owner: String,
}

impl<'a> Section<'a> {
    pub fn new(path: &str, value: Option<Value>, env: &'a Env, remarks: &'a mut Remarks) -> Self {
        let members = match value {
            Some(Value::Object(members)) => members,
            None | Some(Value::Null) => Map::new(),
            Some(other) => {
                let text = format!("is {}, expected a mapping", kind(&other));
                remarks.say(Taken::Wrong, path, text);
                Map::new()
            }
        };
        Self {
            path: path.to_owned(),
            members,
            env,
            remarks,
            owner: String::new(),
        }
    }

    /// With the model group that the mapping is of.
    #[must_use]
    pub fn of_model(mut self, name: &str) -> Self {
        self.owner = format!(" (model `{name}`)");
        self
    }

    pub fn env(&self) -> &'a Env {
        self.env
    }

    pub fn at(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// Says something of one key.
    pub fn say(&mut self, taken: Taken, name: &str, text: impl Into<String>) {
        let at = self.at(name);
        self.remarks.say(taken, at, text);
    }

    /// The value as it is written; it still has to be read.
    pub fn peek(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// The raw value, taken out of the mapping.
    pub fn raw(&mut self, name: &str) -> Option<Value> {
        let value = self.members.shift_remove(name)?;
        self.say(Taken::Honoured, name, "");
        Some(value).filter(|value| !value.is_null())
    }

    /// The value with every `os.environ/NAME` in it followed, at any depth.
    pub fn resolved(&mut self, name: &str) -> Option<Value> {
        let value = self.raw(name)?;
        self.follow(name, value)
    }

    fn follow(&mut self, name: &str, value: Value) -> Option<Value> {
        Some(match value {
            Value::String(text) => match text.strip_prefix(REFERENCE) {
                Some(variable) => self.variable(name, variable)?.reveal().into(),
                None => text.into(),
            },
            Value::Array(list) => list
                .into_iter()
                .filter_map(|it| self.follow(name, it))
                .collect(),
            Value::Object(members) => {
                let mut result = Map::new();
                for (member, value) in members {
                    let value = self.follow(&format!("{name}.{member}"), value);
                    result.extend(value.map(|value| (member, value)));
                }
                result.into()
            }
            other => other,
        })
    }

    fn variable(&mut self, name: &str, variable: &str) -> Option<Secret> {
        let found = self.env.get(variable);
        match &found {
            Some(value) => self.remarks.hide(value, variable),
            None => {
                let owner = &self.owner;
                let text = format!("the environment variable {variable} is not set{owner}");
                self.say(Taken::Warning, name, text);
            }
        }
        found
    }

    fn wrong(&mut self, name: &str, expected: &str, value: &Value) {
        let shown = match value {
            Value::String(text) if text.starts_with(REFERENCE) => format!("`{text}`"),
            Value::String(_) | Value::Number(_) if looks_secret(name) => kind(value).to_owned(),
            Value::Array(_) | Value::Object(_) => kind(value).to_owned(),
            other => format!("`{other}`"),
        };
        self.say(
            Taken::Wrong,
            name,
            format!("is {shown}, expected {expected}"),
        );
    }

    /// Whether the value is an `os.environ/NAME`.
    pub fn refers(&self, name: &str) -> bool {
        let text = self.members.get(name).and_then(Value::as_str);
        text.is_some_and(|it| it.starts_with(REFERENCE))
    }

    /// A text with `os.environ/NAME` followed. A reference to nothing is a warning.
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.secret(name).map(|value| value.reveal().to_owned())
    }

    /// As [`Self::text`], for what must not be seen. A mapping (`vertex_credentials`) is its JSON.
    pub fn secret(&mut self, name: &str) -> Option<Secret> {
        let value = self.raw(name)?;
        match &value {
            Value::String(text) => match text.strip_prefix(REFERENCE) {
                None => Some(Secret::new(text.as_str())),
                Some(variable) => self.variable(name, variable),
            },
            Value::Number(number) => Some(Secret::new(number.to_string())),
            Value::Bool(flag) => Some(Secret::new(flag.to_string())),
            Value::Object(_) if looks_secret(name) => {
                let value = self.follow(name, value)?;
                Some(Secret::new(value.to_string()))
            }
            other => {
                self.wrong(name, "text", other);
                None
            }
        }
    }

    /// A number; text that reads as one too (`1e-6` is text to YAML 1.1).
    pub fn number(&mut self, name: &str) -> Option<f64> {
        let written = self.raw(name)?;
        let value = self.follow(name, written.clone())?;
        let number = match &value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().replace('_', "").parse().ok(),
            _ => None,
        };
        let number = number.filter(|it: &f64| it.is_finite());
        if number.is_none() {
            self.wrong(name, "a number", &written);
        }
        number
    }

    pub fn count(&mut self, name: &str) -> Option<u32> {
        let number = self.number(name)?;
        if number < 0.0 || number.fract() != 0.0 || number > f64::from(u32::MAX) {
            self.no_such_number(name, "a whole number, 0 or more", number);
            return None;
        }
        Some(number as u32)
    }

    fn no_such_number(&mut self, name: &str, expected: &str, number: f64) {
        let text = format!("is `{number}`, expected {expected}");
        self.say(Taken::Wrong, name, text);
    }

    /// Seconds, more than none.
    pub fn seconds(&mut self, name: &str) -> Option<Duration> {
        let number = self.number(name)?;
        let time = Duration::try_from_secs_f64(number)
            .ok()
            .filter(|time| !time.is_zero());
        if time.is_none() {
            self.no_such_number(name, "seconds, more than 0", number);
        }
        time
    }

    /// A boolean, also as PyYAML and environment variables write it.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        let written = self.raw(name)?;
        let value = self.follow(name, written.clone())?;
        let flag = match &value {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => flag_of(text),
            Value::Number(number) => number.as_u64().filter(|it| *it < 2).map(|it| it == 1),
            _ => None,
        };
        if flag.is_none() {
            self.wrong(name, "true or false", &written);
        }
        flag
    }

    /// As [`Self::text`], of what no number can be.
    pub fn word(&mut self, name: &str) -> Option<String> {
        if let Some(other @ (Value::Number(_) | Value::Bool(_))) = self.members.get(name).cloned() {
            self.members.shift_remove(name);
            self.wrong(name, "text", &other);
            return None;
        }
        self.text(name)
    }

    /// As [`Self::texts`], of what no number can be.
    pub fn words(&mut self, name: &str) -> Option<Vec<String>> {
        let is_number = |it: &Value| it.is_number();
        let written = self.members.get(name);
        let wrong = written.filter(|it| match it {
            Value::Array(list) => list.iter().any(is_number),
            other => is_number(other),
        });
        if let Some(wrong) = wrong.cloned() {
            self.members.shift_remove(name);
            self.wrong(name, "a list of texts", &wrong);
            return None;
        }
        self.texts(name)
    }

    /// A number that is 0 or more.
    pub fn amount(&mut self, name: &str) -> Option<f64> {
        let number = self.number(name)?;
        if number < 0.0 {
            self.no_such_number(name, "a number, 0 or more", number);
            return None;
        }
        Some(number)
    }

    /// A list of texts; a single one counts as a list of one.
    pub fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        let written = self.raw(name)?;
        let list = match self.follow(name, written.clone())? {
            Value::Array(list) => list,
            one => vec![one],
        };
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let texts: Option<Vec<String>> = list.iter().map(text).collect();
        if texts.is_none() {
            self.wrong(name, "a list of texts", &written);
        }
        texts
    }

    /// A mapping's members.
    pub fn members(&mut self, name: &str) -> Option<Map<String, Value>> {
        match self.raw(name)? {
            Value::Object(members) => Some(members),
            other => {
                self.wrong(name, "a mapping", &other);
                None
            }
        }
    }

    /// Reads a mapping that stands under a key of this one.
    pub fn inner<T>(
        &mut self,
        name: &str,
        value: Option<Value>,
        read: impl FnOnce(&mut Section<'_>) -> T,
        names: &Names,
    ) -> T {
        let path = self.at(name);
        let mut inner = Section::new(&path, value, self.env, self.remarks);
        let result = read(&mut inner);
        inner.finish(names);
        result
    }

    /// The keys that were not read yet.
    pub fn names(&self) -> Vec<String> {
        self.members.keys().cloned().collect()
    }

    /// Drops a key that was judged elsewhere.
    pub fn forget(&mut self, name: &str) {
        self.members.shift_remove(name);
    }

    /// Takes a key as known and without effect, whatever it holds.
    pub fn accept(&mut self, name: &str, text: &str) {
        if self.members.shift_remove(name).is_some() {
            self.say(Taken::Accepted, name, text);
        }
    }

    /// Says of a key that was read for its type only that it has no effect yet.
    pub fn accepted(&mut self, name: &str) {
        let at = self.at(name);
        let mut said = self.remarks.0.iter().filter(|it| it.path == at).peekable();
        if said.peek().is_some() && said.all(|it| it.taken == Taken::Honoured) {
            self.say(Taken::Accepted, name, "has no effect yet");
        }
    }

    /// Says of every key that is left what it is: accepted, or unknown with the nearest name.
    pub fn finish(mut self, names: &Names) {
        let left = std::mem::take(&mut self.members);
        for (name, value) in &left {
            if names.unenforced.contains(&name.as_str()) && is_set(value) {
                self.say(
                    Taken::Warning,
                    name,
                    "is not enforced yet: do not rely on it",
                );
            } else if names.all().any(|it| it == name) {
                self.say(Taken::Accepted, name, "has no effect yet");
            } else {
                let hint = hint(name, names.all());
                self.say(Taken::Unknown, name, format!("is not known{hint}"));
            }
        }
    }
}

/// What PyYAML takes for a boolean, and `1` and `0` as environment variables have them.
pub fn flag_of(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Whether a value asks for anything.
pub fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::String(text) => !text.is_empty() && flag_of(text) != Some(false),
        Value::Array(list) => !list.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Number(_) => true,
    }
}

/// What a value is, in words.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

#[cfg(test)]
#[path = "section_tests.rs"]
mod tests;
