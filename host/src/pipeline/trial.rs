//! One attempt of a call at one deployment: sent, looked at as far as it takes to call it an
//! answer, and counted.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use super::attempt::{Attempt, Outcome, times_for};
use super::bridge::Bridge;
use super::choose::Chosen;
use super::counted;
use super::course::Course;
use super::fleet::Line;
use super::kept;
use super::mock;
use super::opening::{self, Rest};
use super::reached::{Reached, blame, gather, probe, usage_of};
use super::request::ClientRequest;
use super::seen::TraceHeaders;
use super::settle::Settlement;
use super::shape;
use super::sound::Sound;
use super::source::{Events, Source};
use crate::domain::{At, Blame, ErrorKind, Fault};
use crate::plugins;

impl Course<'_> {
    /// Tries one deployment.
    pub(super) async fn attempt(
        &self,
        request: &ClientRequest,
        chosen: &Chosen,
        settlement: &mut Settlement,
    ) -> Result<Reached, Fault> {
        let line = &chosen.line;
        let trail = settlement.trail();
        let number = trail.retries;
        trail.line = Some(Arc::clone(line));
        trail.upstream_model = Some(chosen.model.clone());
        trail.dropped.clear();
        settlement.sent();
        let trace = settlement.takes_off(&chosen.place, chosen.lone);
        let drop_params = self.fleet.config.general.drop_params;
        let how = (chosen.model.as_str(), number, drop_params, trace);
        let limit = line.deployment.first_token_timeout;
        // Each branch makes its own future: one that is kept in a name takes its room twice.
        let tried = match limit.filter(|_| request.controls.stream) {
            None => self.reach(request, line, how, settlement).await,
            Some(limit) => {
                let reach = Box::pin(self.reach(request, line, how, settlement));
                match timeout(limit, reach).await {
                    Ok(tried) => tried,
                    Err(_) => {
                        settlement.trail().upstream_time += limit;
                        Err(late(line, limit))
                    }
                }
            }
        };
        let outcome = tried
            .as_ref()
            .err()
            .map_or("ok", |fault| fault.kind.as_str());
        self.inner
            .watchers
            .metrics
            .attempt(&line.provider.name, outcome);
        settlement.came_to(outcome);
        let tried = tried.map_err(|mut fault| {
            line.target.redact(&mut fault);
            fault
        });
        settlement.landed(line, tried.as_ref().err());
        if let Err(fault) = &tried {
            settlement.attempt_failed(fault);
            if fault.is_breach {
                line.provider.generation.plugin.count_breach();
            }
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
            let plugins = &self.inner.plugins;
            plugins.report(&line.provider.generation, outcome);
        }
        tried
    }

    /// Reaches a deployment in the client's dialect, or by chat where its provider has nothing else.
    async fn reach(
        &self,
        request: &ClientRequest,
        line: &Arc<Line>,
        how: (&str, u32, bool, Option<TraceHeaders>),
        settlement: &mut Settlement,
    ) -> Result<Reached, Fault> {
        if request.operation.is_count() {
            return Box::pin(self.count(request, line, how, settlement)).await;
        }
        let asked = (how.0, how.2);
        let memory = self.memory.as_ref();
        let over = |refused| {
            let bridge = Bridge::over(request, line, asked, (refused, memory))?;
            Ok::<_, Fault>(bridge.map(Box::new))
        };
        if let Some(bridge) = over(false)? {
            return Box::pin(self.reach_over(bridge, line, how, settlement)).await;
        }
        let reached = self.reach_as(request, line, how.clone(), settlement).await;
        // Of a provider's models, some speak the client's dialect and others do not.
        let refused = |it: &Fault| it.kind == ErrorKind::Unsupported && it.param.is_none();
        if reached.as_ref().is_err_and(refused)
            && let Some(bridge) = over(true)?
        {
            return Box::pin(self.reach_over(bridge, line, how, settlement)).await;
        }
        if let (Ok(reached), Some(memory)) = (&reached, memory) {
            let account = match leaves_it_under_way(request, reached) {
                true => settlement.account(),
                false => None,
            };
            let at = (&line.deployment.id, how.0);
            settlement.trail().is_pending = memory.made_there(request, reached, at, account);
        }
        reached
    }

    /// By chat, for a client of another dialect.
    async fn reach_over(
        &self,
        bridge: Box<Bridge>,
        line: &Arc<Line>,
        how: (&str, u32, bool, Option<TraceHeaders>),
        settlement: &mut Settlement,
    ) -> Result<Reached, Fault> {
        settlement.trail().dropped = bridge.dropped().to_vec();
        let reached = self.reach_as(bridge.asked(), line, how, settlement).await?;
        bridge.back(reached)
    }

    pub(super) async fn reach_as(
        &self,
        request: &ClientRequest,
        line: &Arc<Line>,
        (model, number, drop_params, trace): (&str, u32, bool, Option<TraceHeaders>),
        settlement: &mut Settlement,
    ) -> Result<Reached, Fault> {
        let controls = &request.controls;
        let outcome = match (&controls.known, &line.deployment.mock_response) {
            (Some(known), _) => Outcome::Whole {
                body: known.clone(),
                usage: None,
                is_plugins: false,
                content_type: None,
            },
            _ if line.deployment.mock_timeout => {
                let (total, _) = times_for(request, line, controls.stream);
                return Err(mock::timeout(total).await);
            }
            (None, Some(text)) => mock::answer(text)?,
            (None, None) => {
                let (attempt, guest_body) = Attempt::new(
                    &self.inner.upstream,
                    request,
                    Arc::clone(line),
                    model,
                    (number, drop_params),
                    trace,
                )
                .await?;
                let (outcome, trace) = attempt.run(guest_body).await;
                settlement.sight().plugin(trace.plugin);
                let trail = settlement.trail();
                trail.upstream_time += trace.upstream_time;
                trail.upstream_headers = trace.headers;
                trail.leave_out(trace.dropped);
                trail.usage = trace.usage;
                outcome?
            }
        };
        match (outcome, controls.stream && !controls.as_sound) {
            (Outcome::Sound(reply), false) => {
                let sound = Sound::begin(reply).await?;
                settlement.trail().usage = counted::of_request(request);
                settlement.began();
                Ok(Reached::Sound(sound))
            }
            (Outcome::Sound(reply), true) => {
                let said = reply.content_type().to_owned();
                let body = reply.read_whole(line.target.max_reply_bytes).await?;
                let said = Some(said.as_str()).filter(|it| !it.is_empty());
                in_events(request, &body, (None, said), settlement).await
            }
            (Outcome::Stream(_), false) if controls.as_sound => {
                let message = "the upstream answered events where sound was asked for";
                Err(Fault::upstream(ErrorKind::Upstream, message))
            }
            (
                Outcome::Whole {
                    body,
                    usage,
                    is_plugins,
                    content_type,
                },
                false,
            ) => {
                settlement.trail().usage = usage.as_deref().and_then(usage_of);
                let shaped = shape::whole(request, &body, usage, content_type.as_deref())
                    .map_err(|fault| blame(fault, is_plugins, &body))?;
                let trail = settlement.trail();
                (trail.usage, trail.provider_id) = (shaped.usage, shaped.provider_id);
                Ok(Reached::Whole {
                    body: shaped.body,
                    content_type: shaped.content_type,
                })
            }
            (
                Outcome::Whole {
                    body,
                    usage,
                    is_plugins,
                    content_type,
                },
                true,
            ) => {
                let told = (usage, content_type.as_deref());
                let answered = in_events(request, &body, told, settlement).await;
                answered.map_err(|fault| blame(fault, is_plugins, &body))
            }
            (Outcome::Bytes(reply), _) => Ok(Reached::Bytes(reply)),
            (Outcome::Live(live), _) => Ok(Reached::Live(live)),
            (Outcome::Stream(source), true) => {
                let mut first = Events::default();
                let rest = opening::read(source, &mut first).await;
                // Known at the end, if this is not the beginning of an answer.
                let (probed, seen) = probe(request, &first);
                let told = first.usage.as_deref().and_then(usage_of);
                settlement.trail().usage = told.or(seen);
                let rest = rest?;
                probed?;
                settlement.began();
                Ok(Reached::Stream { rest, first })
            }
            (Outcome::Stream(source), false) => {
                let cap = line.target.max_reply_bytes;
                gather(request, source, cap, settlement).await
            }
        }
    }
}

