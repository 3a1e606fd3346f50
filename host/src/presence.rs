//! Says on the database that this gateway runs, so that nobody takes away what is under it.

use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::store::{Gateway, Store, StoreError};

/// How often it is said; four times missed, others take the gateway for gone.
const EVERY: Duration = Duration::from_secs(5);

/// One gateway on one database.
#[derive(Debug, Clone)]
pub struct Presence {
    store: Store,
    gateway: Gateway,
}

impl Presence {
    /// Says it for the first time; waits for a restore under way. Before anything is read that the
    /// gateway remembers.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn begin(store: &Store) -> Result<Self, StoreError> {
        let this = Self {
            store: store.clone(),
            gateway: Gateway {
                id: format!("{:032x}", rand::random::<u128>()),
                host: host(),
                process: std::process::id(),
            },
        };
        this.store.gateway_is_here(&this.gateway).await?;
        Ok(this)
    }

    /// Says it again and again until `stop`. A database that does not answer is told the next time.
    pub async fn keep(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            // One that hangs is asked again: others would take this gateway for gone.
            match timeout(EVERY, self.store.gateway_is_here(&self.gateway)).await {
                Ok(Ok(())) => {}
                Ok(Err(cause)) => {
                    tracing::debug!(%cause, "the database does not hear that this gateway runs");
                }
                Err(_) => tracing::debug!("the database does not hear that this gateway runs"),
            }
        }
    }

    /// Says that it ended, after its last write.
    pub async fn end(&self) {
        if let Err(cause) = self.store.gateway_is_gone(&self.gateway).await {
            tracing::debug!(%cause, "the database does not hear that this gateway has ended");
        }
    }
}

/// The name of this machine, for a message to the operator.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "this or another machine".to_owned(),
        name => name.to_owned(),
    }
}
