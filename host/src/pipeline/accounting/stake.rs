//! What one attempt holds of the deployment that it is sent to and of its provider: money of
//! their budgets, and a place among the calls at once. Each pays for its own attempts only.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::budget::{Exceeded, Quote, Reason, Refusal, Reservation};
use crate::config::Deployment;
use crate::domain::{At, Blame, CostLine, Entity, EntityKind, ErrorKind, Fault, Retry, Usage, Usd};
use crate::limits::{self, Admission, Barred, Scope, ScopeKind, Tokens};
use crate::spend::ToppedUp;

use super::super::answer::Trail;
use super::super::fleet::Line;
use super::super::request::ClientRequest;
use super::{Permit, accounts, now_ms, opening, quote, uncounted};

/// What an attempt holds while it is under way.
pub struct Stake {
    pub(super) reservation: Option<Reservation>,
    pub(super) quote: Option<Quote>,
    /// Free again when the attempt has ended.
    pub(super) place: Option<Admission>,
}

/// What a second attempt holds, beside the one that the permit holds.
pub struct Beside {
    stake: Option<Stake>,
    /// What the call's own budgets hold for it. None: it has none.
    held: Option<Usd>,
}

/// Why a deployment is passed over.
#[derive(Debug)]
pub enum Full {
    Budget(Box<Exceeded>),
    /// It has a budget, and nobody knows what the call will cost.
    UnknownPrice(Refusal),
    Limit(Box<limits::Refusal>),
    /// What was spent or counted cannot be read.
    Unreadable(Box<Fault>),
}

impl Full {
    fn of(barred: Barred) -> Self {
        match barred {
            Barred::Limit(refusal) => Self::Limit(refusal),
            Barred::Uncounted => Self::Unreadable(Box::new(uncounted())),
        }
    }

    /// Whether there may be room when a call in flight has ended.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Budget(exceeded) if is_held(exceeded))
    }

    /// As LiteLLM says it.
    fn text(&self) -> String {
        match self {
            Self::Budget(it) => {
                let Exceeded {
                    account,
                    spend,
                    reserved,
                    max_budget,
                    ..
                } = &**it;
                let Entity { kind, id } = &account.entity;
                let whose = format!("{} {id}", kind.as_str());
                let held = match it.reason {
                    Reason::Spent => {
                        return format!("Exceeded budget for {whose}: {spend} >= {max_budget}");
                    }
                    Reason::Held => "held by calls in flight",
                    Reason::Leased => "leased by other replicas",
                };
                format!(
                    "the budget of {whose} is {held}: {spend} of {max_budget} dollars are spent, \
                     {reserved} reserved"
                )
            }
            Self::UnknownPrice(refusal) => refusal.to_string(),
            Self::Limit(refusal) => refusal.to_string(),
            Self::Unreadable(fault) => fault.message.clone(),
        }
    }
}

/// The refusal of a call for which no deployment of its group has room.
fn no_room(group: &str, passed_over: Vec<Full>) -> Fault {
    let texts: Vec<String> = passed_over.iter().map(Full::text).collect();
    let budgets = |it: &Full| matches!(it, Full::Budget(_) | Full::UnknownPrice(_));
    let crossed = passed_over.iter().any(budgets);
    let now = now_ms();
    let ends = passed_over.iter().filter_map(|it| match it {
        Full::Budget(it) if is_held(it) => Some(now),
        Full::Budget(it) => it.resets_at_ms,
        Full::Limit(it) => Some(it.resets_at_ms),
        Full::UnknownPrice(_) | Full::Unreadable(_) => None,
    });
    let soonest = ends.min();
    let unreadable = passed_over.into_iter().find_map(|it| match it {
        Full::Unreadable(fault) => Some(fault),
        _ => None,
    });
    if let Some(fault) = unreadable.filter(|_| !crossed) {
        return *fault;
    }
    let (kind, why) = if crossed {
        (
            ErrorKind::Quota,
            "No deployments available - crossed budget",
        )
    } else {
        (
            ErrorKind::RateLimit,
            "No deployments available for selected model",
        )
    };
    let message = format!("{why}: {}. Passed model={group}", texts.join("; "));
    let mut fault = Fault::upstream(kind, message)
        .at(At::Router)
        .with_retry(Retry::Never)
        .with_type("internal_server_error");
    fault.blame = Blame::Operator;
    fault.retry_after = soonest.map(|at| {
        let left = u64::try_from(at.saturating_sub(now)).unwrap_or(0);
        Duration::from_secs(left.div_ceil(1000).max(1))
    });
    fault
}

fn is_held(exceeded: &Exceeded) -> bool {
    exceeded.reason != Reason::Spent
}

impl Permit {
    /// The refusal of a call for which no deployment of its group has room.
    pub fn no_room(&self, group: &str, passed_over: Vec<Full>) -> Fault {
        for full in &passed_over {
            if let Full::Budget(exceeded) = full {
                self.inner.tell_exceeded(exceeded, &full.text());
            }
        }
        let fault = no_room(group, passed_over);
        let counts = &self.inner.counts;
        match fault.kind {
            ErrorKind::Quota => counts.over_budget.fetch_add(1, Ordering::Relaxed),
            _ => counts.over_limit.fetch_add(1, Ordering::Relaxed),
        };
        fault
    }

