//! Responses as resources: kept, so that their owner may ask for them, go on from them and delete
//! them.
//!
//! A response that went through chat is kept here, with the conversation that led to it. One that a
//! provider made is kept there, and what is kept here is which deployment has it. Either way it is
//! remembered at once and brought to the database by a task: no answer waits for it.

mod asked;
mod charged;
mod items;
mod keeper;
mod memory;
mod onward;

use std::time::Duration;

pub use charged::is_under_way;
pub use keeper::Responses;
pub use memory::{Memo, Memory};
pub use onward::Previous;

/// How responses are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseSettings {
    /// `store_responses`: those that went through chat are kept.
    pub keeps: bool,
    /// `stored_responses_retention_period`.
    pub keep_for: Duration,
    /// `max_stored_response_size_mb`: a longer one, with the conversation before it, is not kept. In
    /// bytes.
    pub longest: usize,
    /// `disable_responses_id_security`: a response is whoever's that knows its id.
    pub is_open: bool,
}

impl ResponseSettings {
    /// As OpenAI keeps them.
    pub const KEEP_FOR: Duration = Duration::from_secs(30 * 86_400);
    /// A conversation of some million letters.
    pub const LONGEST: usize = 4 << 20;
}

impl Default for ResponseSettings {
    fn default() -> Self {
        Self {
            keeps: true,
            keep_for: Self::KEEP_FOR,
            longest: Self::LONGEST,
            is_open: false,
        }
    }
}

/// The longest id of a response, in bytes.
const LONGEST_ID: usize = 1024;

/// Whether an id may stand in the path of a request to a provider.
fn is_plain(id: &str) -> bool {
    let letter = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-' | b'=');
    (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(letter)
}
