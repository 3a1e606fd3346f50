//! Batches: their requests are translated as single ones are ([`lines`](lines())) and stand in a file
//! of the API's own, a line each; so do their [`results`].

mod lines;
pub mod results;

use serde::{Deserialize, Serialize};
use sluice_sdk::{Error, parse_state};

pub use lines::lines;

/// What has to be known of a batch's requests when their answers come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// The one model of all of them.
    pub model: String,
    /// Requests that were translated so far.
    pub requests: u64,
    /// Seconds since 1970: answers in a batch do not say when they were made.
    made: u64,
}

impl Kept {
    /// # Errors
    /// It is no state of this kind.
    pub fn read(state: &str) -> Result<Self, Error> {
        parse_state(state)
    }
}
