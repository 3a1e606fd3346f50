use std::collections::BTreeMap;
use std::path::Path;

use super::spend::call;
use super::{NOW, Place};
use crate::domain::{Entity, EntityKind, Usd};
use crate::store::{
    AuditEntry, BudgetRow, Changed, CredentialRow, Gateway, KeyRow, Query, Sealed, Stamp, Store,
    StoreError, TeamRow,
};

/// A store with something of most tables.
async fn filled(place: &Place) -> Store {
    let store = place.open().await;
    let mut change = store.change(NOW).await.unwrap();
    let budget = BudgetRow {
        id: "b".to_owned(),
        ..BudgetRow::default()
    };
    let team = TeamRow {
        id: "t".to_owned(),
        budget_id: Some("b".to_owned()),
        stamp: Stamp::new(NOW, "ü\n\""),
        ..TeamRow::default()
    };
    let keys: Vec<KeyRow> = (0..2_500)
        .map(|n| KeyRow {
            id: format!("k{n}"),
            team_id: Some("t".to_owned()),
            max_budget: Usd::from_dollars(-0.5),
            ..KeyRow::default()
        })
        .collect();
    let credential = CredentialRow {
        id: "c".to_owned(),
        sealed: Sealed(BTreeMap::from([(
            "api_key".to_owned(),
            "v2:gcm:x".to_owned(),
        )])),
        ..CredentialRow::default()
    };
    change.insert(&budget).await.unwrap();
    change.insert(&team).await.unwrap();
    change.insert_all(&keys).await.unwrap();
    change.insert(&credential).await.unwrap();
    change
        .rotate_key(
            "k0",
            &KeyRow {
                id: "new".to_owned(),
                ..KeyRow::default()
            },
            Some(NOW + 9),
        )
        .await
        .unwrap();
    change.audit(AuditEntry::default());
    change.commit().await.unwrap();
    let payers = [Entity::new(EntityKind::Team, "t")];
    store
        .settle(&[call("c1", Usd::from_dollars(0.5), &payers)])
        .await
        .unwrap();
    store
}

/// Everything of a store, as its backup says it.
async fn contents(store: &Store, folder: &Path) -> Vec<String> {
    let path = folder.join(format!("{:016x}", rand::random::<u64>()));
    store.dump(&path).await.unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    // The engines sort texts differently.
    lines.sort();
    lines
}

async fn restored(from: Option<Place>, to: Option<Place>) {
    let (Some(from), Some(to)) = (from, to) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.jsonl");
    let store = filled(&from).await;
    assert!(store.dump(&path).await.unwrap() > 2_500);
    let before = contents(&store, folder.path()).await;
    from.remove(store).await;

    let store = Store::restore(&to.address, &path, false, NOW)
        .await
        .unwrap();
    assert_eq!(contents(&store, folder.path()).await, before);
    // Numbers go on where they were.
    let mut change = store.change(NOW).await.unwrap();
    change
        .insert(&KeyRow {
            id: "later".to_owned(),
            ..KeyRow::default()
        })
        .await
        .unwrap();
    change.commit().await.unwrap();
    let latest = store.latest_change().await.unwrap();
    assert!(
        matches!(store.changes_after(latest - 1, 9).await.unwrap(), Changed::These(it) if it.len() == 1)
    );
    assert_eq!(
        store.settle(&[call("c1", None, &[])]).await.unwrap().booked,
        0
    );

    let refused = Store::restore(&to.address, &path, false, NOW)
        .await
        .unwrap_err();
    assert!(matches!(refused, StoreError::NotEmpty), "{refused}");
    let again = Store::restore(&to.address, &path, true, NOW).await.unwrap();
    assert_eq!(contents(&again, folder.path()).await, before);
    again.close().await;
    to.remove(store).await;
}

#[tokio::test]
async fn a_backup_of_a_file_restores_into_a_file() {
    restored(Place::sqlite().await, Place::sqlite().await).await;
}

#[tokio::test]
async fn a_backup_of_a_file_restores_into_a_server() {
    restored(Place::sqlite().await, Place::postgres().await).await;
}

#[tokio::test]
async fn a_backup_of_a_server_restores_into_a_file() {
    restored(Place::postgres().await, Place::sqlite().await).await;
}

#[tokio::test]
async fn a_copied_file_opens_as_it_was() {
    let place = Place::sqlite().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.db");
    let store = filled(&place).await;
    store.copy_file(&path).await.unwrap();
    let before = contents(&store, folder.path()).await;
    assert!(store.copy_file(&path).await.is_err(), "it overwrites");
    let copy = Store::open(&crate::store::Address::file(&path), NOW)
        .await
        .unwrap();
    assert_eq!(contents(&copy, folder.path()).await, before);
    copy.close().await;
    place.remove(store).await;
}

