//! What a gateway is told of a budget that others have leased.

use super::both;
use crate::domain::{Entity, EntityKind, Usd};
use crate::store::{LeaseAsk, LeaseOf, Leased, Store, WHOLE};

const MAX: Usd = Usd::from_pico(1000);

/// Asks for so much.
async fn take(store: &Store, of: LeaseOf<'_>, need: i128) -> Leased {
    let ask = LeaseAsk {
        max_budget: MAX,
        owed: Usd::ZERO,
        need: Usd::from_pico(need),
        holders: 2,
    };
    store.take_lease(of, ask).await.unwrap().unwrap()
}

both! {
    async fn what_calls_of_another_hold_may_come_back_and_what_they_spent_may_not(store: &Store) {
        let entity = Entity::new(EntityKind::Key, "k");
        let [one, two] = ["one", "two"].map(|holder| LeaseOf {
            entity: &entity,
            span: WHOLE,
            holder,
        });
        for of in [one, two] {
            store.begin_lease(of).await.unwrap();
        }
        assert!(take(store, one, 1000).await.enough);
        let refused = take(store, two, 1).await;
        assert!(refused.granted.is_zero() && !refused.enough && refused.others_spare);
        // Calls hold all of it.
        store.give_back_lease(one, (Usd::ZERO, true)).await.unwrap();
        assert!(take(store, two, 1).await.others_spare);
        // They have ended, and cost less.
        store.give_back_lease(one, (Usd::from_pico(400), false)).await.unwrap();
        assert!(take(store, two, 400).await.enough);
        let refused = take(store, two, 1).await;
        assert!(!refused.enough && !refused.others_spare);
        // Both have spent what they have; who asks in vain keeps nobody waiting.
        store.give_back_lease(two, (Usd::ZERO, false)).await.unwrap();
        assert!(!take(store, two, 1).await.enough);
        assert!(!take(store, one, 1).await.others_spare);
        // Leases are no spend.
        let accounts = store.accounts(std::slice::from_ref(&entity)).await.unwrap();
        assert!(accounts.iter().all(|it| it.spent.is_zero()), "{accounts:?}");
    }

    async fn a_lease_whose_time_is_over_is_free_for_others(store: &Store) {
        let entity = Entity::new(EntityKind::Key, "k");
        let [gone, here] = ["gone", "here"].map(|holder| LeaseOf {
            entity: &entity,
            span: WHOLE,
            holder,
        });
        for of in [gone, here] {
            store.begin_lease(of).await.unwrap();
        }
        assert!(take(store, gone, 1000).await.enough);
        assert!(!take(store, here, 1000).await.enough);
        let mut connection = store.pools.write().await.unwrap();
        let sql = "UPDATE sluice.leases SET expires_at = 1 WHERE holder = 'gone'";
        connection.execute(sql, Vec::new()).await.unwrap();
        connection.commit().await.unwrap();
        assert!(take(store, here, 1000).await.enough);
    }
}
