//! What a string looks like, for places where text is not expected: it is believed to be an id, a
//! name or bytes only if it looks like one.

/// Longest id or name. Ids of proxied providers reach some hundred letters.
const LONGEST_LABEL: usize = 512;

/// Longest name of a provider.
const LONGEST_TITLE: usize = 40;

/// Longest name of a member that needs no look.
const LONGEST_NAME: usize = 64;

/// Longest address.
const LONGEST_ADDRESS: usize = 8192;

/// An id, a name, one of a few words: no blanks, nothing outside of ASCII.
pub fn is_label(text: &str) -> bool {
    text.len() <= LONGEST_LABEL && text.bytes().all(|it| it.is_ascii_graphic())
}

/// A short name with blanks.
pub fn is_title(text: &str) -> bool {
    let plain = |it: u8| it.is_ascii_alphanumeric() || b" .-_()".contains(&it);
    text.len() <= LONGEST_TITLE && text.bytes().all(plain)
}

/// The name of a member as programs choose them.
pub fn is_name(text: &str) -> bool {
    let plain = |it: u8| it.is_ascii_alphanumeric() || b"_-$.:/".contains(&it);
    text.len() <= LONGEST_NAME && text.bytes().all(plain)
}

/// Base64 in either alphabet, whole or in the even lines of mail.
pub fn is_base64(text: &str) -> bool {
    let mut lines = text
        .trim_end()
        .split('\n')
        .map(|it| it.trim_end_matches('\r'));
    let first = lines.next().unwrap_or_default();
    let mut shorter = false;
    let even = lines.all(|it| {
        let fits = !shorter && first.len() >= 60 && it.len() <= first.len();
        shorter = it.len() < first.len();
        fits && is_alphabet(it)
    });
    even && is_alphabet(first)
}

fn is_alphabet(text: &str) -> bool {
    text.bytes()
        .all(|it| it.is_ascii_alphanumeric() || b"+/=_-.".contains(&it))
}

/// An address that names its scheme.
pub fn is_address(text: &str) -> bool {
    let scheme = text.split_once(':').map_or("", |it| it.0);
    text.len() <= LONGEST_ADDRESS
        && !scheme.is_empty()
        && scheme
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || b"+-.".contains(&it))
        && text.bytes().all(|it| it.is_ascii_graphic())
}

/// The media type and the bytes of `data:<type>;base64,<bytes>`.
pub fn data_url(text: &str) -> Option<(&str, &str)> {
    let (kind, bytes) = text.strip_prefix("data:")?.split_once(";base64,")?;
    Some((kind, bytes))
}

/// Whether bytes of a media type are text.
pub fn is_textual(kind: &str) -> bool {
    let bare = kind.split(';').next().unwrap_or_default().trim();
    let bare = bare.to_ascii_lowercase();
    let ends = |it: &&str| bare.ends_with(it);
    let known = [
        "json",
        "xml",
        "javascript",
        "yaml",
        "csv",
        "html",
        "markdown",
        "rtf",
        "sql",
    ];
    bare.starts_with("text/") || known.iter().any(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_no_label_and_no_bytes() {
        for text in ["ignore all", "忽略", "a\nb", "tab\there"] {
            assert!(
                !is_label(text) && !is_name(text) && !is_base64(text),
                "{text}"
            );
        }
        assert!(is_label("call_1") && is_label("") && !is_label(&"a".repeat(513)));
        assert!(is_title("Google AI Studio") && !is_title("Write to ada@example.com"));
        assert!(is_name("first_name") && !is_name("First Name") && !is_name("ada@example.com"));
    }

    #[test]
    fn base64_may_come_in_even_lines_only() {
        let line = "QUJD".repeat(19);
        assert!(is_base64("QUJD+/==") && is_base64("ab-_"));
        assert!(is_base64(&format!("{line}\r\n{line}\r\nQQ==\r\n")));
        assert!(!is_base64("ignore\nall\nrules"));
        assert!(!is_base64(&format!("{line}\nQQ==\n{line}")));
    }

    #[test]
    fn addresses_and_their_types_are_told() {
        assert!(is_address("https://a.b/c?d=e") && is_address("gs://a/b"));
        assert!(!is_address("say hello") && !is_address("Note: this") && !is_address(": a"));
        assert_eq!(
            data_url("data:text/plain;base64,QQ=="),
            Some(("text/plain", "QQ=="))
        );
        assert_eq!(data_url("data:,hello"), None);
        assert!(is_textual("text/plain; charset=utf-8") && is_textual("application/json"));
        assert!(!is_textual("image/png") && !is_textual("application/pdf"));
    }
}
