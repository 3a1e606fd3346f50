//! A request that is passed on, from its admission to the head of its answer.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use tokio::time::Instant;

use super::guarded::{self, Watching};
use super::place::Place;
use super::relay::{PassedBytes, Relay};
use super::watch::Watch;
use super::{Order, Route, headers};
use crate::auth::Caller;
use crate::domain::Fault;
use crate::domain::json::Document;
use crate::pipeline::accounting::{Served, Source};
use crate::pipeline::answer::{Failure, Trail};
use crate::pipeline::attempt::times_for;
use crate::pipeline::fleet::{Fleet, Line};
use crate::pipeline::guards::{self, Guarded, Passing};
use crate::pipeline::passed::passed_on;
use crate::pipeline::run::Pipeline;
use crate::pipeline::seen::Sight;
use crate::pipeline::settle::Settlement;
use crate::pipeline::uploads::FileContent;
use crate::pipeline::why::{By, Choice};
use crate::upstream::{self, Options, Request, UpstreamReply, errors};

/// An upstream's answer, as it is.
pub struct Passed {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: PassedBody,
    pub trail: Trail,
}

/// Whole, or as it comes.
pub enum PassedBody {
    Whole(Bytes),
    Stream(PassedBytes),
}

impl Pipeline {
    /// Passes a request on, for a caller who may.
    ///
    /// # Errors
    /// It is not admitted, or there is no answer. What the upstream answers, refusals too, is none.
    pub async fn pass(
        &self,
        caller: &Caller,
        (fleet, mut order): (&Fleet, Order),
        source: Source,
    ) -> Result<Passed, Failure> {
        let inner = self.inner();
        let guarded = self.passes_by(fleet, caller, &order);
        let request = &order.request;
        let group = request.controls.model.clone();
        let stream = request.controls.stream;
        let mut trail = Trail::new(
            request.id.clone(),
            request.operation.as_str(),
            group,
            stream,
        );
        let mut guarded = match guarded {
            Ok(guarded) => guarded,
            Err(fault) => {
                tracing::info!(call.id = %request.id, fault = %fault, "call refused");
                let trail = Box::new(trail);
                return Err(Failure { fault, trail });
            }
        };
        let line = fleet
            .through
            .line(order.route, order.model(), caller.team_id());
        let served = self.offered(fleet, &order, line.as_deref().ok());
        let mut sight = Sight::begin(&inner.watchers, caller, request, &source);
        let permit = match inner
            .accounting
            .admit(caller, request, served, source)
            .await
        {
            Ok(permit) => permit,
            Err(fault) => {
                tracing::info!(call.id = %request.id, fault = %fault, "call refused");
                sight.end(&trail, (inner.status_of)(&fault), Some(&fault));
                let trail = Box::new(trail);
                return Err(Failure { fault, trail });
            }
        };
        trail.line = line.as_ref().ok().map(Arc::clone);
        trail.upstream_model = order.model().map(str::to_owned);
        let mut settlement = Settlement::open(sight, trail, permit, &inner.decisions);
        if let Some(guarded) = &mut guarded {
            settlement.is_guarded(guarded, &order.request);
            if let Err(fault) = go(guarded, &mut order).await {
                return Err(self.fail(fault, settlement));
            }
            settlement.is_guarded(guarded, &order.request);
        }
        let sent = match line {
            Ok(line) => {
                let group = &order.request.controls.model;
                settlement.chose(Choice::given(group, By::Path, Some(&line)));
                let sending = self.send_on(&line, &order, &mut settlement);
                let sent = match &mut guarded {
                    Some(guarded) if order.body.length() > 0 => {
                        let sent = guarded.beside(order.shown(), sending).await;
                        sent.and_then(|sent| sent)
                    }
                    _ => sending.await,
                };
                settlement.remember_choices();
                sent.map(|reply| (reply, line))
            }
            Err(fault) => Err(fault),
        };
        let guarded = guarded.filter(Guarded::looks_at_answers);
        let answered = match sent {
            Ok((reply, line)) if reply.is_success() => match guarded {
                None => Ok(self.relay(reply, &order, settlement)),
                Some(guarded) => {
                    self.watched(reply, (&order, &line), guarded, settlement)
                        .await
                }
            },
            Ok((reply, line)) => refused(reply, (&line, order.is_free()), settlement).await,
            Err(fault) => Err(Box::new((fault, settlement))),
        };
        answered.map_err(|failed| self.fail(failed.0, failed.1))
    }

