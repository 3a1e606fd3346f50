use serde_json::value::RawValue;

use super::{NOW, both, call};
use crate::domain::CallBodies;
use crate::store::{SpendFilter, Store};

/// Bodies of a call that started at `NOW`.
pub(crate) fn bodies(call_id: &str) -> CallBodies {
    let raw = |text: &str| RawValue::from_string(text.to_owned()).ok();
    CallBodies {
        call_id: call_id.to_owned(),
        started_ms: NOW,
        request: raw(r#"{"messages":[{"role":"user","content":"hi"}]}"#),
        response: raw(r#"{"choices":[]}"#),
    }
}

fn text(body: &Option<Box<RawValue>>) -> &str {
    body.as_deref().map_or("", RawValue::get)
}

both! {
    async fn bodies_come_before_their_row_or_after_it_and_once(store: &Store) {
        store.keep_bodies(&[bodies("early")]).await.unwrap();
        store.settle(&[call("early", None, &[]), call("late", None, &[])]).await.unwrap();
        let half = CallBodies { response: None, ..bodies("late") };
        store.keep_bodies(&[half]).await.unwrap();
        store.keep_bodies(&[bodies("late")]).await.unwrap();
        let found = store.spend_bodies(&["early", "late", "nobody"]).await.unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(text(&found["early"].response), r#"{"choices":[]}"#);
        assert!(text(&found["late"].request).contains("hi"));
        assert!(found["late"].response.is_none());
        let rows = store.spend_rows(&SpendFilter::default(), None, 9).await.unwrap();
        assert_eq!(rows.len(), 2);
    }

    async fn bodies_of_a_long_id_are_found_by_it(store: &Store) {
        let id = "x".repeat(1_000);
        store.keep_bodies(&[bodies(&id)]).await.unwrap();
        store.settle(&[call(&id, None, &[])]).await.unwrap();
        let row = store.spend_rows(&SpendFilter::default(), None, 9).await.unwrap().remove(0);
        let found = store.spend_bodies(&[&row.call_id]).await.unwrap();
        assert!(found.contains_key(&row.call_id));
    }

    async fn the_oldest_bodies_go_first(store: &Store) {
        let all: Vec<CallBodies> = (0..5)
            .map(|at| CallBodies { started_ms: NOW + at, ..bodies(&format!("c{at}")) })
            .collect();
        store.keep_bodies(&all).await.unwrap();
        assert_eq!(store.forget_bodies(NOW + 4, 3).await.unwrap(), 3);
        assert_eq!(store.forget_bodies(NOW + 4, 3).await.unwrap(), 1);
        let left = store.spend_bodies(&["c0", "c1", "c2", "c3", "c4"]).await.unwrap();
        assert_eq!(left.keys().collect::<Vec<_>>(), ["c4"]);
    }
}
