//! What every call asks: is this key one, and is there money.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderMap;
use sluice::auth::{Door, KeySettings, Keys, Knock, OwnerRules, StoredKeys};
use sluice::budget::{AccountId, Ledger, Settings, Standing, Terms};
use sluice::domain::{Entity, EntityKind, Secret, Usd};
use sluice::store::Store;

use super::{holders, now_ms};

/// Checks of one run.
const CACHED: u32 = 100_000;
const UNCACHED: u64 = 5_000;

/// Proves keys at the door: one that is remembered, and thousands that are not.
pub async fn keys(store: &Store, count: u64) {
    let rows = Arc::new(StoredKeys::new(store.clone(), OwnerRules::default()));
    let keys = Keys::new(Some(rows), KeySettings::default());
    let door = Door::new(Some(Secret::new("sk-the-master-key")), keys);
    let same = headers(0);
    prove(&door, &same).await;
    let begun = Instant::now();
    for _ in 0..CACHED {
        prove(&door, &same).await;
    }
    let cached = begun.elapsed() / CACHED;
    let mut times: Vec<Duration> = Vec::new();
    // Far apart, as keys that come in no order.
    for n in 0..UNCACHED.min(count - 1) {
        let headers = headers(1 + n * 7_919 % (count - 1));
        let begun = Instant::now();
        prove(&door, &headers).await;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    println!("\ncached key check: {cached:?}");
    println!("uncached key check: p50 {:?}, p99 {:?}", at(50), at(99));
}

fn headers(number: u64) -> HeaderMap {
    let value = format!("Bearer {}", holders::secret(number));
    let mut headers = HeaderMap::new();
    headers.insert("authorization", value.parse().unwrap());
    headers
}

async fn prove(door: &Door, headers: &HeaderMap) {
    let knock = Knock {
        headers,
        path: "/v1/chat/completions",
        query: None,
        peer: None,
        now_ms: now_ms(),
    };
    let caller = door.prove(knock).await.unwrap();
    assert!(caller.key_hash().is_some());
}

/// Reserves and settles on the four accounts of a usual key.
pub fn reservations() {
    const CALLS: u32 = 1_000_000;
    let ledger = Ledger::new(Settings::default());
    let now = now_ms();
    let kinds = [
        (EntityKind::Key, "key"),
        (EntityKind::User, "user"),
        (EntityKind::Team, "team"),
        (EntityKind::Proxy, ""),
    ];
    let ids = kinds.map(|(kind, id)| AccountId::whole(Entity::new(kind, id)));
    for id in &ids {
        let terms = Terms {
            max_budget: Usd::from_dollars(1e9),
            ..Terms::default()
        };
        let standing = Standing {
            terms,
            ..Standing::default()
        };
        ledger.load(id.clone(), standing, now);
    }
    let cost = Usd::from_pico(1_000_000);
    let begun = Instant::now();
    for _ in 0..CALLS {
        let path = ledger.path(&ids).unwrap();
        let held = path.try_reserve(Some(cost), now).unwrap().start();
        held.settle(cost, now);
    }
    println!(
        "reserve and settle, 4 accounts: {:?}",
        begun.elapsed() / CALLS
    );
}
