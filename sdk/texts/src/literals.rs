//! Strings and numbers of a JSON document, with their places.

use std::ops::Range;

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string that is a value; its place is that between the quotes.
    Text,
    /// A string that is a member's name; its place is that between the quotes.
    Name,
    /// A number.
    Number,
}

/// Everything in a document that could be somebody's word, in its order. What is no JSON gives
/// whatever looks like it.
pub fn literals(document: &str) -> Vec<(Kind, Range<usize>)> {
    let bytes = document.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let end = end_of_string(bytes, at + 1);
                let kind = match is_name(bytes, end + 1) {
                    true => Kind::Name,
                    false => Kind::Text,
                };
                found.push((kind, at + 1..end));
                at = end + 1;
            }
            b'-' | b'0'..=b'9' => {
                let number = bytes.iter().skip(at).take_while(|it| in_number(**it));
                let end = at + number.count();
                found.push((Kind::Number, at..end));
                at = end;
            }
            _ => at += 1,
        }
    }
    found
}

/// Where a string ends that begins here: at its quote, or at the end of the document.
fn end_of_string(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn is_name(bytes: &[u8], from: usize) -> bool {
    let mut rest = bytes.iter().skip(from);
    rest.find(|it| !it.is_ascii_whitespace()) == Some(&b':')
}

fn in_number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_names_and_numbers_are_found_where_they_stand() {
        let document = r#"{"to" : "Ada \"C\" L", "age": -3.5e2, "in": ["x", true, {"k": 7}]}"#;
        let found: Vec<_> = literals(document)
            .into_iter()
            .map(|(kind, at)| (kind, document.get(at).unwrap_or_default()))
            .collect();
        assert_eq!(
            found,
            [
                (Kind::Name, "to"),
                (Kind::Text, r#"Ada \"C\" L"#),
                (Kind::Name, "age"),
                (Kind::Number, "-3.5e2"),
                (Kind::Name, "in"),
                (Kind::Text, "x"),
                (Kind::Name, "k"),
                (Kind::Number, "7"),
            ]
        );
    }

    #[test]
    fn what_ends_too_early_ends_there() {
        for broken in [r#""a"#, r#""a\"#, "\"", "{\"a\":\"\\"] {
            let found = literals(broken);
            assert!(found.iter().all(|(_, at)| at.start <= at.end), "{broken}");
        }
    }
}
