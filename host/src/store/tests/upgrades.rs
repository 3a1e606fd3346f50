//! A database of every earlier schema still opens. Each schema leaves a backup behind, made when
//! it was the newest, and frozen once there is another.

use serde_json::value::RawValue;

use super::bodies::bodies;
use super::remote::object;
use super::responses::response;
use super::spend::{call, days};
use super::{NOW, Place};
use crate::domain::{Entity, EntityKind, Usd};
use crate::store::open::Pools;
use crate::store::{
    AuditEntry, AuditFilter, BudgetRow, Dimension, Gateway, KeyRow, SpendFilter, Stamp, Store,
    TOTAL, TeamMemberRow, TeamRow, UserRow, member_id, migrate,
};

/// The backups, by version of the schema.
const FIXTURES: [&str; 18] = [
    include_str!("fixtures/schema-0001.jsonl"),
    include_str!("fixtures/schema-0002.jsonl"),
    include_str!("fixtures/schema-0003.jsonl"),
    include_str!("fixtures/schema-0004.jsonl"),
    include_str!("fixtures/schema-0005.jsonl"),
    include_str!("fixtures/schema-0006.jsonl"),
    include_str!("fixtures/schema-0007.jsonl"),
    include_str!("fixtures/schema-0008.jsonl"),
    include_str!("fixtures/schema-0009.jsonl"),
    include_str!("fixtures/schema-0010.jsonl"),
    include_str!("fixtures/schema-0011.jsonl"),
    include_str!("fixtures/schema-0012.jsonl"),
    include_str!("fixtures/schema-0013.jsonl"),
    include_str!("fixtures/schema-0014.jsonl"),
    include_str!("fixtures/schema-0015.jsonl"),
    include_str!("fixtures/schema-0016.jsonl"),
    include_str!("fixtures/schema-0017.jsonl"),
    include_str!("fixtures/schema-0018.jsonl"),
];

/// What every fixture holds, in the words of its time.
async fn fill(store: &Store) {
    let some = |text: &str| Some(text.to_owned());
    let mut change = store.change(NOW).await.unwrap();
    let budget = BudgetRow {
        id: "budget".to_owned(),
        max_budget: Usd::from_dollars(12.5),
        stamp: Stamp::new(NOW, "admin"),
        ..BudgetRow::default()
    };
    let team = TeamRow {
        id: "team".to_owned(),
        alias: some("Team"),
        stamp: Stamp::new(NOW, "admin"),
        ..TeamRow::default()
    };
    let user = UserRow {
        id: "user".to_owned(),
        email: some("user@example.com"),
        stamp: Stamp::new(NOW, "admin"),
        ..UserRow::default()
    };
    let member = TeamMemberRow {
        id: member_id("team", "user"),
        team_id: "team".to_owned(),
        user_id: "user".to_owned(),
        role: "admin".to_owned(),
        budget_id: some("budget"),
        stamp: Stamp::new(NOW, "admin"),
        ..TeamMemberRow::default()
    };
    let mut key = KeyRow {
        id: "hash".to_owned(),
        name: "sk-...abcd".to_owned(),
        alias: some("alias"),
        user_id: some("user"),
        team_id: some("team"),
        max_budget: Usd::from_dollars(0.01),
        stamp: Stamp::new(NOW, "admin"),
        ..KeyRow::default()
    };
    key.doc.limits.rpm_limit = Some(60);
    change.insert(&budget).await.unwrap();
    change.insert(&team).await.unwrap();
    change.insert(&user).await.unwrap();
    change.insert(&member).await.unwrap();
    change.insert(&key).await.unwrap();
    change.audit(AuditEntry {
        at: NOW,
        action: "created".to_owned(),
        ..AuditEntry::default()
    });
    change.commit().await.unwrap();
    let payers = [Entity::new(EntityKind::Key, "hash")];
    let row = call("call", Usd::from_dollars(0.005), &payers);
    store.settle(&[row]).await.unwrap();
    store.keep_bodies(&[bodies("call")]).await.unwrap();
    store.keep_responses(&[response("resp_1")]).await.unwrap();
    store.keep_remote(&object("file-1", "file")).await.unwrap();
    store.keep_lines(("file-1", 0), "{}\n", NOW).await.unwrap();
}

#[tokio::test]
async fn the_newest_fixture_is_of_this_schema() {
    let place = Place::sqlite().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("now.jsonl");
    let store = place.open().await;
    fill(&store).await;
    store.dump(&path).await.unwrap();
    let now = std::fs::read_to_string(&path).unwrap();
    let tables = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|it| it.contains("\"table\":"));
        lines.map(str::to_owned).collect()
    };
    let newest = FIXTURES[FIXTURES.len() - 1];
    assert_eq!(
        tables(&now),
        tables(newest),
        "a new fixture could be:\n{now}"
    );
    assert_eq!(FIXTURES.len(), migrate::MIGRATIONS.len());
    place.remove(store).await;
}

