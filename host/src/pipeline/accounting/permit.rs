//! A call that was admitted: it holds its places and its money until it is closed, once, whichever
//! way it ends.

use std::mem;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::budget::{AccountId, Portion, Quote, Reservation, Terms, Window};
use crate::domain::json::Document;
use crate::domain::{CallStatus, CostLine, EntityKind, Fault, SpendRow, Usage, Usd};
use crate::limits::{Admission, ScopeKind, Tokens};
use crate::prices::{Cost, Prices};

use super::super::answer::Trail;
use super::super::bodies::Recording;
use super::super::callbacks::{Came, Heard};
use super::super::fleet::Line;
use super::super::guards::LogGuard;
use super::group::Held;
use super::party::{Party, payer};
use super::pricer::Pricer;
use super::session::together;
use super::stake::Stake;
use super::wishes::Wishes;
use super::{AccountingSettings, Inner, SLICE, now_ms, over_budget};

/// Counting tokens costs nothing at any provider, though its answer looks like a usage.
/// Files cost nothing either, and a batch is charged when its results are there.
pub(super) fn is_free(operation: &str) -> bool {
    operation == "count-tokens"
        || operation.starts_with("files.")
        || operation.starts_with("batches.")
}

/// What the key has spent.
pub const KEY_SPEND: &str = "x-litellm-key-spend";

/// A call that was admitted. Dropping it unclosed charges it as interrupted.
pub struct Permit {
    pub(super) inner: Arc<Inner>,
    /// As they were when the call began.
    pub(super) settings: Arc<AccountingSettings>,
    pub(super) prices: Arc<Prices>,
    pub(super) wishes: Arc<Wishes>,
    pub(super) party: Party,
    /// Held for the model group that is asked.
    pub(super) group: Held,
    pub(super) reservation: Option<Reservation>,
    pub(super) admission: Admission,
    pub(super) quote: Option<Quote>,
    /// What a kill would be charged, as far as the journal knows.
    pub(super) journaled: Usd,
    pub(super) started_ms: i64,
    pub(super) input_tokens: u64,
    /// Output tokens of a stream so far, as far as their text tells.
    pub(super) written_tokens: u64,
    pub(super) source: Source,
    /// What the attempt under way holds of its deployment.
    pub(super) stake: Option<Stake>,
    /// Whether an upstream has the call.
    pub(super) under_way: bool,
    /// Attempts that failed and told what they used.
    pub(super) earlier: Vec<CostLine>,
    /// What a session has used so far, a line for each of its models.
    pub(super) session: Vec<CostLine>,
    /// What is known of the call's bill: that of every attempt whose price is.
    pub(super) bill: Option<Cost>,
    /// Whether the journal was told of its attempts.
    pub(super) noted: bool,
    /// Accounts that hold nothing for the call and are charged in the end: they could not be read
    /// when it began, or are a budget that only slows down.
    pub(super) unheld: Vec<AccountId>,
    /// What is kept of its bodies; None: nothing.
    pub(super) recording: Option<Recording>,
    /// What those are told of it who are told; None: nobody is.
    pub(super) heard: Option<Box<Heard>>,
    /// Why it went where it went, for its row.
    pub(super) why: Option<Box<RawValue>>,
}

/// What the spend row says of where a request came from.
#[derive(Debug, Clone, Default)]
pub struct Source {
    pub client_ip: Option<String>,
    pub user_agent: Option<String>,
    /// The path that was asked.
    pub route: Option<String>,
    pub session_id: Option<String>,
    /// How long it waited for its turn.
    pub queued: Duration,
    /// The caller's own `metadata`, as it came.
    pub metadata: Option<String>,
    /// W3C trace context, where traces are exported.
    pub traceparent: Option<String>,
    pub tracestate: Option<String>,
}

/// What a call came to, for its headers.
#[derive(Debug, Clone, Default)]
pub struct Charged {
    /// None: the price is unknown.
    pub cost: Option<Usd>,
    /// What the cost is made of. None: nothing was priced, or it is no more than a guess.
    pub bill: Option<Box<Cost>>,
    /// What the key has spent with this call. None: it has no budget.
    pub key_spend: Option<Usd>,
}

impl Permit {
    /// More of a stream was written.
    ///
    /// # Errors
    /// A payer's budget has nothing left: the stream ends here.
    pub fn advance(&mut self, tokens: u64, trail: &Trail) -> Result<(), Fault> {
        self.written_tokens = self.written_tokens.saturating_add(tokens);
        let advanced = self.reserve_on();
        self.journal_held(trail);
        advanced
    }

