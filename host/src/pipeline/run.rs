//! A call from its admission to its answer.

use std::sync::Arc;

use arc_swap::ArcSwap;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::accounting::{Accounting, Served, Source as CallSource};
use super::answer::{Answer, Failure, Trail};
use super::answered::{self, Asked};
use super::cached::{self, Looked};
use super::course::{self, Course};
use super::fleet::Fleet;
use super::guards::{self, Guarded};
use super::health::Board;
use super::left;
use super::outside::Shelves;
use super::request::ClientRequest;
use super::seen::{Sight, Watchers};
use super::settle::Settlement;
use super::standings::{self, DeploymentNumber};
use super::stream::FaultWriter;
use super::why::Decisions;
use crate::auth::Caller;
use crate::cache::Cache;
use crate::config::Resolved;
use crate::domain::Fault;
use crate::plugins::Plugins;
use crate::router::Affinity;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::times::Stage;
use crate::upstream::Upstream;

/// Serves calls. Cheap to clone.
#[derive(Clone)]
pub struct Pipeline {
    inner: Arc<Inner>,
}

/// What serves calls.
pub struct Inner {
    fleet: ArcSwap<Fleet>,
    pub plugins: Plugins,
    pub upstream: Upstream,
    pub watchers: Watchers,
    pub accounting: Accounting,
    cache: Cache,
    /// Where callers were served before.
    pub affinity: ArcSwap<Affinity>,
    pub(super) decisions: Arc<Decisions>,
    board: Board,
    /// What guardrails and callbacks keep for a while.
    pub(super) shelves: Shelves,
    /// A batch has ended that is not booked.
    batch_ended: Notify,
    pub(super) write_fault: FaultWriter,
    pub(super) status_of: fn(&Fault) -> u16,
}

impl Pipeline {
    /// `write_fault` and `status_of` belong to the door: only it knows how errors are written.
    pub fn new(
        fleet: Fleet,
        plugins: Plugins,
        upstream: Upstream,
        watchers: Watchers,
        (accounting, cache): (Accounting, Cache),
        (write_fault, status_of): (FaultWriter, fn(&Fault) -> u16),
    ) -> Self {
        let affinity = Affinity::new(fleet.config.router.affinity_ttl);
        let fleet = ArcSwap::from_pointee(fleet);
        Self {
            inner: Arc::new(Inner {
                fleet,
                plugins,
                upstream,
                watchers,
                accounting,
                cache,
                affinity: ArcSwap::from_pointee(affinity),
                decisions: Arc::default(),
                board: Board::default(),
                shelves: Shelves::default(),
                batch_ended: Notify::new(),
                write_fault,
                status_of,
            }),
        }
    }

    /// Who sees what of calls.
    pub fn watchers(&self) -> &Watchers {
        &self.inner.watchers
    }

    /// What calls that begin now are accounted by.
    pub fn accounting(&self) -> &Accounting {
        &self.inner.accounting
    }

    /// Answers that are kept.
    pub fn cache(&self) -> &Cache {
        &self.inner.cache
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.inner
    }

    pub(super) fn upstream(&self) -> &Upstream {
        &self.inner.upstream
    }

    pub(super) fn plugins(&self) -> &Plugins {
        &self.inner.plugins
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.inner.watchers.metrics
    }

    /// What the last health checks came to.
    pub fn health(&self) -> &Board {
        &self.inner.board
    }

    /// Told when a batch has ended that is not booked.
    pub(super) fn batch_ended(&self) -> &Notify {
        &self.inner.batch_ended
    }

    /// What calls that begin now are served by.
    pub fn fleet(&self) -> Arc<Fleet> {
        self.inner.fleet.load_full()
    }

    /// Lets calls that begin from now on be served by another fleet. How its deployments are doing
    /// is known from the one before.
    pub fn set_fleet(&self, fleet: Fleet) {
        let before = self.fleet();
        let ttl = fleet.config.router.affinity_ttl;
        if before.config.router.affinity_ttl != ttl {
            self.inner.affinity.store(Arc::new(Affinity::new(ttl)));
        }
        self.inner.fleet.store(Arc::new(fleet.after(&before)));
    }

    /// What is left of every budget, for metrics.
    pub fn budget_numbers(&self) -> Vec<DeploymentNumber> {
        left::numbers(&self.inner.accounting, self.inner.watchers.metrics.calls())
    }

    /// The numbers of every deployment, for metrics.
    pub fn deployment_numbers(&self) -> Vec<DeploymentNumber> {
        standings::numbers(&self.fleet())
    }

    /// Every deployment with how it is doing.
    pub fn deployments(&self) -> Value {
        standings::shown(&self.fleet())
    }

    /// Which deployments were chosen for one of the last calls, who was ruled out, and why.
    pub fn why(&self, call_id: &str) -> Option<Value> {
        self.inner.decisions.of(call_id)
    }

