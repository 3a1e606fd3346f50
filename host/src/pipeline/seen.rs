//! What operators see of a call: its metrics, its trace, and what people are told of it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde_json::Value;
use tokio::time::Instant;

use super::accounting::{Source, now_ms};
use super::answer::Trail;
use super::fleet::Line;
use super::request::ClientRequest;
use crate::alerts::{Alerts, FailedAttempt};
use crate::auth::{Caller, Grant};
use crate::domain::{Fault, Usage, glob};
use crate::telemetry::calls::labels::{Extra, Site, Who};
use crate::telemetry::calls::{Sample, Tokens};
use crate::telemetry::metrics::{InFlight, Metrics};
use crate::telemetry::otel::Otel;
use crate::telemetry::otel::record::{Attempt, Record, Trace};
use crate::telemetry::times::Stage;

/// What LiteLLM calls the holder of the master key.
const MASTER: &str = "litellm_proxy_master_key";
/// Holders that are remembered by where their grant lies, before those that are gone are dropped.
const MOST_GRANTS: usize = 20_000;
const SWEPT_EVERY: Duration = Duration::from_secs(1);
/// Bytes of what was said, each way, that a trace takes.
const MOST_SAID: usize = 32 << 10;

/// Headers that a trace goes on with.
pub type TraceHeaders = Vec<(HeaderName, HeaderValue)>;

/// Who sees what of calls. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Watchers {
    pub metrics: Metrics,
    pub otel: Otel,
    pub alerts: Alerts,
    grants: Arc<RwLock<Grants>>,
}

/// The number of a holder's labels, by the grant that all calls of a key share.
#[derive(Debug, Default)]
struct Grants {
    numbers: HashMap<usize, (Weak<Grant>, u32)>,
    /// When those that are gone were dropped last.
    swept: Option<Instant>,
}

impl Grants {
    fn remember(&mut self, place: usize, grant: &Arc<Grant>, number: u32) {
        // Where more live than are remembered, looking for dead ones at each call would be all that
        // calls wait for.
        let due = self.swept.is_none_or(|it| it.elapsed() >= SWEPT_EVERY);
        if self.numbers.len() >= MOST_GRANTS && due {
            self.swept = Some(Instant::now());
            self.numbers
                .retain(|_, (grant, _)| grant.strong_count() > 0);
        }
        if self.numbers.len() < MOST_GRANTS {
            self.numbers.insert(place, (Arc::downgrade(grant), number));
        }
    }
}

impl Watchers {
    pub fn new(metrics: Metrics, otel: Otel, alerts: Alerts) -> Self {
        Self {
            metrics,
            otel,
            alerts,
            grants: Arc::default(),
        }
    }

    /// The labels of a caller. Resolved once for each grant.
    fn who(&self, caller: &Caller) -> u32 {
        let calls = self.metrics.calls();
        let Some(grant) = caller.grant() else {
            return calls.who(Who {
                key: Some(MASTER.into()),
                ..Who::default()
            });
        };
        // While its weak pointer is kept, no other grant lies there.
        let place = Arc::as_ptr(grant) as usize;
        {
            let grants = self.grants.read().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, number)) = grants.numbers.get(&place) {
                return *number;
            }
        }
        let number = calls.who(who_of(grant));
        let mut grants = self.grants.write().unwrap_or_else(PoisonError::into_inner);
        grants.remember(place, grant, number);
        number
    }

    /// What the config wants of a call beside the usual labels.
    fn extra(&self, caller: &Caller, request: &ClientRequest, source: &Source) -> u32 {
        let calls = self.metrics.calls();
        let shown = calls.shown();
        if !shown.wants_extra() {
            return 0;
        }
        let text = |wanted: bool, it: Option<&String>| it.filter(|_| wanted).map(|it| label(it));
        let metadata = request.controls.metadata.as_deref();
        let metadata = metadata.filter(|_| !shown.custom.is_empty());
        let own: Value = metadata
            .and_then(|it| serde_json::from_str(it).ok())
            .unwrap_or_default();
        let custom = shown.custom.iter().map(|(path, _)| {
            let grant = caller.grant();
            if let Some(pattern) = path.strip_prefix("tag:") {
                let own = grant.into_iter().flat_map(|it| &it.tags).map(|it| &**it);
                let mut tags = request.controls.tags.iter().map(String::as_str).chain(own);
                let has = tags.any(|it| glob::matches(pattern, it));
                return Some(label(if has { "true" } else { "false" }));
            }
            let name = path.strip_prefix("metadata.").unwrap_or(path);
            let key = grant.and_then(|it| it.key.as_ref()?.metadata.get(name));
            let team = grant.and_then(|it| it.team.as_ref()?.metadata.get(name));
            let found = own.get(name).or(key).or(team)?;
            Some(match found {
                Value::String(text) => label(text),
                other => label(&other.to_string()),
            })
        });
        calls.extra(Extra {
            end_user: text(shown.end_users, request.controls.user.as_ref()),
            client_ip: text(shown.client_ips, source.client_ip.as_ref()),
            user_agent: text(shown.user_agents, source.user_agent.as_ref()),
            custom: custom.collect(),
        })
    }
}

