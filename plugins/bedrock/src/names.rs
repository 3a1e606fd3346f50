//! Names of tools and ids of calls in the letters and lengths that Converse takes. Clients that
//! came from another provider bring others; a call and its result have to agree, so the same word
//! always becomes the same word.

use sluice_sdk::serde_json::{Map, Value};

/// The longest name and the longest id.
const MAX: usize = 64;

/// The name of a tool: letters, digits, `_`, `-`, a letter first. Where it differs, `renamed`
/// keeps the client's own for the answer.
pub fn tool(name: &str, renamed: &mut Map<String, Value>) -> String {
    let mut clean = cleaned(name, |it| matches!(it, '_' | '-'));
    if !clean.starts_with(|it: char| it.is_ascii_alphabetic()) {
        clean.insert(0, 't');
    }
    let clean = shortened(clean, name);
    if clean != name {
        renamed.insert(clean.clone(), name.into());
    }
    clean
}

/// The id of a call.
pub fn id(id: &str) -> String {
    let clean = cleaned(id, |it| matches!(it, '_' | '-' | '.' | ':'));
    shortened(clean, id)
}

fn cleaned(word: &str, more: impl Fn(char) -> bool) -> String {
    let keep = |it: char| it.is_ascii_alphanumeric() || more(it);
    let clean: String = word
        .chars()
        .map(|it| if keep(it) { it } else { '_' })
        .collect();
    if clean.is_empty() { "_".into() } else { clean }
}

/// A long word keeps its beginning, and a hash of the whole tells it from its neighbours.
fn shortened(clean: String, whole: &str) -> String {
    if clean.len() <= MAX {
        return clean;
    }
    let hash = whole.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let start: String = clean.chars().take(MAX - 17).collect();
    format!("{start}_{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_name_is_remembered() {
        let mut renamed = Map::new();
        assert_eq!(tool("get_weather", &mut renamed), "get_weather");
        assert!(renamed.is_empty());
        assert_eq!(tool("files.read/1", &mut renamed), "files_read_1");
        assert_eq!(renamed["files_read_1"], "files.read/1");
        assert_eq!(tool("1st", &mut renamed), "t1st");
    }

    #[test]
    fn long_ids_that_differ_at_the_end_stay_different() {
        let (one, two) = (
            id(&format!("{}a", "x".repeat(90))),
            id(&format!("{}b", "x".repeat(90))),
        );
        assert!(
            one != two && one.len() == MAX && two.len() == MAX,
            "{one} {two}"
        );
        assert_eq!(id("call/1"), "call_1");
    }
}
