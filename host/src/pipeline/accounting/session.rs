//! A session: a call of many answers, each of which tells what it used. It holds its places all the
//! time, and its money is held a step ahead of what it has cost.

use crate::domain::{CostLine, Fault, Usage, Usd};
use crate::limits::Tokens;

use super::super::answer::Trail;
use super::super::fleet::Line;
use super::{Permit, SLICE, now_ms, over_budget};

/// Milliseconds of sound to a token where sound is heard by one of OpenAI's models.
const MS_PER_TOKEN: u64 = 100;

/// What a session has used.
#[derive(Debug, Clone, PartialEq)]
pub struct Used {
    /// The model beside the deployment's own that used it, as one that transcribes.
    pub beside: Option<String>,
    pub usage: Usage,
    /// Nobody told it.
    pub estimated: bool,
}

impl Permit {
    /// The session is open: from here on it costs what its answers use.
    pub fn opened(&mut self) {
        self.under_way = false;
        let spent = self.spent_earlier();
        if let Some(reservation) = &mut self.reservation {
            reservation.note(spent);
        }
        let in_group = self.group.spent(&self.earlier);
        if let Some(reservation) = &mut self.group.reservation {
            reservation.note(in_group);
        }
        let stake = self.stake.as_mut();
        if let Some(reservation) = stake.and_then(|it| it.reservation.as_mut()) {
            reservation.note(Usd::ZERO);
        }
    }

    /// An answer has begun: a kill would be charged what is held.
    pub fn answering(&mut self, trail: &Trail) {
        let line = trail.line.as_deref();
        let model = trail.upstream_model.as_deref().unwrap_or_default();
        let line = line.map(|it| self.under_way(&it.deployment, model));
        self.write_attempts(trail.call_id.as_str(), line);
    }

    /// The session has used more.
    ///
    /// # Errors
    /// A payer's budget has nothing left: the session ends here.
    pub fn used(&mut self, used: Used, trail: &Trail) -> Result<(), Fault> {
        let Some(line) = trail.line.clone() else {
            return Ok(());
        };
        let own = trail.upstream_model.as_deref().unwrap_or_default();
        let now = now_ms();
        let more = self.session_line(&line, own, used, now);
        let same = |it: &&mut CostLine| it.model == more.model;
        match self.session.iter_mut().find(same) {
            Some(known) => add(known, more),
            None => self.session.push(more),
        }
        let tokens = self.session_tokens();
        self.admission.settle(tokens, now);
        if let Some(admission) = &mut self.group.admission {
            admission.settle(tokens, now);
        }
        if let Some(place) = self.stake.as_mut().and_then(|it| it.place.as_mut()) {
            place.settle(tokens, now);
        }
        let kept = self.keep_ahead(now);
        self.noted = true;
        self.write_attempts(trail.call_id.as_str(), None);
        kept
    }

    fn session_line(&mut self, line: &Line, own: &str, used: Used, now: i64) -> CostLine {
        let Used {
            beside,
            usage,
            estimated,
        } = used;
        let pricer = self.pricer();
        if let Some(model) = &beside {
            if let Some(bill) = pricer.bill_beside(line, model, &usage, now) {
                return self.billed((line, model), Some(bill), (usage, estimated));
            }
            tracing::warn!(
                deployment.id = %line.deployment.id, model,
                "a session used a model beside its own that has no price; it is paid as its own"
            );
        }
        let usage = match beside {
            Some(_) => as_heard(usage),
            None => usage,
        };
        self.cost_line(line, own, (usage, estimated), now)
    }