/// What a client says of itself as a label's value: kept for long and shown often, so only its
/// beginning.
fn label(text: &str) -> Arc<str> {
    const MOST_BYTES: usize = 128;
    let end = text.floor_char_boundary(MOST_BYTES);
    Arc::from(text.get(..end).unwrap_or_default())
}

fn who_of(grant: &Grant) -> Who {
    let (key, user) = (grant.key.as_ref(), grant.user.as_ref());
    let (team, organization) = (grant.team.as_ref(), grant.organization.as_ref());
    Who {
        key: key.map(|it| it.hash.as_str().into()),
        key_alias: key.and_then(|it| it.alias.clone()),
        team: team.map(|it| Arc::clone(&it.id)),
        team_alias: team.and_then(|it| it.alias.clone()),
        user: user.map(|it| Arc::clone(&it.id)),
        user_email: user.and_then(|it| it.email.clone()),
        organization: organization.map(|it| Arc::clone(&it.id)),
        organization_alias: organization.and_then(|it| it.alias.clone()),
    }
}

/// What is seen of one call.
pub struct Sight {
    watchers: Watchers,
    who: u32,
    asked: u32,
    extra: u32,
    /// How long it waited for its turn.
    queued: Duration,
    began: Instant,
    /// The response cache was asked, and had no answer.
    missed: bool,
    /// None: nothing is exported.
    export: Option<Box<Export>>,
}

/// What the exporter is to know.
struct Export {
    trace: Option<Box<Trace>>,
    asked: String,
    key_alias: Option<String>,
    team: Option<String>,
    user: Option<String>,
    /// None: what was answered stays here.
    answered: Option<String>,
}

impl Sight {
    pub fn begin(
        watchers: &Watchers,
        caller: &Caller,
        request: &ClientRequest,
        source: &Source,
    ) -> Self {
        let otel = &watchers.otel;
        let export = otel.is_on().then(|| {
            let (parent, state) = (source.traceparent.as_deref(), source.tracestate.as_deref());
            let mut trace = otel.begin(parent, state);
            let content = otel.wants_content() && !request.controls.redact;
            if let Some(trace) = trace.as_mut().filter(|_| content) {
                trace.asked = asked(request);
            }
            let shown = Some(caller).filter(|_| otel.tells_callers());
            let key = shown.and_then(|it| it.grant()?.key.as_ref());
            let alias = key.and_then(|it| it.alias.as_deref());
            Box::new(Export {
                answered: content.then(String::new),
                trace,
                asked: request.controls.asked.clone(),
                key_alias: alias.map(str::to_owned),
                team: shown.and_then(Caller::team_id).map(str::to_owned),
                user: shown.and_then(Caller::user_id).map(str::to_owned),
            })
        });
        Self {
            who: watchers.who(caller),
            asked: watchers.metrics.calls().name(&request.controls.asked),
            extra: watchers.extra(caller, request, source),
            queued: source.queued,
            watchers: watchers.clone(),
            began: Instant::now(),
            missed: false,
            export,
        }
    }

    /// Guardrails have looked at the request. `tells`: a trace may take what was said; what is only
    /// masked on its way to the log cannot wait for that.
    pub fn asks(&mut self, request: &ClientRequest, tells: bool) {
        if let Some(export) = &mut self.export {
            export.answered = export.answered.take().filter(|_| tells);
            if let Some(trace) = &mut export.trace
                && trace.asked.is_some()
            {
                trace.asked = tells.then(|| asked(request)).flatten();
            }
        }
    }

    /// What an attempt beside others sees: its part of the trace, to be [joined](Self::join).
    pub fn twin(&self) -> Self {
        let export = self.export.as_ref().and_then(|it| it.trace.as_ref());
        let export = export.map(|trace| {
            let mut trace = trace.clone();
            trace.attempts.clear();
            Box::new(Export {
                trace: Some(trace),
                asked: String::new(),
                key_alias: None,
                team: None,
                user: None,
                answered: None,
            })
        });
        Self {
            watchers: self.watchers.clone(),
            export,
            ..*self
        }
    }

