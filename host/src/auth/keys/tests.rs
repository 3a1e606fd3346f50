//! The cache in front of the store, with a store of the test's own and paused time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Mutex, PoisonError};

use tokio::time::{advance, sleep};

use super::*;
use crate::auth::samples::{grant_of, team};
use crate::auth::{Role, hash_key};

/// A store that counts how often it is asked.
#[derive(Debug, Default)]
struct FakeRows {
    grants: Mutex<HashMap<KeyHash, Grant>>,
    news: Mutex<Vec<Source>>,
    asked: AtomicUsize,
    down: AtomicBool,
    slow: AtomicBool,
}

impl FakeRows {
    fn put(&self, key: &str, team_id: &str) {
        let mut grant = grant_of(Role::InternalUser);
        let hash = hash_key(key);
        grant.team = Some(team(team_id, &[]));
        grant.sources = vec![
            Source::new("key", hash.as_str()),
            Source::new("user", "u1"),
            Source::new("team", team_id),
        ];
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        grants.insert(hash, grant);
    }

    fn remove(&self, key: &str) {
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        grants.remove(&hash_key(key));
    }

    fn tell(&self, source: Source) {
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        news.push(source);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    async fn answer<T>(&self, answer: impl FnOnce() -> T) -> Result<T, Unreachable> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.slow.load(Ordering::SeqCst) {
            sleep(Duration::from_millis(100)).await;
        }
        if self.down.load(Ordering::SeqCst) {
            return Err(Unreachable("it is down".into()));
        }
        Ok(answer())
    }
}

impl Rows for FakeRows {
    fn grant<'a>(
        &'a self,
        hash: &'a KeyHash,
        _now_ms: i64,
    ) -> BoxFuture<'a, Result<Option<Grant>, Unreachable>> {
        let find = || {
            let grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
            grants.get(hash).cloned()
        };
        Box::pin(self.answer(find))
    }

    fn identity<'a>(
        &'a self,
        who: &'a Identity,
        _now_ms: i64,
    ) -> BoxFuture<'a, Result<Option<Grant>, Unreachable>> {
        Box::pin(self.answer(|| {
            who.user_id.as_ref()?;
            Some(grant_of(Role::InternalUser))
        }))
    }

    fn add_user<'a>(
        &'a self,
        _id: &'a str,
        _email: Option<&'a str>,
        _now_ms: i64,
    ) -> BoxFuture<'a, Result<(), Unreachable>> {
        Box::pin(self.answer(|| ()))
    }

    fn add_team<'a>(
        &'a self,
        _id: &'a str,
        _actor: &'a str,
        _now_ms: i64,
    ) -> BoxFuture<'a, Result<(), Unreachable>> {
        Box::pin(self.answer(|| ()))
    }

    fn named<'a>(
        &'a self,
        _kind: EntityKind,
        _alias: &'a str,
    ) -> BoxFuture<'a, Result<Option<Named>, Unreachable>> {
        Box::pin(self.answer(|| None))
    }

    fn payer<'a>(
        &'a self,
        _kind: EntityKind,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Payer>, Unreachable>> {
        let known = move || (id == "customer").then(Payer::default);
        Box::pin(self.answer(known))
    }

    fn news(&self, after: Option<i64>, _limit: u32) -> BoxFuture<'_, Result<News, Unreachable>> {
        let tell = move || {
            let news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
            let from = after.and_then(|it| usize::try_from(it).ok());
            News {
                seq: i64::try_from(news.len()).unwrap_or(i64::MAX),
                changed: from.map(|from| news.iter().skip(from).cloned().collect()),
                more: false,
            }
        };
        Box::pin(async move {
            if self.down.load(Ordering::SeqCst) {
                return Err(Unreachable("it is down".into()));
            }
            Ok(tell())
        })
    }
}

fn keys(settings: KeySettings) -> (Keys, Arc<FakeRows>) {
    let rows = Arc::new(FakeRows::default());
    rows.put("sk-1", "t1");
    rows.put("sk-2", "t2");
    (Keys::new(Some(Arc::clone(&rows) as _), settings), rows)
}