    /// Holds what an attempt at this deployment may need of it and of its provider. `patient`:
    /// waits for calls in flight to leave some of the money.
    ///
    /// # Errors
    /// There is no room: the deployment is to be passed over.
    pub async fn enter(
        &mut self,
        request: &ClientRequest,
        (line, model): (&Line, &str),
        patient: bool,
    ) -> Result<(), Full> {
        self.stake = None;
        let deployment = &line.deployment;
        if line.budgets.is_empty() && line.limits.is_none() && !self.noted {
            return Ok(());
        }
        let now = now_ms();
        let mut place = None;
        if !line.limits.is_none() {
            let scope = Scope::new(ScopeKind::Deployment, deployment.id.as_str());
            let most = request.controls.max_output_tokens;
            let estimate = Tokens::estimate(self.input_tokens, most);
            let limiter = &self.inner.limiter;
            let path = [(scope, line.limits)];
            let admitted = limiter.let_in(&path, estimate, now).await;
            // Until the budgets have room as well.
            place = Some(admitted.map_err(Full::of)?.tentative());
        }
        let (mut reservation, mut quoted) = (None, None);
        if !line.budgets.is_empty() {
            let entry = line.price(&self.prices, model);
            quoted = quote::quote(request, &self.wishes, &[entry]);
            let (path, unread) = self
                .inner
                .books()
                .path(&line.budgets, now)
                .await
                .map_err(|fault| Full::Unreadable(Box::new(fault)))?;
            self.unheld.extend(unread);
            let amount = opening(quoted, self.settings.reserves);
            let held = if patient {
                path.reserve(amount, now).await
            } else {
                path.try_reserve(amount, now)
            };
            let held = held.map_err(|refusal| match refusal {
                Refusal::Exceeded(exceeded) => Full::Budget(exceeded),
                Refusal::Unleased(_) => {
                    let fault = accounts::unreadable(refusal.to_string());
                    Full::Unreadable(Box::new(fault))
                }
                unknown => Full::UnknownPrice(unknown),
            })?;
            reservation = Some(held.start());
        }
        // Once the journal was told who has the call, it is told who has it next.
        self.noted |= reservation.is_some();
        if self.noted {
            let line = self.under_way(deployment, model);
            self.write_attempts(request.id.as_str(), Some(line));
        }
        if let Some(place) = &mut place {
            place.begin();
        }
        self.stake = Some(Stake {
            reservation,
            quote: quoted,
            place,
        });
        Ok(())
    }

    /// Holds what a second attempt may need, beside the one under way: of its deployment, and of
    /// everybody who pays for the call. None: there is no room.
    pub async fn enter_beside(
        &mut self,
        request: &ClientRequest,
        line: (&Line, &str),
    ) -> Option<Beside> {
        let first = self.stake.take();
        let entered = self.enter(request, line, false).await;
        let stake = std::mem::replace(&mut self.stake, first);
        entered.ok()?;
        let amount = opening(self.quote, self.settings.reserves);
        let held = match &mut self.reservation {
            Some(reservation) => {
                let amount = amount.unwrap_or_default();
                reservation
                    .hold_beside(amount, now_ms())
                    .then_some(amount)?;
                Some(amount)
            }
            None => None,
        };
        Some(Beside { stake, held })
    }

    /// What the attempt in the permit and the one beside it hold change places.
    pub fn change_places(&mut self, room: &mut Beside) {
        std::mem::swap(&mut self.stake, &mut room.stake);
    }

    /// The attempt beside was cancelled, as another was the first to answer: it is charged what it is
    /// known to have used, or else what was held for it.
    pub fn lost(&mut self, mut room: Beside, trail: &Trail) {
        let now = now_ms();
        let Some(line) = trail.line.clone() else {
            return;
        };
        let model = trail.upstream_model.as_deref().unwrap_or_default();
        let guess = || Usage {
            input_tokens: self.input_tokens,
            ..Usage::default()
        };
        let usage = trail.usage.clone().unwrap_or_else(guess);
        let mut used = self.cost_line(&line, model, (usage, true), now);
        if let Some(held) = room.held.filter(|_| trail.usage.is_none()) {
            used.cost = used.cost.map(|_| held);
        }
        self.change_places(&mut room);
        self.leave(Some(&used), now);
        self.change_places(&mut room);
        self.earlier.push(used);
        self.noted = true;
        self.write_attempts(trail.call_id.as_str(), None);
    }