    /// Adds the attempts of a twin. `error`: why the last of them came to nothing.
    pub fn join(&mut self, twin: &mut Self, error: Option<&'static str>) {
        let now = self.began.elapsed();
        let more = twin.trace().map(|it| std::mem::take(&mut it.attempts));
        let (Some(mut more), Some(trace)) = (more, self.trace()) else {
            return;
        };
        if let (Some(last), Some(error)) = (more.last_mut(), error) {
            last.took = now.saturating_sub(last.began);
            last.error = Some((error, "another deployment answered first".to_owned()));
        }
        trace.attempts.append(&mut more);
    }

    pub fn metrics(&self) -> &Metrics {
        &self.watchers.metrics
    }

    /// The call counts as being served while this lives.
    pub fn in_flight(&self) -> InFlight {
        self.watchers.metrics.in_flight()
    }

    /// The response cache was asked, and had no answer.
    pub fn missed(&mut self) {
        self.missed = true;
    }

    /// A stage took this long.
    pub fn stage(&self, stage: Stage, time: Duration) {
        self.watchers.metrics.stage(stage, time);
    }

    fn trace(&mut self) -> Option<&mut Trace> {
        self.export.as_mut()?.trace.as_deref_mut()
    }

    /// An attempt begins; what it sends carries these headers.
    pub fn takes_off(&mut self, line: &Line, model: &str, resends: u32) -> Option<TraceHeaders> {
        let began = self.began.elapsed();
        let trace = self.trace()?;
        let attempt = Attempt {
            span: crate::telemetry::otel::context::fresh_span(),
            began,
            provider: line.deployment.provider.clone(),
            model: model.to_owned(),
            deployment: line.deployment.id.as_str().to_owned(),
            server: server(line),
            resends,
            plugin_name: line.provider.generation.stem.clone(),
            ..Attempt::default()
        };
        let mut headers = Vec::with_capacity(2);
        let mut add = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.push((HeaderName::from_static(name), value));
            }
        };
        add("traceparent", &trace.context.header(attempt.span));
        if let Some(state) = &trace.context.state {
            add("tracestate", state);
        }
        trace.attempts.push(attempt);
        Some(headers)
    }

    /// Calls of the plugin within the attempt under way.
    pub fn plugin(&mut self, calls: Vec<(&'static str, Instant, Duration)>) {
        let began = self.began;
        if let Some(attempt) = self.trace().and_then(|it| it.attempts.last_mut()) {
            let calls = calls.into_iter();
            let calls =
                calls.map(|(name, at, took)| (name, at.saturating_duration_since(began), took));
            attempt.plugin.extend(calls);
        }
    }

    /// The attempt under way has come to an answer, or failed.
    pub fn landed(&mut self, line: &Line, model_group: &str, fault: Option<&Fault>) {
        let now = self.began.elapsed();
        if let Some(attempt) = self.trace().and_then(|it| it.attempts.last_mut()) {
            attempt.took = now.saturating_sub(attempt.began);
            attempt.error = fault.map(|it| (it.kind.as_str(), it.to_string()));
        }
        if let Some(fault) = fault {
            let attempt = FailedAttempt {
                deployment: line.deployment.id.as_str(),
                provider: &line.deployment.provider,
                model_group,
                fault,
            };
            self.watchers.alerts.attempt_failed(attempt, now_ms());
        }
    }

    /// A deployment was laid to rest by this failure.
    pub fn rests(&self, line: &Line, model_group: &str, fault: &Fault) {
        let id = line.deployment.id.as_str();
        let alerts = &self.watchers.alerts;
        alerts.cooled_down(id, model_group, (fault, now_ms()));
    }

    /// The client gets this as its answer, or as more of it.
    pub fn answered(&mut self, more: &Bytes) {
        let said = self.export.as_mut().and_then(|it| it.answered.as_mut());
        if let Some(said) = said {
            let room = MOST_SAID.saturating_sub(said.len());
            let more =
                String::from_utf8_lossy(more.get(..more.len().min(room)).unwrap_or_default());
            said.push_str(&more);
        }
    }

    /// The call has ended.
    pub fn end(&mut self, trail: &Trail, status: u16, fault: Option<&Fault>) {
        let calls = self.watchers.metrics.calls();
        let (duration, usage) = (trail.started.elapsed(), trail.usage.as_ref());
        let line = trail.line.as_deref();
        let site = line.map_or(0, |it| it.site(calls));
        let tokens = usage.map_or_else(Tokens::default, |it| Tokens {
            input: it.input_tokens,
            output: it.output_tokens,
            cached: it.cached_tokens,
            cache_write: it.cache_write_tokens,
            input_audio: it.input_audio_tokens,
            output_audio: it.output_audio_tokens,
            reasoning: it.reasoning_tokens,
        });
        let hit = trail.cache_key.is_some();
        if hit {
            let tokens = usage.map_or(0, Usage::total_tokens);
            let metrics = &self.watchers.metrics;
            metrics.cache_tokens(&trail.model_group, tokens);
        }
        let upstream = (line.is_some() && !hit).then_some(trail.upstream_time);
        let sample = Sample {
            operation: trail.operation,
            who: self.who,
            asked: self.asked,
            group: calls.name(&trail.model_group),
            site,
            model: trail.upstream_model.as_deref().unwrap_or_default(),
            extra: self.extra,
            tier: calls.name(
                usage
                    .and_then(|it| it.service_tier.as_deref())
                    .unwrap_or_default(),
            ),
            queue: self.queued,
            status,
            class: fault.map(|it| it.kind.class()),
            duration,
            overhead: trail.overhead(),
            upstream,
            first_token: trail.first_token.filter(|_| trail.stream),
            tokens,
            spend_usd: trail.cost.map(|it| it.dollars()),
            kept: match hit {
                true => Some(true),
                false => self.missed.then_some(false),
            },
            left_requests: trail.left("x-ratelimit-remaining-requests"),
            left_tokens: trail.left("x-ratelimit-remaining-tokens"),
        };
        self.watchers.metrics.call(&sample);
        if upstream.is_some() {
            self.stage(Stage::Upstream, trail.upstream_time);
        }
        let alerts = &self.watchers.alerts;
        if alerts.is_on() {
            let now = now_ms();
            alerts.call_took(&trail.model_group, duration, now);
            if let Some(fault) = fault {
                alerts.call_failed(&trail.model_group, fault, now);
            }
        }
        self.export(trail, status, fault);
    }

    fn export(&mut self, trail: &Trail, status: u16, fault: Option<&Fault>) {
        let Some(mut export) = self.export.take() else {
            return;
        };
        let now = self.began.elapsed();
        let last = export.trace.as_mut().and_then(|it| it.attempts.last_mut());
        if let Some(attempt) = last.filter(|it| it.error.is_none()) {
            // A stream goes on long after its first event.
            attempt.took = now.saturating_sub(attempt.began);
            attempt.error = fault.map(|it| (it.kind.as_str(), it.to_string()));
        }
        let (usage, line) = (trail.usage.as_ref(), trail.line.as_deref());
        self.watchers.otel.end(move || Record {
            trace: export.trace,
            call_id: trail.call_id.as_str().to_owned(),
            operation: trail.operation,
            asked_model: export.asked,
            model_group: trail.model_group.clone(),
            model: trail.upstream_model.clone(),
            provider: trail.provider().map(str::to_owned),
            server: line.and_then(server),
            answer_id: trail.provider_id.clone(),
            status,
            error: fault.map(|it| (it.kind.as_str(), it.to_string())),
            took: now,
            overhead: trail.overhead(),
            first_token: trail.first_token.filter(|_| trail.stream),
            stream: trail.stream,
            input_tokens: usage.map(|it| it.input_tokens),
            output_tokens: usage.map(|it| it.output_tokens),
            cached_tokens: usage.map_or(0, |it| it.cached_tokens),
            cost: trail.cost.map(|it| it.dollars()),
            key_alias: export.key_alias,
            team: export.team,
            user: export.user,
            answered: export.answered.filter(|it| !it.is_empty()),
        });
    }
}

/// The host that a deployment is asked at.
fn server(line: &Line) -> Option<(String, u16)> {
    let base = line.target.base_url.as_ref()?;
    Some((base.host_str()?.to_owned(), base.port_or_known_default()?))
}

/// What was asked, as it came, cut.
fn asked(request: &ClientRequest) -> Option<String> {
    let mut entries = request.body.entries();
    let (_, said) = entries.find(|(name, _)| matches!(*name, "messages" | "input" | "prompt"))?;
    let end = said.floor_char_boundary(MOST_SAID);
    Some(said.get(..end).unwrap_or_default().to_owned())
}

/// The labels of a deployment.
pub fn site_of(line: &Line) -> Site {
    let text = |it: &str| Some(Arc::from(it));
    Site {
        id: text(line.deployment.id.as_str()),
        provider: text(&line.deployment.provider),
        model: text(&line.deployment.model),
        api_base: line.api_base.as_deref().and_then(text),
    }
}