    /// Covers what the session has cost, and holds a step more.
    fn keep_ahead(&mut self, now: i64) -> Result<(), Fault> {
        let spent: Usd = self.session.iter().filter_map(|it| it.cost).sum();
        let earlier = self.spent_earlier();
        let slice_of = |quote: Option<crate::budget::Quote>| {
            quote.map_or(Usd::ZERO, |it| it.portion(SLICE).slice)
        };
        let own = slice_of(self.quote);
        if self.quote.is_some() {
            self.journaled = self.journaled.max(earlier + spent + own);
        }
        let stake = self.stake.as_mut();
        let stake = stake.map(|it| (slice_of(it.quote), it.reservation.as_mut(), spent));
        let in_group = self.group.spent(&self.earlier) + spent;
        let group = (own, self.group.reservation.as_mut(), in_group);
        let own = (own, self.reservation.as_mut(), earlier + spent);
        for (slice, reservation, cost) in [Some(own), Some(group), stake].into_iter().flatten() {
            let Some(reservation) = reservation else {
                continue;
            };
            reservation
                .keep_ahead(cost, slice, now)
                .map_err(|exceeded| {
                    let shown = self.party.shown(&exceeded.account.entity);
                    let fault = over_budget(&exceeded, &shown, self.settings.budget_status);
                    self.inner.tell_exceeded(&exceeded, &fault.message);
                    fault
                })?;
        }
        Ok(())
    }

    fn session_tokens(&self) -> Tokens {
        let count = |of: fn(&Usage) -> u64| {
            let counts = self.session.iter().map(|it| of(&it.usage));
            counts.fold(0, u64::saturating_add)
        };
        Tokens {
            input: count(|it| it.input_tokens),
            output: count(|it| it.output_tokens),
        }
    }

    /// What the session has used by now, all of its models together.
    pub fn session_usage(&self) -> Option<Usage> {
        together(&self.session).map(|it| it.usage)
    }
}

/// The lines of a session at one deployment, as one.
pub(super) fn together(lines: &[CostLine]) -> Option<CostLine> {
    let (first, rest) = lines.split_first()?;
    let mut sum = first.clone();
    for line in rest {
        add(&mut sum, line.clone());
    }
    Some(sum)
}

/// An unknown cost makes an unknown sum.
fn add(line: &mut CostLine, more: CostLine) {
    line.usage = std::mem::take(&mut line.usage).plus(more.usage);
    line.cost = line.cost.zip(more.cost).map(|(one, two)| one + two);
    line.estimated |= more.estimated;
}

/// Sound that is paid by its length, as the tokens that the session's own model hears of it.
fn as_heard(usage: Usage) -> Usage {
    if usage.input_audio_ms == 0 || usage.input_tokens > 0 {
        return usage;
    }
    let tokens = usage.input_audio_ms.div_ceil(MS_PER_TOKEN);
    Usage {
        input_tokens: tokens,
        input_audio_tokens: tokens,
        input_audio_ms: 0,
        ..usage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(model: &str, cost: Option<i128>) -> CostLine {
        CostLine {
            deployment: "d".into(),
            provider: "openai".into(),
            model: model.into(),
            usage: Usage {
                input_tokens: 10,
                output_tokens: 5,
                ..Usage::default()
            },
            cost: cost.map(Usd::from_pico),
            estimated: false,
            of_group: None,
        }
    }

    #[test]
    fn a_session_is_the_sum_of_its_lines_and_unknown_if_one_is() {
        let sum = together(&[line("a", Some(3)), line("b", Some(4))]).unwrap();
        assert_eq!(
            (sum.cost, sum.usage.input_tokens),
            (Some(Usd::from_pico(7)), 20)
        );
        let sum = together(&[line("a", Some(3)), line("b", None)]).unwrap();
        assert_eq!((sum.cost, sum.usage.output_tokens), (None, 10));
        assert!(together(&[]).is_none());
    }

    #[test]
    fn sound_without_a_price_of_its_own_is_what_the_sessions_model_hears() {
        let usage = Usage {
            input_audio_ms: 1250,
            ..Usage::default()
        };
        let heard = as_heard(usage);
        assert_eq!((heard.input_tokens, heard.input_audio_tokens), (13, 13));
        assert_eq!(heard.input_audio_ms, 0);
    }
}
