//! The door: routes, who may call, bodies in, answers and errors out. Only this room and `admin`
//! know axum; it decides nothing about models.

mod admin;
mod auth;
mod body;
mod calls;
mod cors;
pub mod error;
mod headers;
mod health;
mod models;
pub mod paths;
mod patience;
mod routes;
pub mod server;
mod steering;
pub mod tls;
mod unknown;

use std::collections::HashSet;

use crate::domain::{Fault, glob};
use crate::pipeline::Pipeline;
use crate::plugins::Plugins;
use crate::telemetry::metrics::Metrics;

pub use auth::Caller;
pub use routes::router;

/// What the handlers use.
#[derive(Clone)]
pub struct Doors {
    pub pipeline: Pipeline,
    pub plugins: Plugins,
    pub metrics: Metrics,
}

impl Doors {
    /// Proves a caller by the config of this moment.
    fn prove(&self, headers: &http::HeaderMap) -> Result<Caller, Fault> {
        let fleet = self.pipeline.fleet();
        let general = &fleet.config.general;
        let door = auth::Door {
            master_key: general.master_key.as_ref(),
            key_header: general.key_header.as_deref(),
        };
        door.prove(headers)
    }

    /// Judges a page of another origin by the config of this moment.
    fn judge_browser(&self, headers: &http::HeaderMap) -> Result<cors::Origin, Fault> {
        if !headers.contains_key(http::header::ORIGIN) {
            return Ok(cors::Origin::None);
        }
        let fleet = self.pipeline.fleet();
        let browsers = cors::Browsers {
            origins: &fleet.config.general.cors_origins,
            has_key: fleet.config.general.master_key.is_some(),
        };
        browsers.judge(headers)
    }

    fn metrics_are_public(&self) -> bool {
        self.pipeline.fleet().config.general.public_metrics
    }

    fn max_request_bytes(&self) -> usize {
        self.pipeline.fleet().config.general.max_request_bytes
    }

    /// Model groups; a pattern as the models that its deployments' providers name, if they do.
    fn model_names(&self) -> Vec<String> {
        let fleet = self.pipeline.fleet();
        let table = self.plugins.table();
        let mut names: Vec<String> = Vec::new();
        for name in fleet.config.groups.names() {
            if !name.contains('*') {
                names.push(name.to_owned());
                continue;
            }
            for deployment in fleet
                .config
                .groups
                .deployments()
                .filter(|it| it.group.as_str() == name)
            {
                let Some(provider) = table.providers.get(&deployment.provider) else {
                    continue;
                };
                let full = provider
                    .describe
                    .models
                    .iter()
                    .map(|model| format!("{}/{model}", deployment.provider));
                names.extend(full.filter(|full| glob::matches(name, full)));
            }
        }
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }
}
