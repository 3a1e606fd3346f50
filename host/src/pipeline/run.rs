//! A call from its admission to its answer.

use std::pin::Pin;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::accounting::{Accounting, Served, Source as CallSource};
use super::answer::{Answer, Failure, Trail};
use super::answered::{self, Asked};
use super::cached::{self, Looked};
use super::callbacks::Carrier;
use super::course::{self, Course};
use super::fleet::Fleet;
use super::guards::{self, Guarded};
use super::health::Board;
use super::hedge::Hedges;
use super::left;
use super::offered::Offered;
use super::outside::Shelves;
use super::request::ClientRequest;
use super::seen::{Sight, Watchers};
use super::settle::Settlement;
use super::standings::{self, DeploymentNumber};
use super::stream::FaultWriter;
use super::uploads::Uploads;
use super::why::{self, Decisions};
use crate::auth::Caller;
use crate::cache::Cache;
use crate::domain::Fault;
use crate::plugins::Plugins;
use crate::prices::Prices;
use crate::router::Affinity;
use crate::store::SaltKey;
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
    /// What providers said they have.
    pub(super) offered: Offered,
    /// What guardrails and callbacks keep for a while.
    pub(super) shelves: Shelves,
    pub(super) hedges: Hedges,
    /// A batch has ended that is not booked.
    batch_ended: Notify,
    pub(super) write_fault: FaultWriter,
    pub(super) status_of: fn(&Fault) -> u16,
}

/// What is sent with a call, made when it has been let in.
pub(super) type Readying<'r> = Pin<Box<dyn Future<Output = Result<Ready, Fault>> + Send + 'r>>;

/// What was made ready of it.
pub(super) struct Ready {
    pub files: Uploads,
    /// The answer, where the gateway itself has it.
    pub known: Option<Bytes>,
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
        accounting.callbacks().set_status_of(status_of);
        accounting.callbacks().take_over(&fleet.callbacks);
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
                offered: Offered::default(),
                shelves: Shelves::default(),
                hedges: Hedges::default(),
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
        self.inner
            .accounting
            .callbacks()
            .take_over(&fleet.callbacks);
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

