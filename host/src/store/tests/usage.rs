//! Sums by day: what counts for whom, and once.

use std::collections::BTreeMap;

use super::spend::{call, days};
use super::{NOW, Place, both};
use crate::domain::{Entity, EntityKind, SpendRow, Usd};
use crate::store::{Dimension, SpendFilter, SpendSort, Store, UsageFilter, UsageRow};

fn paid(id: &str, key: &str, payers: &[Entity]) -> SpendRow {
    let mut row = call(id, Some(Usd::from_pico(10)), payers);
    row.key_hash = key.to_owned();
    row
}

async fn sums(store: &Store, filter: &UsageFilter, by: &[Dimension]) -> Vec<(String, i128)> {
    let rows = store.usage(filter, by).await.unwrap();
    let rows = rows.into_iter();
    rows.map(|it| (it.values.join("/"), it.sums.spent.pico()))
        .collect()
}

both! {
    async fn the_gateways_spend_by_key_has_the_master_key(store: &Store) {
        let proxy = Entity::new(EntityKind::Proxy, "");
        let key = Entity::new(EntityKind::Key, "k");
        let rows = [
            paid("1", "k", &[key, proxy.clone()]),
            paid("2", "master", std::slice::from_ref(&proxy)),
            paid("3", "master", std::slice::from_ref(&proxy)),
        ];
        store.settle(&rows).await.unwrap();
        let all = days(EntityKind::Proxy, &[]);
        assert_eq!(sums(store, &all, &[]).await, [(String::new(), 30)]);
        let by_key = [("k".to_owned(), 10), ("master".to_owned(), 20)];
        assert_eq!(sums(store, &all, &[Dimension::Key]).await, by_key);
        let of_key = UsageFilter {
            only: vec![(Dimension::Key, vec!["master".to_owned()])],
            ..all
        };
        assert_eq!(sums(store, &of_key, &[]).await, [(String::new(), 20)]);
        let entity = UsageFilter {
            only: vec![(Dimension::Entity, vec!["k".to_owned()])],
            ..days(EntityKind::Key, &[])
        };
        assert_eq!(sums(store, &entity, &[]).await, [(String::new(), 10)]);
    }

    async fn customers_have_the_same_sums_by_whatever_is_asked(store: &Store) {
        use Dimension::{Day, Entity as Id, Key, Model, ModelGroup, Operation, Provider};
        let drawn = [
            (1, "c", "k", "m", 35),
            (2, "c", "k", "n", 20),
            (3, "c", "l", "m", 5),
            (4, "d", "k", "m", 40),
        ];
        let rows: Vec<SpendRow> = drawn
            .into_iter()
            .map(|(n, id, key, model, pico)| {
                let payer = Entity::new(EntityKind::EndUser, id);
                let mut row = call(&n.to_string(), Some(Usd::from_pico(pico)), &[payer]);
                row.key_hash = key.to_owned();
                row.model = model.to_owned();
                row.lines[0].model = model.to_owned();
                row
            })
            .collect();
        // One call comes later, to sums that are there.
        let (first, last) = rows.split_at(3);
        store.settle(first).await.unwrap();
        store.settle(last).await.unwrap();
        let all = days(EntityKind::EndUser, &[]);
        let whole = [Day, Id, Key, ModelGroup, Model, Provider, Operation];
        let fine = store.usage(&all, &whole).await.unwrap();
        let questions: [&[Dimension]; 9] = [
            &[Day],
            &[Day, Key],
            &[Day, Id],
            &[Day, Id, Key],
            &[Day, Key, ModelGroup, Model, Provider, Operation],
            &[Model],
            &[Id],
            &[Id, Model],
            &[Key, Provider],
        ];
        for by in questions {
            let mut wanted: BTreeMap<String, i128> = BTreeMap::new();
            for row in &fine {
                let value = |it: &Dimension| whole.iter().position(|at| at == it).filter(|at| *at > 0);
                let values: Vec<&str> = by.iter().filter_map(value).map(|at| &*row.values[at - 1]).collect();
                *wanted.entry(values.join("/")).or_default() += row.sums.spent.pico();
            }
            let found: BTreeMap<String, i128> = sums(store, &all, by).await.into_iter().collect();
            assert_eq!(found, wanted, "{by:?}");
        }
        assert_eq!(sums(store, &all, &[]).await, [(String::new(), 100)]);
        let of_d = days(EntityKind::EndUser, &["d"]);
        assert_eq!(sums(store, &of_d, &[Model]).await, [("m".to_owned(), 40)]);
        let but_d = UsageFilter { except: vec!["d".to_owned()], ..all.clone() };
        assert_eq!(sums(store, &but_d, &[Key]).await, [("k".to_owned(), 55), ("l".to_owned(), 5)]);
        // The customer who cost most, though another one has the dearest row.
        let top = store.usage_top(&all, &[Day, Id, Model, Key], 1).await.unwrap();
        assert_eq!((top[0].values.join("/"), top[0].sums.spent.pico()), ("c/m/k".to_owned(), 35));
        let used = store.used(EntityKind::EndUser, 0, i64::MAX).await.unwrap();
        assert_eq!(used.into_iter().map(|it| it.0).collect::<Vec<_>>(), ["c", "d"]);
    }

    async fn rows_are_given_as_they_are_where_each_is_a_group_of_its_own(store: &Store) {
        use Dimension::{Day, Entity as Id, Key, Model, ModelGroup, Operation, Provider};
        let team = |id: &str| Entity::new(EntityKind::Team, id);
        let mut rows = Vec::new();
        for (n, id, key, pico) in [(1, "t", "k", 30), (2, "t", "k", 20), (3, "u", "k", 40), (4, "u", "m", 10)] {
            let mut row = call(&n.to_string(), Some(Usd::from_pico(pico)), &[team(id)]);
            row.key_hash = key.to_owned();
            rows.push(row);
        }
        store.settle(&rows).await.unwrap();
        let whole = [Day, Id, Key, ModelGroup, Model, Provider, Operation];
        let some = &whole[..6];
        let teams = days(EntityKind::Team, &[]);
        let grouped = store.usage_top(&teams, some, 9).await.unwrap();
        let plain = store.usage_top(&teams, &whole, 9).await.unwrap();
        let facts = |it: &UsageRow| (it.day, it.values[..5].to_vec(), it.sums);
        assert_eq!(plain.iter().map(facts).collect::<Vec<_>>(), grouped.iter().map(facts).collect::<Vec<_>>());
        let spent = |it: &UsageRow| (it.values[0].clone(), it.sums.spent.pico());
        let dearest = store.usage_top(&teams, &whole, 2).await.unwrap();
        let dearest: Vec<_> = dearest.iter().map(spent).collect();
        assert_eq!(dearest, [("t".to_owned(), 50), ("u".to_owned(), 40)]);
        let by_name = store.usage(&teams, &whole).await.unwrap();
        let by_name: Vec<_> = by_name.iter().map(spent).collect();
        assert_eq!(by_name, [("t".to_owned(), 50), ("u".to_owned(), 40), ("u".to_owned(), 10)]);
    }

    async fn a_budget_for_a_model_counts_no_call_twice(store: &Store) {
        let team = Entity::new(EntityKind::Team, "t");
        let row = paid("1", "k", &[team.clone(), team.of_model("gpt-4o")]);
        store.settle(&[row]).await.unwrap();
        let teams = days(EntityKind::Team, &[]);
        assert_eq!(sums(store, &teams, &[]).await, [(String::new(), 10)]);
        let accounts = store.accounts(&[team.of_model("gpt-4o")]).await.unwrap();
        assert!(accounts.iter().all(|it| it.spent == Usd::from_pico(10)));
        assert_eq!(accounts.len(), 2);
    }

    async fn rows_of_several_teams_come_in_one_order(store: &Store) {
        let mut rows = Vec::new();
        for n in 0..12i64 {
            let mut row = paid(&format!("c{n:02}"), "k", &[]);
            row.started_ms = NOW + n / 2;
            row.team_id = Some(format!("t{}", n % 4));
            rows.push(row);
        }
        store.settle(&rows).await.unwrap();
        let filter = SpendFilter {
            team_ids: ["t0", "t1", "t2", "t1"].map(str::to_owned).to_vec(),
            ..SpendFilter::default()
        };
        let page = store.spend_rows_at(&filter, 2, 4).await.unwrap();
        let ids: Vec<&str> = page.iter().map(|it| it.call_id.as_str()).collect();
        assert_eq!(ids, ["c08", "c06", "c05", "c04"]);
        assert_eq!(store.count_spend_rows(&filter, 100).await.unwrap(), 9);
        assert_eq!(store.count_spend_rows(&filter, 5).await.unwrap(), 5);
    }

    async fn a_row_is_found_by_each_of_its_ids_once_and_within_what_is_asked(store: &Store) {
        let some = |text: &str| Some(text.to_owned());
        let mut mine = call("c1", None, &[Entity::new(EntityKind::Deployment, "d1")]);
        // Two kinds of ids that are the same text.
        (mine.user_id, mine.session_id) = (some("ann"), some("ann"));
        (mine.team_id, mine.end_user, mine.provider_id) = (some("t1"), some("c"), some("p1"));
        let mut theirs = call("c2", None, &[Entity::new(EntityKind::Deployment, "d1")]);
        (theirs.user_id, theirs.team_id) = (some("bob"), some("t1"));
        theirs.started_ms += 1;
        store.settle(&[mine, theirs]).await.unwrap();
        let found = async |filter: &SpendFilter| {
            let rows = store.spend_rows(filter, None, 9).await.unwrap();
            let counted = store.count_spend_rows(filter, 9).await.unwrap();
            assert_eq!(usize::try_from(counted).unwrap(), rows.len());
            let sorted = store.spend_rows_sorted(filter, (SpendSort::Cost, true), 0, 9).await;
            assert_eq!(sorted.unwrap().len(), rows.len());
            rows.into_iter().map(|it| it.call_id).collect::<Vec<_>>()
        };
        for (id, of_all, of_ann) in [
            ("c1", &["c1"][..], &["c1"][..]),
            ("p1", &["c1"], &["c1"]),
            ("ann", &["c1"], &["c1"]),
            ("bob", &["c2"], &[]),
            ("t1", &["c2", "c1"], &["c1"]),
            ("hash", &["c2", "c1"], &["c1"]),
            ("c", &["c1"], &["c1"]),
            ("d1", &["c2", "c1"], &["c1"]),
            ("d2", &[], &[]),
        ] {
            let all = SpendFilter { any_id: some(id), ..SpendFilter::default() };
            assert_eq!(found(&all).await, of_all, "{id}");
            let anns = SpendFilter { user_id: some("ann"), ..all.clone() };
            assert_eq!(found(&anns).await, of_ann, "{id} of ann");
            let other_team = SpendFilter { team_ids: vec!["t2".to_owned()], ..all };
            assert!(found(&other_team).await.is_empty(), "{id} of another team");
        }
    }
}

