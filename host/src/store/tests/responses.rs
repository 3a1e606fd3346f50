use std::sync::Arc;

use super::{NOW, both};
use crate::domain::{DeploymentId, ResponsePlace, StoredResponse};
use crate::store::Store;

/// A response that the gateway has made, at `NOW`.
pub(crate) fn response(id: &str) -> Arc<StoredResponse> {
    Arc::new(StoredResponse {
        id: id.to_owned(),
        owner: "team:t".to_owned(),
        created_ms: NOW,
        model_group: "group".to_owned(),
        place: ResponsePlace::Here {
            input: r#"[{"type":"message","role":"user"}]"#.to_owned(),
            response: r#"{"object":"response"}"#.to_owned(),
        },
        account: None,
    })
}

both! {
    async fn responses_are_found_by_their_id_wherever_they_are(store: &Store) {
        let here = response("resp_here");
        let there = Arc::new(StoredResponse {
            place: ResponsePlace::There {
                deployment: DeploymentId::new("d1"),
                model: "gpt-5".to_owned(),
            },
            ..StoredResponse::clone(&response("resp_there"))
        });
        store.keep_responses(&[Arc::clone(&here), Arc::clone(&there)]).await.unwrap();
        for it in [here, there] {
            assert_eq!(store.response(&it.id).await.unwrap().as_ref(), Some(&*it));
        }
        assert_eq!(store.response("resp_other").await.unwrap(), None);
    }

    async fn a_response_stays_as_it_came_first(store: &Store) {
        let first = response("resp_1");
        let other = Arc::new(StoredResponse {
            owner: "team:other".to_owned(),
            ..StoredResponse::clone(&first)
        });
        store.keep_responses(&[Arc::clone(&first)]).await.unwrap();
        store.keep_responses(&[other, response("resp_2")]).await.unwrap();
        assert_eq!(store.response("resp_1").await.unwrap().as_ref(), Some(&*first));
        assert!(store.response("resp_2").await.unwrap().is_some());
    }

    async fn a_response_is_charged_until_it_is_booked(store: &Store) {
        let charged = Arc::new(StoredResponse {
            account: Some("{}".to_owned()),
            ..StoredResponse::clone(&response("resp_1"))
        });
        store.keep_responses(&[Arc::clone(&charged)]).await.unwrap();
        assert_eq!(store.response("resp_1").await.unwrap().as_ref(), Some(&*charged));
        store.response_is_booked("resp_1").await.unwrap();
        assert_eq!(store.response("resp_1").await.unwrap().as_ref(), Some(&*response("resp_1")));
    }

    async fn a_response_is_forgotten_once(store: &Store) {
        store.keep_responses(&[response("resp_1"), response("resp_2")]).await.unwrap();
        assert!(store.forget_response("resp_1").await.unwrap());
        assert!(!store.forget_response("resp_1").await.unwrap());
        assert_eq!(store.response("resp_1").await.unwrap(), None);
        assert!(store.response("resp_2").await.unwrap().is_some());
    }

    async fn the_oldest_responses_go_first(store: &Store) {
        let at = |after: i64| Arc::new(StoredResponse {
            created_ms: NOW + after,
            ..StoredResponse::clone(&response(&format!("resp_{after}")))
        });
        store.keep_responses(&[at(0), at(1), at(2), at(3)]).await.unwrap();
        assert_eq!(store.forget_responses(NOW + 3, 2).await.unwrap(), 2);
        assert_eq!(store.response("resp_1").await.unwrap(), None);
        assert!(store.response("resp_2").await.unwrap().is_some());
        assert_eq!(store.forget_responses(NOW + 3, 2).await.unwrap(), 1);
        assert!(store.response("resp_3").await.unwrap().is_some());
    }
}