    /// So many tokens were written in an answer that came whole and tells no usage.
    pub const fn wrote(&mut self, tokens: u64) {
        self.written_tokens = self.written_tokens.saturating_add(tokens);
    }

    fn reserve_on(&mut self) -> Result<(), Fault> {
        let (written, earlier) = (self.written_tokens, self.spent_earlier());
        let own = (self.quote.as_ref(), self.reservation.as_mut(), earlier);
        let stake = self.stake.as_mut();
        let stake = stake.map(|it| (it.quote.as_ref(), it.reservation.as_mut(), Usd::ZERO));
        let in_group = self.group.spent(&self.earlier);
        let group = self.group.reservation.as_mut();
        let group = (self.quote.as_ref(), group, in_group);
        for (quote, reservation, before) in [Some(own), Some(group), stake].into_iter().flatten() {
            let (Some(quote), Some(reservation)) = (quote, reservation) else {
                continue;
            };
            let cost = before + quote.input + quote.output_token.saturating_mul(written);
            let Portion { slice, most } = quote.portion(SLICE);
            let most = most.map(|it| it + before);
            let advanced = reservation.advance(cost, Portion { slice, most }, now_ms());
            advanced.map_err(|exceeded| {
                let shown = self.party.shown(&exceeded.account.entity);
                let fault = over_budget(&exceeded, &shown, self.settings.budget_status);
                self.inner.tell_exceeded(&exceeded, &fault.message);
                fault
            })?;
        }
        Ok(())
    }

    /// Before more of a stream leaves, the journal knows what a kill would be charged for it.
    fn journal_held(&mut self, trail: &Trail) {
        let Some(quote) = self.quote else {
            return;
        };
        let before = self.spent_earlier();
        let output = quote.output_token.saturating_mul(self.written_tokens);
        let portion = quote.portion(SLICE);
        let most = portion.most.map(|it| it + before);
        let held = match &self.reservation {
            Some(reservation) => reservation.held(),
            None => Portion { most, ..portion }
                .would_hold(self.journaled, before + quote.input + output),
        };
        if held > self.journaled {
            self.journaled = held;
            let model = trail.upstream_model.as_deref().unwrap_or_default();
            let line = trail.line.as_deref();
            let line = line.map(|it| self.under_way(&it.deployment, model));
            self.write_attempts(trail.call_id.as_str(), line);
        }
    }

    /// Another attempt is sent.
    pub fn sent(&mut self) {
        self.under_way = true;
        let group = self.group.reservation.as_mut();
        for reservation in self.reservation.iter_mut().chain(group) {
            reservation.sent();
        }
    }

    /// What prices this call.
    pub fn pricer(&self) -> Pricer {
        Pricer {
            settings: Arc::clone(&self.settings),
            prices: Arc::clone(&self.prices),
            wishes: Arc::clone(&self.wishes),
            started_ms: self.started_ms,
            batch: false,
        }
    }

    /// The key's own budget.
    fn key_account(&self) -> Option<&(AccountId, Terms)> {
        let mut budgets = self.party.budgets.iter();
        budgets.find(|(id, _)| id.entity.kind == EntityKind::Key && id.window == Window::Whole)
    }