/// An answer that came whole, for a client that wants a stream.
async fn in_events(
    request: &ClientRequest,
    body: &Bytes,
    (usage, content_type): (Option<String>, Option<&str>),
    settlement: &mut Settlement,
) -> Result<Reached, Fault> {
    if request.operation.is_audio() {
        // What is no sound and no transcript is said by its type.
        shape::whole(request, body, None, content_type)?;
    }
    let (events, own) = shape::as_events(request, body)?;
    let mut source = Source::ready(events, usage.or(own));
    let first = source.next().await?;
    settlement.began();
    let rest = Rest::Source(source);
    Ok(Reached::Stream { rest, first })
}

/// Whether a response is made in the background, after its answer.
fn leaves_it_under_way(request: &ClientRequest, reached: &Reached) -> bool {
    let mut members = request.body.entries();
    let asked = members.any(|(name, raw)| name == "background" && raw == "true");
    match reached {
        Reached::Whole { body, .. } if asked => {
            serde_json::from_slice(body).is_ok_and(|it| kept::is_under_way(&it))
        }
        _ => false,
    }
}

fn late(line: &Line, limit: Duration) -> Fault {
    let message = format!("no first token came within {} seconds", limit.as_secs_f64());
    let mut fault = Fault::upstream(ErrorKind::Timeout, message);
    fault.provider = Some(line.provider.name.clone());
    fault
}
