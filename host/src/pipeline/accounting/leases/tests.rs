//! Two replicas on one database, with what their keepers of leases do in turn.

use super::super::others::tests::{CENT, Replica, budget};
use super::*;
use crate::budget::{Reason, Refusal};
use crate::store::Store;
use crate::store::tests::{Place, run};

/// Two replicas that know of each other.
fn both(store: &Store) -> [Replica; 2] {
    [0, 1].map(|_| {
        let replica = Replica::start(store);
        replica.accounting.share_among(2);
        replica
    })
}

async fn keep(replica: &Replica) {
    // Counting finds no gateway in a test.
    let counted = Some(Instant::now());
    let mut keeper = Keeper {
        counted,
        ..Keeper::default()
    };
    replica.accounting.keep_leases_once(&mut keeper).await;
}

/// Whether a call went, with what its keeper does for it.
async fn called(replica: &mut Replica, cost: Usd) -> bool {
    if replica.call(cost).await {
        return true;
    }
    keep(replica).await;
    replica.call(cost).await
}

async fn two_spend_a_budget_together(store: &Store) {
    let price = Usd::from_pico(CENT.pico() / 100);
    let mut both = both(store);
    let mut went = 0;
    for turn in 0..400 {
        let [one, two] = &mut both;
        let (own, other) = if turn % 2 == 0 {
            (one, two)
        } else {
            (two, one)
        };
        went += i128::from(called(own, price).await);
        match turn % 7 {
            0 => own.flush().await,
            // It hears that the other one wants some.
            3 => keep(other).await,
            _ => {}
        }
        if turn > 300 {
            // An answer that nothing is left holds for half a second.
            own.accounting.ledger().end_lease(&budget().0);
        }
    }
    assert!((100..=102).contains(&went), "{went}");
    for replica in &both {
        replica.flush().await;
    }
}

fn ask(need: Usd) -> LeaseAsk {
    LeaseAsk {
        max_budget: CENT,
        owed: Usd::ZERO,
        need,
        holders: 2,
    }
}

async fn a_lease_begins_with_what_is_not_stored(store: &Store) {
    let half = Usd::from_pico(CENT.pico() / 2);
    let [mut one, two] = both(store);
    // Alone, it spends without a lease.
    one.accounting.ledger().set_shared(false);
    assert!(one.call(half).await && one.call(Usd::from_pico(1)).await);
    one.accounting.share_among(2);
    assert!(called(&mut one, Usd::from_pico(1)).await);
    let (entity, span) = (payer(&budget().0), span(&budget().0));
    let lease = LeaseOf {
        entity: &entity,
        span: &span,
        holder: two.accounting.inner.journal.id(),
    };
    store.begin_lease(lease).await.unwrap();
    let rest = store.take_lease(lease, ask(CENT)).await.unwrap().unwrap();
    assert!(Usd::ZERO < rest.granted && rest.granted < half, "{rest:?}");
    assert!(!rest.enough);
    // Once stored it is no longer leased, and nothing changes by that.
    one.flush().await;
    let more = store.take_lease(lease, ask(CENT)).await.unwrap().unwrap();
    assert_eq!(more.granted, Usd::ZERO);
}

async fn a_lease_that_is_not_renewed_is_free_for_others(store: &Store) {
    let third = Usd::from_pico(CENT.pico() / 3);
    let [mut one, two] = both(store);
    assert!(called(&mut one, third).await);
    let (entity, span) = (payer(&budget().0), span(&budget().0));
    let of = |replica: &Replica| replica.accounting.inner.journal.id().to_owned();
    let [first, second] = [of(&one), of(&two)];
    let lease = |holder| LeaseOf {
        entity: &entity,
        span: &span,
        holder,
    };
    store.begin_lease(lease(&second)).await.unwrap();
    let refused = store.take_lease(lease(&second), ask(CENT)).await.unwrap();
    assert!(!refused.unwrap().enough && refused.unwrap().others_spare);
    let wanted = store.wanted_leases(&first).await.unwrap();
    assert_eq!(wanted, [(entity.kind, entity.id.to_string(), span.clone())]);
    store.renew_leases(&first).await.unwrap();
    store.end_leases(&first).await.unwrap();
    let taken = store.take_lease(lease(&second), ask(third)).await.unwrap();
    assert!(taken.unwrap().enough && !taken.unwrap().others_spare);
    assert_eq!(
        store.take_lease(lease(&first), ask(third)).await.unwrap(),
        None
    );
    two.flush().await;
}

