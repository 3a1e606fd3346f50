//! How many tokens sound and text may be, for an answer that was cut off before anyone said it.

use serde_json::Value;

/// Bytes of base64 to one of sound, as a ratio.
const BASE64: (u64, u64) = (3, 4);

/// Bytes of text to a token.
const TEXT: u64 = 4;

/// A token is 100 ms of what is heard and 50 ms of what is said (OpenAI's guide, November 2026).
const HEARD_PER_SECOND: u64 = 10;
const SAID_PER_SECOND: u64 = 20;

/// Bytes of a second: PCM of 16 bits at 24 kHz, and G.711.
const PCM: u64 = 48_000;
const G711: u64 = 8_000;

/// How sound is written in a session, each way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Formats {
    heard: u64,
    said: u64,
}

impl Default for Formats {
    fn default() -> Self {
        Self {
            heard: PCM,
            said: PCM,
        }
    }
}

impl Formats {
    /// By the session's settings.
    pub fn of(session: &Value) -> Self {
        let bytes = |places: [&str; 2]| {
            let mut named = places.iter().filter_map(|it| session.pointer(it)?.as_str());
            let name = named.next().unwrap_or_default();
            match name.contains("pcmu") || name.contains("pcma") || name.contains("g711") {
                true => G711,
                false => PCM,
            }
        };
        Self {
            heard: bytes(["/audio/input/format/type", "/input_audio_format"]),
            said: bytes(["/audio/output/format/type", "/output_audio_format"]),
        }
    }

    /// Tokens of sound that the model hears, by its length in base64.
    pub fn heard(self, base64: u64) -> u64 {
        tokens(base64, HEARD_PER_SECOND, self.heard)
    }

    /// Tokens of sound that the model makes.
    pub fn said(self, base64: u64) -> u64 {
        tokens(base64, SAID_PER_SECOND, self.said)
    }
}

fn tokens(base64: u64, per_second: u64, bytes_per_second: u64) -> u64 {
    let bytes = base64.saturating_mul(BASE64.0) / BASE64.1;
    bytes.saturating_mul(per_second).div_ceil(bytes_per_second)
}

/// Tokens of text.
pub const fn text(bytes: u64) -> u64 {
    bytes.div_ceil(TEXT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_second_of_sound_is_as_long_in_every_format() {
        let pcm = Formats::default();
        assert_eq!((pcm.heard(64_000), pcm.said(64_000)), (10, 20));
        for session in [
            json!({"input_audio_format": "g711_ulaw", "output_audio_format": "g711_alaw"}),
            json!({"audio": {"input": {"format": {"type": "audio/pcmu"}},
                "output": {"format": {"type": "audio/pcma"}}}}),
        ] {
            let g711 = Formats::of(&session);
            assert_eq!((g711.heard(10_667), g711.said(10_667)), (10, 20));
        }
        assert_eq!(Formats::of(&json!({"output_audio_format": "pcm16"})), pcm);
        assert_eq!((text(0), text(5)), (0, 2));
    }
}
