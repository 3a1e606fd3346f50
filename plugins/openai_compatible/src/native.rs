//! Anthropic's messages, at providers that have the dialect beside OpenAI's: the client's own bytes go
//! there, and the answer is relayed.

use sluice_sdk::{Call, Error, Outbound, fault};

use crate::place::Base;
use crate::request;
use crate::row::{Row, matches};

/// Where the client names none.
const VERSION: &str = "2023-06-01";

/// Refused as unsupported where the model is asked in OpenAI's dialect only, and at an address of the
/// operator's that is not known to have both: the gateway then asks by chat.
pub fn request(call: &Call, row: &Row, outbound: Outbound, body: &str) -> Result<Outbound, Error> {
    let patterns = row.messages.as_deref();
    let known = patterns.is_none_or(|it| it.iter().any(|it| matches(it, &call.model)));
    if !known || Base::of(call, row)?.is_elsewhere(row) {
        return Err(fault::unsupported(format!(
            "{} has no messages for `{}`",
            row.title, call.model
        )));
    }
    let version = call.header("anthropic-version").unwrap_or(VERSION);
    let mut outbound = outbound.header("anthropic-version", version);
    if let Some(betas) = call.header("anthropic-beta") {
        outbound = outbound.header("anthropic-beta", betas);
    }
    let patch = request::other(call, row, body)?;
    Ok(outbound.patch(patch).canonical())
}
