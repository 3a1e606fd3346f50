//! What a call holds, from before it is sent until it is settled.

use crate::domain::Usd;

use super::Path;
use super::error::Exceeded;
use super::terms::SoftCrossing;

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

    /// For a stream, at each event: notes what it has cost and holds one `slice` more when it has
    /// used up what it holds.
    ///
    /// # Errors
    /// As [`top_up`](Self::top_up); the cost is noted all the same.
    pub fn advance(
        &mut self,
        cost_so_far: Usd,
        slice: Usd,
        now_ms: i64,
    ) -> Result<(), Box<Exceeded>> {
        self.note(cost_so_far);
        if cost_so_far < self.held || slice.is_zero() {
            return Ok(());
        }
        self.top_up(cost_so_far - self.held + slice, now_ms)
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

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.open {
            let cost = self.if_interrupted();
            self.close(cost, self.path.latest_ms());
        }
    }
}
