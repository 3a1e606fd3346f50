//! One YAML text as JSON values, read as LiteLLM's PyYAML reads it: `<<` merges, and of a key that
//! stands twice in a mapping the last one counts (we say so; PyYAML does not).

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde_json::{Map, Value};

/// A document, and the paths of keys that stand in it twice.
#[derive(Debug)]
pub struct Document {
    pub root: Map<String, Value>,
    pub twice: Vec<String>,
}

/// Why a text is no config, and where: line and column count from 1.
#[derive(Debug)]
pub struct Broken {
    pub at: Option<(usize, usize)>,
    pub what: String,
}

/// Parses one document.
pub fn parse(text: &str) -> Result<Document, Broken> {
    let twice = RefCell::default();
    let node = Node {
        path: String::new(),
        twice: &twice,
    };
    let value = node
        .deserialize(serde_yaml::Deserializer::from_str(text))
        .map_err(broken)?;
    let root = match value {
        Value::Object(members) => members,
        Value::Null => Map::new(),
        _ => {
            return Err(Broken {
                at: None,
                what: "the file's top level is no mapping".into(),
            });
        }
    };
    Ok(Document {
        root,
        twice: twice.into_inner(),
    })
}

fn broken(cause: serde_yaml::Error) -> Broken {
    let at = cause.location().map(|at| (at.line(), at.column()));
    let mut what = cause.to_string();
    if let Some((line, column)) = at {
        // It stands before the message already.
        what = what.replacen(&format!(" at line {line} column {column}"), "", 1);
    }
    Broken { at, what }
}

/// One value, with the path that leads to it.
struct Node<'a> {
    path: String,
    twice: &'a RefCell<Vec<String>>,
}

impl Node<'_> {
    fn under(&self, name: &str) -> Node<'_> {
        let path = if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        };
        Node {
            path,
            twice: self.twice,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a YAML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    /// An empty document.
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let item = Node {
                path: format!("{}[{}]", self.path, list.len()),
                twice: self.twice,
            };
            match items.next_element_seed(item)? {
                Some(item) => list.push(item),
                None => return Ok(list.into()),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut own = Map::new();
        let mut merged = Vec::new();
        let key = || Node {
            path: String::new(),
            twice: self.twice,
        };
        while let Some(name) = members.next_key_seed(key())? {
            let name = match name {
                Value::String(name) => name,
                Value::Bool(_) | Value::Number(_) | Value::Null => name.to_string(),
                _ => return Err(Error::custom("a key is neither text nor number")),
            };
            let value = members.next_value_seed(self.under(&name))?;
            if name == "<<" {
                merged.push(value);
            } else if own.insert(name.clone(), value).is_some() {
                self.twice.borrow_mut().push(self.under(&name).path);
            }
        }
        for value in merged {
            take_in(&mut own, value).map_err(Error::custom)?;
        }
        Ok(own.into())
    }

    /// A tag of somebody's own (`!ENV`) is left out.
    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Value, A::Error> {
        let (_, value) = tagged.variant::<String>()?;
        value.newtype_variant_seed(self)
    }
}

/// What is merged in fills what the mapping leaves open; of several the first counts.
fn take_in(own: &mut Map<String, Value>, value: Value) -> Result<(), &'static str> {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                own.entry(name).or_insert(value);
            }
            Ok(())
        }
        Value::Array(list) => list.into_iter().try_for_each(|it| take_in(own, it)),
        _ => Err("`<<` takes a mapping or a list of mappings"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn root(text: &str) -> Value {
        parse(text).unwrap().root.into()
    }

    #[test]
    fn a_mistake_has_line_and_column_once() {
        let broken = parse("model_list:\n  - a: b\n   c: d\n").unwrap_err();
        assert_eq!(broken.at.map(|(line, _)| line), Some(3));
        assert!(!broken.what.contains("line 3"), "{}", broken.what);
    }

    #[test]
    fn merges_fill_what_is_left_open() {
        let text = "a: &a {x: 1, y: 2}\nb: &b {x: 5, z: 6}\nc:\n  y: 3\n  <<: [*a, *b]\n";
        assert_eq!(root(text)["c"], json!({"y": 3, "x": 1, "z": 6}));
        assert!(parse("a:\n  <<: 5\n").is_err());
    }

    #[test]
    fn of_a_key_that_stands_twice_the_last_counts_and_its_path_is_known() {
        let document = parse("l:\n  - {a: 1, b: 2, a: 3}\n").unwrap();
        assert_eq!(document.root["l"], json!([{"a": 3, "b": 2}]));
        assert_eq!(document.twice, ["l[0].a"]);
    }

    #[test]
    fn keys_that_are_no_text_and_foreign_tags_are_taken() {
        assert_eq!(
            root("1: a\ntrue: b\nc: !ENV d\n"),
            json!({"1": "a", "true": "b", "c": "d"})
        );
    }

    #[test]
    fn an_empty_file_is_an_empty_config_and_a_list_is_none() {
        assert_eq!(root(""), json!({}));
        assert_eq!(root("# nothing\n"), json!({}));
        assert!(parse("- a\n").is_err());
    }
}
