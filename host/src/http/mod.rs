//! The door: routes, who may call, bodies in, answers and errors out. Only this room and `admin`
//! know axum; it decides nothing about models.

mod admin;
mod body;
mod calls;
mod came;
mod cors;
mod entry;
pub mod error;
mod files;
mod form;
mod gate;
mod google;
mod guardrails;
mod headers;
mod health;
mod manage;
mod models;
mod numbers;
mod passing;
pub mod paths;
mod patience;
mod priority;
mod providers;
mod realtime;
mod refused;
mod reports;
mod responses;
mod routes;
pub mod server;
mod services;
mod spoken;
mod spool;
mod steering;
mod through;
pub mod tls;
mod turnstile;
mod unknown;

use std::collections::HashSet;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::auth::{Caller, Fetch, Knock};
use crate::config::Admission;
use crate::domain::{Fault, glob};
use crate::manage::Manage;
use crate::pipeline::{Pipeline, Spools, no_mock};
use crate::plugins::Plugins;
use crate::reports::Reports;
use crate::signin::{Session, SignIn};
use crate::telemetry::metrics::Metrics;

pub use gate::{Rules, catalog};
use realtime::Sessions;
pub use routes::router;
use turnstile::Turnstile;

/// What the handlers use.
#[derive(Clone)]
pub struct Doors {
    pub pipeline: Pipeline,
    pub plugins: Plugins,
    pub metrics: Metrics,
    pub manage: Manage,
    pub reports: Reports,
    pub signin: SignIn,
    turnstile: Turnstile,
    sessions: Sessions,
    /// Where uploads lie while they are passed on.
    spools: Spools,
    /// Fetches an identity provider's keys.
    fetch: Arc<dyn Fetch>,
    /// The gate of the config that was in force when it was last asked for.
    gate: Arc<ArcSwapOption<gate::Gate>>,
}

impl Doors {
    pub fn new(
        pipeline: Pipeline,
        plugins: Plugins,
        metrics: Metrics,
        (manage, reports, signin): (Manage, Reports, SignIn),
        fetch: Arc<dyn Fetch>,
        spools: Spools,
    ) -> Self {
        Self {
            pipeline,
            plugins,
            metrics,
            manage,
            reports,
            signin,
            turnstile: Turnstile::default(),
            sessions: Sessions::default(),
            spools,
            fetch,
            gate: Arc::default(),
        }
    }

    /// Sessions end by this.
    #[must_use]
    pub fn until(mut self, stop: &server::Stop) -> Self {
        self.sessions = stop.sessions();
        self
    }

    /// Who may come in, by the config of this moment.
    fn gate(&self) -> Arc<gate::Gate> {
        let fleet = self.pipeline.fleet();
        let before = self.gate.load_full();
        if let Some(gate) = before.clone().filter(|it| it.is_of(&fleet)) {
            return gate;
        }
        let keys = self.pipeline.accounting().keys().clone();
        let gate = gate::Gate::new(&fleet, keys, &self.fetch, before.as_deref());
        let gate = Arc::new(gate);
        self.gate.store(Some(Arc::clone(&gate)));
        gate
    }

    /// Proves a caller, by a key or by a session, and that the route is for it.
    async fn prove(
        &self,
        knock: Knock<'_>,
        method: &http::Method,
        (encrypted, authority): (bool, Option<&str>),
    ) -> Result<(Caller, Option<Session>), Fault> {
        let (gate, fleet) = (self.gate(), self.pipeline.fleet());
        let connection = entry::browser::Connection {
            peer: knock.peer,
            encrypted,
            authority,
            trust: gate.door.trust(),
            base_url: fleet.config.general.ui.base_url.as_deref(),
        };
        let session = entry::session(self, &gate, knock, connection).await?;
        let caller = match &session {
            Some(session) => gate.door.of_entrant(&session.who, knock).await?,
            None => gate.door.prove(knock).await?,
        };
        gate.routes.permit(&caller, method, knock.path)?;
        Ok((caller, session))
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

    /// Whether clients may ask for failures.
    fn allow_mock(&self, name: &str) -> Result<(), Fault> {
        let allowed = self.pipeline.fleet().config.general.mock_testing;
        allowed.then_some(()).ok_or_else(|| no_mock(name))
    }

    /// How many calls are served at once.
    fn admission(&self) -> Admission {
        self.pipeline.fleet().config.general.admission.clone()
    }

    fn max_request_bytes(&self) -> usize {
        self.pipeline.fleet().config.general.max_request_bytes
    }

    /// Model groups; a pattern as the models that its deployments' providers list, or else that are
    /// known of them, and itself if `patterns` are wanted too.
    async fn model_names(&self, patterns: bool) -> Vec<String> {
        let fleet = self.pipeline.fleet();
        let offered = self.pipeline.models_offered(&fleet).await;
        let table = self.plugins.table();
        let prices = self.pipeline.accounting().prices();
        let mut names: Vec<String> = Vec::new();
        for name in fleet.config.groups.names() {
            if !name.contains('*') {
                names.push(name.to_owned());
                continue;
            }
            if patterns {
                names.push(name.to_owned());
            }
            for deployment in fleet
                .config
                .groups
                .deployments()
                .filter(|it| it.group.as_str() == name && !it.info.blocked)
            {
                let provider = &deployment.provider;
                let named = |model: &str| format!("{provider}/{model}");
                if let Some(listed) = offered.get(&deployment.id) {
                    let full = listed.iter().map(|it| named(it));
                    names.extend(full.filter(|full| glob::matches(name, full)));
                    continue;
                }
                let described = table.providers.get(provider);
                let described = described.iter().flat_map(|it| &it.describe.models);
                let known = described
                    .map(String::as_str)
                    .chain(prices.models_of(provider));
                let full = known.map(named);
                names.extend(full.filter(|full| glob::matches(name, full)));
            }
        }
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }
}
