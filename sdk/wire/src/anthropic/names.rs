//! Names of tools and ids of calls in the letters Anthropic takes. Clients that came from another
//! provider, or fall back from one, bring others: dots, colons, slashes.

use sluice_sdk::serde_json::{Map, Value};

/// The longest name of a tool.
const MAX_NAME: usize = 128;

/// A word with every letter that is refused replaced by `_`.
pub fn clean(word: &str) -> String {
    if word.is_empty() {
        return "_".into();
    }
    let letter = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '-';
    word.chars()
        .map(|it| if letter(it) { it } else { '_' })
        .take(MAX_NAME)
        .collect()
}

/// The clean name of a tool; where it differs, `renamed` keeps the client's own for the answer.
pub fn clean_tool(name: &str, renamed: &mut Map<String, Value>) -> String {
    let clean = clean(name);
    if clean != name {
        renamed.insert(clean.clone(), name.into());
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_name_is_remembered() {
        let mut renamed = Map::new();
        assert_eq!(clean_tool("get_weather", &mut renamed), "get_weather");
        assert!(renamed.is_empty());
        assert_eq!(clean_tool("files.read/1", &mut renamed), "files_read_1");
        assert_eq!(renamed["files_read_1"], "files.read/1");
    }
}
