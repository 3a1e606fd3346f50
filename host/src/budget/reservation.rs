//! What a call holds, from before it is sent until it is settled.

use crate::domain::Usd;

use super::error::{Exceeded, Refusal};
use super::terms::{AccountId, SoftCrossing};
use super::{Path, Portion};

/// Money held for a call that no upstream has seen. Dropping it gives the money back: nothing was
/// used.
#[derive(Debug)]
#[must_use = "the money is given back when this is dropped"]
pub struct Hold {
    reservation: Reservation,
}

/// Money held for a call that an upstream works on. It ends by [`settle`](Self::settle) or
/// [`interrupt`](Self::interrupt); dropping it is an interruption too, so that no call is free
/// because someone forgot it.
#[derive(Debug)]
#[must_use = "the call is charged as interrupted when this is dropped"]
pub struct Reservation {
    path: Path,
    held: Usd,
    /// None: an upstream has the call, and what it uses is unknown.
    known: Option<Usd>,
    open: bool,
}

/// What a call was charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// For the spend row.
    pub charged: Usd,
    /// Accounts whose soft budget was reached by it.
    pub crossed: Vec<SoftCrossing>,
}

impl Hold {
    pub(super) const fn new(reservation: Reservation) -> Self {
        Self { reservation }
    }

    /// The call is about to be sent: from here on it costs.
    pub fn start(mut self) -> Reservation {
        self.reservation.sent();
        self.reservation
    }

    pub const fn held(&self) -> Usd {
        self.reservation.held
    }
}

impl Reservation {
    pub(super) const fn new(path: Path, held: Usd) -> Self {
        Self {
            path,
            held,
            known: Some(Usd::ZERO),
            open: true,
        }
    }

    /// Held on every account of the path.
    pub const fn held(&self) -> Usd {
        self.held
    }

    /// Parts with some of its accounts, which hold the same from then on by themselves.
    pub fn split_off(&mut self, which: impl Fn(&AccountId) -> bool) -> Self {
        let (theirs, own) = self.path.split(which);
        self.path = own;
        Self {
            path: theirs,
            held: self.held,
            known: self.known,
            open: true,
        }
    }

    /// Holds this much in all, if it holds less; None: nobody knows what the call costs from here on.
    /// Granted like a [`top_up`](Self::top_up).
    ///
    /// # Errors
    /// A budget has none left, or wants a price.
    pub fn raise(&mut self, to: Option<Usd>, now_ms: i64) -> Result<(), Refusal> {
        let more = self.path.priced(to)? - self.held;
        if more > Usd::ZERO {
            self.top_up(more, now_ms).map_err(Refusal::Exceeded)?;
        }
        Ok(())
    }

    /// An upstream has another request of this call, and what that will cost is unknown: to be
    /// said at each retry and fallback.
    pub fn sent(&mut self) {
        self.known = None;
    }

    /// What all attempts of the call have cost so far, as far as anyone knows. A failed attempt
    /// that used nothing is worth saying too.
    pub fn note(&mut self, cost_so_far: Usd) {
        self.known = Some(cost_so_far);
    }

    /// Holds `amount` more, on every account or on none, without waiting. It is granted as long
    /// as some money of each budget is neither spent nor held.
    ///
    /// # Errors
    /// A budget has none left: end the stream with a budget error and settle what was used.
    pub fn top_up(&mut self, amount: Usd, now_ms: i64) -> Result<(), Box<Exceeded>> {
        self.held += self.path.extend(amount, now_ms)?;
        Ok(())
    }

    /// Holds as much more as another attempt beside this one needs, if every budget has room for all of
    /// it; never waits. Whether it does.
    pub fn hold_beside(&mut self, amount: Usd, now_ms: i64) -> bool {
        // What is tried is given back at once, and held with the rest.
        let fits = self.path.try_reserve(Some(amount), now_ms).is_ok();
        fits && self.top_up(amount, now_ms).is_ok()
    }

    /// For a stream, at each event: notes what it has cost, and asks for one slice more when half
    /// of one is left. While that is refused the stream goes on with what it holds, and asks again
    /// at each event; so it costs no more than it holds, unless one event costs more than an
    /// eighth of a slice.
    ///
    /// # Errors
    /// Less than an eighth is left, and a budget has nothing more: end the stream with a budget
    /// error and settle what was used.
    pub fn advance(
        &mut self,
        cost_so_far: Usd,
        portion: Portion,
        now_ms: i64,
    ) -> Result<(), Box<Exceeded>> {
        self.note(cost_so_far);
        let Portion { slice, most } = portion;
        let left = self.held - cost_so_far;
        if left > share(slice, 2) || slice.is_zero() {
            return Ok(());
        }
        // A call that costs more than it could was counted wrong, and has no known end.
        let most = most.filter(|most| cost_so_far <= *most);
        let behind = (-left).max(Usd::ZERO);
        let wanted = match most {
            Some(most) => (behind + slice).min(most - self.held),
            None => behind + slice,
        };
        if wanted <= Usd::ZERO {
            return Ok(());
        }
        match self.top_up(wanted, now_ms) {
            Err(refusal) if left <= share(slice, 8) => Err(refusal),
            _ => Ok(()),
        }
    }

    /// For a session, whose use is told in leaps: covers what it has cost, and asks for a slice for
    /// what comes next. While that is refused the session goes on with what it holds.
    ///
    /// # Errors
    /// A budget is used up, or has nothing more and less than an eighth of a slice is left: end the
    /// session and settle what was used.
    pub fn keep_ahead(
        &mut self,
        cost_so_far: Usd,
        slice: Usd,
        now_ms: i64,
    ) -> Result<(), Box<Exceeded>> {
        self.note(cost_so_far);
        if let Some(exceeded) = self.path.used_up(cost_so_far, now_ms) {
            return Err(exceeded);
        }
        let behind = cost_so_far - self.held;
        if behind > Usd::ZERO {
            self.top_up(behind, now_ms)?;
        }
        let left = self.held - cost_so_far;
        if left >= slice {
            return Ok(());
        }
        match self.top_up(slice - left, now_ms) {
            Err(refusal) if left <= share(slice, 8) => Err(refusal),
            _ => Ok(()),
        }
    }

    /// The call has ended and cost this, all attempts together. Gives back what it held.
    pub fn settle(mut self, cost: Usd, now_ms: i64) -> Settled {
        self.close(cost, now_ms)
    }

    /// The call was cut off: charges what it is known to have used, else what it holds.
    pub fn interrupt(mut self, now_ms: i64) -> Settled {
        let cost = self.if_interrupted();
        self.close(cost, now_ms)
    }

    /// What an interruption would charge now, for the journal.
    pub fn if_interrupted(&self) -> Usd {
        self.known.unwrap_or(self.held)
    }

    fn close(&mut self, cost: Usd, now_ms: i64) -> Settled {
        self.open = false;
        self.path.settle(self.held, cost, now_ms)
    }
}

fn share(slice: Usd, parts: i128) -> Usd {
    Usd::from_pico(slice.pico() / parts)
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.open {
            self.path.settle_unheard(self.held, self.if_interrupted());
        }
    }
}
