//! Batches: their requests are translated as single ones are ([`lines`](lines()), [`results`]), and
//! what has to be known of them when the answers come is one state for all.

mod custom_id;
mod lines;
pub mod results;

use serde::{Deserialize, Serialize};
use sluice_sdk::{Error, fault, parse_state, write_json};

use crate::anthropic::request::Translated;
use crate::anthropic::response::Plan;
use crate::anthropic::stream::is_default;

pub use lines::lines;

/// What has to be known of a batch's requests when their answers come.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    #[serde(skip_serializing_if = "is_default")]
    plan: Plan,
    /// Requests that were translated so far.
    requests: u64,
    /// Seconds since 1970: answers in a batch do not say when they were made.
    made: u64,
    #[serde(skip_serializing_if = "is_default")]
    betas: Vec<String>,
}

/// Longest state, in bytes: the names of tools that had to change are in it.
const MAX_STATE: usize = 256 << 10;

impl Kept {
    /// # Errors
    /// It is no state of this kind.
    pub fn read(state: &str) -> Result<Self, Error> {
        parse_state(state)
    }

    fn write(&self) -> Result<String, Error> {
        let state = write_json(self);
        if state.len() > MAX_STATE {
            let message = "the requests of the batch have too many names of tools that Anthropic \
                           does not take: make several batches of it";
            return Err(fault::invalid_request(message));
        }
        Ok(state)
    }

    /// The betas of the API that the requests need.
    pub fn betas(&self) -> Vec<String> {
        self.betas.clone()
    }

    /// Adds what has to be known of one more request.
    fn add(&mut self, translated: &mut Translated) -> Result<(), Error> {
        let plan = std::mem::take(&mut translated.plan);
        self.plan.json_tool |= plan.json_tool;
        for (sent, own) in plan.renamed {
            let known = self.plan.renamed.get(&sent);
            if let Some(other) = known.filter(|it| **it != own) {
                return Err(fault::invalid_request(format!(
                    "the tool {own} is sent as `{sent}`, and so is {other} of an earlier line"
                )));
            }
            self.plan.renamed.insert(sent, own);
        }
        for beta in std::mem::take(&mut translated.betas) {
            if !self.betas.contains(&beta) {
                self.betas.push(beta);
            }
        }
        Ok(())
    }
}
