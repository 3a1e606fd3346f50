//! The end of every call: counted, and one line in the log. It runs also when the client has gone.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::domain::{Blame, CallStatus, Fault};
use crate::router::Place;
use crate::telemetry::metrics::InFlight;
use crate::telemetry::times::Stage;

use super::accounting::{Beside, Full, KEY_SPEND, Permit, Served, now_ms};
use super::aloft::Aloft;
use super::answer::Trail;
use super::choose::Chosen;
use super::fleet::Line;
use super::guards::Guarded;
use super::request::ClientRequest;
use super::seen::{Sight, TraceHeaders};
use super::why::{self, Choice, Decisions};
use super::writer::CostOf;

/// Settles a call once: by [`done`](Self::done) or [`failed`](Self::failed), or, when it is
/// dropped before, as cancelled by the client.
pub struct Settlement {
    sight: Sight,
    trail: Trail,
    /// None once the call is closed.
    permit: Option<Permit>,
    /// The attempt under way.
    aloft: Option<Aloft>,
    /// Which deployments were chosen, until that is remembered.
    choices: Vec<Choice>,
    decisions: Arc<Decisions>,
    /// None: it is a part of a call that is counted already.
    _in_flight: Option<InFlight>,
}

/// What the status of a call is counted as when the client left before its end.
const CLIENT_CLOSED: u16 = 499;

impl Settlement {
    pub fn open(
        sight: Sight,
        mut trail: Trail,
        permit: Permit,
        decisions: &Arc<Decisions>,
    ) -> Box<Self> {
        trail.limits = permit.limit_headers();
        let in_flight = sight.in_flight();
        // It goes along with a call to its end, and is large.
        Box::new(Self {
            sight,
            trail,
            permit: Some(permit),
            aloft: None,
            choices: Vec::new(),
            decisions: Arc::clone(decisions),
            _in_flight: Some(in_flight),
        })
    }

    /// What happened on the way, of a call that is closed.
    pub fn take_trail(&mut self) -> Trail {
        let nothing = Trail::new(
            self.trail.call_id.clone(),
            self.trail.operation,
            String::new(),
            self.trail.stream,
        );
        std::mem::replace(&mut self.trail, nothing)
    }

    pub fn trail(&mut self) -> &mut Trail {
        &mut self.trail
    }

    /// Holds what an attempt at this deployment may need of it.
    ///
    /// # Errors
    /// It has no room for the call.
    pub async fn enter(
        &mut self,
        request: &ClientRequest,
        line: (&Line, &str),
        patient: bool,
    ) -> Result<(), Full> {
        match &mut self.permit {
            Some(permit) => permit.enter(request, line, patient).await,
            None => Ok(()),
        }
    }

    /// The call goes on to another model group.
    ///
    /// # Errors
    /// A limit or a budget of its callers for that model has no room.
    pub async fn turn_to(
        &mut self,
        request: &ClientRequest,
        served: &Served<'_>,
    ) -> Result<(), Fault> {
        match &mut self.permit {
            Some(permit) => permit.turn_to(request, served, &self.trail).await,
            None => Ok(()),
        }
    }

    /// Holds what a second attempt beside the one under way may need.
    pub async fn enter_beside(
        &mut self,
        request: &ClientRequest,
        line: (&Line, &str),
    ) -> Option<Beside> {
        self.permit.as_mut()?.enter_beside(request, line).await
    }

    /// What one of several attempts at once does to it: a part without money, which is
    /// [adopted](Self::adopt) or [lost](Self::lost).
    pub fn twin(&self) -> Self {
        Self {
            sight: self.sight.twin(),
            trail: self.trail.clone(),
            permit: None,
            aloft: None,
            choices: Vec::new(),
            decisions: Arc::clone(&self.decisions),
            _in_flight: None,
        }
    }

    /// Takes over how an attempt of a twin came out, by the choice that it was made of. The money
    /// for it stands in the first place.
    pub fn adopt<T>(&mut self, mut twin: Self, (choice, tried): (usize, &Result<T, Fault>)) {
        std::mem::swap(&mut self.trail, &mut twin.trail);
        self.aloft = twin.aloft.take();
        self.sight.join(&mut twin.sight, None);
        let outcome = tried.as_ref().err();
        let outcome = outcome.map_or("ok", |fault| fault.kind.as_str());
        if let Some(choice) = self.choices.get_mut(choice) {
            choice.outcome = Some(outcome);
        }
        if tried.is_err()
            && let Some(permit) = &mut self.permit
        {
            permit.attempt_failed(&mut self.trail);
        }
    }

    /// Another attempt was the first to answer: this one is charged as one that was cut off.
    pub fn lost(&mut self, mut twin: Self, (choice, room): (usize, Beside), chosen: &Chosen) {
        const CANCELLED: &str = "cancelled";
        self.sight.join(&mut twin.sight, Some(CANCELLED));
        if let Some(choice) = self.choices.get_mut(choice) {
            choice.outcome = Some(CANCELLED);
        }
        let metrics = self.sight.metrics();
        metrics.attempt(&chosen.line.provider.name, CANCELLED);
        if let Some(permit) = &mut self.permit {
            permit.lost(room, &twin.trail);
        }
    }

