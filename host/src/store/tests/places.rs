//! Pages that go on where the page before ended, while rows come and go.

use std::collections::{BTreeMap, BTreeSet};

use super::lists::fill;
use super::{NOW, both};
use crate::store::{
    Filter, KeyRow, Page, Place as After, Query, Stamp, Store, StoreError, TeamRow,
};

/// What both lists that are read whole below can be divided by: the last page is a full one.
const PAGE: u64 = 1_300;
const COLUMNS: [&str; 3] = ["created_at", "updated_at", "id"];

async fn whole(store: &Store, query: &Query) -> Vec<String> {
    let rows = store.list::<KeyRow>(query).await.unwrap().rows;
    rows.into_iter().map(|it| it.id).collect()
}

/// The pages of a list, one after the other, are the list as it is read at once.
async fn places_lead_through(store: &Store, query: Query) {
    let whole = whole(store, &query).await;
    let mut paged = Vec::new();
    let mut next = query.clone().page(1, PAGE);
    loop {
        let page = store.list::<KeyRow>(&next).await.unwrap();
        assert_eq!(
            usize::try_from(page.total).unwrap(),
            whole.len(),
            "{query:?}"
        );
        assert_eq!(page.rows.is_empty(), whole.is_empty(), "{query:?}");
        paged.extend(page.rows.into_iter().map(|it| it.id));
        match page.next {
            Some(place) => next = query.clone().after(place, PAGE),
            None => break,
        }
    }
    assert_eq!(paged, whole, "{query:?}");
}

fn key(id: &str, at: i64, team: &str) -> KeyRow {
    KeyRow {
        id: id.to_owned(),
        team_id: Some(team.to_owned()),
        stamp: Stamp::new(at, "admin"),
        ..KeyRow::default()
    }
}

/// Sixty keys of two teams, twelve of them made in each millisecond.
async fn few(store: &Store) {
    let team = |id: &str| TeamRow {
        id: id.to_owned(),
        stamp: Stamp::new(NOW, "admin"),
        ..TeamRow::default()
    };
    let row = |n: i64| {
        let team = if n % 4 == 0 { "u" } else { "t" };
        key(&format!("{n:02}"), NOW + n % 5, team)
    };
    let rows: Vec<KeyRow> = (0..60).map(row).collect();
    let mut change = store.change(NOW).await.unwrap();
    change.insert_all(&["t", "u"].map(team)).await.unwrap();
    change.insert_all(&rows).await.unwrap();
    change.commit().await.unwrap();
}

/// The keys of a list as they come and go while it is read.
struct Moving<'a> {
    store: &'a Store,
    query: Query,
    /// Who was there from the first page to the last.
    stayed: BTreeSet<String>,
    seen: BTreeMap<String, u32>,
    /// In the ids of what is made meanwhile.
    round: String,
}

impl Moving<'_> {
    /// Takes away the last row that was shown and the second that comes next, and makes rows
    /// beside the place, at either side of it in the same millisecond and beyond.
    async fn change(&mut self, number: usize, page: &Page<KeyRow>) {
        let last = page.rows.last().unwrap();
        let ahead: Vec<String> = whole(self.store, &self.query).await;
        let ahead = ahead.into_iter().filter(|it| !self.seen.contains_key(it));
        let gone = [Some(last.id.clone()), ahead.take(2).last()];
        let gone: Vec<String> = gone.into_iter().flatten().collect();
        for id in &gone {
            self.stayed.remove(id);
        }
        let (at, mark) = (last.stamp.created_at, format!("{}-{number}", self.round));
        let made = [
            key(&format!("{} {mark}", last.id), at, "t"),
            key(&format!("!{mark}"), at, "t"),
            key(&format!("~{mark}"), at, "t"),
            key(&format!("5 {mark} before"), at - 1, "t"),
            key(&format!("5 {mark} behind"), at + 1, "t"),
        ];
        let mut change = self.store.change(NOW).await.unwrap();
        change.delete::<KeyRow>(&gone).await.unwrap();
        change.insert_all(&made).await.unwrap();
        change.commit().await.unwrap();
    }

    async fn read(&mut self) {
        let mut next = self.query.clone().page(1, 7);
        for number in 0.. {
            let page = self.store.list::<KeyRow>(&next).await.unwrap();
            for row in &page.rows {
                *self.seen.entry(row.id.clone()).or_default() += 1;
            }
            let Some(place) = page.next.clone() else {
                break;
            };
            // Made ahead of every place, rows would never end.
            if number < 5 {
                self.change(number, &page).await;
            }
            next = self.query.clone().after(place, 7);
        }
    }
}

both! {
    async fn places_lead_through_lists_of_many_and_of_few(store: &Store) {
        fill(store).await;
        for column in COLUMNS {
            for descending in [false, true] {
                let all = || Query::new().sorted(column, descending);
                places_lead_through(store, all()).await;
                places_lead_through(store, all().is("team_id", "t")).await;
                let few = Filter::Contains("alias", "S 77".to_owned());
                places_lead_through(store, all().with(few)).await;
                places_lead_through(store, all().is("team_id", "nobody")).await;
            }
        }
    }

    async fn what_comes_and_goes_between_pages_hides_no_row_and_shows_none_twice(store: &Store) {
        few(store).await;
        for column in COLUMNS {
            for descending in [false, true] {
                for team in [None, Some("t")] {
                    let query = Query::new().sorted(column, descending);
                    let of_team = team.map(|it| Filter::Is("team_id", it.into()));
                    let query = query.with(Filter::All(of_team.into_iter().collect()));
                    let stayed = whole(store, &query).await.into_iter().collect();
                    let seen = BTreeMap::new();
                    let what = format!("{column} {descending} {team:?}");
                    let round = what.clone();
                    let mut moving = Moving { store, query, stayed, seen, round };
                    moving.read().await;
                    assert!(moving.seen.values().all(|it| *it == 1), "{what}: {:?}", moving.seen);
                    let missed = moving.stayed.iter().find(|it| !moving.seen.contains_key(*it));
                    assert_eq!(missed, None, "{what}");
                }
            }
        }
    }

    async fn only_lists_without_nulls_have_places(store: &Store) {
        few(store).await;
        let by = |column: &str| Query::new().sorted(column, true);
        for column in ["alias", "spend", "max_budget", "expires_at", "name"] {
            let page = store.list::<KeyRow>(&by(column).page(1, 7)).await.unwrap();
            assert_eq!((page.rows.len(), page.next), (7, None), "{column}");
        }
        let moment = After { at: Some(NOW), id: "07".to_owned() };
        let id = After { at: None, id: "07".to_owned() };
        for (column, place) in [("alias", &moment), ("spend", &id), ("id", &moment),
            ("created_at", &id), ("updated_at", &id)] {
            let query = by(column).after(place.clone(), 7);
            let refused = store.list::<KeyRow>(&query).await.unwrap_err();
            assert!(matches!(refused, StoreError::UnknownColumn { .. }), "{column}: {refused}");
        }
        // Longer than a page may be, it is read at once, from the place on.
        let rest = by("id").after(id, 20_000);
        let rest = store.list::<KeyRow>(&rest).await.unwrap();
        assert_eq!((rest.rows.len(), rest.total, rest.next), (7, 60, None));
    }
}
