//! Entries that the database has beside the file's: models and credentials made through the API.

use serde_json::{Map, Value};

/// Entries as a file would have them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stored {
    /// Of `model_list`, each with `model_info.db_model`.
    pub models: Vec<Value>,
    /// Of `credential_list`.
    pub credentials: Vec<Value>,
}

impl Stored {
    /// Behind the file's own entries, which keep their places. A section that is no list is left
    /// for its reader to complain of.
    pub(super) fn add_to(self, root: &mut Map<String, Value>) {
        for (name, entries) in [
            ("model_list", self.models),
            ("credential_list", self.credentials),
        ] {
            if entries.is_empty() {
                continue;
            }
            let list = root.entry(name).or_insert(Value::Null);
            match list {
                Value::Null => *list = entries.into(),
                Value::Array(own) => own.extend(entries),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn stored_entries_stand_behind_the_files() {
        let stored = Stored {
            models: vec![json!({"model_name": "b"})],
            credentials: Vec::new(),
        };
        for (file, expected) in [
            (
                json!({"model_list": [{"model_name": "a"}]}),
                json!([{"model_name": "a"}, {"model_name": "b"}]),
            ),
            (json!({}), json!([{"model_name": "b"}])),
            (json!({"model_list": "wrong"}), json!("wrong")),
        ] {
            let Value::Object(mut root) = file else {
                continue;
            };
            stored.clone().add_to(&mut root);
            assert_eq!(root.get("model_list"), Some(&expected));
            assert_eq!(root.get("credential_list"), None);
        }
    }
}
