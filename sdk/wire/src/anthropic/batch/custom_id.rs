//! The name of a request in its batch. Anthropic takes 1 to 64 letters, digits, `-` and `_`; OpenAI's
//! clients write what they like, so what else there is in one is escaped.

use sluice_sdk::{Error, fault};

/// What an escaped one begins with.
const ESCAPED: &str = "esc_";

/// Longest name, in bytes.
const MOST: usize = 64;

/// As it is sent.
///
/// # Errors
/// It is empty, or too long.
pub fn sent(own: &str) -> Result<String, Error> {
    let plain = own.bytes().all(|it| is_plain(it) || it == b'_') && !own.starts_with(ESCAPED);
    let sent = if plain { own.to_owned() } else { escaped(own) };
    if own.is_empty() || sent.len() > MOST {
        let message = format!(
            "`custom_id` must have 1 to {MOST} letters, digits, `-` and `_`; another character \
             counts as three, and four more for the first"
        );
        return Err(fault::invalid_request(message));
    }
    Ok(sent)
}

/// The client's own.
pub fn own(sent: &str) -> String {
    let own = sent.strip_prefix(ESCAPED).and_then(unescaped);
    own.unwrap_or_else(|| sent.to_owned())
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

fn escaped(own: &str) -> String {
    let mut out = ESCAPED.to_owned();
    for byte in own.bytes() {
        match is_plain(byte) {
            true => out.push(char::from(byte)),
            false => out.push_str(&format!("_{byte:02X}")),
        }
    }
    out
}

fn unescaped(text: &str) -> Option<String> {
    let mut parts = text.split('_');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(part.get(2..)?.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back_and_plain_ones_are_sent_as_they_are() {
        for name in ["request-1", "A_b", "7"] {
            assert_eq!(sent(name).unwrap(), name);
            assert_eq!(own(name), name);
        }
        for name in ["task 1: é", "esc_2F", "a/b_c.d", "__", "esc_"] {
            let sent = sent(name).unwrap();
            assert!(sent.bytes().all(|it| is_plain(it) || it == b'_'), "{sent}");
            assert_eq!((own(&sent).as_str(), name == sent), (name, name == "__"));
        }
        // Another client's, which only looks like ours.
        assert_eq!(own("esc_x_ZZ"), "esc_x_ZZ");
        assert_eq!(own("esc__F"), "esc__F");
    }

    #[test]
    fn a_name_that_cannot_be_sent_is_refused() {
        assert!(sent(&"a".repeat(64)).is_ok());
        for name in [String::new(), "a".repeat(65), ".".repeat(21)] {
            assert!(sent(&name).unwrap_err().message.contains("custom_id"));
        }
    }
}
