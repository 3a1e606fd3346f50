//! Spend per entity is the sum of its rows, whatever is booked, and however often.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::Place;
use super::spend::{call, days};
use crate::domain::{CostLine, Entity, EntityKind, SpendRow, Usd};
use crate::store::{SpendFilter, Store, TOTAL};

/// A call of a generated batch: id, cost, payers, and whether it went to two model groups.
type Drawn = (u8, Option<i128>, Vec<u8>, bool);

/// Two holders of each kind, and of each a part that counts one model.
const HOLDERS: u8 = 4 * 11;

fn batches() -> impl Strategy<Value = Vec<Vec<Drawn>>> {
    let cost = proptest::option::weighted(0.8, -2_000_000_000_000i128..9_000_000_000_000);
    let payers = proptest::collection::btree_set(0..HOLDERS, 0..12);
    let payers = payers.prop_map(|it| it.into_iter().collect());
    let batch = proptest::collection::vec((0u8..12, cost, payers, any::<bool>()), 0..8);
    proptest::collection::vec(batch, 1..6)
}

/// A holder by number. Of deployments and providers, one that had an attempt.
fn entity(world: u64, n: u8) -> Entity {
    let kind = EntityKind::ALL[usize::from(n / 4)];
    let holder = match kind {
        EntityKind::Deployment => Entity::new(kind, format!("{world}-d{}", n % 2)),
        EntityKind::Provider => Entity::new(kind, format!("{world}-p{}", n % 2)),
        _ => Entity::new(kind, format!("{world}-{}", n % 2)),
    };
    let is_part = n % 4 > 1 && !matches!(kind, EntityKind::Deployment | EntityKind::Provider);
    if is_part {
        holder.of_model("m")
    } else {
        holder
    }
}

/// A call with two attempts; where it went to two groups, the first half of its payers are those of
/// the first one.
fn drawn(world: u64, (id, cost, payers, moved): &Drawn) -> SpendRow {
    let payers: Vec<Entity> = payers.iter().map(|it| entity(world, *it)).collect();
    let mut row = call(&format!("{world}-{id}"), cost.map(Usd::from_pico), &payers);
    let halves = payers.split_at(payers.len() / 2);
    let first = cost.map(|it| it / 2);
    let costs = [first, cost.zip(first).map(|(all, first)| all - first)];
    let lines = costs.into_iter().zip([halves.0, halves.1]).enumerate();
    row.lines = lines
        .map(|(at, (cost, own))| CostLine {
            deployment: format!("{world}-d{at}"),
            provider: format!("{world}-p{at}"),
            cost: cost.map(Usd::from_pico),
            of_group: moved.then(|| own.to_vec()),
            ..row.lines[0].clone()
        })
        .collect();
    row
}

/// Spend per entity is the sum of its rows, and of its days, after each of any batches.
async fn spend_is_the_sum(store: &Store, world: u64, batches: &[Vec<Drawn>]) {
    let mut wanted: BTreeMap<Entity, Usd> = BTreeMap::new();
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut again = Vec::new();
    for batch in batches {
        let rows: Vec<SpendRow> = batch.iter().map(|it| drawn(world, it)).collect();
        for row in &rows {
            if known.insert(row.call_id.clone()) {
                for payer in &row.payers {
                    *wanted.entry(payer.clone()).or_default() +=
                        row.share_of(payer).unwrap_or_default();
                }
            }
        }
        store.settle(&rows).await.unwrap();
        again.extend(rows);
        adds_up(store, &known, &wanted).await;
    }
    again.reverse();
    assert_eq!(store.settle(&again).await.unwrap().booked, 0);
    adds_up(store, &known, &wanted).await;
}

async fn adds_up(store: &Store, known: &BTreeSet<String>, wanted: &BTreeMap<Entity, Usd>) {
    let mut from_rows: BTreeMap<Entity, Usd> = BTreeMap::new();
    for id in known {
        let filter = SpendFilter {
            request_id: Some(id.clone()),
            ..SpendFilter::default()
        };
        let [row] =
            <[SpendRow; 1]>::try_from(store.spend_rows(&filter, None, 2).await.unwrap()).unwrap();
        for payer in &row.payers {
            *from_rows.entry(payer.clone()).or_default() += row.share_of(payer).unwrap_or_default();
        }
    }
    assert_eq!(from_rows, *wanted);
    let entities: Vec<Entity> = wanted.keys().cloned().collect();
    let accounts = store.accounts(&entities).await.unwrap().into_iter();
    let totals = accounts.filter(|it| it.span == TOTAL);
    let totals: BTreeMap<Entity, Usd> = totals.map(|it| (it.entity, it.spent)).collect();
    assert_eq!(totals, *wanted);
    for (entity, amount) in wanted.iter().filter(|(it, _)| !it.is_part()) {
        let usage = store.usage(&days(entity.kind, &[&entity.id]), &[]).await;
        let usage = usage.unwrap();
        let spent = usage.first().map_or(Usd::ZERO, |it| it.sums.spent);
        assert_eq!(spent, *amount, "{entity}");
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