    /// The money of the attempt in the first place and that of the one beside it change places.
    pub fn change_places(&mut self, room: &mut Beside) {
        if let Some(permit) = &mut self.permit {
            permit.change_places(room);
        }
    }

    /// Which of the choices was the last.
    pub fn last_choice(&self) -> usize {
        self.choices.len().saturating_sub(1)
    }

    /// Who is asked, for a call that is cut off before anybody answers.
    pub fn heads_for(&mut self, line: &Arc<Line>, model: &str) {
        self.trail.line = Some(Arc::clone(line));
        self.trail.upstream_model = Some(model.to_owned());
    }

    /// The refusal where no deployment of a group has room.
    pub fn no_room(&self, group: &str, passed_over: Vec<Full>) -> Fault {
        match &self.permit {
            Some(permit) => permit.no_room(group, passed_over),
            None => Fault::ours("the call has ended", "a closed call looks for a deployment"),
        }
    }

    /// A deployment was chosen, or nobody was.
    pub fn chose(&mut self, choice: Choice) {
        self.choices.push(choice);
    }

    /// What became of the last choice.
    pub fn came_to(&mut self, outcome: &'static str) {
        if let Some(choice) = self.choices.last_mut() {
            choice.outcome = Some(outcome);
        }
    }

    /// Who was chosen and why may be asked for from now on.
    pub fn remember_choices(&mut self) {
        if !self.choices.is_empty() {
            let choices = std::mem::take(&mut self.choices);
            if let Some(permit) = &mut self.permit {
                permit.chose(why::kept(&choices));
            }
            self.decisions.remember(&self.trail.call_id, choices);
        }
    }

    /// The attempt at this deployment begins; what it sends carries these headers.
    pub fn takes_off(&mut self, place: &Place, lone: bool) -> Option<TraceHeaders> {
        self.aloft = Some(Aloft::begin(place, lone));
        self.passes()
    }

    /// What is sent carries these headers. It tells nothing of a deployment: what is asked of it there
    /// is the client's choice.
    pub fn passes(&mut self) -> Option<TraceHeaders> {
        let trail = &self.trail;
        let (line, model) = (trail.line.as_deref()?, trail.upstream_model.as_deref()?);
        self.sight.takes_off(line, model, trail.retries)
    }

    /// What is seen of the call.
    pub fn sight(&mut self) -> &mut Sight {
        &mut self.sight
    }

    /// The attempt under way has come to an answer, or failed.
    pub fn landed(&mut self, line: &Line, fault: Option<&Fault>) {
        self.sight.landed(line, &self.trail.model_group, fault);
    }

    /// Every attempt has been made, which took this long in all.
    pub fn reached(&self, took: Duration) {
        let own = took.saturating_sub(self.trail.upstream_time);
        self.sight.stage(Stage::Attempts, own);
    }

    /// A stream's first token is there.
    pub fn began(&mut self) {
        self.trail.first_token = Some(self.trail.started.elapsed());
        if let Some(aloft) = &mut self.aloft {
            aloft.began();
        }
    }

    /// The attempt that was sent has failed; another may follow.
    pub fn attempt_failed(&mut self, fault: &Fault) {
        let rests = self.aloft.take().is_some_and(|it| it.failed(fault));
        if let Some(line) = self.trail.line.as_deref().filter(|_| rests) {
            self.sight.rests(line, &self.trail.model_group, fault);
        }
        if let Some(permit) = &mut self.permit {
            permit.attempt_failed(&mut self.trail);
        }
    }

    /// Another attempt is sent.
    pub fn sent(&mut self) {
        if let Some(permit) = &mut self.permit {
            permit.sent();
        }
    }

    /// What a usage of the attempt under way costs, for clients that are told in the stream.
    pub fn cost_of(&self, line: &Arc<Line>) -> CostOf {
        let pricer = self.permit.as_ref().map(Permit::pricer);
        let model = self.trail.upstream_model.clone().unwrap_or_default();
        let line = Arc::clone(line);
        Box::new(move |usage| {
            let bill = pricer.as_ref()?.bill(&line, &model, usage, now_ms())?;
            Some(bill.total)
        })
    }

    /// Whom what the call leaves under way is charged to when it is done.
    pub fn account(&self) -> Option<String> {
        self.permit.as_ref()?.account(&self.trail)
    }

    /// So many tokens more were written to the client, about.
    ///
    /// # Errors
    /// A payer's budget has nothing left.
    pub fn advance(&mut self, tokens: u64) -> Result<(), Fault> {
        let Some(permit) = &mut self.permit else {
            return Ok(());
        };
        if self.trail.cache_key.is_some() {
            return Ok(());
        }
        permit.advance(tokens, &self.trail)
    }

