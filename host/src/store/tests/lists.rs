//! Pages of long lists, which are read in two ways by how many rows a filter leaves.

use std::collections::BTreeSet;

use super::{NOW, both};
use crate::domain::{Entity, EntityKind, Usd};
use crate::store::{Filter, KeyRow, Query, Stamp, Store, TOTAL, TeamRow};

/// More than are rather found and sorted than met in order.
const KEYS: i64 = 5_200;
const PAGE: u64 = 1_000;

pub(super) async fn fill(store: &Store) {
    let team = TeamRow {
        id: "t".to_owned(),
        stamp: Stamp::new(NOW, "admin"),
        ..TeamRow::default()
    };
    let rows: Vec<KeyRow> = (0..KEYS)
        .map(|n| KeyRow {
            id: format!("{:05}", n * 7_919 % 100_000),
            name: format!("sk-...{:02}", n % 40),
            alias: (n % 3 == 0).then(|| format!("alias {}", n * 31 % KEYS)),
            team_id: (n % 2 == 0).then(|| "t".to_owned()),
            expires_at: (n % 700 == 0).then_some(NOW + n),
            max_budget: (n % 5 != 0).then(|| Usd::from_pico(i128::from(n % 90))),
            stamp: Stamp::new(NOW + n % 50, "admin"),
            ..KeyRow::default()
        })
        .collect();
    let mut change = store.change(NOW).await.unwrap();
    change.insert(&team).await.unwrap();
    change.insert_all(&rows).await.unwrap();
    for (n, row) in (0i128..).zip(&rows).step_by(3) {
        let entity = Entity::new(EntityKind::Key, row.id.as_str());
        let spent = Usd::from_pico(n % 70 * 700_000_000_000);
        change.set_spent(&entity, TOTAL, spent).await.unwrap();
    }
    change.commit().await.unwrap();
}

/// The pages of a list, one after the other, are the list as it is read at once.
async fn pages_are_the_list(store: &Store, query: Query) {
    let whole = store.list::<KeyRow>(&query).await.unwrap();
    let whole: Vec<String> = whole.rows.into_iter().map(|it| it.id).collect();
    let mut paged = Vec::new();
    for number in 1.. {
        let page = query.clone().page(number, PAGE);
        let page = store.list::<KeyRow>(&page).await.unwrap();
        assert_eq!(usize::try_from(page.total).unwrap(), whole.len());
        if page.rows.is_empty() {
            break;
        }
        paged.extend(page.rows.into_iter().map(|it| it.id));
    }
    assert_eq!(paged, whole, "{query:?}");
    let different: BTreeSet<&String> = whole.iter().collect();
    assert_eq!(different.len(), whole.len());
}

both! {
    async fn pages_are_the_list_whatever_it_is_sorted_by(store: &Store) {
        fill(store).await;
        let columns = [
            "id", "created_at", "updated_at", "name", "alias", "team_id", "user_id", "max_budget",
            "expires_at", "spend",
        ];
        for column in columns {
            for descending in [false, true] {
                let all = || Query::new().sorted(column, descending);
                pages_are_the_list(store, all()).await;
                pages_are_the_list(store, all().is("team_id", "t")).await;
            }
            let few = Filter::Contains("alias", "S 77".to_owned());
            pages_are_the_list(store, Query::new().sorted(column, true).with(few)).await;
        }
    }

    async fn a_list_by_spend_has_who_never_spent(store: &Store) {
        let key = |id: &str| KeyRow {
            id: id.to_owned(),
            stamp: Stamp::new(NOW, "admin"),
            ..KeyRow::default()
        };
        let mut change = store.change(NOW).await.unwrap();
        change.insert_all(&["a", "b", "c"].map(key)).await.unwrap();
        let spender = Entity::new(EntityKind::Key, "b");
        change.set_spent(&spender, TOTAL, Usd::from_pico(7)).await.unwrap();
        change.commit().await.unwrap();
        let mut change = store.change(NOW).await.unwrap();
        change.rotate_key("b", &key("d"), None).await.unwrap();
        change.commit().await.unwrap();
        let page = Query::new().sorted("spend", true).page(1, 10);
        let page = store.list::<KeyRow>(&page).await.unwrap();
        let ids: Vec<&str> = page.rows.iter().map(|it| it.id.as_str()).collect();
        assert_eq!((page.total, ids.as_slice()), (3, ["d", "c", "a"].as_slice()));
    }
}
