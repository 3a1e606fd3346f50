//! Streams of two dialects: the state says which.

use sluice_sdk::{Continuation, Decoded, Error, Frame, Outbound, fault};
use sluice_wire::{anthropic, gemini};

/// Stands before the dialect's own state.
const CLAUDE: &str = "c";
const GOOGLE: &str = "g";

/// A request whose answer is a stream of Google's.
pub fn google(outbound: Outbound) -> Outbound {
    outbound.frames().state(GOOGLE)
}

/// A request whose answer is a stream of Anthropic's, which has a state already.
pub fn claude(mut outbound: Outbound) -> Outbound {
    outbound.state.insert_str(0, CLAUDE);
    outbound
}

pub fn decode(state: &str, frames: &[Frame], last: bool) -> Result<Decoded, Error> {
    if let Some(own) = state.strip_prefix(CLAUDE) {
        let mut decoded = anthropic::stream::decode(own, frames, last)?;
        decoded.state.insert_str(0, CLAUDE);
        if let Continuation::ThenSend(next) = &mut decoded.next {
            next.state.insert_str(0, CLAUDE);
        }
        return Ok(decoded);
    }
    let own = state
        .strip_prefix(GOOGLE)
        .ok_or_else(|| fault::internal("own state is lost"))?;
    let mut decoded = gemini::stream::decode(own, frames, last)?;
    decoded.state.insert_str(0, GOOGLE);
    Ok(decoded)
}