    /// What is known of the price, and the access groups of the model.
    fn offered<'f>(&self, fleet: &'f Fleet, order: &'f Order, line: Option<&Line>) -> Served<'f> {
        let prices = self.accounting().prices();
        let price = match line {
            _ if order.is_free() => fleet.through.free(&prices),
            Some(line) => line.price(&prices, order.model().unwrap_or_default()),
            None => None,
        };
        let name = order.request.controls.model.as_str();
        let group = fleet.config.groups.find(name);
        let deployments = group.into_iter().flat_map(|it| it.deployments);
        let mut access_groups: Vec<&str> = Vec::new();
        for name in deployments.flat_map(|it| &it.info.access_groups) {
            if !access_groups.contains(&name.as_str()) {
                access_groups.push(name);
            }
        }
        Served {
            name,
            groups: Some(&fleet.config.groups),
            prices: vec![price],
            access_groups,
        }
    }

    async fn send_on(
        &self,
        line: &Arc<Line>,
        order: &Order,
        settlement: &mut Settlement,
    ) -> Result<UpstreamReply, Fault> {
        let model = order.model().unwrap_or_default();
        // What costs nothing holds nothing.
        if !order.is_free() {
            let entered = settlement.enter(&order.request, (line, model), true).await;
            if let Err(full) = entered {
                return Err(settlement.no_room(&order.request.controls.model, vec![full]));
            }
        }
        let place = Place::of(order.route, line, &order.tail)?;
        let passed = upstream::Passed {
            method: order.method.clone(),
            base: &place.base,
            tail: &place.tail,
            shares_version: order.route.provider().is_some(),
            query: order.query.as_deref(),
            headers: order.headers.clone(),
            auth: place.auth,
            body: order.body.clone(),
        };
        let mut request = Request::passed(&line.target, passed)?;
        // Nor is it a line of a bill.
        if !order.is_free() {
            settlement.sent();
        }
        request.trace(&settlement.passes().unwrap_or_default());
        let (total, idle) = times_for(&order.request, line, order.request.controls.stream);
        let options = Options {
            timeout: Some(total),
            idle,
            ..Options::default()
        };
        let began = Instant::now();
        let sent = self.upstream().send(&line.target, request, &options).await;
        let sent = sent.map_err(|mut fault| {
            line.target.redact(&mut fault);
            fault
                .provider
                .get_or_insert_with(|| line.target.provider.clone());
            fault
        });
        let trail = settlement.trail();
        trail.upstream_time += began.elapsed();
        if let Ok(reply) = &sent {
            trail.upstream_headers = passed_on(&reply.headers);
        }
        let outcome = sent
            .as_ref()
            .err()
            .map_or("ok", |fault| fault.kind.as_str());
        self.metrics().attempt(&line.target.provider, outcome);
        settlement.came_to(outcome);
        settlement.landed(line, sent.as_ref().err());
        sent
    }

    /// Who looks at a request that passes; None: nobody.
    fn passes_by(
        &self,
        fleet: &Fleet,
        caller: &Caller,
        order: &Order,
    ) -> Result<Option<Guarded>, Fault> {
        let more = match order.route {
            Route::Provider(_) => guards::of_model(fleet, &order.request.controls.model),
            Route::Endpoint(place) => {
                let endpoint = fleet.config.general.endpoints.get(place);
                let names = endpoint.into_iter().flat_map(|it| &it.guardrails);
                names.map(String::as_str).collect()
            }
        };
        let guarded = self.guarded(fleet, (caller, &order.request), more)?;
        let shape = guarded::shape(order.route, order.tail.as_str());
        Ok(guarded.map(|it| it.shaped(shape)))
    }

    /// An answer that guardrails look at.
    async fn watched(
        &self,
        reply: UpstreamReply,
        (order, line): (&Order, &Line),
        guarded: Guarded,
        settlement: Box<Settlement>,
    ) -> Result<Passed, Box<(Fault, Box<Settlement>)>> {
        if !guarded::is_events(&reply.headers) {
            return guarded::whole(reply, (order, line), guarded, settlement).await;
        }
        let most = line.target.max_reply_bytes;
        let passing = Passing::of(guarded, order.shown(), most);
        let (relay, mut passed) = self.relaying(reply, order, settlement);
        passed.body = PassedBody::Stream(match passing {
            Some(passing) => Watching::new(relay, passing).into_bytes(),
            None => relay.into_bytes(),
        });
        Ok(passed)
    }

