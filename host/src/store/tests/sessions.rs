//! Sessions are begun, seen, listed and ended.

use super::{NOW, both};
use crate::store::{Store, StoredSession};

fn session(id: &str, holder: &str, created_ms: i64) -> StoredSession {
    StoredSession {
        id: id.to_owned(),
        kind: "user".to_owned(),
        holder: holder.to_owned(),
        method: "password".to_owned(),
        address: Some("127.0.0.1".to_owned()),
        created_ms,
        seen_ms: created_ms,
        expires_ms: created_ms + 100,
        ..StoredSession::default()
    }
}

both! {
    async fn a_session_is_found_until_it_is_ended(store: &Store) {
        let one = session("a", "ann", NOW);
        store.begin_session(&one).await.unwrap();
        store.begin_session(&session("b", "ann", NOW + 1)).await.unwrap();
        store.begin_session(&session("c", "bob", NOW)).await.unwrap();
        store.see_session("a", NOW + 9).await.unwrap();
        let seen = store.session("a").await.unwrap().unwrap();
        assert_eq!(seen, StoredSession { seen_ms: NOW + 9, ..one });
        let all = store.sessions_of("user", "ann", 9).await.unwrap();
        let ids: Vec<&str> = all.iter().map(|it| it.id.as_str()).collect();
        assert_eq!(ids, ["b", "a"]);
        assert_eq!(store.end_sessions(&["a".to_owned(), "x".to_owned()]).await.unwrap(), 1);
        assert_eq!(store.session("a").await.unwrap(), None);
    }

    async fn sessions_of_a_user_end_with_the_change(store: &Store) {
        store.begin_session(&session("a", "ann", NOW)).await.unwrap();
        store.begin_session(&session("c", "bob", NOW)).await.unwrap();
        let mut dropped = store.change(NOW).await.unwrap();
        dropped.end_sessions_of("ann").await.unwrap();
        drop(dropped);
        assert!(store.session("a").await.unwrap().is_some());
        let mut change = store.change(NOW).await.unwrap();
        change.end_sessions_of("ann").await.unwrap();
        change.commit().await.unwrap();
        assert!(store.session("a").await.unwrap().is_none());
        assert!(store.session("c").await.unwrap().is_some());
    }

    async fn what_is_over_or_idle_is_forgotten(store: &Store) {
        store.begin_session(&session("over", "ann", NOW - 100)).await.unwrap();
        store.begin_session(&session("idle", "ann", NOW - 50)).await.unwrap();
        store.begin_session(&session("new", "ann", NOW)).await.unwrap();
        assert_eq!(store.forget_sessions(NOW, NOW - 50).await.unwrap(), 2);
        assert!(store.session("new").await.unwrap().is_some());
    }
}
