//! What no call shows and people are told of: a database that does not answer, keys that expire
//! soon; and budgets that nobody used yet, for the metrics.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::alerts::Alerts;
use crate::domain::{Entity, EntityKind, Usd};
use crate::pipeline::accounting::{Accounting, now_ms};
use crate::pipeline::{Known, Told};
use crate::store::{
    BudgetRow, Filter, KeyRow, OrganizationRow, Query, Store, StoreError, TeamRow, UserRow, WHOLE,
};

/// How often the database is asked whether it answers.
const EVERY: Duration = Duration::from_secs(10);
/// How long it has for that.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often keys are looked through.
const KEYS_EVERY: Duration = Duration::from_secs(3600);
/// How long before its end a key is told of.
const AHEAD: Duration = Duration::from_secs(24 * 3600);
/// Accounts that are read at once.
const AT_ONCE: usize = 200;
/// Keys that are told of at a time.
const MOST_KEYS: u64 = 100;

/// How often budgets are read for the metrics, where the config asks for all of them.
const BUDGETS_EVERY: Duration = Duration::from_secs(300);
/// The longest that reading them takes.
const BUDGETS_TIME: Duration = Duration::from_secs(30);
/// Holders of each kind whose budgets are read: each is three series.
const MOST_BUDGETS: u64 = 10_000;

/// A budget of a holder's own, and the id of one that it shares.
type Max = (Option<Usd>, Option<String>);

