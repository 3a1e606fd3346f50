//! JSON objects as the text of their members. What is not changed keeps its bytes: numbers beyond
//! 64 bits, the spelling of floats, members nobody here has heard of.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use sluice_sdk::serde_json::value::RawValue;
use sluice_sdk::serde_json::{self, Value};

/// An object whose values are raw JSON.
#[derive(Debug, Default, Clone)]
pub struct Object<'a> {
    members: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    changed: bool,
}

impl<'a> Object<'a> {
    /// None if `text` is no object.
    pub fn parse(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The raw value of a member that is there and not null.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.raw(name).filter(|raw| *raw != "null")
    }

    fn raw(&self, name: &str) -> Option<&str> {
        let found = self.members.iter().find(|(key, _)| key == name);
        found.map(|(_, raw)| raw.as_ref())
    }

    /// Whether the member is there, null or not.
    pub fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// A member as text, if it is a string.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(text)
    }

    /// A member as a whole number.
    pub fn count(&self, name: &str) -> Option<u64> {
        self.get(name).and_then(|raw| raw.parse().ok())
    }

    /// A member parsed.
    pub fn value(&self, name: &str) -> Option<Value> {
        serde_json::from_str(self.get(name)?).ok()
    }

    /// Sets a member in its place, or at the end.
    pub fn set(&mut self, name: &str, raw: impl Into<String>) {
        let raw = Cow::Owned(raw.into());
        self.changed = true;
        match self.members.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => *old = raw,
            None => self.members.push((Cow::Owned(name.to_owned()), raw)),
        }
    }

    /// Sets a member to a value.
    pub fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.set(name, value.into().to_string());
    }

    /// Takes a member out; its raw value if it was there and not null.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let at = self.members.iter().position(|(key, _)| key == name)?;
        self.changed = true;
        let (_, raw) = self.members.remove(at);
        Some(raw.into_owned()).filter(|raw| raw != "null")
    }

    /// Keeps the members for which `keep` holds, by name and raw value.
    pub fn retain(&mut self, keep: impl Fn(&str, &str) -> bool) {
        let before = self.members.len();
        self.members.retain(|(name, raw)| keep(name, raw));
        self.changed |= self.members.len() != before;
    }

    /// Name and raw value of every member.
    pub fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members
            .iter()
            .map(|(name, raw)| (name.as_ref(), raw.as_ref()))
    }

    /// The text again, if anything changed.
    pub fn rewritten(&self) -> Option<String> {
        self.changed.then(|| self.write())
    }

    /// The object as JSON.
    pub fn write(&self) -> String {
        let size: usize = self
            .members()
            .map(|(name, raw)| name.len() + raw.len() + 4)
            .sum();
        let mut out = String::with_capacity(size + 2);
        out.push('{');
        for (at, (name, raw)) in self.members().enumerate() {
            if at > 0 {
                out.push(',');
            }
            out.push_str(&quoted(name));
            out.push(':');
            out.push_str(raw);
        }
        out.push('}');
        out
    }
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    let raw: &RawValue = map.next_value()?;
                    members.push((Cow::Owned(name), Cow::Borrowed(raw.get())));
                }
                Ok(Object {
                    members,
                    changed: false,
                })
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// The raw items of a list; none if `raw` is no list.
pub fn items(raw: &str) -> Option<Vec<&str>> {
    let items: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
    Some(items.into_iter().map(RawValue::get).collect())
}

/// A list of raw items.
pub fn list<S: AsRef<str>>(items: &[S]) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    format!("[{}]", items.join(","))
}

/// A raw string's text.
pub fn text(raw: &str) -> Option<String> {
    raw.starts_with('"')
        .then(|| serde_json::from_str(raw).ok())?
}

/// Text as a raw string.
pub fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Whether a raw value says nothing: null, or empty text, list or object.
pub fn says_nothing(raw: &str) -> bool {
    matches!(raw, "null" | "\"\"" | "[]" | "{}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_changed_keeps_its_bytes() {
        let text = r#"{ "seed" : 18446744073709551616000, "t":1.50,"a":{"b":[1, 2]} }"#;
        let mut object = Object::parse(text).unwrap();
        assert_eq!(object.rewritten(), None);
        object.put("n", 3);
        let want = r#"{"seed":18446744073709551616000,"t":1.50,"a":{"b":[1, 2]},"n":3}"#;
        assert_eq!(object.rewritten().as_deref(), Some(want));
    }

    #[test]
    fn null_is_not_there_and_still_has_its_place() {
        let mut object = Object::parse(r#"{"a":null,"b":"x"}"#).unwrap();
        assert!(object.get("a").is_none() && object.has("a"));
        assert_eq!(object.text("b").as_deref(), Some("x"));
        assert_eq!(object.take("a"), None);
        assert_eq!(object.write(), r#"{"b":"x"}"#);
    }
}
