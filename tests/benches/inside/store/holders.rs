//! Keys and who holds them, made as the management API makes them.

use sluice::auth::hash_key;
use sluice::domain::Usd;
use sluice::store::{KeyRow, OrganizationRow, Stamp, Store, TeamRow, UserRow};

use super::now_ms;

/// Keys that call; the others are there.
pub const CALLING: u64 = 1_000;
/// Rows of one change.
const CHANGE: usize = 10_000;

/// A key that calls, and for whom.
#[derive(Debug, Clone)]
pub struct Holder {
    pub hash: String,
    pub user: String,
    pub team: String,
    pub organization: String,
}

/// The secret of a key.
pub fn secret(number: u64) -> String {
    format!("sk-bench-{number:012}")
}

/// Who calls, of so many keys: one user for ten keys, one team for a hundred, ten organisations.
pub fn calling(keys: u64) -> Vec<Holder> {
    let holder = |n: u64| Holder {
        hash: hash_key(&secret(n)).as_str().to_owned(),
        user: format!("user-{}", n / 10),
        team: format!("team-{}", n / 100),
        organization: format!("organization-{}", n / 100 % 10),
    };
    (0..keys.min(CALLING)).map(holder).collect()
}

/// Makes the keys and who holds them.
pub async fn fill(store: &Store, keys: u64) {
    let stamp = |number: u64| {
        let age = i64::try_from(number).unwrap() * 1000;
        Stamp::new(now_ms() - age, "bench")
    };
    let organizations: Vec<OrganizationRow> = (0..10)
        .map(|n| OrganizationRow {
            id: format!("organization-{n}"),
            stamp: stamp(n),
            ..OrganizationRow::default()
        })
        .collect();
    let teams: Vec<TeamRow> = (0..keys.div_ceil(100))
        .map(|n| TeamRow {
            id: format!("team-{n}"),
            alias: Some(format!("Team number {n}")),
            organization_id: Some(format!("organization-{}", n % 10)),
            max_budget: Some(Usd::from_pico(i128::from(n) * 1_000_000_000)),
            stamp: stamp(n),
            ..TeamRow::default()
        })
        .collect();
    let users: Vec<UserRow> = (0..keys.div_ceil(10))
        .map(|n| UserRow {
            id: format!("user-{n}"),
            alias: Some(format!("User {n}")),
            email: Some(format!("user{n}@example.com")),
            role: Some("internal_user".to_owned()),
            stamp: stamp(n),
            ..UserRow::default()
        })
        .collect();
    let mut change = store.change(now_ms()).await.unwrap();
    change.insert_all(&organizations).await.unwrap();
    change.insert_all(&teams).await.unwrap();
    change.insert_all(&users).await.unwrap();
    change.commit().await.unwrap();
    let mut rows = Vec::new();
    for n in 0..keys {
        let user = n / 10;
        let team = n / 100;
        let row = KeyRow {
            id: hash_key(&secret(n)).as_str().to_owned(),
            name: format!("sk-...{:04}", n % 10_000),
            alias: Some(format!("key {n} of a service")),
            user_id: Some(format!("user-{user}")),
            team_id: Some(format!("team-{team}")),
            max_budget: (n % 2 == 0).then(|| Usd::from_pico(i128::from(n) * 1_000_000_000)),
            expires_at: (n % 10 == 0).then(|| now_ms() + 86_400_000),
            stamp: stamp(n),
            ..KeyRow::default()
        };
        rows.push(row);
        if rows.len() == CHANGE || n + 1 == keys {
            let mut change = store.change(now_ms()).await.unwrap();
            change.insert_all(&rows).await.unwrap();
            change.commit().await.unwrap();
            rows.clear();
        }
    }
}
