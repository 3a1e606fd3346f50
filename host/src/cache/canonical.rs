//! JSON in the one form that all texts of the same value have: members in order of their names, no
//! white space, one way to write each number and each text.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize as _, Deserializer};

/// Whole numbers up to here are the same as integers and as doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Appends the canonical form of a JSON value. Numbers are equal if their doubles are.
///
/// # Errors
/// It is no JSON, or a text in it is no Unicode.
pub fn write(raw: &str, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(raw);
    Canonical(out).deserialize(&mut reader)?;
    reader.end()
}

struct Canonical<'o>(&'o mut Vec<u8>);

impl<'de> DeserializeSeed<'de> for Canonical<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl Canonical<'_> {
    fn text<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        serde_json::to_writer(self.0, text).map_err(E::custom)
    }

    fn plain<E>(self, text: &str) -> Result<(), E> {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

impl<'de> Visitor<'de> for Canonical<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.plain("null")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<(), E> {
        self.plain(if flag { "true" } else { "false" })
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.plain(&number.to_string())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.plain(&number.to_string())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        if number.fract() == 0.0 && number.abs() < EXACT {
            // Without the sign of a negative zero.
            return self.plain(&format!("{:.0}", number + 0.0));
        }
        self.plain(&format!("{number:e}"))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.text(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.0.push(b'[');
        let mut first = true;
        loop {
            let before = self.0.len();
            if !first {
                self.0.push(b',');
            }
            if items.next_element_seed(Canonical(self.0))?.is_none() {
                self.0.truncate(before);
                break;
            }
            first = false;
        }
        self.0.push(b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut sorted: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        while let Some(name) = members.next_key::<String>()? {
            let mut value = Vec::new();
            members.next_value_seed(Canonical(&mut value))?;
            if sorted.insert(name, value).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        self.0.push(b'{');
        for (at, (name, value)) in sorted.iter().enumerate() {
            if at > 0 {
                self.0.push(b',');
            }
            Canonical(self.0).text(name)?;
            self.0.push(b':');
            self.0.extend_from_slice(value);
        }
        self.0.push(b'}');
        Ok(())
    }
}

/// The items of a list, each as it is written; none if it is no list.
pub fn items(raw: &str) -> Option<Vec<&serde_json::value::RawValue>> {
    Vec::deserialize(&mut serde_json::Deserializer::from_str(raw)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;

    fn canonical(raw: &str) -> String {
        let mut out = Vec::new();
        write(raw, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn texts_of_one_value_have_one_form() {
        for (left, right) in [
            (
                r#"{"a":1,"b":[2]}"#,
                "{ \"b\" : [ 2.0 ] , \"\\u0061\": 1e0 }",
            ),
            (r#""\u00e9""#, "\"é\""),
            ("0", "-0.0"),
            ("100", "1e2"),
            ("0.1", "1e-1"),
        ] {
            assert_eq!(canonical(left), canonical(right), "{left}");
        }
        assert_eq!(
            canonical(r#"{"b":null,"a":[true,{}]}"#),
            r#"{"a":[true,{}],"b":null}"#
        );
    }

    #[test]
    fn what_is_no_value_has_none() {
        for raw in ["", "{", "[1,]", "1 2", r#""\ud83d""#, r#"{"a":1,"a":2}"#] {
            assert!(write(raw, &mut Vec::new()).is_err(), "{raw}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            // Short ones: the reader is exact for these.
            any::<i32>().prop_map(|it| json!(f64::from(it) / 8.0)),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(".{0,4}", inner, 0..5)
                    .prop_map(|it| Value::Object(it.into_iter().collect())),
            ]
        })
    }

    /// The same value with its members the other way round.
    fn turned(value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(turned).collect(),
            Value::Object(members) => {
                let turned = members
                    .iter()
                    .rev()
                    .map(|(name, it)| (name.clone(), turned(it)));
                Value::Object(turned.collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }

    proptest! {
        #[test]
        fn the_order_of_members_and_white_space_do_not_matter(it in value()) {
            let plain = canonical(&it.to_string());
            let other = serde_json::to_string_pretty(&turned(&it)).unwrap();
            prop_assert_eq!(&canonical(&other), &plain);
            // It is the value, and its own canonical form.
            prop_assert_eq!(&canonical(&plain), &plain);
            let back: Value = serde_json::from_str(&plain).unwrap();
            prop_assert_eq!(canonical(&back.to_string()), plain);
        }

        #[test]
        fn other_values_have_another_form(left in value(), right in value()) {
            let same = canonical(&left.to_string()) == canonical(&right.to_string());
            let number = |it: &Value| it.as_f64();
            let equal = left == right
                || (left.is_number() && right.is_number() && number(&left) == number(&right));
            prop_assert!(!same || equal || left.is_array() || left.is_object(), "{} {}", left, right);
            prop_assert!(same || left != right);
        }
    }
}