async fn opens(place: Option<Place>, fixture: &str) {
    let Some(place) = place else { return };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), fixture).unwrap();
    let restored = Store::restore(&place.address, file.path(), false, NOW).await;
    restored.unwrap().close().await;
    let store = place.open().await;
    let holder = store.holder("hash", NOW).await.unwrap().unwrap();
    assert_eq!(holder.key.alias.as_deref(), Some("alias"));
    assert_eq!(holder.key.max_budget, Usd::from_dollars(0.01));
    assert_eq!(holder.key.doc.limits.rpm_limit, Some(60));
    assert_eq!(holder.team.unwrap().alias.as_deref(), Some("Team"));
    assert_eq!(holder.member.unwrap().role, "admin");
    assert_eq!(
        holder.member_budget.unwrap().max_budget,
        Usd::from_dollars(12.5)
    );
    let accounts = store
        .accounts(&[Entity::new(EntityKind::Key, "hash")])
        .await
        .unwrap();
    assert_eq!(
        (accounts[0].span.as_str(), accounts[0].spent),
        (TOTAL, Usd::from_dollars(0.005).unwrap())
    );
    let rows = store
        .spend_rows(&SpendFilter::default(), None, 9)
        .await
        .unwrap();
    assert_eq!((rows.len(), rows[0].lines.len()), (1, 1));
    assert_eq!(
        store
            .audit_log(&AuditFilter::default(), 9)
            .await
            .unwrap()
            .len(),
        1
    );
    place.remove(store).await;
}

#[tokio::test]
async fn every_earlier_schema_is_brought_up_to_date() {
    for fixture in FIXTURES {
        opens(Place::sqlite().await, fixture).await;
        opens(Place::postgres().await, fixture).await;
    }
}

