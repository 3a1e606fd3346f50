//! Calls that are stored later than their window ended, or sooner than anybody told of its end: each
//! counts in the window in which it ended, and in all sums.

use super::spend::{call, days};
use super::{NOW, both};
use crate::domain::{Entity, EntityKind, SpendRow, Usd};
use crate::store::{Account, NextWindow, Store, TOTAL, WHOLE};

const END: i64 = NOW + 1000;
const NEXT: i64 = END + 1000;

fn team() -> Entity {
    Entity::new(EntityKind::Team, "t")
}

fn pico(amount: i128) -> Usd {
    Usd::from_pico(amount)
}

/// A call of the team that ended then.
fn ended(id: &str, at: i64, cost: i128) -> SpendRow {
    let mut row = call(id, Some(pico(cost)), &[team()]);
    row.ended_ms = at;
    row
}

async fn account(store: &Store, span: &str) -> Account {
    let all = store.accounts(&[team()]).await.unwrap();
    all.into_iter().find(|it| it.span == span).unwrap()
}

/// What its windows have, and what it has spent in all, by its account and by its days.
async fn spent(store: &Store) -> (i128, i128) {
    let whole = account(store, WHOLE).await.spent;
    assert_eq!(account(store, "1d").await.spent, whole);
    let total = account(store, TOTAL).await.spent;
    let days = days(EntityKind::Team, &["t"]);
    let usage = store.usage(&days, &[]).await.unwrap();
    assert_eq!(usage[0].sums.spent, total);
    (whole.pico(), total.pico())
}

/// Two windows of the team that end alike.
async fn open(store: &Store) {
    for span in [WHOLE, "1d"] {
        store.open_window(&team(), span, Some(END)).await.unwrap();
    }
}

/// They have ended.
async fn end(store: &Store, carried: i128) {
    for span in [WHOLE, "1d"] {
        let next = NextWindow {
            began_at: END,
            reset_at: Some(NEXT),
            carried: pico(carried),
        };
        let due = account(store, span).await;
        assert!(store.reset(&due, next).await.unwrap());
    }
}

both! {
    async fn what_is_stored_after_a_reset_counts_in_the_window_in_which_it_was_spent(store: &Store) {
        open(store).await;
        store.settle(&[ended("a", END - 500, 100)]).await.unwrap();
        assert_eq!(spent(store).await, (100, 100));
        end(store, 0).await;
        // One batch of a journal that waited for the database.
        let late = [ended("b", END - 1, 10), ended("c", END, 1), ended("d", END + 5, 2)];
        store.settle(&late).await.unwrap();
        assert_eq!(spent(store).await, (3, 113));
        // Sent again, it is neither lost nor counted twice.
        store.settle(&late).await.unwrap();
        assert_eq!(spent(store).await, (3, 113));
    }

    async fn what_is_stored_before_a_reset_is_not_lost_by_it(store: &Store) {
        open(store).await;
        store.settle(&[ended("a", END - 500, 100)]).await.unwrap();
        // Nobody has said yet that the window is over.
        store.settle(&[ended("b", END - 1, 10), ended("c", END + 1, 1)]).await.unwrap();
        assert!(account(store, WHOLE).await.is_rolled());
        store.settle(&[ended("d", END + 2, 2), ended("e", END - 2, 20)]).await.unwrap();
        assert_eq!(spent(store).await, (3, 133));
        end(store, Usd::PER_DOLLAR - 1).await;
        assert!(!account(store, WHOLE).await.is_rolled());
        assert_eq!(spent(store).await, (Usd::PER_DOLLAR + 2, 133));
    }

    async fn a_holder_without_windows_counts_everything(store: &Store) {
        store.settle(&[ended("a", END, 1), ended("b", NOW, 2)]).await.unwrap();
        let (whole, total) = (account(store, WHOLE).await, account(store, TOTAL).await);
        assert_eq!((whole.spent, total.spent), (pico(3), pico(3)));
    }
}
