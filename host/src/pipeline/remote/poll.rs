//! Batches that nobody asks for are looked at now and then, and charged when they have ended.

use std::time::Duration;

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::charge::has_ended;
use super::lines::KEPT_FOR;
use super::unreadable;
use crate::domain::{ErrorKind, Fault};
use crate::pipeline::accounting::now_ms;
use crate::pipeline::attempt::Outcome;
use crate::pipeline::request::Operation;
use crate::pipeline::run::Pipeline;
use crate::store::RemoteObject;

/// Batches of one round, at most; the rest have their turn in the next.
const ROUND: u32 = 50;

/// A batch ends within a day or so at every provider; one that could not be read for so long never
/// will be.
const GIVEN_UP: Duration = Duration::from_secs(30 * 86_400);

impl Pipeline {
    /// Looks at batches that are not booked, until `stop`. Replicas share the work.
    pub async fn follow_batches(self, stop: CancellationToken) {
        loop {
            let every = self.fleet().config.general.batches_every;
            let round = self.look_at_batches(every);
            match stop.run_until_cancelled(round).await {
                Some(Ok(())) => {}
                Some(Err(fault)) => {
                    tracing::warn!(fault = %fault, "batches could not be looked at");
                }
                None => return,
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.batch_ended().notified() => {}
                () = tokio::time::sleep(every) => {}
            }
        }
    }

    async fn look_at_batches(&self, every: Duration) -> Result<(), Fault> {
        let now = now_ms();
        let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
        let store = self.accounting().store();
        let kept_for = i64::try_from(KEPT_FOR.as_millis()).unwrap_or(i64::MAX);
        let forgotten = store.forget_lines(now.saturating_sub(kept_for)).await;
        forgotten.map_err(|cause| unreadable(&cause))?;
        let due = store
            .take_unbooked((now.saturating_sub(every), now), ROUND)
            .await;
        for batch in due.map_err(|cause| unreadable(&cause))? {
            let Err(fault) = self.look_at(&batch).await else {
                continue;
            };
            let (id, deployment) = (&batch.id, &batch.deployment);
            let given_up = i64::try_from(GIVEN_UP.as_millis()).unwrap_or(i64::MAX);
            if now.saturating_sub(batch.created_ms) < given_up {
                tracing::warn!(batch = id, deployment.id = deployment, fault = %fault,
                    "a batch could not be looked at; it is tried again");
                continue;
            }
            tracing::error!(batch = id, deployment.id = deployment, fault = %fault,
                "a batch could not be read for 30 days and is given up: what it cost is not charged");
            let booked = store.remote_is_booked(id).await;
            booked.map_err(|cause| unreadable(&cause))?;
        }
        Ok(())
    }

    async fn look_at(&self, batch: &RemoteObject) -> Result<(), Fault> {
        let asked = self.ask_for_itself(batch, Operation::BatchesGet).await?;
        let told: Option<Map<String, Value>> = match asked {
            Outcome::Whole { body, .. } => serde_json::from_slice(&body).ok(),
            Outcome::Bytes(_) | Outcome::Stream(_) | Outcome::Sound(_) | Outcome::Live(_) => None,
        };
        let told = told.filter(|it| it.contains_key("status")).ok_or_else(|| {
            Fault::upstream(ErrorKind::Upstream, "the upstream's batch has no `status`")
        })?;
        self.seen(batch, told.clone(), false).await?;
        match has_ended(&told) {
            true => self.charge(batch, &told).await,
            false => Ok(()),
        }
    }
}