    /// Which deployments were chosen for a call, who was ruled out, and why: as this process
    /// remembers it, or else as its row keeps it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn why(&self, call_id: &str) -> Result<Option<Value>, Fault> {
        if let Some(found) = self.inner.decisions.of(call_id) {
            return Ok(Some(found));
        }
        let row = self.inner.accounting.store().spend_row(call_id).await;
        let row = row.map_err(|cause| {
            let message = "the database does not answer; try again in a moment";
            Fault::ours(message, cause.to_string())
        })?;
        Ok(row.as_ref().map(why::of_row))
    }

    /// Serves one call of a caller who may ask for this model.
    pub fn run<'c>(
        &'c self,
        caller: &'c Caller,
        request: Box<ClientRequest>,
        source: CallSource,
    ) -> impl Future<Output = Result<Answer, Failure>> + Send + 'c {
        self.run_readied(caller, request, source, None)
    }

    /// The same of a call whose files are made ready when it has been let in: who may not go on has
    /// no work done, and no guardrail asked.
    pub(super) async fn run_readied(
        &self,
        caller: &Caller,
        mut request: Box<ClientRequest>,
        source: CallSource,
        readying: Option<Readying<'_>>,
    ) -> Result<Answer, Failure> {
        let fleet = self.fleet();
        let own = fleet.own_routing(caller);
        if let Some(own) = &own {
            let controls = &mut request.controls;
            controls.timeout = controls.timeout.or(own.timeout);
            controls.stream_timeout = controls.stream_timeout.or(own.stream_timeout);
            controls.num_retries = controls.num_retries.or(own.num_retries);
        }
        let router = own.as_ref().map(|it| &it.settings);
        let router = router.unwrap_or(&fleet.config.router);
        let session = source.session_id.clone();
        let agent = course::agent(router, source.user_agent.as_deref());
        let more = guards::of_model(&fleet, &request.controls.model);
        let guarded = match self.guarded(&fleet, (caller, &request), more) {
            Ok(guarded) => guarded,
            Err(fault) => return Err(self.refuse(fault, &request)),
        };
        let inner = &self.inner;
        let mut settlement = self.admit(caller, (&fleet, &request), source).await?;
        let asked = Asked {
            write_fault: inner.write_fault,
            tells_cost: request.controls.include_cost || fleet.config.general.include_stream_cost,
            status_of: inner.status_of,
        };
        let tags = course::tags(router, &request.controls.tags, caller);
        let (mut request, mut guarded) = match guarded {
            Some(guarded) => match Box::pin(guard(guarded, request, &mut settlement)).await {
                Ok((request, guarded)) => (request, Some(guarded)),
                Err(fault) => return Err(self.fail(fault, settlement)),
            },
            None => (request, None),
        };
        if let Some(readying) = readying {
            match readying.await {
                Ok(ready) => (request.files, request.controls.known) = (ready.files, ready.known),
                Err(fault) => return Err(self.fail(fault, settlement)),
            }
        }
        // Another caller may be another deployment's.
        let by: Vec<String> = tags.iter().chain(&agent).cloned().collect();
        let looked = cached::look(&inner.cache, caller, request, &by).await;
        let (request, keeper) = match looked {
            Looked::Found(request, found) => {
                if let Some(guarded) = &mut guarded {
                    let body = request.body.text().as_bytes();
                    if let Err(fault) = guarded.beside(body, std::future::ready(())).await {
                        return Err(self.fail(fault, settlement));
                    }
                }
                let asked = (&*request, asked);
                let answered = answered::kept(asked, &fleet, *found, (guarded, settlement));
                return Box::pin(answered).await.map_err(|it| self.fail(it.0, it.1));
            }
            Looked::Go(request, keeper) => (request, keeper),
        };
        if keeper.is_some() {
            settlement.sight().missed();
        }
        let chooses = (session, tags, agent);
        let course = Course::new(inner, (&fleet, router), &request, caller, chooses);
        let began = Instant::now();
        // Each branch makes its own future: one that is kept in a name takes its room twice.
        let reached = match &mut guarded {
            Some(guarded) => {
                let body = request.body.text().as_bytes();
                let running = Box::pin(course.run(&mut settlement));
                let beside = Box::pin(guarded.beside(body, running)).await;
                beside.and_then(|reached| reached)
            }
            None => course.run(&mut settlement).await,
        };
        settlement.reached(began.elapsed());
        settlement.remember_choices();
        match reached {
            Ok((reached, line)) => {
                let made_by = (inner.plugins.clone(), line);
                let asked = (&*request, asked);
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

    /// What brings records to callbacks.
    fn carrier(&self) -> Carrier {
        let inner = &self.inner;
        Carrier {
            upstream: inner.upstream.clone(),
            plugins: inner.plugins.clone(),
            shelves: inner.shelves.clone(),
            metrics: inner.watchers.metrics.clone(),
        }
    }

    /// Tells callbacks of calls until `stop`, then what is left. `salt` opens what keys and teams
    /// have for theirs.
    pub async fn tell_callbacks(self, salt: SaltKey, stop: CancellationToken) {
        let accounting = &self.inner.accounting;
        let (callbacks, keys) = (accounting.callbacks().clone(), accounting.keys().clone());
        callbacks.run(self.carrier(), (keys, salt), stop).await;
    }

    /// Hands a callback one record of a call that never was.
    ///
    /// # Errors
    /// There is no such callback, or it does not take the record, and why.
    pub async fn try_callback(&self, name: &str) -> Result<(), Fault> {
        let callbacks = self.inner.accounting.callbacks();
        callbacks.try_one(&self.carrier(), name).await
    }

    /// The callbacks of the config.
    pub fn callback_names(&self) -> Vec<String> {
        let fleet = self.fleet();
        let all = fleet.callbacks.all().iter();
        all.map(|it| it.entry.name.clone()).collect()
    }

    /// Why a callback of the config is not called; None: it is. The outer one: there is none.
    pub fn callback_fault(&self, name: &str) -> Option<Option<Fault>> {
        let fleet = self.fleet();
        let mut all = fleet.callbacks.all().iter();
        let found = all.find(|it| it.entry.name == name)?;
        Some(found.ready.as_ref().err().cloned())
    }

    /// Lets a call begin.
    pub(super) async fn admit(
        &self,
        caller: &Caller,
        (fleet, request): (&Fleet, &ClientRequest),
        source: CallSource,
    ) -> Result<Box<Settlement>, Failure> {
        let trail = trail(request);
        let inner = &self.inner;
        let prices = inner.accounting.prices();
        let served = served(fleet, &prices, &request.controls.model);
        let mut sight = Sight::begin(&inner.watchers, caller, request, &source);
        let accounting = &inner.accounting;
        let permit = match accounting.admit(caller, request, served, source).await {
            Ok(permit) => permit,
            Err(fault) => {
                tracing::info!(call.id = %request.id, fault = %fault, "call refused");
                sight.end(&trail, (inner.status_of)(&fault), Some(&fault));
                let trail = Box::new(trail);
                return Err(Failure { fault, trail });
            }
        };
        sight.stage(Stage::Admit, trail.started.elapsed());
        Ok(Settlement::open(sight, trail, permit, &inner.decisions))
    }

    /// A call that does not begin.
    #[expect(
        clippy::unused_self,
        reason = "beside `fail`, which is of calls that have begun"
    )]
    pub(super) fn refuse(&self, fault: Fault, request: &ClientRequest) -> Failure {
        tracing::info!(call.id = %request.id, fault = %fault, "call refused");
        Failure {
            fault,
            trail: Box::new(trail(request)),
        }
    }

    pub(super) fn fail(&self, fault: Fault, mut settlement: Box<Settlement>) -> Failure {
        settlement.failed((self.inner.status_of)(&fault), &fault);
        Failure {
            fault,
            trail: Box::new(settlement.take_trail()),
        }
    }
}

/// What is known of a model group, and of every deployment of it that may answer.
pub(super) fn served<'f>(fleet: &'f Fleet, prices: &Prices, name: &'f str) -> Served<'f> {
    let found = fleet.config.groups.find(name);
    let mut served = Served {
        name,
        groups: Some(&fleet.config.groups),
        ..Served::default()
    };
    for (found, deployment) in found
        .iter()
        .flat_map(|it| it.deployments.iter().map(move |one| (it, one)))
    {
        if let Ok(line) = fleet.line(&deployment.id) {
            let price = line.price(prices, &found.model(deployment));
            served.prices.push(price);
        }
        for group in &deployment.info.access_groups {
            if !served.access_groups.contains(&group.as_str()) {
                served.access_groups.push(group);
            }
        }
    }
    served
}

/// The request as its guardrails let it go on.
async fn guard(
    mut guarded: Guarded,
    request: Box<ClientRequest>,
    settlement: &mut Settlement,
) -> Result<(Box<ClientRequest>, Guarded), Fault> {
    // Also where it is refused, it is known who looked.
    settlement.is_guarded(&guarded, &request);
    let request = guarded.go(request).await?;
    settlement.is_guarded(&guarded, &request);
    Ok((request, guarded))
}

fn trail(request: &ClientRequest) -> Trail {
    Trail::new(
        request.id.clone(),
        request.operation.as_str(),
        request.controls.model.clone(),
        request.controls.stream,
    )
}
