//! Keys that are replaced by themselves.

use serde_json::json;

use super::rig::{Rig, both, holder, master, member, named};
use crate::auth::hash_key;
use crate::store::tests::NOW;
use crate::store::{KeyRow, Query, Store};

const GRACE: i64 = 3_600_000;

/// A key of `ann` in `t1` whose time has come.
async fn due(rig: &Rig) -> String {
    let body = json!({"team_id": "t1", "user_id": "ann", "key_alias": "auto", "max_budget": 5,
        "spend": 2, "auto_rotate": true, "rotation_interval": "30d"});
    let made = rig.ok("/key/generate", body).await;
    let id = made["token"].as_str().unwrap().to_owned();
    let mut change = rig.store.change(NOW).await.unwrap();
    let mut row: KeyRow = change.need(&id).await.unwrap();
    row.rotate_at = Some(NOW);
    change.update(&row).await.unwrap();
    change.commit().await.unwrap();
    rig.heard();
    id
}

async fn only(store: &Store) -> KeyRow {
    let mut rows = store.list::<KeyRow>(&Query::new()).await.unwrap().rows;
    assert_eq!(rows.len(), 1);
    rows.pop().unwrap()
}

both! {
    async fn a_key_is_replaced_when_its_time_has_come_and_keeps_what_it_is(store: &Store) {
        let rig = Rig::people(store).await;
        let old = due(&rig).await;
        let log = rig.audit().await.len();
        assert_eq!(rig.manage.rotate_due_keys(GRACE).await.unwrap(), 1);
        assert_eq!(rig.manage.rotate_due_keys(GRACE).await.unwrap(), 0);
        let row = only(store).await;
        assert!(row.id != old && row.rotate_at > Some(NOW));
        assert_eq!((row.alias.as_deref(), row.user_id.as_deref()), (Some("auto"), Some("ann")));
        let info = rig.see(&format!("/key/info?key={}", row.id)).await["info"].clone();
        assert_eq!((&info["spend"], &info["rotation_count"]), (&json!(2.0), &json!(1)));
        assert!(info["last_rotation_at"].is_string() && info["key_rotation_at"].is_string());
        let text = info["rotated_key"].as_str().unwrap();
        assert_eq!(hash_key(text).as_str(), row.id);
        // The old text opens the same key for the time of grace.
        let holder = store.holder(&old, NOW).await.unwrap().unwrap();
        assert_eq!((holder.key.id, holder.revoked_at), (row.id.clone(), Some(NOW + GRACE)));
        assert!(store.holder(&old, NOW + GRACE).await.unwrap().is_none());
        let entries = rig.audit().await;
        let new = &entries[..entries.len() - log];
        let actions: Vec<&str> = new.iter().map(|it| it.action.as_str()).collect();
        assert_eq!(actions, ["created", "rotated"]);
        assert!(new.iter().all(|it| it.actor == "key_rotation"));
        assert!(!format!("{entries:?}").contains(text));
        assert!(rig.heard().contains(&("key", old)));
    }

    async fn the_new_text_is_told_to_who_could_have_made_it_and_to_nobody_else(store: &Store) {
        let rig = Rig::people(store).await;
        due(&rig).await;
        rig.manage.rotate_due_keys(GRACE).await.unwrap();
        let path = format!("/key/info?key={}", only(store).await.id);
        for caller in [master(), member("ann"), member("lead"), member("head")] {
            let seen = rig.get(&path, &caller).await.unwrap();
            assert!(seen["info"]["rotated_key"].is_string());
        }
        let itself = holder(&only(store).await.id);
        let seen = rig.get(&path, &itself).await.unwrap().to_string();
        assert!(!seen.contains("rotated_key") && !seen.contains("sealed"), "{seen}");
        assert_eq!(named(rig.get(&path, &member("bob")).await), "403 key");
        let list = rig.see("/key/list?return_full_object=true").await.to_string();
        assert!(!list.contains("rotated_key") && !list.contains("sealed"));
        // A text that somebody chose takes the place of it.
        let made = rig.ok("/key/regenerate", json!({"key": only(store).await.id})).await;
        let path = format!("/key/info?key={}", made["token"].as_str().unwrap());
        assert!(rig.see(&path).await["info"].get("rotated_key").is_none());
    }

    async fn of_two_replicas_one_rotates_a_key(store: &Store) {
        let rig = Rig::people(store).await;
        due(&rig).await;
        let other = Rig::new(store);
        let (one, two) = tokio::join!(
            rig.manage.rotate_due_keys(GRACE),
            other.manage.rotate_due_keys(GRACE)
        );
        assert_eq!(one.unwrap() + two.unwrap(), 1);
        only(store).await;
        let rotated = rig.audit().await.iter().filter(|it| it.action == "rotated").count();
        assert_eq!(rotated, 1);
    }

    async fn a_key_that_does_not_rotate_any_more_stays(store: &Store) {
        let rig = Rig::people(store).await;
        let id = due(&rig).await;
        rig.ok("/key/update", json!({"key": id, "auto_rotate": false})).await;
        assert_eq!(rig.manage.rotate_due_keys(GRACE).await.unwrap(), 0);
        assert_eq!(only(store).await.id, id);
    }
}
