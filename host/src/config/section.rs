//! One mapping of the file, read key by key: what is honoured, what is accepted without effect,
//! and what nobody knows.

use std::time::Duration;

use serde_json::{Map, Value};

use super::env::Env;
use crate::domain::Secret;

/// How a key of the file was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    Honoured,
    /// Known to LiteLLM, without effect here.
    Accepted,
    Unknown,
    /// A value that cannot be, or a reference to nothing.
    Wrong,
    /// Works, but deserves a word.
    Warning,
}

/// What is to be said of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    pub path: String,
    pub taken: Taken,
    pub text: String,
}

/// Remarks, in the file's order.
#[derive(Debug, Default)]
pub struct Remarks(pub Vec<Remark>);

impl Remarks {
    pub fn say(&mut self, taken: Taken, path: impl Into<String>, text: impl Into<String>) {
        self.0.push(Remark {
            path: path.into(),
            taken,
            text: text.into(),
        });
    }
}

/// A mapping that is being read.
pub struct Section<'a> {
    path: String,
    members: Map<String, Value>,
    env: &'a Env,
    remarks: &'a mut Remarks,
}

const REFERENCE: &str = "os.environ/";

impl<'a> Section<'a> {
    pub fn new(path: &str, value: Option<Value>, env: &'a Env, remarks: &'a mut Remarks) -> Self {
        let members = match value {
            Some(Value::Object(members)) => members,
            None | Some(Value::Null) => Map::new(),
            Some(_) => {
                remarks.say(Taken::Wrong, path, "is no mapping");
                Map::new()
            }
        };
        Self {
            path: path.to_owned(),
            members,
            env,
            remarks,
        }
    }

    pub fn remarks(&mut self) -> &mut Remarks {
        self.remarks
    }

    pub fn at(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// The raw value, taken out of the mapping.
    pub fn raw(&mut self, name: &str) -> Option<Value> {
        let value = self.members.shift_remove(name)?;
        self.remarks.say(Taken::Honoured, self.at(name), "");
        Some(value).filter(|value| !value.is_null())
    }

    fn wrong(&mut self, name: &str, expected: &str, value: &Value) {
        let shown = if looks_secret(name) {
            "a value"
        } else {
            &value.to_string()
        };
        self.remarks.say(
            Taken::Wrong,
            self.at(name),
            format!("is {shown}, expected {expected}"),
        );
    }

    /// A text with `os.environ/NAME` followed. A reference to nothing is a warning.
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.secret(name).map(|value| value.reveal().to_owned())
    }

    pub fn secret(&mut self, name: &str) -> Option<Secret> {
        let value = self.raw(name)?;
        match &value {
            Value::String(text) => match text.strip_prefix(REFERENCE) {
                None => Some(Secret::new(text.as_str())),
                Some(variable) => {
                    let found = self.env.get(variable);
                    if found.is_none() {
                        let text = format!("the environment variable {variable} is not set");
                        self.remarks.say(Taken::Warning, self.at(name), text);
                    }
                    found
                }
            },
            Value::Number(number) => Some(Secret::new(number.to_string())),
            Value::Bool(flag) => Some(Secret::new(flag.to_string())),
            other => {
                self.wrong(name, "text", other);
                None
            }
        }
    }

    /// A number; text that reads as one too (`1e-6` is text to YAML 1.1).
    pub fn number(&mut self, name: &str) -> Option<f64> {
        let value = self.raw(name)?;
        let resolved = self.resolve(&value);
        let number = match &resolved {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.wrong(name, "a number", &value);
        }
        number
    }

    pub fn count(&mut self, name: &str) -> Option<u32> {
        let number = self.number(name)?;
        if number < 0.0 || number.fract() != 0.0 || number > f64::from(u32::MAX) {
            self.wrong(name, "a whole number, 0 or more", &number.into());
            return None;
        }
        Some(number as u32)
    }

    /// Seconds.
    pub fn seconds(&mut self, name: &str) -> Option<Duration> {
        let number = self.number(name)?;
        let time = Duration::try_from_secs_f64(number)
            .ok()
            .filter(|time| !time.is_zero());
        if time.is_none() {
            self.wrong(name, "seconds, more than 0", &number.into());
        }
        time
    }