/// Watches until `stop`, while the config asks for it.
pub async fn watch(accounting: Accounting, alerts: Alerts, stop: CancellationToken) {
    let store = accounting.store().clone();
    let mut gone: Option<Instant> = None;
    let mut looked: Option<Instant> = None;
    let mut counted: Option<Instant> = None;
    loop {
        if alerts.is_on() {
            gone = look_at_database(&store, &alerts, gone).await;
            let due = looked.is_none_or(|it| it.elapsed() >= KEYS_EVERY);
            if due && gone.is_none() {
                looked = Some(Instant::now());
                if let Err(cause) = look_at_keys(&store, &alerts).await {
                    tracing::debug!(%cause, "which keys expire soon cannot be read");
                }
            }
        }
        let due = counted.is_none_or(|it| it.elapsed() >= BUDGETS_EVERY);
        match accounting.tells_all_budgets() {
            true if due => {
                counted = Some(Instant::now());
                match timeout(BUDGETS_TIME, budgets(&store)).await {
                    Ok(Ok(told)) => accounting.set_told(told),
                    Ok(Err(cause)) => {
                        tracing::debug!(%cause, "budgets cannot be read for the metrics");
                    }
                    Err(_) => tracing::debug!("budgets are not read for the metrics in time"),
                }
            }
            true => {}
            false if counted.take().is_some() => accounting.set_told(Told::default()),
            false => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Since when the database is gone, if it is.
async fn look_at_database(
    store: &Store,
    alerts: &Alerts,
    gone: Option<Instant>,
) -> Option<Instant> {
    let answer = timeout(PATIENCE, store.ping()).await;
    let why = match answer {
        Ok(Ok(())) => None,
        Ok(Err(cause)) => Some(cause.to_string()),
        Err(_) => Some(format!("no answer in {} seconds", PATIENCE.as_secs())),
    };
    match (why, gone) {
        (None, Some(since)) => {
            alerts.database(Ok(since.elapsed()), now_ms());
            None
        }
        (Some(why), None) => {
            alerts.database(Err(&why), now_ms());
            Some(Instant::now())
        }
        (_, gone) => gone,
    }
}

async fn look_at_keys(store: &Store, alerts: &Alerts) -> Result<(), StoreError> {
    let now = now_ms();
    let ahead = i64::try_from(AHEAD.as_millis()).unwrap_or(i64::MAX);
    let soon = Query::new()
        .is("blocked", false)
        .with(Filter::AtLeast("expires_at", now))
        .with(Filter::Below("expires_at", now.saturating_add(ahead)))
        .sorted("expires_at", false)
        .page(1, MOST_KEYS);
    for key in store.list::<KeyRow>(&soon).await?.rows {
        if let Some(at) = key.expires_at {
            let name = key.alias.as_deref().unwrap_or(&key.name);
            alerts.key_expires(&key.id, name, at, now);
        }
    }
    Ok(())
}

/// Budgets of keys, teams, users and organizations, their own or one that they share; and how many
/// users and teams there are.
async fn budgets(store: &Store) -> Result<Told, StoreError> {
    let query = Query::new().page(1, MOST_BUDGETS);
    let shared = store.list::<BudgetRow>(&query).await?.rows.into_iter();
    let shared: HashMap<String, Usd> = shared
        .filter_map(|it| Some((it.id, it.max_budget?)))
        .collect();
    let mut found: Vec<(Entity, Option<String>, Usd)> = Vec::new();
    let mut add = |kind: EntityKind, id: String, alias: Option<String>, (own, budget): Max| {
        let max = own.or_else(|| shared.get(&budget?).copied());
        found.extend(max.map(|max| (Entity::new(kind, id), alias, max)));
    };
    for it in store.list::<KeyRow>(&query).await?.rows {
        add(
            EntityKind::Key,
            it.id,
            it.alias,
            (it.max_budget, it.budget_id),
        );
    }
    let teams = store.list::<TeamRow>(&query).await?;
    for it in teams.rows {
        add(
            EntityKind::Team,
            it.id,
            it.alias,
            (it.max_budget, it.budget_id),
        );
    }
    let users = store.list::<UserRow>(&query).await?;
    for it in users.rows {
        add(EntityKind::User, it.id, None, (it.max_budget, it.budget_id));
    }
    for it in store.list::<OrganizationRow>(&query).await?.rows {
        add(
            EntityKind::Organization,
            it.id,
            it.alias,
            (None, it.budget_id),
        );
    }
    let mut known = Vec::with_capacity(found.len());
    for part in found.chunks(AT_ONCE) {
        let holders: Vec<Entity> = part.iter().map(|it| it.0.clone()).collect();
        let accounts = store.accounts(&holders).await?;
        for (holder, alias, max) in part {
            let mut own = accounts.iter();
            let own = own.find(|it| it.entity == *holder && it.span == WHOLE);
            known.push(Known {
                holder: holder.clone(),
                alias: alias.as_deref().map(Into::into),
                max: *max,
                spent: own.map_or(Usd::ZERO, |it| it.spent),
                resets_at_ms: own.and_then(|it| it.reset_at),
            });
        }
    }
    Ok(Told {
        budgets: known,
        users: users.total,
        teams: teams.total,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use bytes::Bytes;
    use futures_util::future::BoxFuture;

    use super::*;
    use crate::alerts::{Post, Settings, Webhook};
    use crate::domain::Secret;
    use crate::store::{Address, Stamp};

    #[derive(Default)]
    struct Hook(Mutex<Vec<String>>);

    impl Post for Hook {
        fn post<'a>(&'a self, _: &'a Webhook, body: Bytes) -> BoxFuture<'a, Result<(), String>> {
            let text = String::from_utf8_lossy(&body).into_owned();
            Box::pin(async move {
                self.0.lock().unwrap().push(text);
                Ok(())
            })
        }
    }

    async fn store(folder: &tempfile::TempDir) -> Store {
        let address = Address::file(folder.path().join("watched.db"));
        Store::open(&address, now_ms()).await.unwrap()
    }

    fn alerts(hook: &Arc<Hook>) -> Alerts {
        let webhook = Webhook {
            url: Secret::new("http://hook"),
            guarded: false,
        };
        let hook: Arc<Hook> = Arc::clone(hook);
        Alerts::new(hook, Some(Settings::usual(vec![webhook])))
    }

    async fn told(alerts: &Alerts, hook: &Hook) -> Vec<String> {
        let stop = CancellationToken::new();
        stop.cancel();
        alerts.clone().run(stop).await;
        hook.0.lock().unwrap().clone()
    }

    #[tokio::test]
    async fn a_database_that_is_gone_is_told_of_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let hook = Arc::new(Hook::default());
        let alerts = alerts(&hook);
        assert!(look_at_database(&store, &alerts, None).await.is_none());
        store.close().await;
        let gone = look_at_database(&store, &alerts, None).await;
        assert!(gone.is_some());
        assert!(look_at_database(&store, &alerts, gone).await.is_some());
        let told = told(&alerts, &hook).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("Database down"));
    }

    #[tokio::test]
    async fn budgets_that_nobody_used_yet_are_known_with_their_holders_names() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let now = now_ms();
        let mut change = store.change(now).await.unwrap();
        for (id, max) in [("t1", Some(Usd::from_pico(5))), ("t2", None)] {
            let team = TeamRow {
                id: id.to_owned(),
                stamp: Stamp::new(now, "test"),
                alias: Some(format!("the {id}")),
                max_budget: max,
                ..TeamRow::default()
            };
            change.insert(&team).await.unwrap();
        }
        change.commit().await.unwrap();
        let told = budgets(&store).await.unwrap();
        assert_eq!((told.teams, told.users), (2, 0));
        let [team] = told.budgets.as_slice() else {
            panic!("{told:?}");
        };
        assert_eq!(team.holder, Entity::new(EntityKind::Team, "t1"));
        assert_eq!(team.alias.as_deref(), Some("the t1"));
        assert_eq!((team.max, team.spent), (Usd::from_pico(5), Usd::ZERO));
    }

    #[tokio::test]
    async fn keys_that_expire_within_a_day_are_told_of_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let now = now_ms();
        let mut change = store.change(now).await.unwrap();
        for (alias, hours) in [("soon", 5), ("later", 48), ("over", -1)] {
            let key = KeyRow {
                id: format!("hash-{alias}"),
                stamp: Stamp::new(now, "test"),
                alias: Some(alias.to_owned()),
                name: "sk-...abcd".to_owned(),
                expires_at: Some(now + hours * 3_600_000),
                ..KeyRow::default()
            };
            change.insert(&key).await.unwrap();
        }
        change.commit().await.unwrap();
        let hook = Arc::new(Hook::default());
        let alerts = alerts(&hook);
        for _ in 0..2 {
            look_at_keys(&store, &alerts).await.unwrap();
        }
        let told = told(&alerts, &hook).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("The key soon expires at"));
    }
}
