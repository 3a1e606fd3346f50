//! What other replicas on the same database change: models, credentials, guardrails and settings,
//! which this one has to take over as well. Keys, and who may use them, are followed by `auth`. What every
//! replica has long heard is forgotten here.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::config::{CachePlace, Config, is_of_config};
use crate::pipeline::accounting::now_ms;
use crate::store::{Changed, Store, StoreError};
use crate::telemetry::metrics::Metrics;

/// How often the database is asked: with the time that taking over takes, the bound on staleness.
pub const POLL_EVERY: Duration = Duration::from_secs(2);

/// Notices that are read, or forgotten in one transaction, at once.
const NOTICES: u32 = 1_000;

/// How long notices are kept: replicas ask every few seconds, and one that was away for longer
/// reads everything again.
const KEPT_MS: i64 = 3_600_000;

/// How often older notices are forgotten: with [`KEPT_MS`] the bound on how many there are, the
/// changes of 70 minutes.
const FORGET_EVERY: Duration = Duration::from_secs(600);

/// Between two transactions, so that others write in between.
const PAUSE: Duration = Duration::from_millis(20);

/// What replicas share by this config and what they do not, for the operator.
pub fn told(config: &Config) -> String {
    let of_each = match config.caching.place {
        CachePlace::Redis(_) => "",
        CachePlace::Memory if config.caching.on => "; kept answers are each replica's own",
        CachePlace::Memory => "",
    };
    match config.shared_redis() {
        Some(address) => format!(
            "limits, cooldowns and usage of deployments are shared through Redis at {}:{}, budgets \
             are leased from the database{of_each}",
            address.host, address.port
        ),
        None => format!(
            "no Redis is named (`router_settings.redis_host`), so limits, cooldowns and usage of \
             deployments are each replica's own; budgets are leased from the database{of_each}"
        ),
    }
}

/// Calls `heard` whenever something of a config may have changed, until `stop`. A change of this
/// replica is told as well. `hurry`: there may be something.
pub async fn follow(store: Store, heard: impl Fn(), hurry: Arc<Notify>, stop: CancellationToken) {
    let mut seen: Option<i64> = None;
    let mut well = true;
    loop {
        let asked = ask(&store, &mut seen).await;
        match &asked {
            Ok(true) => heard(),
            Ok(false) => {}
            Err(cause) if well => {
                tracing::warn!(%cause, "settings that change elsewhere cannot be seen");
            }
            Err(_) => {}
        }
        well = asked.is_ok();
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(POLL_EVERY) => {}
            () = hurry.notified() => {}
        }
    }
}

/// Whether something of a config may have changed since the last question.
async fn ask(store: &Store, seen: &mut Option<i64>) -> Result<bool, StoreError> {
    let Some(after) = *seen else {
        *seen = Some(store.latest_change().await?);
        // What changed between the reading of everything and this answer.
        return Ok(true);
    };
    let mut after = after;
    let mut any = false;
    loop {
        match store.changes_after(after, NOTICES).await? {
            Changed::Everything { seq } => {
                *seen = Some(seq);
                return Ok(true);
            }
            Changed::These(notices) => {
                any |= notices.iter().any(|it| is_of_config(&it.kind));
                let Some(last) = notices.last() else {
                    *seen = Some(after);
                    return Ok(any);
                };
                after = last.seq;
            }
        }
    }
}

/// Forgets notices that every replica has heard, until `stop`.
pub async fn forget(store: Store, metrics: Metrics, stop: CancellationToken) {
    loop {
        match forget_before(&store, now_ms().saturating_sub(KEPT_MS), NOTICES).await {
            Ok(count) => metrics.changes_forgotten(count),
            Err(cause) => {
                tracing::warn!(%cause, "old notices of changes are not forgotten for now")
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(FORGET_EVERY) => {}
        }
    }
}

/// Forgets notices from before a time, `batch` in each transaction. How many those were.
async fn forget_before(store: &Store, before_ms: i64, batch: u32) -> Result<u64, StoreError> {
    let mut all = 0u64;
    loop {
        let gone = store.forget_changes(before_ms, batch).await?;
        all = all.saturating_add(gone);
        if gone < u64::from(batch) {
            return Ok(all);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{NOW, both};
    use crate::store::{ConfigRow, Stamp, TeamRow};

    async fn add_team(store: &Store, id: &str, now_ms: i64) {
        let mut change = store.change(now_ms).await.unwrap();
        let team = TeamRow {
            id: id.to_owned(),
            stamp: Stamp::new(now_ms, "x"),
            ..TeamRow::default()
        };
        change.insert(&team).await.unwrap();
        change.commit().await.unwrap();
    }

    both! {
        async fn told_of_changed_settings_and_of_nothing_else(store: &Store) {
            let mut seen = None;
            assert!(ask(store, &mut seen).await.unwrap());
            assert!(!ask(store, &mut seen).await.unwrap());
            add_team(store, "t", NOW).await;
            assert!(!ask(store, &mut seen).await.unwrap());
            let mut change = store.change(NOW).await.unwrap();
            let row = ConfigRow {
                id: "litellm_settings".to_owned(),
                stamp: Stamp::new(NOW, "x"),
                ..ConfigRow::default()
            };
            change.insert(&row).await.unwrap();
            change.commit().await.unwrap();
            assert!(ask(store, &mut seen).await.unwrap());
            assert!(!ask(store, &mut seen).await.unwrap());
        }

        async fn a_replica_that_missed_forgotten_notices_reads_everything(store: &Store) {
            for number in 0..5 {
                add_team(store, &format!("t{number}"), NOW + number).await;
            }
            let (mut awake, mut asleep) = (Some(5), Some(2));
            assert_eq!(forget_before(store, NOW + 4, 2).await.unwrap(), 4);
            assert_eq!(forget_before(store, NOW + 4, 2).await.unwrap(), 0);
            assert!(!ask(store, &mut awake).await.unwrap());
            assert!(ask(store, &mut asleep).await.unwrap());
            assert_eq!((awake, asleep), (Some(5), Some(5)));
        }

        async fn a_notice_that_was_forgotten_between_others_is_missed(store: &Store) {
            for (id, at) in [("ahead", NOW + 9), ("behind", NOW), ("newest", NOW + 9)] {
                add_team(store, id, at).await;
            }
            assert_eq!(forget_before(store, NOW + 5, 9).await.unwrap(), 1);
            let mut seen = Some(0);
            assert!(ask(store, &mut seen).await.unwrap());
            assert_eq!(seen, Some(3));
        }

        async fn notices_are_kept_for_an_hour_and_what_goes_is_counted(store: &Store) {
            let hour_ago = now_ms() - KEPT_MS;
            add_team(store, "old", hour_ago - 1).await;
            add_team(store, "new", hour_ago + 60_000).await;
            let (metrics, stop) = (Metrics::default(), CancellationToken::new());
            stop.cancel();
            forget(store.clone(), metrics.clone(), stop).await;
            let left = store.changes_after(1, 9).await.unwrap();
            assert!(matches!(left, Changed::These(notices) if notices.len() == 1));
            let text = metrics.render(&[]);
            assert!(text.contains("sluice_changes_forgotten_total 1"), "{text}");
        }
    }
}
