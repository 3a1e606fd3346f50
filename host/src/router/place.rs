//! A deployment as the router sees it: what the operator wrote, and how it is doing.

use std::sync::Arc;

use serde_json::Value;

use crate::config::{Deployment, RouterSettings, TagPattern};
use crate::domain::DeploymentId;

use super::cooling::Cooling;
use super::standing::Standing;

/// A deployment that may be chosen.
#[derive(Debug, Clone)]
pub struct Place {
    pub id: DeploymentId,
    pub terms: Terms,
    pub standing: Arc<Standing>,
    /// When it rests.
    pub cooling: Arc<Cooling>,
    /// It has what it takes to be tried: a plugin that serves it, settings that it understands.
    pub ready: bool,
}

impl Place {
    /// A deployment that nobody knows anything of yet.
    pub fn of(deployment: &Deployment, settings: &RouterSettings, ready: bool) -> Self {
        Self {
            id: deployment.id.clone(),
            terms: Terms::of(deployment),
            standing: Arc::default(),
            cooling: Arc::new(Cooling::of(&deployment.cooldowns, settings)),
            ready,
        }
    }
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
    pub tags: Arc<[String]>,
    pub tag_patterns: Arc<[TagPattern]>,
    /// `model_info.team_id`: nobody else's calls go there.
    pub team: Option<Arc<str>>,
    /// `model_info.max_input_tokens`: what its model takes, where the operator says it.
    pub max_input_tokens: Option<u64>,
}

impl Terms {
    fn of(deployment: &Deployment) -> Self {
        let info = |name: &str| deployment.info.rest.get(name);
        let count = |it: Option<f64>| it.map(|it| it.max(0.0) as u64);
        Self {
            order: deployment.order,
            weight: deployment.weight.unwrap_or(1.0),
            rpm: count(deployment.rpm),
            tpm: count(deployment.tpm),
            tags: deployment.tags.as_slice().into(),
            tag_patterns: deployment.tag_patterns.as_slice().into(),
            team: info("team_id").and_then(Value::as_str).map(Arc::from),
            max_input_tokens: info("max_input_tokens").and_then(Value::as_u64),
        }
    }
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            order: 0,
            weight: 1.0,
            rpm: None,
            tpm: None,
            tags: Arc::default(),
            tag_patterns: Arc::default(),
            team: None,
            max_input_tokens: None,
        }
    }
}