/// Whether the key is known; the fault's type where it cannot be said.
async fn known(keys: &Keys, key: &str) -> Result<bool, &'static str> {
    let found = keys.grant(&hash_key(key), 0).await;
    found
        .map(|grant| grant.is_some())
        .map_err(|fault| fault.type_name.unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn a_key_is_read_once_until_its_time_is_over() {
    let (keys, rows) = keys(KeySettings::default());
    for _ in 0..10 {
        assert_eq!(known(&keys, "sk-1").await, Ok(true));
    }
    assert_eq!(rows.asked(), 1);
    advance(CACHE_TTL).await;
    assert_eq!(known(&keys, "sk-1").await, Ok(true));
    assert_eq!(rows.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_calls_at_once_ask_once() {
    let (keys, rows) = keys(KeySettings::default());
    rows.slow.store(true, Ordering::SeqCst);
    let calls = (0..1_000).map(|_| known(&keys, "sk-1"));
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().all(|it| *it == Ok(true)));
    assert_eq!(rows.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_up_does_not_take_the_others_along() {
    let (keys, rows) = keys(KeySettings::default());
    rows.slow.store(true, Ordering::SeqCst);
    let (first, second) = tokio::join!(
        tokio::time::timeout(Duration::from_millis(50), known(&keys, "sk-1")),
        known(&keys, "sk-1"),
    );
    assert!(first.is_err());
    assert_eq!(second, Ok(true));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_asked_again_and_again_reaches_the_store_once() {
    let (keys, rows) = keys(KeySettings::default());
    for _ in 0..100 {
        assert_eq!(known(&keys, "sk-wrong").await, Ok(false));
    }
    assert_eq!(rows.asked(), 1);
    advance(UNKNOWN_TTL).await;
    assert_eq!(known(&keys, "sk-wrong").await, Ok(false));
    assert_eq!(rows.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn unknown_keys_do_not_push_known_ones_out() {
    let (keys, rows) = keys(KeySettings::default());
    known(&keys, "sk-1").await.unwrap();
    for at in 0..1_000 {
        known(&keys, &format!("sk-wrong-{at}")).await.unwrap();
    }
    let asked = rows.asked();
    assert_eq!(known(&keys, "sk-1").await, Ok(true));
    assert_eq!(rows.asked(), asked);
}

#[tokio::test(start_paused = true)]
async fn a_key_made_here_is_known_at_once_though_it_was_unknown() {
    let (keys, rows) = keys(KeySettings::default());
    assert_eq!(known(&keys, "sk-new").await, Ok(false));
    rows.put("sk-new", "t1");
    keys.changed(&Source::new("key", hash_key("sk-new").as_str()));
    assert_eq!(known(&keys, "sk-new").await, Ok(true));
}

#[tokio::test(start_paused = true)]
async fn a_change_of_any_of_its_rows_makes_a_key_be_read_again() {
    let (keys, rows) = keys(KeySettings::default());
    for source in [
        Source::new("key", hash_key("sk-1").as_str()),
        Source::new("user", "u1"),
        Source::new("team", "t1"),
        Source::new("team_member", "any/team/u1"),
        Source::new("organization_member", "o1/u1"),
    ] {
        known(&keys, "sk-1").await.unwrap();
        let asked = rows.asked();
        keys.changed(&Source::new("team", "t9"));
        known(&keys, "sk-1").await.unwrap();
        assert_eq!(rows.asked(), asked, "of another team");
        keys.changed(&source);
        known(&keys, "sk-1").await.unwrap();
        assert_eq!(rows.asked(), asked + 1, "{source:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_key_is_gone_at_once_and_elsewhere_within_the_bound() {
    let (here, rows) = keys(KeySettings::default());
    let there = Keys::new(Some(Arc::clone(&rows) as _), KeySettings::default());
    there.poll().await.unwrap();
    known(&here, "sk-1").await.unwrap();
    known(&there, "sk-1").await.unwrap();
    rows.remove("sk-1");
    let source = Source::new("key", hash_key("sk-1").as_str());
    rows.tell(source.clone());
    here.changed(&source);
    assert_eq!(known(&here, "sk-1").await, Ok(false));
    assert_eq!(known(&there, "sk-1").await, Ok(true), "not yet");
    let follow = there.follow(POLL_EVERY);
    assert!(tokio::time::timeout(POLL_EVERY, follow).await.is_err());
    assert_eq!(known(&there, "sk-1").await, Ok(false));
}

#[tokio::test(start_paused = true)]
async fn when_notices_are_lost_everything_is_read_again() {
    let (keys, rows) = keys(KeySettings::default());
    known(&keys, "sk-1").await.unwrap();
    let asked = rows.asked();
    // The first question has no number to ask from.
    keys.poll().await.unwrap();
    known(&keys, "sk-1").await.unwrap();
    assert_eq!(rows.asked(), asked + 1);
}

#[tokio::test(start_paused = true)]
async fn without_the_store_a_known_key_serves_to_its_ttl_and_no_longer() {
    let (keys, rows) = keys(KeySettings::default());
    known(&keys, "sk-1").await.unwrap();
    rows.set_down(true);
    assert_eq!(known(&keys, "sk-1").await, Ok(true));
    assert_eq!(known(&keys, "sk-2").await, Err("no_db_connection"));
    advance(CACHE_TTL).await;
    let fault = keys.grant(&hash_key("sk-1"), 0).await.unwrap_err();
    assert_eq!(fault.kind, crate::domain::ErrorKind::Overloaded);
    assert!(fault.message.contains("the database does not answer") && fault.log.is_some());
    rows.set_down(false);
    assert_eq!(known(&keys, "sk-1").await, Ok(true));
}

#[tokio::test(start_paused = true)]
async fn allowed_to_a_known_key_serves_on_until_its_age_and_the_store_is_asked_rarely() {
    let (keys, rows) = keys(KeySettings {
        outage_age: Some(OUTAGE_AGE),
        ..KeySettings::default()
    });
    known(&keys, "sk-1").await.unwrap();
    rows.set_down(true);
    advance(OUTAGE_AGE / 2).await;
    let asked = rows.asked();
    for _ in 0..100 {
        assert_eq!(known(&keys, "sk-1").await, Ok(true));
    }
    assert_eq!(rows.asked(), asked + 1);
    advance(OUTAGE_AGE / 2).await;
    assert_eq!(known(&keys, "sk-1").await, Err("no_db_connection"));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_was_changed_does_not_serve_on_in_an_outage() {
    let (keys, rows) = keys(KeySettings {
        outage_age: Some(OUTAGE_AGE),
        ..KeySettings::default()
    });
    known(&keys, "sk-1").await.unwrap();
    keys.changed(&Source::new("key", hash_key("sk-1").as_str()));
    rows.set_down(true);
    assert_eq!(known(&keys, "sk-1").await, Err("no_db_connection"));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_given_up() {
    let (keys, rows) = keys(KeySettings::default());
    rows.slow.store(true, Ordering::SeqCst);
    rows.set_down(true);
    let calls = (0..100).map(|_| known(&keys, "sk-1"));
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().all(|it| *it == Err("no_db_connection")));
    assert_eq!(rows.asked(), 1, "those who waited share the failure");
}

#[tokio::test(start_paused = true)]
async fn without_a_database_there_are_no_keys() {
    let keys = Keys::new(None, KeySettings::default());
    let fault = keys.grant(&hash_key("sk-1"), 0).await.unwrap_err();
    assert!(fault.message.starts_with("No connected db."));
    assert_eq!(keys.payer(EntityKind::EndUser, "x").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn payers_and_identities_are_remembered_too() {
    let (keys, rows) = keys(KeySettings::default());
    let who = Identity {
        user_id: Some("u1".into()),
        ..Identity::default()
    };
    for _ in 0..5 {
        let payer = keys.payer(EntityKind::EndUser, "customer").await.unwrap();
        assert!(payer.is_some());
        assert!(keys.identity(&who, 0).await.unwrap().is_some());
        assert!(
            keys.identity(&Identity::default(), 0)
                .await
                .unwrap()
                .is_none()
        );
    }
    assert_eq!(rows.asked(), 3);
}
