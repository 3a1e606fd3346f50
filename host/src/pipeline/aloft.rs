//! An attempt under way at a deployment, and what its end tells the router: how long it took, what
//! it used, or how it failed.

use std::time::Duration;

use tokio::time::Instant;

use super::accounting::now_ms;
use crate::domain::{At, Fault, Usage};
use crate::router::{Failure, Flight, Landed, Place};

/// An attempt under way. Dropped without a word, it counts neither way.
#[derive(Debug)]
pub struct Aloft {
    flight: Flight,
    place: Place,
    lone: bool,
    started: Instant,
    /// To the first token of a stream.
    first_token: Option<Duration>,
}

impl Aloft {
    /// `lone`: no other deployment could take its calls.
    pub fn begin(place: &Place, lone: bool) -> Self {
        Self {
            flight: place.standing.begin(now_ms()),
            place: place.clone(),
            lone,
            started: Instant::now(),
            first_token: None,
        }
    }

    /// A stream's first token is there.
    pub fn began(&mut self) {
        self.first_token = Some(self.started.elapsed());
    }

    /// The answer is complete.
    pub fn answered(self, usage: Option<&Usage>) {
        let landed = Landed {
            latency: self.first_token.unwrap_or_else(|| self.started.elapsed()),
            input_tokens: usage.map_or(0, |it| it.input_tokens),
            output_tokens: usage.map_or(0, |it| it.output_tokens),
            streamed: self.first_token.is_some(),
        };
        self.flight.landed(&landed, now_ms());
    }

    /// It failed. The gateway's own refusals say nothing of a deployment. True: it rests now.
    pub fn failed(self, fault: &Fault) -> bool {
        if fault.at != At::Attempt {
            return false;
        }
        let (took, now) = (self.started.elapsed(), now_ms());
        let failure = Failure::new(fault, self.lone);
        let rests = self.flight.failed(&failure, took, &self.place.cooling, now);
        if let Some(until) = rests {
            tracing::warn!(
                deployment.id = %self.place.id, fault = %fault,
                rests_ms = until.saturating_sub(now), "a deployment failed and rests"
            );
        }
        rests.is_some()
    }
}
