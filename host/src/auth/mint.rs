//! New keys, their hashes, and what may be shown of them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::domain::{ErrorKind, Fault, KeyHash, Secret};

/// Random bytes in a key, LiteLLM's `LENGTH_OF_LITELLM_GENERATED_KEY`.
pub const KEY_BYTES: usize = 16;

/// Fewer can be guessed, more do not fit a header well.
const KEY_BYTES_ALLOWED: std::ops::RangeInclusive<usize> = 16..=256;

/// A new virtual key: `sk-` and random bytes in URL-safe base64. A length that is too short to be
/// safe, or absurd, is brought into 16 to 256 bytes.
pub fn new_key(bytes: usize) -> Secret {
    let mut random = vec![0u8; bytes.clamp(*KEY_BYTES_ALLOWED.start(), *KEY_BYTES_ALLOWED.end())];
    rand::fill(random.as_mut_slice());
    Secret::new(format!("sk-{}", URL_SAFE_NO_PAD.encode(random)))
}

/// Whether a key that an admin chose may become one.
///
/// # Errors
/// It does not start with `sk-`, is too short to be safe, or cannot stand in a header.
pub fn accept_custom_key(key: &str) -> Result<(), Fault> {
    let why = if !key.starts_with("sk-") {
        "LiteLLM Virtual Key must start with 'sk-'"
    } else if key.len() < SHORTEST_CUSTOM {
        "a custom key needs at least 8 characters"
    } else if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        "a custom key may hold visible ASCII characters only"
    } else {
        return Ok(());
    };
    Err(Fault::caller(
        ErrorKind::InvalidRequest,
        format!("Invalid key format. {why}. Received: {}", masked(key)),
    )
    .with_param("key"))
}

/// Bytes, `sk-` included. LiteLLM takes any; shorter ones are found by trying.
const SHORTEST_CUSTOM: usize = 8;

/// What the database knows of a key.
pub fn hash_key(key: &str) -> KeyHash {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(key.as_bytes()) {
        for digit in [byte >> 4, byte & 15] {
            hex.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    KeyHash::new(hex)
}

/// What a caller may name a key by: the key itself, or its hash as the API shows it.
pub fn key_or_hash(text: &str) -> KeyHash {
    if is_hash(text) {
        KeyHash::new(text)
    } else {
        hash_key(text)
    }
}

fn is_hash(text: &str) -> bool {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == 64 && text.bytes().all(hex)
}

/// `sk-...` and the last four characters; short keys show none.
pub fn masked(key: &str) -> String {
    let letters: Vec<char> = key.chars().collect();
    match letters.len().checked_sub(4) {
        Some(tail) if letters.len() >= 12 => {
            format!("sk-...{}", letters.iter().skip(tail).collect::<String>())
        }
        _ => "sk-...".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_looks_like_litellms() {
        let key = new_key(KEY_BYTES);
        assert!(key.reveal().starts_with("sk-") && key.reveal().len() == 25);
        assert_ne!(key, new_key(KEY_BYTES));
        assert!(accept_custom_key(key.reveal()).is_ok());
    }

    #[test]
    fn a_length_that_could_be_guessed_is_not_taken() {
        assert_eq!(new_key(0).reveal().len(), 25);
        assert_eq!(
            new_key(usize::MAX).reveal().len(),
            3 + 256_usize.div_ceil(3) * 4 - 2
        );
    }

    #[test]
    fn a_custom_key_must_be_a_key() {
        for key in [
            "my-key-of-long-ago",
            "sk-",
            "sk-abc",
            "sk-a b c d e f",
            "sk-schlüssel",
        ] {
            let fault = accept_custom_key(key).unwrap_err();
            assert_eq!(fault.param.as_deref(), Some("key"), "{key}");
            assert!(
                !fault
                    .message
                    .contains(key.get(3..).filter(|it| !it.is_empty()).unwrap_or("?"))
            );
        }
        assert!(accept_custom_key("sk-chosen-by-hand").is_ok());
    }

    #[test]
    fn the_hash_is_the_sha_256_of_the_whole_key() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            hash_key("abc").as_str(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(key_or_hash(hash_key("abc").as_str()), hash_key("abc"));
        assert_eq!(key_or_hash("abc"), hash_key("abc"));
    }

    #[test]
    fn a_masked_key_shows_four_characters_at_most() {
        assert_eq!(masked("sk-abcdefghijkl"), "sk-...ijkl");
        assert_eq!(masked("sk-short"), "sk-...");
    }
}