    /// What the key has spent and may spend, and its end user's region, in LiteLLM's headers.
    fn key_headers(&self) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        let mut add = |name: &str, value: String| {
            headers.push((name.to_owned(), value));
        };
        if let Some((id, terms)) = self.key_account() {
            if let Some(max) = terms.max_budget {
                add("x-litellm-key-max-budget", max.to_string());
            }
            if let Some(now) = self.inner.ledger.snapshot(id, now_ms()) {
                add(KEY_SPEND, now.spend.to_string());
            }
        }
        let mut limits = self.party.limits.iter();
        if let Some((_, limits)) = limits.find(|(scope, _)| scope.kind == ScopeKind::Key) {
            if let Some(limit) = limits.requests_per_minute {
                add("x-litellm-key-rpm-limit", limit.to_string());
            }
            if let Some(limit) = limits.tokens_per_minute {
                add("x-litellm-key-tpm-limit", limit.to_string());
            }
        }
        if let Some(region) = &self.party.region {
            add("x-litellm-model-region", region.to_string());
        }
        headers
    }

    /// What is left to whom, as response headers say it.
    pub fn limit_headers(&self) -> Vec<(String, String)> {
        let mut standings = self.admission.standings(now_ms());
        if let Some(group) = &self.group.admission {
            standings.extend(group.standings(now_ms()));
        }
        let headers = standings
            .iter()
            .flat_map(|it| it.headers().collect::<Vec<_>>());
        headers
            .map(|(name, left)| (name, left.to_string()))
            .chain(self.key_headers())
            .collect()
    }

    /// The call has ended: written down, charged, and its places freed.
    pub fn close(
        mut self,
        status: CallStatus,
        trail: &Trail,
        fault: Option<(u16, &Fault)>,
    ) -> Charged {
        let now = now_ms();
        let held = self.reservation.as_ref();
        let held = held.or(self.group.reservation.as_ref());
        let held = held.map(Reservation::held);
        let line = self.line(status, trail, held, now);
        let key = self.key_account().map(|(id, _)| id.clone());
        let mut lines = mem::take(&mut self.earlier);
        let session = mem::take(&mut self.session);
        let charged = line.clone().or_else(|| together(&session));
        lines.extend(session);
        lines.extend(line);
        let cost: Option<Usd> = lines.iter().map(|it| it.cost).sum();
        let used = lines.iter().map(|it| it.usage.clone());
        let usage = used.fold(Usage::default(), Usage::plus);
        // A kept answer costs no tokens.
        self.admission.settle(
            Tokens {
                input: usage.input_tokens,
                output: usage.output_tokens,
            },
            now,
        );
        let is_kept = trail.cache_key.is_some();
        let kept = trail.usage.as_ref().filter(|_| is_kept);
        let usage = kept.cloned().unwrap_or(usage);
        let unheld = mem::take(&mut self.unheld);
        // How people know the key, if anybody is told of its soft budget.
        let told = self.inner.alerts.is_on();
        let key_shown = told.then(|| self.party.key_shown.clone());
        let key_shown = key_shown.as_deref();
        // Those that are open by now, without this call.
        let opened = unheld.into_iter().filter_map(|id| {
            let path = self.inner.ledger.path(std::slice::from_ref(&id)).ok()?;
            Some((payer(&id), path))
        });
        let opened: Vec<_> = opened.collect();
        let mut group = mem::take(&mut self.group);
        group.count(&lines, now);
        let in_group = group.spent(&lines);
        let row = self.row(status, trail, (&group, lines, usage, cost), fault, now);
        let told = self.heard.take().map(|heard| (heard, row.clone()));
        let inner = Arc::clone(&self.inner);
        let closing = inner.closing.read().unwrap_or_else(PoisonError::into_inner);
        for (payer, path) in opened {
            let share = row.share_of(&payer).unwrap_or_default();
            self.inner.settled(path.charge(share, now), key_shown);
        }
        if let Err(cause) = self.inner.journal.settle(row) {
            tracing::error!(call.id = %trail.call_id, %cause, "the call's spend could not be written to disk");
        }
        self.leave(charged.as_ref(), now);
        if let Some(settled) = group.settle(in_group, now) {
            self.inner.settled(settled, key_shown);
        }
        if let Some(reservation) = self.reservation.take() {
            let settled = reservation.settle(cost.unwrap_or_default(), now);
            self.inner.settled(settled, key_shown);
        }
        drop(closing);
        if let Some(recording) = self.recording.take() {
            self.inner.bodies.keep(recording, trail.line.clone());
        }
        let key = key.and_then(|id| self.inner.ledger.snapshot(&id, now));
        let key_spend = key.map(|it| it.spend);
        if let Some((heard, row)) = told {
            let came = self.came(trail, (&row, fault.map(|it| it.1)), key_spend);
            self.inner.callbacks.ended(*heard, row, came);
        }
        // A call that was cut off may be charged something else.
        let bill = self.bill.take().filter(|it| Some(it.total) == cost);
        Charged {
            cost,
            bill: bill.map(Box::new),
            key_spend,
        }
    }

    /// What those are told of a call who are told.
    fn came(
        &self,
        trail: &Trail,
        (row, fault): (&SpendRow, Option<&Fault>),
        key_spend: Option<Usd>,
    ) -> Came {
        let line = trail.line.as_deref().filter(|_| row.cache_hit);
        let saved = line.and_then(|line| {
            let bill = self
                .pricer()
                .bill(line, &row.model, &row.usage, row.ended_ms)?;
            Some(bill.total)
        });
        Came {
            prices: Some(Arc::clone(&self.prices)),
            bill: self.bill.clone().filter(|it| Some(it.total) == row.cost),
            saved,
            key_spend,
            ..Came::of(trail, fault)
        }
    }

    /// Whom what the call leaves under way is charged to when it is done. None: that cannot be
    /// written.
    pub fn account(&self, trail: &Trail) -> Option<String> {
        let mut party = self.party.clone();
        party.payers.extend(self.group.payers.iter().cloned());
        let row = SpendRow {
            // A row of its own, which one finds by the call's.
            call_id: format!("{}-background", trail.call_id),
            started_ms: self.started_ms,
            ..party.account(
                trail.operation,
                &trail.model_group,
                (&self.source, self.started_ms),
            )
        };
        serde_json::to_string(&row).ok()
    }

    /// What is asked is this by now, whatever the client sent.
    pub fn asks(&mut self, body: &Arc<Document>, guard: Option<LogGuard>) {
        if let Some(heard) = &mut self.heard {
            heard.asks(body, guard.clone());
        }
        if let Some(recording) = &mut self.recording {
            recording.asks(body, guard);
        }
    }

    /// Its row says why it went where it went.
    pub fn chose(&mut self, why: Option<Box<RawValue>>) {
        self.why = why;
    }

    /// The client gets this as the whole answer.
    pub fn answered(&mut self, body: &Bytes) {
        if let Some(heard) = &mut self.heard {
            heard.answered(body);
        }
        if let Some(recording) = &mut self.recording {
            recording.answered(body);
        }
    }

    /// The client gets this as more of a stream.
    pub fn streamed(&mut self, more: &Bytes) {
        if let Some(heard) = &mut self.heard {
            heard.sent(more);
        }
        if let Some(recording) = &mut self.recording {
            recording.sent(more);
        }
    }

    /// The bill of the attempt that answered, or that was cut off.
    fn line(
        &mut self,
        status: CallStatus,
        trail: &Trail,
        held: Option<Usd>,
        now: i64,
    ) -> Option<CostLine> {
        let line = trail.line.as_ref().filter(|_| !is_free(trail.operation))?;
        if !self.under_way || trail.is_pending {
            return None;
        }
        let model = trail.upstream_model.as_deref().unwrap_or_default();
        let guess = || Usage {
            input_tokens: self.input_tokens,
            output_tokens: self.written_tokens,
            ..Usage::default()
        };
        let (usage, estimated) = match (status, trail.usage.clone()) {
            (CallStatus::Success, Some(usage)) => (usage, false),
            (CallStatus::Failure, Some(usage)) => (usage, false),
            // A failure that wrote nothing used nothing that anyone knows of.
            (CallStatus::Failure, None) if self.written_tokens == 0 => return None,
            (CallStatus::Interrupted, Some(usage)) => (usage.updated(guess()), true),
            (_, None) => (guess(), true),
        };
        let mut bill = self.cost_line(line, model, (usage, estimated), now);
        // Cut off before anything was written: what it used is unknown, so it pays what it held.
        let unheard = status == CallStatus::Interrupted && self.written_tokens == 0;
        if let Some(held) = held.filter(|_| unheard && trail.usage.is_none()) {
            bill.cost = bill.cost.map(|_| held);
        }
        Some(bill)
    }

    /// What a usage costs at this deployment: a line of the call's bill.
    pub(super) fn cost_line(
        &mut self,
        line: &Line,
        model: &str,
        (usage, estimated): (Usage, bool),
        now: i64,
    ) -> CostLine {
        let bill = self.pricer().bill(line, model, &usage, now);
        self.billed((line, model), bill, (usage, estimated))
    }

    /// The line of a bill.
    pub(super) fn billed(
        &mut self,
        (line, model): (&Line, &str),
        bill: Option<Cost>,
        (usage, estimated): (Usage, bool),
    ) -> CostLine {
        let deployment = &line.deployment;
        for tool in bill.iter().flat_map(|it| &it.unpriced) {
            tracing::warn!(
                deployment.id = %deployment.id, model, tool = *tool,
                "a tool was used that has no price, and is not charged"
            );
        }
        let cost = bill.as_ref().map(|it| it.total);
        self.bill = match (self.bill.take(), bill) {
            (Some(earlier), Some(bill)) => Some(earlier.plus(bill)),
            (earlier, bill) => earlier.or(bill),
        };
        CostLine {
            deployment: deployment.id.as_str().to_owned(),
            provider: deployment.provider.clone(),
            model: model.to_owned(),
            usage,
            cost,
            estimated,
            of_group: self.group.of_line(),
        }
    }
}
