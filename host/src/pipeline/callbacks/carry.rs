//! A batch on its way into a plugin.

use std::time::Duration;

use futures_util::future::BoxFuture;
use sluice_engine::CallError;
use sluice_engine::contract::Error;
use tokio::time::Instant;

use super::lane::Lane;
use super::set::Ready;
use super::worker::{Carry, Failed, Next};
use crate::domain::ErrorKind;
use crate::pipeline::outside::{self, Shelves, Whose};
use crate::plugins::{Outcome, Plugins};
use crate::telemetry::metrics::Metrics;
use crate::upstream::Upstream;

/// The services that callbacks use.
#[derive(Clone)]
pub struct Carrier {
    pub upstream: Upstream,
    pub plugins: Plugins,
    pub shelves: Shelves,
    pub metrics: Metrics,
}

impl Carrier {
    /// Hands records to a callback as a tenant's.
    ///
    /// # Errors
    /// They are not taken.
    pub async fn hand_over(
        &self,
        ready: &Ready,
        tenant: &str,
        records: &[String],
    ) -> Result<(), Failed> {
        let plugin = &ready.hook.generation.plugin;
        let whose = Whose {
            plugin: plugin.name(),
            call_id: "",
            tenant,
        };
        let outside = outside::of(&self.upstream, &ready.target, &self.shelves, &whose);
        let mut session = plugin.session().with_outside(outside);
        let said = session.on_batch(&ready.config, records).await;
        let broke = said.as_ref().is_err_and(CallError::is_plugins_fault);
        let outcome = match broke {
            true => Outcome::Failed,
            false => Outcome::Fine,
        };
        self.plugins.report(&ready.hook.generation, outcome);
        match said {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(refused(error, ready)),
            Err(cause) => Err(broken(&cause)),
        }
    }
}

impl Carry for Carrier {
    fn carry<'a>(
        &'a self,
        lane: &'a Lane,
        records: &'a [String],
    ) -> BoxFuture<'a, Result<(), Failed>> {
        Box::pin(async move {
            let address = lane.address();
            let ready = match &*address {
                Ok(ready) => ready,
                Err(fault) => return Err(absent(fault.message.clone())),
            };
            let began = Instant::now();
            let done = self.hand_over(ready, &lane.tenant, records).await;
            self.metrics.callback_batch(&lane.name, began.elapsed());
            done
        })
    }
}

/// Nobody is there to be told; somebody may come.
fn absent(why: String) -> Failed {
    Failed {
        next: Next::Again,
        after: None,
        why,
    }
}

fn refused(error: Error, ready: &Ready) -> Failed {
    let kind = ErrorKind::from_contract(&error.kind);
    // Whoever holds the credential, the grant or the account may put it right.
    let hopeless = matches!(
        kind,
        ErrorKind::InvalidRequest
            | ErrorKind::Unsupported
            | ErrorKind::NotFound
            | ErrorKind::ContextWindow
            | ErrorKind::ContentPolicy
    );
    let again = error.retry.unwrap_or(!hopeless);
    let mut why = format!("{}: {}", kind.as_str(), error.message);
    ready.target.redact_text(&mut why);
    Failed {
        next: if again { Next::Again } else { Next::Never },
        after: error.retry_after_ms.map(Duration::from_millis),
        why,
    }
}

fn broken(cause: &CallError) -> Failed {
    let (next, after) = match cause {
        CallError::Open { seconds, .. } => (Next::Again, Some(Duration::from_secs(*seconds))),
        cause if cause.is_plugins_fault() => (Next::Broke, None),
        _ => (Next::Again, None),
    };
    Failed {
        next,
        after,
        why: cause.to_string(),
    }
}
