//! A call through its model group: deployments in order, retries, fallbacks, and the answer.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::accounting::{Accounting, Served, Source as CallSource};
use super::answer::{Answer, AnswerBody, Failure, Trail};
use super::attempt::{Attempt, Outcome};
use super::backoff;
use super::choose::choose;
use super::fleet::{Fleet, Line};
use super::mock;
use super::reached::{Reached, blame, gather, probe, usage_of};
use super::request::ClientRequest;
use super::settle::Settlement;
use super::shape;
use super::source::{Events, Source};
use super::stream::{FaultWriter, Streaming};
use super::writer::Writer;
use crate::auth::Caller;
use crate::config::{Deployment, Resolved, defaults};
use crate::domain::{At, Blame, ErrorKind, Fault, Retry};
use crate::plugins::{self, Plugins};
use crate::router;
use crate::telemetry::metrics::Metrics;
use crate::upstream::Upstream;

/// Serves calls. Cheap to clone.
#[derive(Clone)]
pub struct Pipeline {
    inner: Arc<Inner>,
}

struct Inner {
    fleet: ArcSwap<Fleet>,
    plugins: Plugins,
    upstream: Upstream,
    metrics: Metrics,
    accounting: Accounting,
    write_fault: FaultWriter,
    status_of: fn(&Fault) -> u16,
}

impl Pipeline {
    /// `write_fault` and `status_of` belong to the door: only it knows how errors are written.
    pub fn new(
        fleet: Fleet,
        plugins: Plugins,
        upstream: Upstream,
        metrics: Metrics,
        accounting: Accounting,
        (write_fault, status_of): (FaultWriter, fn(&Fault) -> u16),
    ) -> Self {
        let fleet = ArcSwap::from_pointee(fleet);
        Self {
            inner: Arc::new(Inner {
                fleet,
                plugins,
                upstream,
                metrics,
                accounting,
                write_fault,
                status_of,
            }),
        }
    }

    /// What calls that begin now are accounted by.
    pub fn accounting(&self) -> &Accounting {
        &self.inner.accounting
    }

    pub(super) fn upstream(&self) -> &Upstream {
        &self.inner.upstream
    }

    /// What calls that begin now are served by.
    pub fn fleet(&self) -> Arc<Fleet> {
        self.inner.fleet.load_full()
    }

    /// Lets calls that begin from now on be served by another fleet.
    pub fn set_fleet(&self, fleet: Fleet) {
        self.inner.fleet.store(Arc::new(fleet));
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
        let accounting = &self.inner.accounting;
        let admitted = accounting.admit(caller, &request, served, source);
        let permit = match admitted.await {
            Ok(permit) => permit,
            Err(fault) => {
                tracing::info!(call.id = %request.id, fault = %fault, "call refused");
                let trail = Box::new(trail);
                return Err(Failure { fault, trail });
            }
        };
        let mut settlement = Settlement::open(&self.inner.metrics, trail, permit);
        match self.through_groups(&fleet, &request, &mut settlement).await {
            Ok((reached, line)) => self.answer(&request, reached, line, settlement),
            Err(fault) => Err(self.fail(fault, settlement)),
        }
    }

