//! Rounds of checks: those that somebody asks for, and those in the background.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Checked, State};
use crate::config::{Config, Deployment};
use crate::domain::{DeploymentId, ErrorKind};
use crate::pipeline::accounting::now_ms;
use crate::pipeline::fleet::Fleet;
use crate::pipeline::run::Pipeline;

/// How often it is looked whether a round is due: settings change while the gateway runs.
const LOOK: Duration = Duration::from_secs(1);

impl Pipeline {
    /// Checks the deployments that are wanted, a few at a time. One that another round checked since
    /// this one was asked for is not asked again.
    pub async fn check_all(&self, wanted: impl Fn(&Deployment) -> bool + Send) {
        let asked_ms = now_ms();
        let Ok(_turn) = self.health().round.acquire().await else {
            return;
        };
        let fleet = self.fleet();
        let is_new = |it: &Deployment| {
            let latest = self.health().latest(&it.id);
            latest.is_none_or(|it| it.at_ms < asked_ms)
        };
        let all = fleet.config.groups.deployments();
        let all = all.filter(|it| !it.info.blocked && wanted(it) && is_new(it));
        let all: Vec<Arc<Deployment>> = all.cloned().collect();
        let at_once = usize::try_from(fleet.config.general.health.at_once).unwrap_or(1);
        let checks: Vec<_> = all.iter().map(|it| self.check(&fleet, it)).collect();
        let mut checks = futures_util::stream::iter(checks).buffer_unordered(at_once);
        while let Some(checked) = checks.next().await {
            self.learn(&fleet, &checked);
            self.health().add(checked);
        }
        drop(checks);
        let there = fleet.config.groups.deployments();
        let there: HashSet<&DeploymentId> = there.map(|it| &it.id).collect();
        self.health().keep_only(|id| there.contains(id));
    }

    /// Tells the router how a deployment is, and the log when that changed.
    fn learn(&self, fleet: &Fleet, checked: &Checked) {
        let before = self.health().latest(&checked.id);
        let was = before.as_ref().map_or("unknown", |it| it.state.as_str());
        let (id, group) = (&checked.id, checked.group.as_str());
        match &checked.state {
            State::Unhealthy(fault) if was != "unhealthy" => {
                tracing::warn!(deployment.id = %id, model.group = group, fault = %fault, "a health check failed");
            }
            State::Healthy if was == "unhealthy" => {
                tracing::info!(deployment.id = %id, model.group = group, "a deployment is healthy again");
            }
            _ => {}
        }
        let Some(standing) = fleet.rosters.standing(id) else {
            return;
        };
        let routing = &fleet.config.router.health;
        match &checked.state {
            State::Healthy => standing.found_well(),
            State::Unhealthy(fault) => {
                let transient = matches!(fault.kind, ErrorKind::RateLimit | ErrorKind::Timeout);
                if !(transient && routing.ignores_transient) {
                    standing.found_ill(now_ms());
                }
            }
            State::Unchecked(_) => {}
        }
    }

    /// Checks every deployment at its times, until `stop`.
    pub async fn keep_health(self, stop: CancellationToken) {
        let mut last: Option<Instant> = None;
        loop {
            let settings = self.fleet().config.general.health.clone();
            let is_due = last.is_none_or(|it| it.elapsed() >= settings.every);
            if settings.background && is_due {
                last = Some(Instant::now());
                let wanted = |it: &Deployment| !it.info.checkup.not_in_background;
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = self.check_all(wanted) => {}
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}

/// How long a result counts, where calls go by results at all.
pub fn counts_for(config: &Config) -> Option<Duration> {
    let (routing, checks) = (&config.router.health, &config.general.health);
    let usual = || checks.every.saturating_mul(2);
    let stale_after = routing.stale_after.unwrap_or_else(usual);
    routing.enabled.then_some(stale_after)
}