#[tokio::test]
async fn a_damaged_backup_changes_nothing() {
    let place = Place::sqlite().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.jsonl");
    let store = filled(&place).await;
    store.dump(&path).await.unwrap();
    let before = contents(&store, folder.path()).await;
    let good = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let cut = lines[..lines.len() - 1].join("\n");
    let short = lines[..lines.len() / 2].join("\n") + "\n" + lines[lines.len() - 1];
    let named = good.replace("\"table\":\"keys\"", "\"table\":\"keys; DROP TABLE users\"");
    for (text, why) in [
        (String::new(), "does not begin"),
        ("{}".to_owned(), "does not begin"),
        ("[1]".to_owned(), "does not begin"),
        (good.replacen("schema", "schemes", 1), "does not begin"),
        (
            good.replacen("_backup\":1", "_backup\":2", 1),
            "has the format 2",
        ),
        (good.replacen("\n", "\n{}\n", 1), "at line 2: it is neither"),
        (good.replacen("\n", "\n[1\n", 1), "at line 2: it is no JSON"),
        (cut, "ends too early"),
        (short, "rows are missing"),
        (named, "there is no column"),
        (
            good.replace("-1,500000000000", "\"x\",500000000000"),
            "has another type",
        ),
    ] {
        std::fs::write(&path, text).unwrap();
        let refused = Store::restore(&place.address, &path, true, NOW)
            .await
            .unwrap_err();
        let text = refused.to_string();
        let named = text.contains("backup.jsonl");
        assert!(text.contains(why) && named, "{refused}");
    }
    let newest = format!("\"schema\":{}", crate::store::migrate::newest());
    std::fs::write(&path, good.replace(&newest, "\"schema\":99")).unwrap();
    let refused = Store::restore(&place.address, &path, true, NOW)
        .await
        .unwrap_err();
    assert!(
        matches!(refused, StoreError::Newer { found: 99, .. }),
        "{refused}"
    );
    assert_eq!(contents(&store, folder.path()).await, before);
    assert_eq!(
        store
            .list::<KeyRow>(&Query::new().page(1, 1))
            .await
            .unwrap()
            .total,
        2_500
    );
    place.remove(store).await;
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_named_with_the_reason() {
    let place = Place::sqlite().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let store = filled(&place).await;
    std::fs::write(path("there"), "x").unwrap();
    store.copy_file(&path("copy.db")).await.unwrap();
    std::fs::write(path("bytes"), [b'{', 0xff, 0xfe]).unwrap();
    for (refused, words) in [
        (
            store.dump(&path("there")).await.unwrap_err(),
            ["cannot make", "/there: ", "exists"],
        ),
        (
            store.copy_file(&path("there")).await.unwrap_err(),
            ["cannot make", "/there: ", "exists"],
        ),
        (
            store.dump(&path("none/backup")).await.unwrap_err(),
            ["cannot make", "none/backup.partial: ", "No such file"],
        ),
        (
            Store::restore(&place.address, &path("none"), true, NOW)
                .await
                .unwrap_err(),
            ["cannot read", "/none: ", "No such file"],
        ),
        (
            Store::restore(&place.address, &path("copy.db"), true, NOW)
                .await
                .unwrap_err(),
            ["/copy.db is no backup", "SQLite file", "database_url"],
        ),
        (
            Store::restore(&place.address, &path("bytes"), true, NOW)
                .await
                .unwrap_err(),
            ["/bytes is no backup", "JSON lines", "sluice backup"],
        ),
    ] {
        let text = refused.to_string();
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    }
    place.remove(store).await;
}

async fn kept_under_a_gateway(place: Option<Place>) {
    let Some(place) = place else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.jsonl");
    let store = filled(&place).await;
    store.dump(&path).await.unwrap();
    let before = contents(&store, folder.path()).await;
    let gateway = Gateway {
        id: "g".to_owned(),
        host: "here".to_owned(),
        process: 7,
    };
    let restore = || Store::restore(&place.address, &path, true, NOW);

    store.gateway_is_here(&gateway).await.unwrap();
    store.gateway_is_here(&gateway).await.unwrap();
    let refused = restore().await.unwrap_err().to_string();
    let words = ["process 7 on here, seen 0 s ago", "stop it first", "20 s"];
    assert!(words.iter().all(|it| refused.contains(it)), "{refused}");
    assert_eq!(contents(&store, folder.path()).await, before);

    // It ended, or it was killed and is not heard of any more.
    store.gateway_is_gone(&gateway).await.unwrap();
    restore().await.unwrap().close().await;
    store.gateway_is_here(&gateway).await.unwrap();
    let mut connection = store.pools.write().await.unwrap();
    let long_ago = "UPDATE sluice.gateways SET seen_at = seen_at - 20001";
    connection.script(long_ago).await.unwrap();
    connection.commit().await.unwrap();
    restore().await.unwrap().close().await;
    place.remove(store).await;
}

#[tokio::test]
async fn nothing_is_restored_under_a_gateway_on_a_file() {
    kept_under_a_gateway(Place::sqlite().await).await;
}

#[tokio::test]
async fn nothing_is_restored_under_a_gateway_on_a_server() {
    kept_under_a_gateway(Place::postgres().await).await;
}