    /// The attempt under way has failed. What it used, as far as anyone knows, is a line of the
    /// bill; the deployment and the provider that it was sent to pay for it.
    pub fn attempt_failed(&mut self, trail: &mut Trail) {
        let now = now_ms();
        let counts = self.under_way && !super::permit::is_free(trail.operation);
        let usage = trail.usage.take().filter(|_| counts);
        self.under_way = false;
        let line = usage.zip(trail.line.clone()).map(|(usage, line)| {
            let model = trail.upstream_model.as_deref().unwrap_or_default();
            self.cost_line(&line, model, (usage, false), now)
        });
        self.leave(line.as_ref(), now);
        if let Some(line) = line {
            self.earlier.push(line);
            self.noted = true;
            self.write_attempts(trail.call_id.as_str(), None);
        }
        let spent = self.spent_earlier();
        if let Some(reservation) = &mut self.reservation {
            reservation.note(spent);
        }
        let in_group = self.group.spent(&self.earlier);
        if let Some(reservation) = &mut self.group.reservation {
            reservation.note(in_group);
        }
    }

    /// Gives back what the attempt held, and charges what it used: nothing, if nobody knows it.
    pub(super) fn leave(&mut self, used: Option<&CostLine>, now: i64) {
        let Some(stake) = self.stake.take() else {
            return;
        };
        if let Some(mut place) = stake.place {
            place.settle(used.map_or(Tokens::NONE, tokens), now);
        }
        if let Some(reservation) = stake.reservation {
            let cost = used.and_then(|it| it.cost).unwrap_or_default();
            self.inner.settled(reservation.settle(cost, now), None);
        }
    }

    /// What attempts that failed have cost, as far as anyone knows.
    pub(super) fn spent_earlier(&self) -> Usd {
        self.earlier.iter().filter_map(|it| it.cost).sum()
    }

    /// The line of an attempt whose cost nobody knows yet.
    pub(super) fn under_way(&self, deployment: &Deployment, model: &str) -> CostLine {
        CostLine {
            deployment: deployment.id.as_str().to_owned(),
            provider: deployment.provider.clone(),
            model: model.to_owned(),
            usage: Usage::default(),
            cost: None,
            estimated: true,
            of_group: self.group.of_line(),
        }
    }

    /// Tells the journal of every attempt, so that a call that is cut off is charged to those who
    /// had it.
    pub(super) fn write_attempts(&self, call_id: &str, under_way: Option<CostLine>) {
        let mut lines = self.earlier.clone();
        lines.extend(self.session.iter().cloned());
        lines.extend(under_way);
        let written = self.inner.journal.top_up(ToppedUp {
            call_id: call_id.to_owned(),
            reserved: self.quote.map(|_| self.journaled),
            payers: lines.iter().flat_map(line_payers).collect(),
            lines,
        });
        if let Err(cause) = written {
            tracing::warn!(call.id = call_id, %cause, "the journal does not know who has the call");
        }
    }
}

/// What a line counts for in limits.
fn tokens(line: &CostLine) -> Tokens {
    Tokens {
        input: line.usage.input_tokens,
        output: line.usage.output_tokens,
    }
}

/// Who pays beside the caller's own: the deployment that had the attempt, and its provider.
pub(super) fn deployment_payers(line: &CostLine) -> [Entity; 2] {
    [
        Entity::new(EntityKind::Provider, line.provider.as_str()),
        Entity::new(EntityKind::Deployment, line.deployment.as_str()),
    ]
}

/// Who pays for a line beside those who pay for all of them.
pub(super) fn line_payers(line: &CostLine) -> impl Iterator<Item = Entity> {
    let of_group = line.of_group.iter().flatten().cloned();
    deployment_payers(line).into_iter().chain(of_group)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::AccountId;

    fn spent(kind: EntityKind, reason: Reason) -> Full {
        Full::Budget(Box::new(Exceeded {
            account: AccountId::whole(Entity::new(kind, "openai")),
            reason,
            spend: Usd::from_pico(20_000_000_000),
            reserved: Usd::from_pico(5_000_000_000),
            max_budget: Usd::from_pico(10_000_000_000),
            resets_at_ms: Some(now_ms() + 90_000),
        }))
    }

    #[test]
    fn the_refusal_names_every_budget_that_was_in_the_way() {
        let passed_over = vec![
            spent(EntityKind::Provider, Reason::Spent),
            spent(EntityKind::Deployment, Reason::Spent),
        ];
        let fault = no_room("gpt", passed_over);
        assert_eq!(
            fault.message,
            "No deployments available - crossed budget: Exceeded budget for provider openai: \
             0.02 >= 0.01; Exceeded budget for deployment openai: 0.02 >= 0.01. Passed model=gpt"
        );
        assert_eq!((fault.kind, fault.at), (ErrorKind::Quota, At::Router));
        let wait = fault.retry_after.unwrap().as_secs();
        assert!((89..=90).contains(&wait), "{wait}");
    }

    #[test]
    fn money_that_is_held_may_be_free_in_a_second() {
        let leased = spent(EntityKind::Provider, Reason::Leased);
        assert!(leased.passes() && leased.text().contains("is leased by other replicas"));
        let full = spent(EntityKind::Provider, Reason::Held);
        assert!(full.passes() && !spent(EntityKind::Provider, Reason::Spent).passes());
        let fault = no_room("gpt", vec![full]);
        assert_eq!(fault.retry_after, Some(Duration::from_secs(1)));
        assert!(
            fault.message.contains("0.005 reserved"),
            "{}",
            fault.message
        );
    }
}
