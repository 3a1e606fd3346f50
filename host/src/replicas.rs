//! What other replicas on the same database change: models, credentials and settings, which this
//! one has to take over as well. Keys, and who may use them, are followed by `auth`.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::store::{Changed, Store, StoreError};

/// How often the database is asked: with the time that taking over takes, the bound on staleness.
pub const POLL_EVERY: Duration = Duration::from_secs(2);

/// Notices that are read at once.
const NOTICES: u32 = 1_000;

/// Calls `heard` whenever something of a config may have changed, until `stop`. A change of this
/// replica is told as well.
pub async fn follow(store: Store, heard: impl Fn(), stop: CancellationToken) {
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
                let ours = |kind: &str| matches!(kind, "model" | "credential" | "config");
                any |= notices.iter().any(|it| ours(&it.kind));
                let Some(last) = notices.last() else {
                    *seen = Some(after);
                    return Ok(any);
                };
                after = last.seq;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{NOW, Place, run};
    use crate::store::{ConfigRow, Stamp, TeamRow};

    async fn told_of_changed_settings_and_of_nothing_else(store: &Store) {
        let mut seen = None;
        assert!(ask(store, &mut seen).await.unwrap());
        assert!(!ask(store, &mut seen).await.unwrap());
        let mut change = store.change(NOW).await.unwrap();
        let team = TeamRow {
            id: "t".to_owned(),
            stamp: Stamp::new(NOW, "x"),
            ..TeamRow::default()
        };
        change.insert(&team).await.unwrap();
        change.commit().await.unwrap();
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

    #[tokio::test]
    async fn told_of_changed_settings_on_sqlite() {
        let place = Place::sqlite().await;
        run(place, told_of_changed_settings_and_of_nothing_else).await;
    }

    #[tokio::test]
    async fn told_of_changed_settings_on_postgres() {
        let place = Place::postgres().await;
        run(place, told_of_changed_settings_and_of_nothing_else).await;
    }
}
