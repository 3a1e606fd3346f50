//! How deployments are doing at each replica: said by each a few times a second, in one question
//! that also answers what the others said.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Shared;
use crate::redis_link::cmd;

/// How often a replica says how deployments are doing: others know within twice this time, and what
/// the questions take.
pub const EXCHANGE_EVERY: Duration = Duration::from_millis(200);

/// How long what a replica said holds: it has ended, or was killed.
const HOLDS: Duration = Duration::from_secs(3);

const EXCHANGE: &str = include_str!("exchange.lua");

/// How one deployment is doing at one replica. Short names: a replica says it of each deployment
/// that had calls in the minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Doing {
    /// The minute that is counted, since 1970.
    #[serde(rename = "m")]
    pub minute: i64,
    #[serde(rename = "r")]
    pub requests: u64,
    #[serde(rename = "t")]
    pub tokens: u64,
    #[serde(rename = "f")]
    pub failures: u64,
    #[serde(rename = "u")]
    pub under_way: u32,
    /// How long it still rests, in milliseconds; by what this replica saw of it alone.
    #[serde(rename = "c")]
    pub rests_ms: i64,
}

impl Shared {
    /// Says how deployments are doing here, by their ids; what each other replica said last. None:
    /// Redis does not answer, or says what cannot be read.
    pub async fn exchange(
        &self,
        here: &HashMap<String, Doing>,
    ) -> Option<Vec<HashMap<String, Doing>>> {
        let said = serde_json::to_string(here).ok()?;
        let (replicas, others) = self.ask_exchange(&said).await?;
        self.inner.here.store(replicas, Ordering::Relaxed);
        let read = |(age, said): (i64, String)| {
            let mut doing: HashMap<String, Doing> = serde_json::from_str(&said).ok()?;
            for it in doing.values_mut() {
                it.rests_ms = it.rests_ms.saturating_sub(age).max(0);
            }
            Some(doing)
        };
        Some(others.into_iter().filter_map(read).collect())
    }

    /// This replica has ended.
    pub async fn leave(&self) {
        self.ask_exchange("").await;
    }

    async fn ask_exchange(&self, said: &str) -> Option<(u64, Vec<(i64, String)>)> {
        let mut command = cmd("EVAL");
        command
            .arg(EXCHANGE)
            .arg(1)
            .arg(self.key("replicas", "all"));
        command.arg(&self.inner.replica);
        command.arg(u64::try_from(HOLDS.as_millis()).unwrap_or(u64::MAX));
        command.arg(self.key("replica", "")).arg(said);
        self.inner.link.ask(&command).await.ok()
    }
}