async fn bodies_move(place: Option<Place>) {
    let Some(place) = place else { return };
    // As a migration from another gateway brought them, when they were columns of the row.
    let filled = r#","{\"messages\":[]}","{\"choices\":[]}"]"#;
    let mut lines: Vec<String> = FIXTURES[2].lines().map(str::to_owned).collect();
    let head = lines
        .iter()
        .position(|it| it.contains(r#""table":"spend_rows""#));
    let row = &mut lines[head.unwrap() + 1];
    *row = format!("{}{filled}", row.strip_suffix(",null,null]").unwrap());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), lines.join("\n")).unwrap();
    let store = Store::restore(&place.address, file.path(), false, NOW).await;
    let store = store.unwrap();
    let found = store.spend_bodies(&["call"]).await.unwrap();
    let found = &found["call"];
    let text = |body: Option<&RawValue>| body.map(|it| it.get().to_owned());
    let request = text(found.request.as_deref());
    assert_eq!(request.as_deref(), Some(r#"{"messages":[]}"#));
    let response = text(found.response.as_deref());
    assert_eq!(response.as_deref(), Some(r#"{"choices":[]}"#));
    assert_eq!(store.forget_bodies(found.started_ms, 9).await.unwrap(), 0);
    assert_eq!(
        store.forget_bodies(found.started_ms + 1, 9).await.unwrap(),
        1
    );
    place.remove(store).await;
}

#[tokio::test]
async fn bodies_that_stood_in_the_rows_stand_beside_them() {
    bodies_move(Place::sqlite().await).await;
    bodies_move(Place::postgres().await).await;
}

async fn customers_are_summed(place: Option<Place>) {
    let Some(place) = place else { return };
    let sum = |key: &str, model: &str| {
        format!(
            r#"["end_user",20717,"c","{key}","group","{model}","openai","chat",10,5,0,0,1,600000000000,1,1,0]"#
        )
    };
    let mut lines: Vec<String> = FIXTURES[15].lines().map(str::to_owned).collect();
    let head = lines
        .iter()
        .position(|it| it.contains(r#""table":"rollups""#));
    let sums = [sum("hash", "m"), sum("hash", "n"), sum("other", "m")];
    let place_of_sums = head.unwrap() + 1;
    lines.splice(place_of_sums..place_of_sums, sums);
    *lines.last_mut().unwrap() = r#"{"rows":30}"#.to_owned();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), lines.join("\n")).unwrap();
    let store = Store::restore(&place.address, file.path(), false, NOW).await;
    let store = store.unwrap();
    let all = days(EntityKind::EndUser, &[]);
    let spent = async |by: &[Dimension]| -> Vec<(String, Option<Usd>)> {
        let rows = store.usage(&all, by).await.unwrap().into_iter();
        rows.map(|it| (it.values.join("/"), Some(it.sums.spent)))
            .collect()
    };
    let of = |name: &str, dollars: f64| (name.to_owned(), Usd::from_dollars(dollars));
    let by_key = [of("c/hash", 3.2), of("c/other", 1.6)];
    assert_eq!(spent(&[Dimension::Entity, Dimension::Key]).await, by_key);
    assert_eq!(
        spent(&[Dimension::Model]).await,
        [of("m", 3.2), of("n", 1.6)]
    );
    place.remove(store).await;
}

#[tokio::test]
async fn customers_of_earlier_days_have_their_coarser_sums_too() {
    customers_are_summed(Place::sqlite().await).await;
    customers_are_summed(Place::postgres().await).await;
}

#[tokio::test]
async fn every_table_is_in_the_backup() {
    use crate::store::backup::TABLES;
    for place in [Place::sqlite().await, Place::postgres().await] {
        let Some(place) = place else { continue };
        let store = place.open().await;
        let mut connection = store.pools.read().await.unwrap();
        let mut there = crate::store::backup::tables(&mut connection).await.unwrap();
        drop(connection);
        there.retain(|it| {
            let left_out = [
                "migrations",
                "gateways",
                "leases",
                "lease_wants",
                "sessions",
            ];
            !left_out.contains(&it.as_str())
        });
        there.sort();
        let mut ours: Vec<&str> = TABLES.iter().map(|it| it.0).collect();
        ours.sort_unstable();
        assert_eq!(there, ours);
        place.remove(store).await;
    }
}

/// SHA-256 of the text of every migration, oldest first.
const PINNED: [&str; 18] = [
    "b39a144cc4c69659175b20667d478b3f8932c07ebd8dbf4cd7bdd96cf65f03c4",
    "ed7e44cc4183c5ff689f258b685350643dcbab18d928e78e561b5b93087e614d",
    "fa0244e53dc83a60c0d217d760efbc86fec7618e917c85e8821c29cbdd1e4fe7",
    "c7e4d86d024e84413b2a9d1d029aba6a05a84281d7126d355e0044c6f4094822",
    "f6ef004f73426970e66360f75e8be0fa84946584c8f4f5375229470e7ddc8c5f",
    "70967e5809f960e9179ceab675cd82f4a68a150b25a300192f102d56f7a30fdb",
    "3ac4dc0b70900c6ee80576a281d22b840dc89237575978909152852719d3d155",
    "bf2c4f394afc5c7cadd48db80e3658e33d8bbb7e308396a9b3ac72add38e2292",
    "0a3c8c7d79935bf9ab9161d3732f5bb12548b1b7cba0202d4679b9f8b66e878a",
    "7bb3d37d021f76571409930c97883d1cac55036883e6566debe4aa47c875ce9d",
    "21d60ed1ddaf6894edad6e970470fa83d312adcb7e2a6d057b4f6258ea885a42",
    "4702c850420f000c9c0fbd12cf736066858d5abcb95e9e58177993fd6a6a5bd3",
    "4c38dafdb145fb71803904dbe8ed84462ffe1a8b84f9518d5eddfa0ce9ef418b",
    "1c46e1a8d3e15e7d95033b8935d83a0deed9f6dc6dbe70494a6041e780aa1d84",
    "771f20fd5eae7eb9255489f4a392c3a2e49826f2386f4699023adc64cb8ffc02",
    "4ead69baf1168b52aac439aba73334d2783763c069381645012b8475ee21fb50",
    "89fb223f996cdec067525a0865324b06a54c0a44f1631b7933d1216a6ea0c3ca",
    "2a24aa913a6178c7fe12deea97129b4f475f1917c813d19cecb6a464a25adb5d",
];

#[test]
fn migrations_are_only_appended() {
    use sha2::{Digest as _, Sha256};
    let all = crate::store::migrate::MIGRATIONS;
    assert_eq!(
        PINNED.len(),
        all.len(),
        "a migration was added: pin its text here"
    );
    for (version, (text, pinned)) in (1..).zip(all.iter().zip(PINNED)) {
        let found: String = Sha256::digest(text.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            found, pinned,
            "migration {version} was changed, and databases that ran it would refuse to start: \
             bring its text back, and put the change into a new migration"
        );
    }
}

#[tokio::test]
async fn gateways_that_run_while_the_schema_changes_are_named() {
    let pools = Pools::memory().await.unwrap();
    let mut connection = migrate::begin(&pools).await.unwrap();
    let older = migrate::newest() - 1;
    let found = migrate::up_to(&mut connection, older, NOW).await.unwrap();
    assert!(!found, "there was none before");
    connection.commit().await.unwrap();
    let store = Store { pools };
    let gateway = Gateway {
        id: "one".to_owned(),
        host: "shed".to_owned(),
        process: 7,
    };
    store.gateway_is_here(&gateway).await.unwrap();
    let named = migrate::run(&store.pools, NOW).await.unwrap();
    let [one] = &*named else {
        panic!("{named:?}");
    };
    assert!(one.starts_with("process 7 on shed"), "{one}");
    let again = migrate::run(&store.pools, NOW).await.unwrap();
    assert!(again.is_empty(), "nothing changes");
}