    /// Serves one call of a caller who may ask for this model.
    pub async fn run(
        &self,
        caller: &Caller,
        request: ClientRequest,
        source: CallSource,
    ) -> Result<Answer, Failure> {
        let fleet = self.fleet();
        let trail = Trail::new(
            request.id.clone(),
            request.operation.as_str(),
            request.controls.model.clone(),
            request.controls.stream,
        );
        let resolved = fleet.config.groups.resolve(&request.controls.model);
        let served = self.served(&fleet, resolved.as_ref());
        let session = source.session_id.clone();
        let more = guards::of_model(&fleet, &request.controls.model);
        let guarded = match self.guarded(&fleet, (caller, &request), more) {
            Ok(guarded) => guarded,
            Err(fault) => {
                tracing::info!(call.id = %request.id, fault = %fault, "call refused");
                let trail = Box::new(trail);
                return Err(Failure { fault, trail });
            }
        };
        let inner = &self.inner;
        let accounting = &inner.accounting;
        let mut sight = Sight::begin(&inner.watchers, caller, &request, &source);
        let admitted = accounting.admit(caller, &request, served, source);
        let permit = match admitted.await {
            Ok(permit) => permit,
            Err(fault) => {
                tracing::info!(call.id = %request.id, fault = %fault, "call refused");
                sight.end(&trail, (inner.status_of)(&fault), Some(&fault));
                let trail = Box::new(trail);
                return Err(Failure { fault, trail });
            }
        };
        sight.stage(Stage::Admit, trail.started.elapsed());
        let mut settlement = Settlement::open(sight, trail, permit, &inner.decisions);
        let asked = Asked {
            write_fault: inner.write_fault,
            tells_cost: request.controls.include_cost || fleet.config.general.include_stream_cost,
            status_of: inner.status_of,
        };
        let tags = course::tags(&fleet, &request, caller);
        let (request, mut guarded) = match guarded {
            Some(guarded) => match guard(guarded, request, &mut settlement).await {
                Ok((request, guarded)) => (request, Some(guarded)),
                Err(fault) => return Err(self.fail(fault, settlement)),
            },
            None => (request, None),
        };
        let looked = cached::look(&inner.cache, caller, request, &tags).await;
        let (request, keeper) = match looked {
            Looked::Found(request, found) => {
                if let Some(guarded) = &mut guarded {
                    let body = request.body.text().as_bytes();
                    if let Err(fault) = guarded.beside(body, std::future::ready(())).await {
                        return Err(self.fail(fault, settlement));
                    }
                }
                let asked = (&request, asked);
                let answered = answered::kept(asked, &fleet, *found, (guarded, settlement));
                return answered.await.map_err(|it| self.fail(it.0, it.1));
            }
            Looked::Go(request, keeper) => (request, keeper),
        };
        if keeper.is_some() {
            settlement.sight().missed();
        }
        let course = Course::new(inner, &fleet, &request, caller, (session, tags));
        let began = Instant::now();
        let running = course.run(&mut settlement);
        let reached = match &mut guarded {
            Some(guarded) => {
                let body = request.body.text().as_bytes();
                let beside = guarded.beside(body, running).await;
                beside.and_then(|reached| reached)
            }
            None => running.await,
        };
        settlement.reached(began.elapsed());
        settlement.remember_choices();
        match reached {
            Ok((reached, line)) => {
                let made_by = (inner.plugins.clone(), line);
                let asked = (&request, asked);
                let by = (made_by, keeper);
                answered::made(asked, reached, by, (guarded, settlement))
                    .await
                    .map_err(|failed| self.fail(failed.0, failed.1))
            }
            Err(fault) => {
                if let Some(keeper) = keeper {
                    keeper.failed();
                }
                Err(self.fail(fault, settlement))
            }
        }
    }

    /// What guardrails and callbacks keep for a while, in entries and bytes.
    pub fn kept_by_plugins(&self) -> (usize, usize) {
        self.inner.shelves.size()
    }

    /// What is known of every deployment that may answer first.
    pub(super) fn served<'f>(&self, fleet: &Fleet, resolved: Option<&'f Resolved>) -> Served<'f> {
        let prices = self.inner.accounting.prices();
        let mut served = Served::default();
        for (deployment, model) in resolved.into_iter().flat_map(|it| &it.deployments) {
            if let Ok(line) = fleet.line(&deployment.id) {
                served.prices.push(line.price(&prices, model));
            }
            for group in &deployment.info.access_groups {
                if !served.access_groups.contains(&group.as_str()) {
                    served.access_groups.push(group);
                }
            }
        }
        served
    }

    pub(super) fn fail(&self, fault: Fault, mut settlement: Settlement) -> Failure {
        settlement.failed((self.inner.status_of)(&fault), &fault);
        Failure {
            fault,
            trail: Box::new(settlement.trail().clone()),
        }
    }
}

/// The request as its guardrails let it go on.
async fn guard(
    mut guarded: Guarded,
    request: ClientRequest,
    settlement: &mut Settlement,
) -> Result<(ClientRequest, Guarded), Fault> {
    // Also where it is refused, it is known who looked.
    settlement.is_guarded(&guarded, &request);
    let request = guarded.go(request).await?;
    settlement.is_guarded(&guarded, &request);
    Ok((request, guarded))
}
