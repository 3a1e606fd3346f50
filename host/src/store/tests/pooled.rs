//! Behind PgBouncer in transaction mode, and what is said where the URL does not say so.

use std::future::poll_fn;
use std::task::Poll;

use super::spend::call;
use super::{NOW, Place, pooler};
use crate::domain::{Entity, EntityKind};
use crate::store::{Address, KeyRow, Reason, Store, StoreError};

#[tokio::test]
async fn without_named_statements_everything_works() {
    let Some(place) = Place::postgres().await else {
        return;
    };
    let store = place.open_with("pgbouncer=true&connection_limit=2").await;
    store.ping().await.unwrap();
    let mut change = store.change(NOW).await.unwrap();
    let key = KeyRow {
        id: "hash".to_owned(),
        ..KeyRow::default()
    };
    change.insert(&key).await.unwrap();
    change.commit().await.unwrap();
    let payers = [Entity::new(EntityKind::Key, "hash")];
    store.settle(&[call("a", None, &payers)]).await.unwrap();
    for _ in 0..3 {
        assert!(store.holder("hash", NOW).await.unwrap().is_some());
    }
    // Nothing is left on the server's side of a connection.
    let mut connection = store.pools.read().await.unwrap();
    let sql = "SELECT COUNT(*) AS kept FROM pg_prepared_statements WHERE name <> ''";
    let kept = connection.row(sql, Vec::new()).await.unwrap().unwrap();
    assert_eq!(kept.int("kept").unwrap(), 0);
    drop(connection);
    place.remove(store).await;
}

#[tokio::test]
async fn replicas_share_a_pooler_that_has_fewer_connections_than_they() {
    let Some(place) = Place::pooled().await else {
        return;
    };
    let opened = futures_util::future::join_all((0..3).map(|_| place.open())).await;
    let work = (0..60).map(|n: usize| {
        let store = &opened[n % opened.len()];
        async move {
            let id = format!("key{n}");
            let mut change = store.change(NOW).await.unwrap();
            let key = KeyRow {
                id: id.clone(),
                ..KeyRow::default()
            };
            change.insert(&key).await.unwrap();
            change.commit().await.unwrap();
            let payers = [Entity::new(EntityKind::Key, id.as_str())];
            let row = call(&format!("call{n}"), None, &payers);
            assert_eq!(store.settle(&[row]).await.unwrap().booked, 1);
            assert!(store.holder(&id, NOW).await.unwrap().is_some());
        }
    });
    futures_util::future::join_all(work).await;
    let mut opened = opened.into_iter();
    let last = opened.next_back().unwrap();
    for store in opened {
        store.close().await;
    }
    place.remove(last).await;
}

#[tokio::test]
async fn a_transaction_that_is_given_up_while_it_begins_is_rolled_back() {
    let Some(place) = Place::postgres().await else {
        return;
    };
    let store = place.open_with("connection_limit=1").await;
    for polls in 1..12 {
        let mut left = polls;
        let mut write = Box::pin(store.pools.write());
        poll_fn(|context| match left {
            0 => Poll::Ready(()),
            _ => {
                left -= 1;
                write.as_mut().poll(context).map(drop)
            }
        })
        .await;
        drop(write);
        // Each is a transaction of its own.
        let mut connection = store.pools.read().await.unwrap();
        let mut ids = Vec::new();
        for _ in 0..2 {
            let sql = "SELECT CAST(txid_current() AS BIGINT) AS id";
            let row = connection.row(sql, Vec::new()).await.unwrap().unwrap();
            ids.push(row.int("id").unwrap());
        }
        assert_ne!(ids[0], ids[1], "after {polls} polls");
    }
    place.remove(store).await;
}

#[tokio::test]
async fn a_pooler_that_the_url_does_not_name_is_told_with_the_cure() {
    let Some(pooler) = pooler() else { return };
    let refused = Store::open(&Address::parse(&pooler).unwrap(), NOW).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.reason(), Some(Reason::Pooled), "{refused}");
    let text = refused.to_string();
    assert!(text.contains("add `pgbouncer=true`"), "{text}");
    assert!(text.contains("127.0.0.1:"), "{text}");
}

#[tokio::test]
async fn statements_that_a_pooler_mixes_up_are_told_with_the_cure() {
    let Some(place) = Place::postgres().await else {
        return;
    };
    let store = place.open().await;
    for sql in [
        "EXECUTE nowhere",
        "PREPARE twice AS SELECT 1; PREPARE twice AS SELECT 1",
    ] {
        let mut connection = store.pools.read().await.unwrap();
        let refused = connection.script(sql).await.unwrap_err();
        assert_eq!(refused.reason(), Some(Reason::Pooled), "{refused}");
        assert!(refused.to_string().contains("pgbouncer=true"), "{refused}");
    }
    place.remove(store).await;
}

#[tokio::test]
async fn a_statement_that_fails_says_why() {
    let place = Place::sqlite().await.unwrap();
    let store = place.open().await;
    let mut connection = store.pools.read().await.unwrap();
    let refused = connection
        .script("SELECT * FROM nowhere")
        .await
        .unwrap_err();
    assert!(matches!(refused, StoreError::Database(_)), "{refused:?}");
    assert!(refused.to_string().contains("nowhere"), "{refused}");
    drop(connection);
    place.remove(store).await;
}