    /// What is known of every deployment that may answer first.
    fn served<'f>(&self, fleet: &Fleet, resolved: Option<&'f Resolved>) -> Served<'f> {
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

    fn fail(&self, fault: Fault, mut settlement: Settlement) -> Failure {
        settlement.failed((self.inner.status_of)(&fault), &fault);
        Failure {
            fault,
            trail: Box::new(settlement.trail().clone()),
        }
    }

    /// The asked group, then its fallbacks.
    async fn through_groups(
        &self,
        fleet: &Fleet,
        request: &ClientRequest,
        settlement: &mut Settlement,
    ) -> Result<(Reached, Arc<Line>), Fault> {
        let asked = request.controls.model.clone();
        let mut fault = match self
            .through_deployments(fleet, request, &asked, settlement)
            .await
        {
            Ok(reached) => return Ok(reached),
            Err(fault) => fault,
        };
        let fallbacks = router::fallbacks(
            &fleet.config.router,
            &asked,
            &fault,
            request.controls.fallbacks.as_deref(),
        );
        if request.controls.disable_fallbacks || fault.at == At::Door {
            return Err(fault);
        }
        for group in fallbacks {
            tracing::warn!(call.id = %request.id, model.group = %group, fault = %fault, "falling back");
            if fleet.config.groups.resolve(&group).is_none() {
                tracing::warn!(call.id = %request.id, "the fallback `{group}` is no model group");
                continue;
            }
            settlement.trail().fallbacks += 1;
            settlement.trail().retries = 0;
            match self
                .through_deployments(fleet, request, &group, settlement)
                .await
            {
                Ok(reached) => return Ok(reached),
                Err(next) => fault = next,
            }
        }
        Err(fault)
    }

    /// The deployments of one group, until one answers.
    async fn through_deployments(
        &self,
        fleet: &Fleet,
        request: &ClientRequest,
        group: &str,
        settlement: &mut Settlement,
    ) -> Result<(Reached, Arc<Line>), Fault> {
        let resolved = fleet
            .config
            .groups
            .resolve(group)
            .ok_or_else(|| no_such_model(named(request, group)))?;
        group.clone_into(&mut settlement.trail().model_group);
        let mut left = router::order(resolved.deployments, &mut rand::rng());
        let retries = |deployment: &Deployment| {
            let asked = request.controls.num_retries.or(deployment.num_retries);
            asked
                .or(fleet.config.router.num_retries)
                .unwrap_or(defaults::NUM_RETRIES)
        };
        let mut allowed = left
            .first()
            .map_or(0, |(deployment, _)| retries(deployment));
        settlement.trail().max_retries = allowed;
        if left.is_empty() {
            return Err(no_such_model(named(request, group)));
        }
        let (mut at, mut failed) = (0, None);
        loop {
            let chosen = choose(fleet, request, (group, &mut left, at), settlement).await;
            // Why an attempt failed says more than that no other deployment has room.
            let (deployment, model) = chosen.map_err(|full| failed.take().unwrap_or(full))?;
            let number = settlement.trail().retries;
            let tried = self
                .try_one(fleet, request, (&deployment, &model), number, settlement)
                .await;
            let fault = match tried {
                Ok(reached) => return Ok(reached),
                Err(fault) => fault,
            };
            let may = match fault.retry {
                Retry::Never => false,
                Retry::NextDeployment => {
                    left.retain(|(other, _)| other.id != deployment.id);
                    !left.is_empty()
                }
                Retry::SameDeployment => {
                    at += 1;
                    true
                }
            };
            if !may || allowed == 0 {
                return Err(fault);
            }
            allowed -= 1;
            // A deployment that was not asked yet is asked at once.
            if at >= left.len() {
                let least = fleet.config.router.retry_after;
                tokio::time::sleep(backoff::wait(&fault, number, least)).await;
            }
            // The last failure is told with the call itself.
            tracing::warn!(
                call.id = %request.id, deployment.id = %deployment.id, provider = %deployment.provider,
                attempt = number, fault = %fault, "attempt failed; trying again"
            );
            settlement.trail().retries += 1;
            failed = Some(fault);
        }
    }

    async fn try_one(
        &self,
        fleet: &Fleet,
        request: &ClientRequest,
        (deployment, model): (&Arc<Deployment>, &str),
        number: u32,
        settlement: &mut Settlement,
    ) -> Result<(Reached, Arc<Line>), Fault> {
        let line = fleet.line(&deployment.id)?;
        let trail = settlement.trail();
        trail.line = Some(Arc::clone(&line));
        trail.upstream_model = Some(model.to_owned());
        settlement.sent();
        let drop_params = fleet.config.general.drop_params;
        let tried = self
            .reach(request, &line, (model, number, drop_params), settlement)
            .await;
        let outcome = tried
            .as_ref()
            .err()
            .map_or("ok", |fault| fault.kind.as_str());
        self.inner.metrics.attempt(&line.provider.name, outcome);
        let tried = tried.map_err(|mut fault| {
            line.target.redact(&mut fault);
            fault
        });
        if let Err(fault) = &tried {
            settlement.attempt_failed();
            let outcome = match fault {
                fault if fault.plugin_at_fault => plugins::Outcome::Failed,
                fault
                    if fault.kind == ErrorKind::InvalidRequest
                        && fault.at == At::Attempt
                        && fault.blame != Blame::Operator =>
                {
                    plugins::Outcome::Invalid
                }
                _ => plugins::Outcome::Fine,
            };
            self.inner
                .plugins
                .report(&line.provider.generation, outcome);
        }
        tried.map(|reached| (reached, line))
    }

    async fn reach(
        &self,
        request: &ClientRequest,
        line: &Arc<Line>,
        (model, number, drop_params): (&str, u32, bool),
        settlement: &mut Settlement,
    ) -> Result<Reached, Fault> {
        let outcome = match &line.deployment.mock_response {
            Some(text) => mock::answer(text)?,
            None => {
                let (attempt, guest_body) = Attempt::new(
                    &self.inner.upstream,
                    request,
                    Arc::clone(line),
                    model,
                    (number, drop_params),
                )
                .await?;
                let (outcome, trace) = attempt.run(guest_body).await;
                let trail = settlement.trail();
                trail.upstream_time += trace.upstream_time;
                trail.upstream_headers = trace.headers;
                trail.usage = trace.usage;
                outcome?
            }
        };
        match (outcome, request.controls.stream) {
            (
                Outcome::Whole {
                    body,
                    usage,
                    is_plugins,
                },
                false,
            ) => {
                settlement.trail().usage = usage.as_deref().and_then(usage_of);
                let shaped = shape::whole(request, &body, usage)
                    .map_err(|fault| blame(fault, is_plugins, &body))?;
                let trail = settlement.trail();
                (trail.usage, trail.provider_id) = (shaped.usage, shaped.provider_id);
                Ok(Reached::Whole { body: shaped.body })
            }
            (
                Outcome::Whole {
                    body,
                    usage,
                    is_plugins,
                },
                true,
            ) => {
                let (events, own) = shape::as_events(request, &body)
                    .map_err(|fault| blame(fault, is_plugins, &body))?;
                let first = Events {
                    events,
                    usage: usage.or(own),
                    last: true,
                    complete: true,
                    ..Events::default()
                };
                Ok(Reached::Stream {
                    source: Source::Ready(Vec::new()),
                    first,
                })
            }
            (Outcome::Stream(mut source), true) => {
                let first = source.next().await?;
                // Known at the end, if this is not the beginning of an answer.
                settlement.trail().usage = first.usage.as_deref().and_then(usage_of);
                match first.failure {
                    Some(fault) if first.events.is_empty() => Err(fault),
                    None if first.events.is_empty() => {
                        let message = "the upstream's stream ended before it began";
                        Err(Fault::upstream(ErrorKind::Upstream, message))
                    }
                    _ => {
                        probe(request, &first)?;
                        Ok(Reached::Stream { source, first })
                    }
                }
            }
            (Outcome::Stream(source), false) => {
                let cap = line.target.max_reply_bytes;
                gather(request, source, cap, settlement).await
            }
        }
    }

    fn answer(
        &self,
        request: &ClientRequest,
        reached: Reached,
        line: Arc<Line>,
        mut settlement: Settlement,
    ) -> Result<Answer, Failure> {
        let generation = Arc::clone(&line.provider.generation);
        match reached {
            Reached::Whole { body } => {
                self.inner
                    .plugins
                    .report(&generation, plugins::Outcome::Fine);
                settlement.answered(&body);
                settlement.done(200);
                Ok(Answer {
                    status: 200,
                    // Whatever the upstream calls it: it was read as JSON, and SDKs go by the type.
                    content_type: "application/json",
                    body: AnswerBody::Whole(body),
                    trail: settlement.trail().clone(),
                })
            }
            Reached::Stream { source, first } => {
                let trail = settlement.trail();
                trail.first_token = Some(trail.started.elapsed());
                let trail = trail.clone();
                let envelope = shape::envelope(request, true);
                let controls = &request.controls;
                let mut writer = Writer::new(request.operation, envelope, controls.include_usage);
                if controls.include_cost || self.fleet().config.general.include_stream_cost {
                    writer.tell_cost(settlement.cost_of(&line));
                }
                let streaming = Streaming {
                    source,
                    writer,
                    settlement,
                    dialect: request.operation.dialect(),
                    write_fault: self.inner.write_fault,
                    plugins: self.inner.plugins.clone(),
                    generation,
                };
                Ok(Answer {
                    status: 200,
                    content_type: "text/event-stream",
                    body: AnswerBody::Stream(streaming.into_bytes(first)),
                    trail,
                })
            }
        }
    }
}

/// A group by the name that the client knows: what it asked for may be an alias of its own.
pub(super) fn named<'a>(request: &'a ClientRequest, group: &'a str) -> &'a str {
    let controls = &request.controls;
    if group == controls.model {
        &controls.asked
    } else {
        group
    }
}

fn no_such_model(group: &str) -> Fault {
    let message = format!(
        "litellm.BadRequestError: You passed in model={group}. There are no healthy deployments for this model"
    );
    Fault::caller(ErrorKind::NotFound, message).with_param("model")
}