    /// A boolean, also as PyYAML writes it.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        let value = self.raw(name)?;
        let flag = match &self.resolve(&value) {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => Some(true),
                "false" | "no" | "off" | "0" => Some(false),
                _ => None,
            },
            Value::Number(number) => number.as_u64().map(|it| it != 0),
            _ => None,
        };
        if flag.is_none() {
            self.wrong(name, "true or false", &value);
        }
        flag
    }

    /// A list of texts; a single one counts as a list of one.
    pub fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        let value = self.raw(name)?;
        let list = match value {
            Value::Array(list) => list,
            one => vec![one],
        };
        let texts: Option<Vec<String>> = list
            .iter()
            .map(|it| it.as_str().map(str::to_owned))
            .collect();
        if texts.is_none() {
            self.wrong(name, "a list of texts", &list.into());
        }
        texts
    }

    fn resolve(&self, value: &Value) -> Value {
        let variable = value.as_str().and_then(|text| text.strip_prefix(REFERENCE));
        let found = variable.and_then(|variable| self.env.text(variable));
        found.map_or_else(|| value.clone(), Value::from)
    }

    /// The keys that were not read yet.
    pub fn names(&self) -> Vec<String> {
        self.members.keys().cloned().collect()
    }

    /// Drops a key that was judged elsewhere.
    pub fn forget(&mut self, name: &str) {
        self.members.shift_remove(name);
    }

    pub fn is_text(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(Value::is_string)
    }

    /// Says of every key that is left what it is: accepted, or unknown with the nearest name.
    pub fn finish(self, known: &[&str], accepted: &[&str]) {
        for name in self.members.keys() {
            let path = if self.path.is_empty() {
                name.clone()
            } else {
                format!("{}.{name}", self.path)
            };
            if accepted.contains(&name.as_str()) {
                self.remarks
                    .say(Taken::Accepted, path, "has no effect here");
                continue;
            }
            let all = known.iter().chain(accepted);
            let nearest = all
                .map(|it| (distance(name, it), *it))
                .min()
                .filter(|(far, _)| *far <= 3);
            let hint = nearest
                .map(|(_, it)| format!("; did you mean `{it}`?"))
                .unwrap_or_default();
            self.remarks
                .say(Taken::Unknown, path, format!("is not known{hint}"));
        }
    }
}

/// Whether a setting of this name holds a secret, whatever a plugin calls it.
pub fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let ends = [
        "_key",
        "_token",
        "_secret",
        "_password",
        "_credentials",
        "apikey",
    ];
    matches!(
        name.as_str(),
        "api_key" | "token" | "secret" | "password" | "credentials"
    ) || ends.iter().any(|end| name.ends_with(end))
        || name.contains("secret")
        || name.contains("password")
}

/// Edits between two names (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut previous = i + 1;
        for (cell, right) in row.iter_mut().skip(1).zip(&b) {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = *cell;
            previous = replaced.min(previous + 1).min(*cell + 1);
            *cell = previous;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_read_as_python_reads_them() {
        let env = Env::of(&[("N", "7")]);
        let mut remarks = Remarks::default();
        let value = json!({"a": "yes", "b": "1e-6", "c": "os.environ/N", "d": "os.environ/NONE", "e": "maybe"});
        let mut section = Section::new("x", Some(value), &env, &mut remarks);
        assert_eq!(section.flag("a"), Some(true));
        assert_eq!(section.number("b"), Some(1e-6));
        assert_eq!(section.count("c"), Some(7));
        assert_eq!(section.text("d"), None);
        assert_eq!(section.flag("e"), None);
        let said: Vec<_> = remarks
            .0
            .iter()
            .filter(|it| !it.text.is_empty())
            .map(|it| it.path.as_str())
            .collect();
        assert_eq!(said, ["x.d", "x.e"]);
    }

    #[test]
    fn an_unknown_key_gets_the_nearest_name() {
        let env = Env::default();
        let mut remarks = Remarks::default();
        Section::new(
            "router_settings",
            Some(json!({"num_retrys": 1})),
            &env,
            &mut remarks,
        )
        .finish(&["num_retries"], &[]);
        assert!(remarks.0[0].text.contains("`num_retries`"));
        assert_eq!(remarks.0[0].path, "router_settings.num_retrys");
    }
}
