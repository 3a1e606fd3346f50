//! What a refusal means: Google's error objects, Anthropic's, and those of other publishers.

use sluice_sdk::{Error, Reply};
use sluice_wire::{anthropic, gemini};

/// An answer of 400 or above. None: the host's reading is as good.
pub fn of_reply(reply: &Reply) -> Option<Error> {
    let document = reply.json().ok()?;
    if document.get("type") == Some(&"error".into()) {
        return anthropic::errors::of_reply(reply);
    }
    // Only Google's own have a status in words; what partners write is OpenAI's.
    let error = gemini::errors::find(&document)?;
    error.get("status")?;
    gemini::errors::of_reply(reply)
}
