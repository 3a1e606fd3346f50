//! Every default, with its unit and where the number comes from.

use std::time::Duration;

/// LiteLLM's port.
pub const PORT: u16 = 4000;

/// Whole calls. LiteLLM's `request_timeout`.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(6000);

/// From sending to the head of the answer. Long completions answer late when they do not stream.
pub const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(600);

/// Between two pieces of an answer. Reasoning models are silent for minutes.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// LiteLLM's router default.
pub const NUM_RETRIES: u32 = 2;

/// LiteLLM's `max_fallbacks`.
pub const MAX_FALLBACKS: u32 = 5;

/// Bytes of a request's body. A PDF of 20 MB is 27 MB in base64.
pub const MAX_REQUEST_BYTES: usize = 64 << 20;

/// Bytes of an answer that is read whole.
pub const MAX_REPLY_BYTES: usize = 64 << 20;

/// How long answers under way may take after a stop was asked for.
pub const DRAIN: Duration = Duration::from_secs(30);

/// Master keys of tutorials. With one of these the gateway listens on loopback only.
pub const WELL_KNOWN_KEYS: &[&str] = &[
    "sk-1234",
    "sk-12345",
    "sk-123456",
    "sk-master",
    "sk-key",
    "sk-test",
];