#[tokio::test]
async fn sums_of_each_kind_lie_apart() {
    let Some(place) = Place::postgres().await else {
        return;
    };
    let store = place.open().await;
    let payers = EntityKind::ALL.map(|it| Entity::new(it, "e"));
    store.settle(&[call("1", None, &payers)]).await.unwrap();
    let mut connection = store.pools.read().await.unwrap();
    let sql = "SELECT CAST(c.relname AS TEXT) AS part, r.kind FROM sluice.rollups r
        JOIN pg_class c ON c.oid = r.tableoid ORDER BY kind";
    let rows = connection.rows(sql, Vec::new()).await.unwrap();
    let own = [
        "end_user",
        "end_user_days",
        "end_users",
        "key",
        "organization",
        "tag",
        "team",
        "user",
    ];
    for row in rows {
        let (part, kind) = (row.text("part").unwrap(), row.text("kind").unwrap());
        let name = own.iter().find(|it| **it == kind).unwrap_or(&"others");
        assert_eq!(part, format!("rollups_{name}"), "{kind}");
    }
    let sql = "SELECT CAST(COUNT(*) AS BIGINT) AS count FROM pg_indexes
        WHERE schemaname = 'sluice' AND tablename LIKE 'rollups_%' AND indexdef LIKE '%brin (day)%'";
    let by_day = connection.row(sql, Vec::new()).await.unwrap().unwrap();
    assert_eq!(by_day.int("count").unwrap(), 9);
    drop(connection);
    place.remove(store).await;
}