    /// An answer that is one.
    fn relay(&self, reply: UpstreamReply, order: &Order, settlement: Box<Settlement>) -> Passed {
        let (relay, passed) = self.relaying(reply, order, settlement);
        Passed {
            body: PassedBody::Stream(relay.into_bytes()),
            ..passed
        }
    }

    /// What passes, and its head.
    fn relaying(
        &self,
        reply: UpstreamReply,
        order: &Order,
        mut settlement: Box<Settlement>,
    ) -> (Relay, Passed) {
        let streams = order.request.controls.stream;
        let watch = Watch::new(reply.content_type(), &reply.headers, streams);
        let (status, mut headers) = (reply.status, headers::to_client(&reply.headers));
        if watch.streams {
            // The gateway may have the last word.
            headers.remove(CONTENT_LENGTH);
        }
        let takes_events = reply.content_type().starts_with("text/event-stream");
        let trail = settlement.trail();
        trail.stream = watch.streams;
        let trail = trail.clone();
        let relay = Relay {
            pieces: reply.pieces(),
            watch,
            settlement,
            status,
            dialect: order.route.dialect(),
            takes_events,
            write_fault: self.inner().write_fault,
        };
        let passed = Passed {
            status,
            headers,
            body: PassedBody::Whole(Bytes::new()),
            trail,
        };
        (relay, passed)
    }
}

/// What goes on is what the guardrails let through.
async fn go(guarded: &mut Guarded, order: &mut Order) -> Result<(), Fault> {
    if let Some(changed) = guarded.before(order.shown()).await? {
        // Lines of JSON are no document, and are not recorded.
        if let Ok(document) = Document::parse(changed.clone()) {
            order.request.body = document.into();
        }
        order.body = FileContent::Held(changed);
    }
    Ok(())
}

/// An upstream's refusal, or its word that it is elsewhere: as it is, but for the key, which some
/// repeat.
async fn refused(
    reply: UpstreamReply,
    (line, is_free): (&Line, bool),
    mut settlement: Box<Settlement>,
) -> Result<Passed, Box<(Fault, Box<Settlement>)>> {
    let (status, all) = (reply.status, reply.headers.clone());
    let began = Instant::now();
    let read = reply.read_whole(errors::MAX_DOCUMENT).await;
    settlement.trail().upstream_time += began.elapsed();
    let body = match read {
        Ok(body) => body,
        Err(fault) => return Err(Box::new((fault, settlement))),
    };
    let mut fault = errors::map(&line.target.errors, status, &all, &body);
    line.target.redact(&mut fault);
    fault
        .provider
        .get_or_insert_with(|| line.target.provider.clone());
    let mut headers = headers::to_client(&all);
    let body = match std::str::from_utf8(&body) {
        Ok(text) => {
            let mut shown = text.to_owned();
            line.target.redact_text(&mut shown);
            if shown == text {
                body
            } else {
                Bytes::from(shown)
            }
        }
        Err(_) => body,
    };
    // It is written anew by the length that it has.
    headers.remove(CONTENT_LENGTH);
    settlement.answered(&body);
    match status {
        300..=399 if is_free => settlement.done(status),
        _ => settlement.failed(status, &fault),
    }
    Ok(Passed {
        status,
        headers,
        body: PassedBody::Whole(body),
        trail: settlement.trail().clone(),
    })
}

impl Passed {
    /// Whether it comes in events.
    pub fn is_events(&self) -> bool {
        let kind = self.headers.get(CONTENT_TYPE);
        let kind = kind.and_then(|it| it.to_str().ok()).unwrap_or_default();
        kind.starts_with("text/event-stream")
    }
}

impl Route {
    /// How requests are called that name no model, and what their deployment is called.
    pub fn name(self, fleet: &Fleet) -> String {
        match self {
            Self::Provider(provider) => format!("/{provider}"),
            Self::Endpoint(place) => {
                let endpoint = fleet.config.general.endpoints.get(place);
                endpoint.map(|it| it.path.clone()).unwrap_or_default()
            }
        }
    }
}
