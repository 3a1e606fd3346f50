//! The describe document from files.

use serde_json::Value;

/// A `describe` document with fixtures as its examples, which are run before a new version serves.
/// What is no JSON is left out, and then refused by the schema.
///
/// ```
/// let document = sluice_sdk::described(r#"{"name": "acme"}"#, &[r#"{"name": "a question"}"#]);
/// assert_eq!(document, r#"{"name":"acme","examples":[{"name":"a question"}]}"#);
/// ```
pub fn described(document: &str, fixtures: &[&str]) -> String {
    let mut document: Value = serde_json::from_str(document).unwrap_or_default();
    let examples = fixtures
        .iter()
        .filter_map(|it| serde_json::from_str::<Value>(it).ok());
    if let Some(members) = document.as_object_mut() {
        members.insert("examples".to_owned(), examples.collect());
    }
    document.to_string()
}
