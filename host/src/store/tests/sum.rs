//! Spend per entity is the sum of its rows, whatever is booked, and however often.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;

use super::Place;
use super::spend::{call, days, spent, team};
use crate::domain::{Entity, EntityKind, SpendRow, Usd};
use crate::store::{SpendFilter, Store, TOTAL};

/// A call of a generated batch: id, cost, payers.
type Drawn = (u8, Option<i128>, Vec<u8>);

fn batches() -> impl Strategy<Value = Vec<Vec<Drawn>>> {
    let cost = proptest::option::weighted(0.8, -2_000_000_000_000i128..9_000_000_000_000);
    let payers = proptest::collection::btree_set(0u8..4, 0..4);
    let payers = payers.prop_map(|it| it.into_iter().collect());
    let batch = proptest::collection::vec((0u8..12, cost, payers), 0..8);
    proptest::collection::vec(batch, 1..6)
}

/// Spend per entity is the sum of its rows, and of its days, after any batches.
async fn spend_is_the_sum(store: &Store, world: u64, batches: &[Vec<Drawn>]) {
    let entity = |n: u8| team(&format!("{world}-{n}"));
    let mut wanted: BTreeMap<Entity, Usd> = BTreeMap::new();
    let mut known: HashMap<String, ()> = HashMap::new();
    let mut again = Vec::new();
    for batch in batches {
        let rows: Vec<SpendRow> = batch
            .iter()
            .map(|(id, cost, payers)| {
                let payers: Vec<Entity> = payers.iter().map(|it| entity(*it)).collect();
                call(&format!("{world}-{id}"), cost.map(Usd::from_pico), &payers)
            })
            .collect();
        for row in &rows {
            if known.insert(row.call_id.clone(), ()).is_none() {
                for payer in &row.payers {
                    *wanted.entry(payer.clone()).or_default() += row.cost.unwrap_or_default();
                }
            }
        }
        store.settle(&rows).await.unwrap();
        again.extend(rows);
    }
    again.reverse();
    assert_eq!(store.settle(&again).await.unwrap().booked, 0);
    let mut from_rows: BTreeMap<Entity, Usd> = BTreeMap::new();
    for id in known.keys() {
        let filter = SpendFilter {
            request_id: Some(id.clone()),
            ..SpendFilter::default()
        };
        let [row] =
            <[SpendRow; 1]>::try_from(store.spend_rows(&filter, None, 2).await.unwrap()).unwrap();
        for payer in row.payers {
            *from_rows.entry(payer).or_default() += row.cost.unwrap_or_default();
        }
    }
    assert_eq!(from_rows, wanted);
    for (entity, amount) in wanted {
        assert_eq!(spent(store, &entity, TOTAL).await, Some(amount));
        let usage = store
            .usage(&days(EntityKind::Team, &[&entity.id]), &[])
            .await;
        assert_eq!(usage.unwrap()[0].sums.spent, amount);
    }
}

fn any_batches(place: Option<Place>, runtime: &tokio::runtime::Runtime) {
    let Some(place) = place else { return };
    let store = runtime.block_on(place.open());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(32));
    let worlds = std::cell::Cell::new(0u64);
    runner
        .run(&batches(), |batches| {
            worlds.set(worlds.get() + 1);
            runtime.block_on(spend_is_the_sum(&store, worlds.get(), &batches));
            Ok(())
        })
        .unwrap();
    runtime.block_on(place.remove(store));
}

#[test]
fn spend_is_the_sum_of_its_rows_in_sqlite() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    any_batches(runtime.block_on(Place::sqlite()), &runtime);
}

#[test]
fn spend_is_the_sum_of_its_rows_in_postgres() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    any_batches(runtime.block_on(Place::postgres()), &runtime);
}
