//! A deployment as the router sees it: what the operator wrote, and how it is doing.

use std::sync::Arc;

use crate::domain::DeploymentId;

use super::standing::Standing;

/// A deployment that may be chosen.
#[derive(Debug, Clone)]
pub struct Place {
    pub id: DeploymentId,
    pub terms: Terms,
    pub standing: Arc<Standing>,
}

/// What the operator wrote of a deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// Lower ones go first; the next level is asked when all of this one are out.
    pub order: u32,
    /// Its share of the calls of its level under `simple-shuffle`.
    pub weight: f64,
    /// Requests a minute.
    pub rpm: Option<u64>,
    /// Tokens a minute.
    pub tpm: Option<u64>,
    /// `max_parallel_requests`.
    pub parallel: Option<u32>,
    pub tags: Vec<String>,
    /// `model_info.team_id`: nobody else's calls go there.
    pub team: Option<String>,
    /// Input tokens that its model takes, where known.
    pub max_input_tokens: Option<u64>,
    /// Dollars of an input token and an output token together; None: nobody knows.
    pub price: Option<f64>,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            order: 0,
            weight: 1.0,
            rpm: None,
            tpm: None,
            parallel: None,
            tags: Vec::new(),
            team: None,
            max_input_tokens: None,
            price: None,
        }
    }
}