/// What a call of another replica holds may come back: it is waited for, and nobody is told that
/// it is spent.
async fn what_another_replica_holds_is_neither_spent_nor_lost(store: &Store) {
    let [one, mut two] = both(store);
    let (id, mut terms) = budget();
    terms.soft_budget = Some(Usd::from_pico(CENT.pico() / 2));
    let path = async |it: &Replica| {
        let budgets = [(id.clone(), terms.clone())];
        it.accounting
            .inner
            .books()
            .path(&budgets, now_ms())
            .await
            .unwrap()
            .0
    };
    let refused = async |it: &Replica, amount: Usd| {
        let now = now_ms();
        match path(it).await.try_reserve(Some(amount), now) {
            Err(Refusal::Exceeded(exceeded)) => exceeded.reason,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(&one, CENT).await, Reason::Leased);
    keep(&one).await;
    let call = path(&one).await.try_reserve(Some(CENT), now_ms()).unwrap();
    let call = call.start();
    // All of it is leased and none of that is spent; one gives back nothing, as a call holds it.
    for _ in 0..3 {
        assert_eq!(refused(&two, CENT).await, Reason::Leased);
        keep(&two).await;
        assert_eq!(refused(&two, CENT).await, Reason::Leased);
        keep(&one).await;
        two.accounting.ledger().end_lease(&id);
    }
    assert_eq!((one.spent(), two.spent()), (Usd::ZERO, Usd::ZERO));
    let settled = call.settle(Usd::from_pico(1), now_ms());
    assert_eq!(settled.crossed, []);
    assert_eq!(refused(&two, CENT).await, Reason::Leased);
    keep(&two).await;
    keep(&one).await;
    two.accounting.ledger().end_lease(&id);
    assert!(called(&mut two, Usd::from_pico(CENT.pico() - 1)).await);
    two.flush().await;
}

#[tokio::test(start_paused = true)]
async fn who_sees_nobody_else_is_alone_after_a_while_and_not_at_once() {
    let mut keeper = Keeper::default();
    assert!(!keeper.is_alone(1));
    tokio::time::advance(ALONE_AFTER).await;
    assert!(keeper.is_alone(1));
    assert!(!keeper.is_alone(2) && !keeper.is_alone(1));
    tokio::time::advance(ALONE_AFTER).await;
    // The database was away meanwhile: the others have to be heard first.
    keeper.misses();
    assert!(!keeper.is_alone(0));
}

#[tokio::test]
async fn replicas_lease_on_sqlite() {
    run(Place::sqlite().await, two_spend_a_budget_together).await;
    run(
        Place::sqlite().await,
        a_lease_begins_with_what_is_not_stored,
    )
    .await;
    run(
        Place::sqlite().await,
        a_lease_that_is_not_renewed_is_free_for_others,
    )
    .await;
    run(
        Place::sqlite().await,
        what_another_replica_holds_is_neither_spent_nor_lost,
    )
    .await;
}

#[tokio::test]
async fn replicas_lease_on_postgres() {
    run(Place::postgres().await, two_spend_a_budget_together).await;
    run(
        Place::postgres().await,
        a_lease_begins_with_what_is_not_stored,
    )
    .await;
    run(
        Place::postgres().await,
        a_lease_that_is_not_renewed_is_free_for_others,
    )
    .await;
    run(
        Place::postgres().await,
        what_another_replica_holds_is_neither_spent_nor_lost,
    )
    .await;
}