    /// An answer that came whole tells no usage, and is charged by about as many tokens.
    pub fn wrote(&mut self, tokens: u64) {
        if let Some(permit) = &mut self.permit {
            permit.wrote(tokens);
        }
    }

    /// These guardrails look at the call, and this is what is asked by now: nobody who looks at the
    /// call later is told more.
    pub fn is_guarded(&mut self, guarded: &Guarded, request: &ClientRequest) {
        self.trail.guards = guarded.report.clone();
        let guard = guarded.of_log();
        self.sight.asks(request, guard.is_none());
        if let Some(permit) = &mut self.permit {
            permit.asks(&request.body, guard);
        }
    }

    /// The client gets this as the whole answer.
    pub fn answered(&mut self, body: &Bytes) {
        if let Some(permit) = &mut self.permit {
            permit.answered(body);
        }
        self.sight.answered(body);
    }

    /// The client gets this as more of a stream.
    pub fn streamed(&mut self, more: &Bytes) {
        if let Some(permit) = &mut self.permit {
            permit.streamed(more);
        }
        self.sight.answered(more);
    }

    /// The call was answered in full.
    pub fn done(&mut self, status: u16) {
        let ended = if status == CLIENT_CLOSED {
            CallStatus::Interrupted
        } else {
            CallStatus::Success
        };
        self.close(ended, status, None);
    }

    /// The gateway ended the call, which was not at fault.
    pub fn stopped(&mut self, status: u16) {
        self.close(CallStatus::Interrupted, status, None);
    }

    /// What a session is charged by, while it is open.
    pub fn open_permit(&mut self) -> Option<(&mut Permit, &mut Trail)> {
        Some((self.permit.as_mut()?, &mut self.trail))
    }

    /// The call failed, before or in the middle of its answer.
    pub fn failed(&mut self, status: u16, fault: &Fault) {
        self.close(CallStatus::Failure, status, Some(fault));
    }

    /// Once: written down and charged before anything else, and before the answer's last byte.
    fn close(&mut self, ended: CallStatus, status: u16, fault: Option<&Fault>) {
        // Before the row is written, which keeps it.
        self.remember_choices();
        let Some(permit) = self.permit.take() else {
            return;
        };
        match (self.aloft.take(), fault) {
            (Some(aloft), Some(fault)) => {
                let rests = aloft.failed(fault);
                if let Some(line) = self.trail.line.as_deref().filter(|_| rests) {
                    self.sight.rests(line, &self.trail.model_group, fault);
                }
            }
            (Some(aloft), None) if ended == CallStatus::Success => {
                aloft.answered(self.trail.usage.as_ref());
            }
            // The client left: nobody knows how it would have ended.
            _ => {}
        }
        let began = Instant::now();
        let charged = permit.close(ended, &self.trail, fault.map(|it| (status, it)));
        self.trail.cost = charged.cost;
        self.trail.bill = charged.bill;
        if let Some(spend) = charged.key_spend {
            let mut headers = self.trail.limits.iter_mut();
            if let Some((_, value)) = headers.find(|(name, _)| name == KEY_SPEND) {
                *value = spend.to_string();
            }
        }
        self.sight.stage(Stage::Settle, began.elapsed());
        self.sight.end(&self.trail, status, fault);
        self.line((ended, status), fault);
    }

    fn line(&self, (ended, status): (CallStatus, u16), fault: Option<&Fault>) {
        let trail = &self.trail;
        let usage = trail.usage.clone().unwrap_or_default();
        let duration_ms = trail.started.elapsed().as_millis() as u64;
        let ttft_ms = trail.first_token.map(|it| it.as_millis() as u64);
        macro_rules! say {
            ($level:ident, $($text:tt)+) => {
                tracing::$level!(
                    call.id = %trail.call_id, operation = trail.operation, model.group = %trail.model_group,
                    deployment.id = trail.deployment_id(), provider = trail.provider(),
                    http.status = status, retries = trail.retries, fallbacks = trail.fallbacks,
                    duration_ms, ttft_ms, stream = trail.stream,
                    cache.hit = trail.cache_key.is_some(), tokens.input = usage.input_tokens,
                    tokens.output = usage.output_tokens,
                    spend.usd = trail.cost.map(|it| it.dollars()), $($text)+
                )
            };
        }
        match fault {
            None if status == CLIENT_CLOSED => {
                say!(info, "the client left before the answer's end")
            }
            None if ended == CallStatus::Interrupted => say!(info, "call ended by the gateway"),
            None => say!(info, "call answered"),
            Some(fault) if matches!(fault.blame, Blame::Us | Blame::Operator) => {
                say!(error, fault = %fault, "call failed");
            }
            Some(fault) => say!(info, fault = %fault, "call failed"),
        }
    }
}

impl Drop for Settlement {
    fn drop(&mut self) {
        self.done(CLIENT_CLOSED);
    }
}
