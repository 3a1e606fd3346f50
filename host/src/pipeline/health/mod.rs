//! Health checks. Each deployment is asked for next to nothing, by its plugin and to its upstream as
//! a call would be; it is charged to nobody's key. What comes of it is shown, counted, and, where
//! `enable_health_check_routing` says so, gone by.

mod ask;
mod board;
mod keeper;

use std::time::Duration;

use crate::domain::{DeploymentId, Fault};

pub use board::{Board, Shown};
pub use keeper::counts_for;

/// What a check of one deployment came to.
#[derive(Debug, Clone)]
pub struct Checked {
    pub id: DeploymentId,
    pub group: String,
    pub provider: String,
    /// The model that was asked, without its provider.
    pub model: String,
    /// The deployment's own; None: as the price table has it, or a chat.
    pub mode: Option<String>,
    pub api_base: Option<String>,
    /// When it ended, in milliseconds since 1970.
    pub at_ms: i64,
    pub took: Duration,
    pub state: State,
}

/// How a deployment is.
#[derive(Debug, Clone)]
pub enum State {
    Healthy,
    Unhealthy(Fault),
    /// It was not asked, and why.
    Unchecked(String),
}

impl State {
    /// For lists and metrics.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Unhealthy(_) => "unhealthy",
            Self::Unchecked(_) => "unchecked",
        }
    }

    /// Why it is not healthy, as clients may be told.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Healthy => None,
            Self::Unhealthy(fault) => Some(&fault.message),
            Self::Unchecked(why) => Some(why),
        }
    }
}
