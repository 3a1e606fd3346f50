//! Names that are made from what they name. A batch that is sent again has the same ones, so that
//! the service can tell that it has it already.

use sha2::{Digest, Sha256};

/// A UUID in the form of version 4, from these texts.
pub fn uuid(parts: &[&str]) -> String {
    let mut bytes = first_bytes(parts);
    mark(&mut bytes, 4);
    written(&bytes)
}

/// A UUID of version 7: its time in milliseconds since 1970, then bits from these texts. Services
/// that order by name want it.
pub fn uuid_at(millis: i64, parts: &[&str]) -> String {
    let mut bytes = first_bytes(parts);
    let time = millis.to_be_bytes();
    for (byte, of_time) in bytes.iter_mut().zip(time.iter().skip(2)) {
        *byte = *of_time;
    }
    mark(&mut bytes, 7);
    written(&bytes)
}

/// 32 hexadecimal digits from these texts.
pub fn digits(parts: &[&str]) -> String {
    hex(&first_bytes(parts))
}

/// A UUID as it is written, in lower case, if the text is one.
pub fn as_uuid(text: &str) -> Option<String> {
    let fits = text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    fits.then(|| text.to_ascii_lowercase())
}

/// Each part is told apart from the next by its length.
fn first_bytes(parts: &[&str]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut bytes = [0; 16];
    for (byte, of_hash) in bytes.iter_mut().zip(hash.finalize()) {
        *byte = of_hash;
    }
    bytes
}

/// Version and variant, as RFC 9562 has them.
const fn mark(bytes: &mut [u8; 16], version: u8) {
    bytes[6] = (bytes[6] & 0x0f) | (version << 4);
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
}

fn written(bytes: &[u8; 16]) -> String {
    let text = hex(bytes);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-{}-{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32)
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_texts_give_the_same_name_and_others_another() {
        assert_eq!(uuid(&["a", "b"]), uuid(&["a", "b"]));
        assert_ne!(uuid(&["a", "b"]), uuid(&["ab", ""]));
        assert_ne!(uuid(&["a"]), uuid(&["b"]));
        assert_eq!(digits(&["a"]).len(), 32);
    }

    #[test]
    fn a_name_is_a_uuid_of_its_version() {
        let plain = uuid(&["a"]);
        assert_eq!(as_uuid(&plain), Some(plain.clone()));
        assert_eq!(plain.as_bytes()[14], b'4');
        let timed = uuid_at(0x0123_4567_89ab, &["a"]);
        assert!(timed.starts_with("01234567-89ab-7"), "{timed}");
        assert!(matches!(timed.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }

    #[test]
    fn what_is_no_uuid_is_none() {
        for text in ["", "chatcmpl-1", "0b9a3a34-5a52-4f0f-8b8e-6f0a3ad1f00g"] {
            assert!(as_uuid(text).is_none());
        }
        let upper = "0B9A3A34-5A52-4F0F-8B8E-6F0A3AD1F001";
        assert_eq!(as_uuid(upper).unwrap(), upper.to_ascii_lowercase());
    }
}
