//! Realtime sessions: the host opens a socket where this says, and passes its events on.

use std::fmt::Write as _;

use sluice_sdk::{Call, Outbound};

/// A session of transcripts is opened without a model, which its settings name instead: OpenAI refuses
/// one in the address (seen 2025).
pub fn outbound(call: &Call) -> Outbound {
    let query = match call.param("intent") {
        Some("transcription") => "intent=transcription".to_owned(),
        _ => format!("model={}", encoded(&call.model)),
    };
    Outbound::get(format!("/realtime?{query}"))
}

/// The name may be the client's, so nothing in it ends the query or begins another part of it.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            // Writing into a text cannot fail.
            other => drop(write!(out, "%{other:02X}")),
        }
    }
    out
}
